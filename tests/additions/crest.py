"""The crest of spectra: the ratio of their loudest bin to the mean."""

from __future__ import annotations

import numpy as np

from features_np.spectra.spectrum import Array


def spectral_crest(magnitude: Array) -> Array:
    """Return the largest over the mean of each of ``magnitude`` (frames, bins), float64 (frames,); 1 for silence."""
    mean = magnitude.mean(axis=1, dtype=np.float64)
    return np.divide(magnitude.max(axis=1), mean, out=np.ones(len(mean)), where=mean > 0)
