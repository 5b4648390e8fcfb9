"""The counterpart of ``librosa.feature``: features of a signal, frame by frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features_np.errors import only_in_librosa
from features_np.rhythm.tempi import tempo, tempogram
from features_np.signals.waveform import rms, zero_crossing_rate
from features_np.spectra.cepstrum import delta, mfcc
from features_np.spectra.chroma import chroma_stft, tonnetz
from features_np.spectra.contrast import spectral_contrast, spectral_flatness
from features_np.spectra.mel import melspectrogram
from features_np.spectra.shape import (
    spectral_bandwidth,
    spectral_centroid,
    spectral_rolloff,
)

__all__ = [
    "chroma_stft",
    "delta",
    "melspectrogram",
    "mfcc",
    "rms",
    "spectral_bandwidth",
    "spectral_centroid",
    "spectral_contrast",
    "spectral_flatness",
    "spectral_rolloff",
    "tempo",
    "tempogram",
    "tonnetz",
    "zero_crossing_rate",
]

if not TYPE_CHECKING:  # hidden from type checkers, to which an unknown name stays an error

    def __getattr__(name):
        raise only_in_librosa(__name__, name)
