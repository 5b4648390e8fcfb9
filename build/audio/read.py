"""Reading of audio files for the lab, by the device's decoder: recordings at the features' rate, and clips."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.audio.file import AudioFile
from edge.audio.level import LevelMeter, mono
from edge.errors import AudioFileError
from edge.events import Block
from edge.live.decision import DecisionSettings
from features_np import FeatureSpec, resample

#: A recording may exceed the window by this much and is still used whole (GTZAN's tracks last 30.01 s).
SLACK_S = 1.0
#: A shorter recording has no rhythm and hardly a spectrum.
SHORTEST_S = 1.0
#: Of a longer recording only the beginning is used; three quarters of it are held in memory.
LONGEST_S = 3_600.0
#: Place of a window in a long recording, 0 at its beginning to 1 at its end.
MIDDLE = 0.5
#: Seconds read at once.
BLOCK_S = 1.0


def read_recording(path: Path, spec: FeatureSpec, place: float = MIDDLE) -> NDArray[np.float32]:
    """Read a recording of any rate and number of channels; returns mono float32 (n,) at ``spec.sample_rate``.

    A model takes windows of ``spec.window_s`` seconds, so a longer recording is represented by one window, by default
    in its middle: a whole song's averages would be another quantity. Raises ``AudioFileError``.
    """
    return read_windows(path, spec, [place])[place]


def read_windows(path: Path, spec: FeatureSpec, places: Collection[float]) -> dict[float, NDArray[np.float32]]:
    """Read windows of a recording by their places, decoding it once; ``AudioFileError`` if it cannot be read.

    All windows are the same if it is hardly longer than one, and the middle one takes the place of one that is silent.
    """
    wanted = sorted({MIDDLE, *places})
    windows, sample_rate = _windows(path, spec.window_s, wanted)
    length = len(windows[0])
    if length < SHORTEST_S * sample_rate:
        raise AudioFileError(f"{path}: lasts {length / sample_rate:.1f} s, at least {SHORTEST_S:g} s are needed")
    read = [resample(window, orig_sr=sample_rate, target_sr=spec.sample_rate) for window in windows]
    if len(read) == 1:
        return dict.fromkeys(places, read[0])
    found = dict(zip(wanted, read, strict=True))
    return {place: found[MIDDLE] if is_silent(found[place]) else found[place] for place in places}


def is_silent(audio: NDArray[np.float32]) -> bool:
    """Return whether ``livegenre classify`` would find audio (n,) silent."""
    meter = LevelMeter()
    meter.push(audio)
    level = meter.take()
    return level is None or level < DecisionSettings().silence_dbfs


def _windows(path: Path, window_s: float, places: Collection[float]) -> tuple[list[NDArray[np.float32]], int]:
    """Return windows of a recording, mixed to mono, or all of one that is hardly longer; and its rate in Hz.

    Their places are known only at its end, since no header is trusted. Until then what may be needed is kept.
    """
    first = min(places)
    kept: list[NDArray[np.float32]] = []
    n_frames, n_dropped, n_window, sample_rate = 0, 0, 0, 0
    for block in _blocks(path):
        sample_rate = block.sample_rate
        n_window = round(window_s * sample_rate)
        kept.append(mono(block.frames))
        n_frames += len(block.frames)
        if n_frames > LONGEST_S * sample_rate:
            break
        while n_dropped + len(kept[0]) <= int((n_frames - n_window) * first):
            n_dropped += len(kept.pop(0))
    samples = np.concatenate(kept)
    if n_frames <= n_window + round(SLACK_S * sample_rate):
        return [samples], sample_rate
    starts = [int((n_frames - n_window) * place) - n_dropped for place in places]
    return [samples[start : start + n_window] for start in starts], sample_rate


def read_clip(path: Path, sample_rate: int) -> NDArray[np.float64]:
    """Read a whole mono clip (noise, speech, an impulse response) unchanged; returns shape (n,).

    Raises ``AudioFileError``, also for a clip at another rate: clips are not resampled, so that simulations stay
    reproducible.
    """
    blocks = []
    for block in _blocks(path):
        n_channels = block.frames.shape[1]
        if (block.sample_rate, n_channels) != (sample_rate, 1):
            found = f"{block.sample_rate} Hz and {n_channels} channels"
            raise AudioFileError(f"{path}: has {found}; convert it to {sample_rate} Hz, mono")
        blocks.append(block.frames[:, 0])
    return np.asarray(np.concatenate(blocks), dtype=np.float64)


def duration_s(path: Path) -> float:
    """Return the duration of a recording in seconds; raises ``AudioFileError``."""
    return sum(block.seconds for block in _blocks(path))


def _blocks(path: Path) -> Iterator[Block]:
    """Yield a recording's blocks, all of one rate and number of channels."""
    with closing(AudioFile(path)) as file:
        layout = None
        for block in file.blocks(BLOCK_S):
            layout = layout or (block.sample_rate, block.frames.shape[1])
            if (block.sample_rate, block.frames.shape[1]) != layout:
                raise AudioFileError(f"{path}: changes its sample rate or channels; cut it into its songs")
            yield block
