"""Sets of feature groups by name.

The lists are explicit: a group that is added to ``features_np`` does not enter them.
"""

from __future__ import annotations

from features_np.vector.groups import GROUPS

_SEED85 = ("mfcc_mean", "mfcc_std", "chroma_mean", "chroma_std", "tempo")

#: The seven sets of columns that the seed document compares, by their number of columns.
SEED_FEATURE_SETS: dict[str, tuple[str, ...]] = {
    "30": ("mfcc_mean",),
    "42": ("mfcc_mean", "chroma_mean"),
    "60": ("mfcc_mean", "mfcc_std"),
    "85": _SEED85,
    "87": (*_SEED85, "zcr_mean", "zcr_std"),
    "89-rolloff": (*_SEED85, "zcr_mean", "zcr_std", "rolloff_mean", "rolloff_std"),
    "89-centroid": (*_SEED85, "zcr_mean", "zcr_std", "centroid_mean", "centroid_std"),
}

#: Timbre and its movement, independent of key and tempo, computable from coarse frames and chroma alone.
MOVEMENT_GROUPS = (
    "chroma_profile",
    "timbre_mean",
    "timbre_std",
    "timbre_step",
    "timbre_slope",
    "timbre_covariance",
    "modulation",
    "roughness",
    "flux",
)
#: The features of the shipped heads. The tempo is only displayed.
TIMBRE_GROUPS = (*MOVEMENT_GROUPS, "tempo")

#: Those that ``build.preprocess`` offers, and a set of all statistics.
FEATURE_SETS = {**SEED_FEATURE_SETS, "timbre": TIMBRE_GROUPS, "all": tuple(GROUPS)}
