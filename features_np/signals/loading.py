"""Audio files, through soundfile."""

from __future__ import annotations

import importlib
import os
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from features_np.errors import ParameterError, SignalError
from features_np.pcm import to_mono
from features_np.signals.conversion import resample
from features_np.spectra.framing import Array


def load(
    path: Any,
    *,
    sr: float | None = 22_050,
    mono: bool = True,
    offset: float = 0.0,
    duration: float | None = None,
    dtype: DTypeLike = np.float32,
    res_type: str = "soxr_hq",
) -> tuple[Array, float]:
    """Read an audio file.

    Parameters
    ----------
    path : str, path, file or soundfile.SoundFile
        What soundfile opens: WAV, FLAC, Ogg, Opus, MP3 and others.
    sr : float or None
        Rate to convert to, in Hz; None keeps the file's.
    mono : bool
        Whether channels are averaged.
    offset : float
        Seconds to leave out at the beginning.
    duration : float, optional
        Seconds to read; all of them by default.
    dtype : dtype
        Type of the samples, floating.
    res_type : str
        How the rate is converted, as ``resample`` takes it.

    Returns
    -------
    y : numpy.ndarray, shape (n,) or (channels, n)
        Samples, full scale 1.
    sr : float
        Their rate in Hz.

    Raises
    ------
    SignalError
        For a file that soundfile cannot read.
    FileNotFoundError
        If there is none.

    See Also
    --------
    get_duration : How long a file is.

    Notes
    -----
    Equals ``librosa.load`` 0.11 for what soundfile reads; what needs audioread or ffmpeg there is an error here. The
    package is an extra: ``pip install features-np[load]``.

    Examples
    --------
    >>> from features_np import load
    >>> y, sr = load("song.ogg", duration=30.0)  # doctest: +SKIP
    """
    soundfile = _soundfile()
    opened = isinstance(path, soundfile.SoundFile)
    source = path if opened else _opened(soundfile, path)
    try:
        native = source.samplerate
        if offset:
            source.seek(int(offset * native))
        frames = -1 if duration is None else int(duration * native)
        samples = source.read(frames=frames, dtype=dtype, always_2d=False).T
    except soundfile.SoundFileError as error:
        raise SignalError(f"{path}: {error}") from error
    finally:
        if not opened:
            source.close()
    y = to_mono(samples) if mono else samples
    if sr is None:
        return y, native
    return resample(y, orig_sr=native, target_sr=sr, res_type=res_type), sr


def get_duration(
    *,
    y: Array | None = None,
    sr: float = 22_050,
    S: Array | None = None,
    n_fft: int = 2048,
    hop_length: int = 512,
    center: bool = True,
    path: Any = None,
) -> float:
    """Seconds that a signal, a spectrogram or a file is long.

    Parameters
    ----------
    y : numpy.ndarray, shape (..., n), optional
        Audio.
    sr : float
        Its sample rate in Hz.
    S : numpy.ndarray, shape (..., bins, frames), optional
        Spectrogram, or features, instead.
    n_fft : int
        Samples in a frame of ``S``.
    hop_length : int
        Samples between its frames.
    center : bool
        Whether they are centred.
    path : str, path, file or soundfile.SoundFile, optional
        Audio file instead of both; its header alone is read.

    Returns
    -------
    float
        Seconds.

    Raises
    ------
    ParameterError
        If nothing is given.
    SignalError
        For a file that soundfile cannot read.

    See Also
    --------
    load : Reads the file.

    Notes
    -----
    Equals ``librosa.get_duration`` 0.11.

    Examples
    --------
    >>> import numpy as np
    >>> from features_np import get_duration
    >>> get_duration(y=np.zeros(11_025), sr=22_050)
    0.5
    """
    if path is not None:
        soundfile = _soundfile()
        with _opened(soundfile, path) as file:
            return float(file.frames / file.samplerate)
    if y is not None:
        return float(y.shape[-1] / sr)
    if S is None:
        raise ParameterError("neither y, S nor path is given; pass one of them")
    n_samples = n_fft + hop_length * (S.shape[-1] - 1) - (2 * (n_fft // 2) if center else 0)
    return float(n_samples / sr)


def _soundfile() -> Any:
    try:
        return importlib.import_module("soundfile")
    except ImportError as error:
        raise ImportError("soundfile is not installed; pip install features-np[load]") from error


def _opened(soundfile: Any, path: Any) -> Any:
    if isinstance(path, str | os.PathLike) and not os.path.exists(path):  # noqa: PTH110 - a URL is no path either
        raise FileNotFoundError(f"no such file: {os.fspath(path)!r}")
    try:
        return soundfile.SoundFile(path)
    except soundfile.SoundFileError as error:
        raise SignalError(f"{path}: {error}; convert it to WAV or FLAC first") from error
