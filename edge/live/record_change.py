"""Change-point detection on the sound of the last half minute: the beginning of the present record.

A window that spans two records sounds like neither, so audio after a change should be classified separately. The last
seconds are partitioned into records, each with one mean sound, to minimize the squared distances from these means plus
a penalty for each record: optimal partitioning (Jackson et al., "An algorithm for optimal partitioning of data on an
interval", 2005). It is recomputed each second, so a false change is revoked when later seconds contradict it. A second
is described by its spectral shape (its cepstrum without the level, which depends on the volume) and by the movement of
its bands, in typical standard deviations within a record. A listener's record axes, if available, have the most weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from features_np.spectra.cepstrum import dct_matrix
from features_np.units.decibels import clip_below_peak

#: Seconds that are analyzed, and minimum length of a record: shorter parts are fill-ins or breaks.
HISTORY_S, MIN_RECORD_S = 30, 3
#: Number of joined mel bands, since finer ones follow the melody, and range of levels below a second's loudest.
N_BANDS, RANGE_DB = 16, 40.0
#: Penalty for a record by the spectrum alone; like the deviations below chosen on 260 full tracks of GTZAN's train
#: list.
PENALTY = 21.3
#: The same with a listener, and the weight of the spectrum then. Chosen on the 300 full tracks of that list, with
#: record axes and heads that know none of their artists.
PENALTY_BY_LISTENER, SPECTRUM_BESIDE_LISTENER = 16.0, 0.2

Sound = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Seconds:
    """Assignment of a stream's frames to seconds: a frame belongs to the second in which it became complete.

    So an update on a whole second uses all audio until then; seconds of a fixed number of frames would drift against
    the updates and delay detection by up to a second. A frame counts as complete a hop after its last sample, which is
    as much as full windows leave out.
    """

    sample_rate: int
    hop_length: int
    n_fft: int

    def frame(self, second: int) -> int:
        """Return the first frame of a second, counted from 0; each has one at least, however long frames are."""
        return max((second * self.sample_rate - self.n_fft // 2) // self.hop_length, second)

    def after(self, frame: int) -> int:
        """Return the first second that begins at a frame or later."""
        second = min(frame * self.hop_length // self.sample_rate, frame)
        while self.frame(second) < frame:
            second += 1
        return second


@dataclass(frozen=True, slots=True)
class RecordMemory:
    """Sounds of the last seconds, oldest first, and which seconds they are."""

    seconds: Seconds
    sounds: tuple[Sound, ...] = ()
    next_second: int = 0  # the first of the stream that is not in ``sounds`` yet
    began: int = 0  # second at which the present record began; 0 for the first

    @property
    def began_frame(self) -> int:
        """The frame of the stream at which the present record began."""
        return self.seconds.frame(self.began)


@dataclass(frozen=True, slots=True)
class OnRecordAxes:
    """Places of patches on a listener's record axes, (n, axes), and the stream's frames at which they end, (n,)."""

    ends: NDArray[np.float64]
    places: NDArray[np.float32]

    def between(self, start: int, stop: int) -> Sound:
        """Return the mean place (axes,) of the patches that end after frame ``start`` and by ``stop``.

        If none does, the place of the last patch before, or else of the first.
        """
        first, last = np.searchsorted(self.ends, (start, stop), side="right")
        first = min(max(min(first, last - 1), 0), len(self.ends) - 1)
        return np.asarray(self.places[first : max(last, first + 1)].mean(axis=0, dtype=np.float64))


def hear_frames(
    memory: RecordMemory, first: int, log_mel: NDArray[np.float32], by_listener: OnRecordAxes | None = None
) -> RecordMemory:
    """Process a log-mel spectrogram (frames, n_mels) in dB, whose first frame is frame ``first`` of a stream.

    Frames of earlier updates are skipped.
    """
    if log_mel.shape[1] < N_BANDS:
        return memory  # the model uses no mel bands, so changes cannot be detected
    seconds = memory.seconds
    if first > seconds.frame(memory.next_second):
        memory = RecordMemory(seconds, next_second=seconds.after(first))
    edges, stop = [seconds.frame(memory.next_second)], first + len(log_mel)
    while (edge := seconds.frame(memory.next_second + len(edges))) <= stop:
        edges.append(edge)
    if len(edges) < 2:
        return memory
    newest = [_sound_of(log_mel[start - first : end - first], start, by_listener) for start, end in pairwise(edges)]
    sounds = (*memory.sounds, *newest)[-HISTORY_S:]
    next_second = memory.next_second + len(newest)
    penalty = PENALTY if by_listener is None else PENALTY_BY_LISTENER
    oldest, change = next_second - len(sounds), last_change(np.array(sounds), penalty)
    # No change can be found at or before the first seconds analyzed: earlier beginnings are final.
    undoubted = memory.began if memory.began < oldest + MIN_RECORD_S else 0
    return RecordMemory(seconds, sounds, next_second, oldest + change if change else undoubted)


def _sound_of(log_mel: NDArray[np.float32], start: int, by_listener: OnRecordAxes | None) -> Sound:
    if by_listener is None:
        return sound(log_mel)
    return joined(sound(log_mel), by_listener.between(start, start + len(log_mel)))


def is_another(before: RecordMemory, now: RecordMemory) -> bool:
    """Return True if a record began between two memories; its beginning may also be corrected by a little."""
    return now.began >= before.began + MIN_RECORD_S


def sound(log_mel: NDArray[np.float32]) -> Sound:
    """Describe frames (frames, n_mels) in dB by 2 ``N_BANDS`` - 1 numbers.

    Their squared distance is the mean over them of squares, in usual deviations within a record.
    """
    edges = np.linspace(0, log_mel.shape[1], N_BANDS + 1).astype(int)
    bands = np.add.reduceat(log_mel, edges[:-1], axis=1, dtype=np.float64) / np.diff(edges)
    bands = clip_below_peak(bands, RANGE_DB)
    movement = np.abs(np.diff(bands, axis=0)).sum(axis=0) / max(len(bands) - 1, 1)
    shape, movement = np.stack((bands.mean(axis=0), movement)) @ dct_matrix(N_BANDS, N_BANDS)
    numbers = np.concatenate((shape[1:], movement)) / usual_deviations()
    return np.asarray(numbers / np.sqrt(len(numbers)))


def joined(spectral: Sound, place: Sound) -> Sound:
    """Return the description of a second by its spectrum and its place (axes,) on a listener's record axes."""
    return np.concatenate((np.sqrt(SPECTRUM_BESIDE_LISTENER) * spectral, place / np.sqrt(len(place))))


@lru_cache(maxsize=1)
def usual_deviations() -> Sound:
    """Return how far means over four seconds usually are from those of their record, as measured, in dB.

    Of the coefficients of the spectral shape (all but the 0th), then of those of the movement.
    """
    index = np.arange(1, N_BANDS + 1)
    return np.asarray(np.concatenate((2.6 / np.sqrt(index[:-1]), 0.65 * index**-0.8)))


def last_change(sounds: Sound, penalty: float) -> int:
    """Return the index at which the last record of the best partition of ``sounds`` (seconds, numbers) begins."""
    n = len(sounds)
    total = np.concatenate((np.zeros((1, sounds.shape[1])), np.cumsum(sounds, axis=0)))
    power = np.append(0.0, np.cumsum(np.sum(sounds**2, axis=1)))
    length = np.arange(n + 1) - np.arange(n + 1)[:, np.newaxis]  # of the record from one second (row) to another
    products = total @ total.T
    squares = np.diag(products)
    of_means = (squares + squares[:, np.newaxis] - 2 * products) / np.maximum(length, 1)
    scatter = power - power[:, np.newaxis] - of_means
    cost = np.where(length >= MIN_RECORD_S, scatter + penalty, np.inf)
    best, last = np.full(n + 1, np.inf), np.zeros(n + 1, dtype=int)
    best[0] = 0.0
    for stop in range(MIN_RECORD_S, n + 1):
        costs = best[:stop] + cost[:stop, stop]
        last[stop] = costs.argmin()
        best[stop] = costs[last[stop]]
    return int(last[n])
