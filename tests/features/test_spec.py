"""A spec that is accepted can be computed; one that cannot be is one line that names the number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import features_np as fx
from build.tables.feature_sets import SEED_FEATURE_SETS, TIMBRE_GROUPS
from features_np.vector.groups import GROUPS
from tests.golden.signals import SIGNALS


@settings(deadline=None, max_examples=80)
@given(
    options=st.fixed_dictionaries(
        {},
        optional={
            "sample_rate": st.sampled_from((8_000, 22_050, 44_100)),
            "window_s": st.sampled_from((3.0, 3.3, 5)),
            "n_fft": st.sampled_from((64, 100, 512, 2_048)),
            "hop_length": st.sampled_from((1_999, 512, 100, 64)),
            "n_mels": st.integers(1, 60),
            "n_mfcc": st.integers(1, 20),
            "tempo_window_s": st.sampled_from((1.0, 2.0, 8.0)),
            "max_tempo": st.sampled_from((20.0, 320.0, 1e6)),
            "coarse_interval": st.sampled_from((1.0, 3.8626, 1e6)),
            "coarse_offset": st.sampled_from((0.0, 3.75, 1e9)),
        },
    ),
    groups=st.lists(st.sampled_from(tuple(GROUPS)), min_size=1, max_size=5, unique=True),
)
def test_a_spec_is_refused_or_computed(options: dict[str, float], groups: list[str]) -> None:
    try:
        spec = fx.FeatureSpec(**options, groups=tuple(groups))
    except fx.SpecError as error:
        assert "\n" not in str(error)
        return
    y = SIGNALS["music"]()[:80_000]
    vector = fx.summarize(y, spec)
    assert vector.shape == (len(spec.vector_names),) and np.all(np.isfinite(vector))
    stream = fx.FeatureStream(spec)
    stream.push(y)
    assert np.all(np.isfinite(stream.vector()))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_mels": 19, "n_mfcc": 5, "groups": ("timbre_mean",)}, "n_mels is 19, must be at least 20"),
        ({"n_mels": 40, "groups": ("flux",)}, "n_mels is 40, must be a multiple of 16"),
        (
            {"hop_length": 2_048, "tempo_window_s": 1.0, "max_tempo": 20.0},
            "tempo_window_s is 1.0, must be at least 3.16 s",
        ),
        ({"n_fft": 2_047}, "n_fft is 2047, must be even"),
        ({"hop_length": 0}, "hop_length is 0"),
        ({"n_chroma": 0}, "n_chroma is 0, must be 12"),
        ({"n_fft": 2_048.0}, "n_fft is 2048.0, must be a whole number"),
        ({"n_mfcc": True}, "n_mfcc is True, must be a whole number"),
        ({"window_s": float("inf")}, "window_s is inf, must be a number"),
        ({"window_s": 10**400}, "window_s is 1000"),
        ({"top_db": "80"}, "top_db is '80', must be a number"),
        ({"groups": "tempo"}, "groups is 'tempo', must be a list of names"),
        ({"groups": ("tempo", 3)}, "must be a list of names"),
        ({"groups": ()}, "at least one"),
        ({"groups": ("tempo", "tempo")}, "once"),
    ],
)
def test_what_cannot_be_computed_is_one_line(options: dict[str, object], message: str) -> None:
    with pytest.raises(fx.SpecError, match=message) as caught:
        fx.FeatureSpec(**options)
    assert "\n" not in str(caught.value)


def test_a_group_needs_only_what_it_is_made_of() -> None:
    y = SIGNALS["music"]()[:80_000]
    whole = fx.FeatureSpec(groups=TIMBRE_GROUPS)
    values = dict(zip(whole.vector_names, fx.summarize(y, whole), strict=True))
    for group in TIMBRE_GROUPS:
        spec = fx.FeatureSpec(groups=(group,))
        assert fx.summarize(y, spec).tolist() == [values[name] for name in spec.vector_names]
    assert np.all(np.isfinite(fx.summarize(y, fx.FeatureSpec(n_mels=21, n_mfcc=5, groups=("timbre_covariance",)))))


def test_equal_specs_have_one_digest_whatever_numbers_they_were_made_of() -> None:
    spec = fx.FeatureSpec(window_s=30, hop_length=np.int64(512), top_db=np.float32(80), groups=["tempo"])
    assert spec.digest() == fx.FeatureSpec(groups=("tempo",)).digest()
    assert isinstance(spec.window_s, float) and type(spec.hop_length) is int


def test_a_spec_comes_back_from_its_dictionary() -> None:
    for groups in SEED_FEATURE_SETS.values():
        spec = fx.FeatureSpec(groups=groups)
        assert fx.FeatureSpec.from_dict(spec.to_dict()) == spec
    with pytest.raises(fx.SpecError, match="feature spec lacks 'hop_length'"):
        fx.FeatureSpec.from_dict({key: value for key, value in spec.to_dict().items() if key != "hop_length"})
    with pytest.raises(fx.SpecError, match="unknown key 'colour'; a newer version"):
        fx.FeatureSpec.from_dict({**spec.to_dict(), "colour": 1})
    with pytest.raises(fx.SpecError, match="mapping"):
        fx.FeatureSpec.from_dict([1, 2])  # type: ignore[arg-type]
