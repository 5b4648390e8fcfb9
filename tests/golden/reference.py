"""librosa 0.11's answers, by the names that the golden files and the parity tests use. The only place that asks it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = dict[str, NDArray[Any]]


def librosa_features(y: NDArray[np.float32]) -> Values:
    """Everything that ``features_np`` computes too, of one signal at 22,050 Hz."""
    import librosa

    with warnings.catch_warnings():
        # librosa warns about signals shorter than a frame, and about silence, which has no pitch
        warnings.simplefilter("ignore", UserWarning)
        power = np.abs(librosa.stft(y)) ** 2
        return {
            "melspectrogram": librosa.feature.melspectrogram(y=y),
            "mfcc": librosa.feature.mfcc(y=y, n_mfcc=30),
            "chroma_stft": librosa.feature.chroma_stft(y=y),
            "tuning": np.array([librosa.estimate_tuning(y=y)]),
            "tuning_of_power": np.array([librosa.estimate_tuning(S=power)]),
            "onset_strength": librosa.onset.onset_strength(y=y),
            "tempogram": librosa.feature.tempogram(y=y),
            "tempo": librosa.feature.tempo(y=y),
            "zero_crossing_rate": librosa.feature.zero_crossing_rate(y),
            "spectral_rolloff": librosa.feature.spectral_rolloff(y=y),
            "spectral_centroid": librosa.feature.spectral_centroid(y=y),
        }


def our_features(y: NDArray[np.float32]) -> Values:
    """The same by ``features_np``."""
    import features_np as fx

    return {
        "melspectrogram": fx.feature.melspectrogram(y=y),
        "mfcc": fx.feature.mfcc(y=y, n_mfcc=30),
        "chroma_stft": fx.feature.chroma_stft(y=y),
        "tuning": np.array([fx.estimate_tuning(y=y)]),
        "tuning_of_power": np.array([fx.estimate_tuning(S=np.abs(fx.stft(y)) ** 2)]),
        "onset_strength": fx.onset.onset_strength(y=y),
        "tempogram": fx.feature.tempogram(y=y),
        "tempo": fx.feature.tempo(y=y),
        "zero_crossing_rate": fx.feature.zero_crossing_rate(y),
        "spectral_rolloff": fx.feature.spectral_rolloff(y=y),
        "spectral_centroid": fx.feature.spectral_centroid(y=y),
    }


def statistics(features: Values) -> Values:
    """Means and standard deviations along time, by the names of the groups of a ``FeatureSpec``, and the tempo."""
    kinds = {
        "mfcc": "mfcc",
        "chroma": "chroma_stft",
        "zcr": "zero_crossing_rate",
        "rolloff": "spectral_rolloff",
        "centroid": "spectral_centroid",
    }
    values: Values = {"tempo": features["tempo"]}
    for group, name in kinds.items():
        values[f"{group}_mean"] = np.mean(features[name], axis=-1, dtype=np.float64)
        values[f"{group}_std"] = np.std(features[name], axis=-1, dtype=np.float64)
    return values
