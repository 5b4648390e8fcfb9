"""The last seconds of the present record, and their description."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.audio.level import LevelMeter
from edge.events import Sound
from edge.live import record_change
from edge.live.record_change import OnRecordAxes, RecordMemory, Seconds
from edge.model.bundle import Bundle
from edge.model.head_input import HeadInputStream

#: Seconds of audio that the features need for a provisional answer; less has hardly a tempo or a chord.
FIRST_ANSWER_S = 3.0
#: Maximum seconds of audio in the pictures of one update.
PICTURE_S = 2.0

Samples = NDArray[np.float32]


class RecordWindow:
    """A window that begins where the present record does, at most ``window_s`` seconds ago."""

    def __init__(self, bundle: Bundle) -> None:
        self._spec, self._has_record_axes = bundle.spec, bundle.record_axes is not None
        self._stream = HeadInputStream(bundle)
        self._record = self._no_record()
        self._block_level, self._interval_level = LevelMeter(), LevelMeter()
        self._drawn_until = 0  # frame of the stream

    @property
    def seconds(self) -> float:
        """Seconds of audio described."""
        return self._stream.seconds

    def hear(self, samples: Samples, most: int) -> tuple[int, Samples]:
        """Take up to ``most`` samples at the bundle's rate; return their number and the remaining source samples."""
        taken, rest = self._stream.take(samples, most)
        return self._measure(taken), rest

    def end_stretch(self) -> int:
        """Flush the resampler at the end of a stretch; return the number of samples."""
        return self._measure(self._stream.finish())

    def _measure(self, samples: Samples) -> int:
        self._block_level.push(samples)
        self._interval_level.push(samples)
        return len(samples)

    def change_rate(self, source_rate: int) -> None:
        """Begin the next stretch, at this rate."""
        self._stream.change_rate(source_rate)

    def forget(self) -> None:
        """Reset: the following audio is unrelated."""
        self._stream.reset()
        self._drawn_until = 0
        self._record = self._no_record()

    def _no_record(self) -> RecordMemory:
        return RecordMemory(Seconds(self._spec.sample_rate, self._spec.hop_length, self._spec.n_fft))

    def take_block_level(self) -> float | None:
        """Return the level since the last call in dBFS; None for exact zeros."""
        return self._block_level.take()

    def take_interval_level(self) -> float | None:
        """Return the level since the last call in dBFS; None for exact zeros."""
        return self._interval_level.take()

    def follow_record(self) -> bool:
        """Begin at the beginning of the present record; return whether it is a new record."""
        hop_length, before = self._spec.hop_length, self._record
        log_mel = self._stream.log_mel()
        by_listener = None
        if self._has_record_axes:
            ends, places = self._stream.on_record_axes()
            if not len(ends):
                return False  # seconds with and without record axes cannot be compared
            by_listener = OnRecordAxes(ends / hop_length, places)
        self._record = record_change.hear_frames(before, *log_mel, by_listener)
        self._stream.begin_at(self._record.began_frame * hop_length)
        return record_change.is_another(before, self._record)

    @property
    def is_long_enough(self) -> bool:
        """True once there is enough audio for the features."""
        return self.seconds >= FIRST_ANSWER_S

    def vector(self) -> Samples | None:
        """Return the head's input; None while a listener has no whole patch of the record."""
        return self._stream.vector() if self._stream.is_whole() else None

    def styles(self) -> Samples | None:
        """Return the mean scores of the bundle's styles; see ``HeadInputStream.styles``."""
        return self._stream.styles()

    def sound(self) -> Sound | None:
        """Return the frames that came since the last call."""
        spec = self._spec
        start, log_mel = self._stream.log_mel()
        stop = start + len(log_mel)
        first = max(start, min(self._drawn_until, stop), stop - round(PICTURE_S * spec.sample_rate / spec.hop_length))
        self._drawn_until = stop
        if first == stop or not log_mel.shape[1]:
            return None
        return Sound(spec.sample_rate / spec.hop_length, log_mel[first - start :].copy(), self._stream.chroma(first))
