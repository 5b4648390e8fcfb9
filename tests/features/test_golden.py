"""Parity with librosa where there is no librosa: our statistics of synthetic signals against its stored ones."""

from __future__ import annotations

import numpy as np
import pytest

import features_np as fx
from features_np.spec import LIBROSA_GROUPS
from tests.features.tolerances import STATISTICS
from tests.golden.signals import GOLDEN, SIGNALS, STATIONARY, WITHOUT_PITCH


def test_every_signal_has_its_golden_values() -> None:
    with np.load(GOLDEN) as golden:
        names = {key.split("/")[0] for key in golden}
        kinds = {key.split("/")[1] for key in golden}
    assert names == set(SIGNALS)
    assert kinds == {*LIBROSA_GROUPS, "tuning"}
    assert len(names) >= 10


@pytest.mark.parametrize("name", SIGNALS)
def test_summary_equals_the_golden_values(name: str) -> None:
    y, spec, start = SIGNALS[name](), fx.FeatureSpec(groups=LIBROSA_GROUPS), 0
    vector = fx.summarize(y, spec)
    with np.load(GOLDEN) as golden:
        for group in LIBROSA_GROUPS:
            part = vector[start : start + len(spec.group_names(group))]
            start += len(part)
            expected = golden[f"{name}/{group}"]
            if group == "tempo":
                assert name in STATIONARY or np.array_equal(part, expected)
            elif not (name in WITHOUT_PITCH and group.startswith("chroma")):
                assert np.max(np.abs(part - expected)) <= STATISTICS[group], group
        if name not in WITHOUT_PITCH:
            assert np.float32(fx.estimate_tuning(y=y)) == golden[f"{name}/tuning"][0]
