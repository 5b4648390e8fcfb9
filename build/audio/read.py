"""The one way in which the lab reads audio files: recordings as features need them, clips as they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from edge.errors import AudioFileError
from features_np import FeatureSpec, resample, to_mono

#: A recording may be this much longer than the window and is still taken whole (GTZAN's tracks last 30.01 s).
SLACK_S = 1.0
#: Less has no rhythm and hardly a spectrum.
SHORTEST_S = 1.0


def read_recording(path: Path, spec: FeatureSpec) -> NDArray[np.float32]:
    """Read a recording of any rate and number of channels; returns mono float32 at ``spec.sample_rate``.

    A model hears windows of ``spec.window_s`` seconds, so that a longer recording is represented by the window in
    its middle: a whole song's averages would be another quantity. Raises ``AudioFileError``.
    """
    with _opened(path) as file:
        sample_rate = file.samplerate
        n_window = round(spec.window_s * sample_rate)
        n_whole = n_window + round(SLACK_S * sample_rate)
        if file.frames > n_whole:
            file.seek((file.frames - n_window) // 2)
            n_whole = n_window
        frames = file.read(n_whole, dtype="float32", always_2d=True)
    if len(frames) < SHORTEST_S * sample_rate:
        raise AudioFileError(f"{path}: lasts {len(frames) / sample_rate:.1f} s, at least {SHORTEST_S:g} s are needed")
    return resample(to_mono(frames.T), orig_sr=sample_rate, target_sr=spec.sample_rate)


def read_clip(path: Path, sample_rate: int) -> NDArray[np.float64]:
    """Read a mono clip whole and as it is: noise, speech, a room's response; returns shape (n,).

    Raises ``AudioFileError``, also for a clip at another rate: none is resampled, so that what is simulated with it
    stays what it was.
    """
    with _opened(path) as file:
        if (file.samplerate, file.channels) != (sample_rate, 1):
            found = f"{file.samplerate} Hz and {file.channels} channels"
            raise AudioFileError(f"{path}: has {found}; convert it to {sample_rate} Hz, mono")
        return np.asarray(file.read(dtype="float64"))


def duration_s(path: Path) -> float:
    """Return how long a recording lasts, in seconds; raises ``AudioFileError``."""
    with _opened(path) as file:
        return float(file.frames / file.samplerate)


@contextmanager
def _opened(path: Path) -> Iterator[soundfile.SoundFile]:
    try:
        with path.open("rb") as raw, soundfile.SoundFile(raw) as file:
            yield file
    except soundfile.LibsndfileError as error:
        raise AudioFileError(f"{path}: is not audio that libsndfile can read ({_words(error)})") from error
    except OSError as error:
        raise AudioFileError(f"{path}: {error.strerror or error}") from error


def _words(error: soundfile.LibsndfileError) -> str:
    return str(error.error_string).strip().rstrip(".")
