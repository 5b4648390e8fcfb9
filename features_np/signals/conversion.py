"""Conversion of a whole signal to another rate."""

from __future__ import annotations

from typing import Any

import numpy as np

from features_np.arrays.shapes import fix_length
from features_np.errors import ParameterError
from features_np.pcm import require_positive_rate, require_samples
from features_np.signals.resampling import resampled
from features_np.spectra.framing import Array

#: librosa's names of band-limiting filters, which are all one filter here.
BAND_LIMITED = (
    "soxr_vhq",
    "soxr_hq",
    "soxr_mq",
    "soxr_lq",
    "soxr_qq",
    "kaiser_best",
    "kaiser_fast",
    "fft",
    "scipy",
    "polyphase",
    "sinc_best",
    "sinc_medium",
    "sinc_fastest",
)


def resample(
    y: Array,
    *,
    orig_sr: float,
    target_sr: float,
    res_type: str = "soxr_hq",
    fix: bool = True,
    scale: bool = False,
    axis: int = -1,
    **kwargs: Any,
) -> Array:
    """Convert a whole signal to another rate.

    Parameters
    ----------
    y : numpy.ndarray, shape (..., n)
        Audio, floating, full scale 1.
    orig_sr : int
        Its rate in Hz, whole, up to 768,000.
    target_sr : int
        The rate to convert to.
    res_type : str
        "linear" or "zero_order_hold" for those; all other names of librosa's are one filter here, which keeps the band.
    fix : bool
        Whether the length is ``ceil(n * target_sr / orig_sr)`` as floats have it, or that of whole numbers.
    scale : bool
        Whether the energy stays, instead of the amplitude.
    axis : int
        Axis of time.
    **kwargs : Any
        What ``fix`` continues a signal with, as arguments of ``util.fix_length``.

    Returns
    -------
    numpy.ndarray
        The signal at ``target_sr``, in the type of ``y``; its first sample lies where that of ``y`` does.

    Raises
    ------
    SampleRateError
        For a rate that is not 1 to 768,000 Hz, whole.
    ParameterError
        For what is not a signal, and for an unknown ``res_type``.

    See Also
    --------
    features_np.Resampler : The same of a stream.

    Notes
    -----
    Equals ``librosa.resample`` 0.11 in length and place; the filter is our own, in single precision (a Kaiser-windowed
    sinc, flat to 0.94 of the lower Nyquist frequency, more than 80 dB down from the whole of it), so values differ near
    the cutoff.

    Examples
    --------
    >>> import numpy as np
    >>> import features_np as librosa
    >>> y = np.sin(2 * np.pi * 440 * np.arange(22_050) / 22_050).astype(np.float32)
    >>> librosa.resample(y, orig_sr=22_050, target_sr=16_000).shape
    (16000,)
    """
    if res_type not in (*BAND_LIMITED, "linear", "zero_order_hold"):
        raise ParameterError(f"res_type is {res_type!r}, must be linear, zero_order_hold, or {', '.join(BAND_LIMITED)}")
    if res_type == "polyphase" and (int(orig_sr) != orig_sr or int(target_sr) != target_sr):
        raise ParameterError(f"rates are {orig_sr} and {target_sr} Hz, must be whole for polyphase")
    signal = np.moveaxis(require_samples(y), axis, -1)
    if orig_sr == target_sr:
        require_positive_rate(orig_sr)
        return y.copy()  # librosa returns the signal itself
    ratio = float(target_sr) / require_positive_rate(orig_sr)
    places = list(np.ndindex(signal.shape[:-1]))
    channels = [_converted(signal[place], orig_sr, target_sr, res_type) for place in places]
    result = channels[0] if signal.ndim == 1 else np.stack(channels).reshape(*signal.shape[:-1], len(channels[0]))
    if fix:
        result = fix_length(result, size=int(np.ceil(signal.shape[-1] * ratio)), **kwargs)
    if scale:
        result = result / np.sqrt(ratio)
    return np.moveaxis(result.astype(y.dtype, copy=False), -1, axis)


def _converted(channel: Array, orig_sr: float, target_sr: float, res_type: str) -> Array:
    if res_type in BAND_LIMITED:
        return resampled(channel, orig_sr, target_sr)  # type: ignore[arg-type]  # it says what is not whole
    place = np.arange(int(len(channel) * (float(target_sr) / orig_sr))) * (orig_sr / float(target_sr))
    if res_type == "zero_order_hold":
        return np.asarray(channel[place.astype(int)])
    return np.interp(place, np.arange(len(channel)), channel)
