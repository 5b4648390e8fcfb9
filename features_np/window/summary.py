"""``summarize``: a signal as one vector, the input of a model. The batch definition of every feature."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from features_np.arrays.norms import normalize
from features_np.arrays.products import row_by_row
from features_np.pcm import require_rate, require_signal
from features_np.rhythm.onsets import delayed, mean_rise
from features_np.rhythm.pulse import mean_tempogram
from features_np.rhythm.tempi import strongest_tempo, tempo_prior, tempo_window_frames
from features_np.spec import TIMBRE_KINDS, FeatureSpec
from features_np.spectra.cepstrum import dct_matrix
from features_np.spectra.chroma import chroma_filterbank
from features_np.spectra.framing import Array, frame_signal
from features_np.spectra.tuning import tuning_from_deviations
from features_np.window.frames import FrameRows, analyzer_for
from features_np.window.timbre import chroma_profile, coarse_frames, timbre_statistics


def summarize(y: Array, spec: FeatureSpec, *, sr: float | None = None) -> NDArray[np.float32]:
    """Describe a whole signal by the statistics that ``spec.groups`` names.

    Parameters
    ----------
    y : numpy.ndarray, shape (n,)
        Mono signal at ``spec.sample_rate``, floating, full scale 1, n >= 1.
    spec : FeatureSpec
        What to compute, and how.
    sr : float, optional
        Rate of ``y``, to have it checked.

    Returns
    -------
    numpy.ndarray, shape (len(spec.vector_names),)
        float32, always finite.

    Raises
    ------
    SignalError
        For what is not a signal.
    SampleRateError
        For another rate than the spec's.

    See Also
    --------
    features_np.FeatureStream : The same of the last seconds of a stream.

    Notes
    -----
    Means and standard deviations are taken over all frames of librosa 0.11's ``mfcc``, ``chroma_stft``,
    ``zero_crossing_rate``, ``spectral_rolloff`` and ``spectral_centroid`` with the parameters of ``spec``;
    ``tempo`` is ``librosa.feature.tempo``.

    Examples
    --------
    >>> import numpy as np
    >>> from features_np import FeatureSpec, summarize
    >>> y = np.sin(2 * np.pi * 440 * np.arange(66_150) / 22_050).astype(np.float32)
    >>> spec = FeatureSpec(groups=("centroid_mean", "tempo"))
    >>> spec.vector_names, summarize(y, spec).shape
    (('centroid_mean', 'tempo_bpm'), (2,))
    """
    if sr is not None:
        require_rate(sr, spec.sample_rate)
    signal = require_signal(y).astype(np.float32, copy=False)
    half, analyzer = spec.n_fft // 2, analyzer_for(spec)
    padded = np.zeros(len(signal) + spec.n_fft, dtype=np.float32)
    padded[half : half + len(signal)] = signal
    rows, power = analyzer.analyze(frame_signal(padded, spec.n_fft, spec.hop_length))
    rows.crossings[:] = analyzer.crossings(signal, left=half, right=half)
    return vector_of_rows(
        [rows],
        spec,
        chroma_of=partial(tuned_chroma, power, spec),
        rise_of=partial(rise_above, rows.log_mel),
        cepstra_of=partial(cepstra_above, rows.log_mel, spec),
    )


def vector_of_rows(
    pieces: list[FrameRows],
    spec: FeatureSpec,
    *,
    chroma_of: Callable[[float], Array],
    rise_of: Callable[[float | None], Array],
    cepstra_of: Callable[[float | None], Array],
) -> NDArray[np.float32]:
    """Return the vector of a window that consists of ``pieces``, which follow one another.

    ``chroma_of`` returns the chroma (frames, n_chroma) for a tuning; ``rise_of`` the mean rise (frames - 1,) of the mel
    bands above a floor, and ``cepstra_of`` their cepstra (frames, n_mfcc). A stream keeps most of them from the last
    window.
    """
    kinds = {group.rsplit("_", 1)[0] for group in spec.groups}
    levels = [piece.log_mel for piece in pieces]
    values: dict[str, Array] = {
        "zcr": np.concatenate([piece.crossings for piece in pieces]),
        "rolloff": np.concatenate([piece.rolloff for piece in pieces]),
        "centroid": np.concatenate([piece.centroid for piece in pieces]),
    }
    parts: dict[str, Array] = {}
    floor = floor_of(levels, spec.top_db) if kinds & {"mfcc", "tempo"} else None
    if "mfcc" in kinds:
        values["mfcc"] = cepstra_of(floor)
    if "tempo" in kinds:
        parts["tempo"] = np.array([_tempo(rise_of(floor), spec)])
    if kinds & TIMBRE_KINDS:
        parts |= timbre_statistics(coarse_frames(levels, spec), spec.groups)
    if "chroma" in kinds:
        deviations = np.concatenate([piece.deviations for piece in pieces])
        heights = np.concatenate([piece.heights for piece in pieces])
        values["chroma"] = chroma_of(tuning_from_deviations(deviations, heights))
    for kind in kinds & set(values):
        parts[f"{kind}_mean"], parts[f"{kind}_std"] = mean_and_deviation(values[kind])
    if "chroma" in kinds:
        parts["chroma_profile"] = chroma_profile(parts["chroma_mean"], parts["chroma_std"])
    vector = np.concatenate([np.atleast_1d(parts[group]) for group in spec.groups])
    return np.asarray(vector, dtype=np.float32)


def mean_and_deviation(values: Array) -> tuple[Array, Array]:
    """Return the mean and the standard deviation over frames (frames, ...), in float64, by matrix products."""
    weights = np.full(len(values), 1.0 / len(values))
    mean = weights @ values.astype(np.float64)
    return np.asarray(mean), np.asarray(np.sqrt(weights @ (values - mean) ** 2))


def cepstra_above(log_mel: Array, spec: FeatureSpec, floor: float | None) -> Array:
    """Return the MFCC (frames, n_mfcc) of ``log_mel`` (frames, n_mels) with levels below ``floor`` raised to it.

    In float64: a float32 product of levels near -100 dB is off by 0.001, by more or less as a processor adds.
    """
    return row_by_row(raised(log_mel, floor).astype(np.float64), dct_matrix(spec.n_mels, spec.n_mfcc, np.float64))


def tuned_chroma(power: Array, spec: FeatureSpec, tuning: float) -> Array:
    """Return the chroma (frames, n_chroma), 0 to 1, of power spectra (frames, bins)."""
    filters = chroma_filterbank(sr=spec.sample_rate, n_fft=spec.n_fft, n_chroma=spec.n_chroma, tuning=tuning)
    return normalize(row_by_row(power, filters.T), norm=np.inf, axis=1)


def floor_of(levels: list[Array], top_db: float) -> float | None:
    """Return the level in dB, ``top_db`` below the loudest, that others are raised to; None if none is below it."""
    single = levels[0].dtype.type
    floor = max(piece.max() for piece in levels if len(piece)) - single(top_db)
    return float(floor) if min(piece.min() for piece in levels if len(piece)) < floor else None


def raised(log_mel: Array, floor: float | None) -> Array:
    """Return ``log_mel`` with levels below ``floor`` raised to it."""
    return log_mel if floor is None else np.asarray(np.maximum(log_mel, log_mel.dtype.type(floor)))


def rise_above(log_mel: Array, floor: float | None) -> Array:
    """Return the mean rise (frames - 1,) of ``log_mel`` (frames, bands) with levels below ``floor`` raised to it."""
    return mean_rise(raised(log_mel, floor))


def _tempo(rise: Array, spec: FeatureSpec) -> float:
    envelope = delayed(rise, shift=spec.n_fft // (2 * spec.hop_length))
    win_length = tempo_window_frames(spec.tempo_window_s, spec.sample_rate, spec.hop_length)
    prior = tempo_prior(
        win_length,
        sr=spec.sample_rate,
        hop_length=spec.hop_length,
        start_bpm=spec.start_bpm,
        std_bpm=spec.std_bpm,
        max_tempo=spec.max_tempo,
    )
    mean = mean_tempogram(envelope, win_length)
    return strongest_tempo(mean, prior, sr=spec.sample_rate, hop_length=spec.hop_length)
