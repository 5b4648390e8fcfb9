"""Largest differences of our values from librosa's, per quantity, with reasons.

Tempo and tuning have no tolerance: equal or not.

The one source of difference is the FFT: librosa transforms in double precision and rounds to single, we transform in
single precision. That is an error of about 3e-7 of the frame's loudest bin in every bin.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.diagnostics.selftest import PARITY_TOLERANCES
from features_np.spec import FeatureSpec
from tests.golden.signals import GOLDEN, STATIONARY, WITHOUT_PITCH

#: Groups of quantities that librosa computes too.
LIBROSA_GROUPS = tuple(PARITY_TOLERANCES)

#: Per frame. Each is about ten times what 30 tracks of all genres show.
FRAMES = {
    "melspectrogram": 3e-6,  # of the signal's loudest mel power; single precision holds 1.2e-7
    "mfcc": 2e-3,  # dB; a bin 70 dB below the loudest of its frame is off by some 0.001 dB
    "chroma_stft": 1e-4,  # 0 to 1; pitch classes are sums over loud bins
    "onset_strength": 1e-4,  # dB, a mean over 128 bands
    "tempogram": 1e-4,  # 0 to 1
    "zero_crossing_rate": 0.0,  # counts of signs, no arithmetic
    "spectral_rolloff": 22_050 / 2048 * 1.001,  # Hz; the sum that must pass 85 % may do so one bin earlier or later
    "spectral_centroid": 0.02,  # Hz; quiet bins at high frequencies have long levers
}

#: Means and standard deviations over frames, which average most of it out.
STATISTICS = {
    "mfcc_mean": 1e-3,
    "mfcc_std": 1e-3,
    "chroma_mean": 1e-5,
    "chroma_std": 1e-5,
    "zcr_mean": 1e-6,  # float32 against float64 in the mean
    "zcr_std": 1e-6,
    "rolloff_mean": 0.2,  # Hz; few frames are a bin off
    "rolloff_std": 0.2,
    "centroid_mean": 5e-3,  # Hz
    "centroid_std": 5e-3,
}

#: Log-mel patches against the spectrogram that YAMNet's file computes with its own FFT, whose window is float32
#: throughout. Most values differ in their last digits. Beside loud tones, in bands with nothing but their leakage, some
#: 1e-7 of them is up to 0.5 % of the offset of 0.001: 7e-4 in the worst of 30 tracks of all genres, 4.5e-3 beside a
#: tone of full scale. A step of the network's int8 input is 0.048.
PATCHES = {"recordings": 2e-3, "synthetic": 5e-3}


def differing(name: str, vector: NDArray[np.float32], tuning: float) -> dict[str, float]:
    """Return by how much groups of ``LIBROSA_GROUPS`` of a golden signal differ from librosa's by more than they may.

    ``vector`` holds the statistics of all groups.
    """
    spec, start, found = FeatureSpec(groups=LIBROSA_GROUPS), 0, {}
    with np.load(GOLDEN) as golden:
        for group in LIBROSA_GROUPS:
            part = vector[start : start + len(spec.group_names(group))]
            start += len(part)
            skipped = STATIONARY if group == "tempo" else WITHOUT_PITCH if group.startswith("chroma") else set()
            difference = float(np.max(np.abs(part - golden[f"{name}/{group}"])))
            if name not in skipped and not difference <= STATISTICS.get(group, 0.0):
                found[group] = difference
        if name not in WITHOUT_PITCH and np.float32(tuning) != golden[f"{name}/tuning"][0]:
            found["tuning"] = abs(float(tuning) - float(golden[f"{name}/tuning"][0]))
    return found
