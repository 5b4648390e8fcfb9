"""Parity with librosa where there is no librosa: our statistics of synthetic signals against its stored ones."""

from __future__ import annotations

import numpy as np
import pytest

import features_np as fx
from tests.features.tolerances import LIBROSA_GROUPS, differing
from tests.golden.signals import GOLDEN, SIGNALS


def test_every_signal_has_its_golden_values() -> None:
    with np.load(GOLDEN) as golden:
        names = {key.split("/")[0] for key in golden}
        kinds = {key.split("/")[1] for key in golden}
    assert names == set(SIGNALS)
    assert kinds == {*LIBROSA_GROUPS, "tuning"}
    assert len(names) >= 10


@pytest.mark.parametrize("name", SIGNALS)
def test_summary_equals_the_golden_values(name: str) -> None:
    y = SIGNALS[name]()
    vector = fx.summarize(y, fx.FeatureSpec(groups=LIBROSA_GROUPS))
    assert differing(name, vector, fx.estimate_tuning(y=y)) == {}


def test_what_differs_is_found() -> None:
    with np.load(GOLDEN) as golden:
        vector = np.concatenate([golden[f"music/{group}"] for group in LIBROSA_GROUPS])
        tuning = float(golden["music/tuning"][0])
    assert differing("music", vector, tuning) == {}
    assert set(differing("music", vector + np.float32(0.002), tuning + 0.01)) >= {"mfcc_mean", "tempo", "tuning"}
