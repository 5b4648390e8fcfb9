"""The source's own time: processed and lost audio, exact to the frame at any sample rate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.audio.level import mono
from edge.events import Block


class Timeline:
    """Counts a source's audio, in stretches of contiguous audio.

    A stretch ends at a hole, where the rate changes and at the end.
    """

    def __init__(self, sample_rate: int, *, audio_s: float = 0.0, lost_s: float = 0.0) -> None:
        """``sample_rate`` in Hz is that of the samples counted by ``advance``; the others are where to go on from."""
        self.lost_s = lost_s
        self.source_rate = sample_rate  # of the blocks of this stretch, in Hz
        self._sample_rate = sample_rate
        self._stretch_at_s = audio_s
        self._n_counted = 0  # samples of this stretch, counted by ``advance``
        self._n_frames = 0  # of this stretch, received at the source's rate

    @property
    def audio_s(self) -> float:
        """Seconds up to the last sample that was counted, lost ones included."""
        return self._stretch_at_s + min(self._n_counted / self._sample_rate, self._n_frames / self.source_rate)

    @property
    def received_s(self) -> float:
        """Seconds up to the last frame received: ahead of ``audio_s`` by what is not processed yet."""
        return self._stretch_at_s + self._n_frames / self.source_rate

    def receive(self, block: Block) -> NDArray[np.float32]:
        """Count a block, which begins a stretch if its rate is another; return its mono samples, of shape (n,)."""
        if block.sample_rate != self.source_rate:
            self.next_stretch()
            self.source_rate = block.sample_rate
        self._n_frames += len(block.frames)
        return mono(block.frames)

    def advance(self, n_samples: int) -> None:
        """Count processed samples."""
        self._n_counted += n_samples

    def next_stretch(self, lost_s: float = 0.0, *, paused_s: float = 0.0) -> None:
        """Begin another stretch, ``lost_s`` and ``paused_s`` seconds after the end of this one."""
        self._stretch_at_s = self.received_s + lost_s + paused_s
        self.lost_s += lost_s
        self._n_counted = self._n_frames = 0
