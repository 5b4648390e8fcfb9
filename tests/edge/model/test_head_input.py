"""The head's input is the same from a stream as from the whole signal, for any block sizes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.audio.demo import synthesize
from edge.model.bundle import Bundle
from edge.model.head_input import HeadInputStream, head_input
from features_np import SignalError, summarize
from features_np.patches import PatchStream
from tests import two_networks
from tests.two_networks import RATE, SPEC, STYLES, make_bundle

MUSIC = np.concatenate([synthesize(14.0, tempo_bpm=97.0), synthesize(12.0, tempo_bpm=140.0, key="E")])


@pytest.fixture(scope="module", params=[("mean", "std"), ("max", "std", "mean")], ids="_".join)
def bundle(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    hop = 48 if len(request.param) == 2 else 96
    use = two_networks.use(hop, request.param)
    return make_bundle(tmp_path_factory.mktemp("bundle"), use)


@pytest.fixture(scope="module")
def rows(bundle: Bundle) -> NDArray[np.float32]:
    """The listener's outputs for each patch of the music, computed one by one."""
    (network,) = bundle.networks
    patches = PatchStream(network.use.patch_spec, sr_in=RATE).push(MUSIC)
    return np.concatenate([network.rows(network.quantize(patch[np.newaxis])) for patch in patches])


def expected(bundle: Bundle, rows: NDArray[np.float32], start: int, end: int, received: int) -> NDArray[np.float32]:
    """The definition: features of exactly the samples, NumPy's statistics over the patches wholly within them.

    The resampler gives the newest only with some more samples, so what counts is what ``received`` samples give.
    """
    (network,) = bundle.networks
    use = network.use
    places = PatchStream(use.patch_spec, sr_in=RATE)
    n_patches = len(places.push(MUSIC[:received]))
    within = [i for i in range(n_patches) if start <= places.start_of(i) and places.end_of(i) <= end]
    parts = [summarize(MUSIC[start:end], SPEC)]
    begin = 0
    for _, size in use.outputs:
        part = rows[within, begin : begin + size].astype(np.float64)
        parts += [getattr(np, name)(part, axis=0) for name in use.statistics]
        begin += size
    return np.concatenate(parts).astype(np.float32)


def pieces(sizes: list[int]) -> list[NDArray[np.float32]]:
    ends = np.cumsum(np.resize(sizes, len(MUSIC) // max(1, sum(sizes)) * len(sizes) + len(sizes)))
    return np.split(MUSIC, ends[ends < len(MUSIC)])


@settings(max_examples=12, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 40_000), min_size=1, max_size=6).filter(lambda sizes: sum(sizes) > 2_000),
    every=st.integers(1, 40),
    begin_s=st.floats(0.0, 20.0),
)
def test_a_window_of_a_stream_is_that_of_the_signal(
    bundle: Bundle, rows: NDArray[np.float32], sizes: list[int], every: int, begin_s: float
) -> None:
    stream, received, compared = HeadInputStream(bundle), 0, 0
    for number, piece in enumerate(pieces(sizes), 1):
        stream.push(piece)
        received += len(piece)
        if number % every or received < 4 * RATE:
            continue
        begin = min(round(begin_s * RATE), received - 3 * RATE)
        stream.begin_at(begin if number % 2 else 0)
        wanted = expected(bundle, rows, stream.start, stream.end, received)
        np.testing.assert_array_equal(stream.vector(), wanted)
        compared += 1
    stream.begin_at(0)
    assert stream.seconds == pytest.approx(SPEC.window_s)
    assert compared or every > 1 or len(pieces(sizes)) < 3


def test_a_whole_signal_is_described_as_the_stream_of_it(bundle: Bundle, rows: NDArray[np.float32]) -> None:
    for seconds in (2.0, 5.03, 10.0):
        y = MUSIC[: round(seconds * RATE)]
        stream = HeadInputStream(bundle)
        for piece in np.array_split(y, 7):
            stream.push(piece)
        np.testing.assert_array_equal(head_input(y, bundle), stream.vector())
        np.testing.assert_array_equal(head_input(y, bundle), expected(bundle, rows, 0, len(y), len(y)))
    n_inputs = len(bundle.vector_names)
    assert head_input(MUSIC, bundle).shape == (n_inputs,) == (bundle.n_inputs,)
    np.testing.assert_array_equal(head_input(MUSIC, bundle), expected(bundle, rows, 0, len(MUSIC), len(MUSIC)))


def test_a_reset_stream_is_a_new_one_and_one_that_was_not_differs(bundle: Bundle) -> None:
    fresh, used, kept = (HeadInputStream(bundle) for _ in range(3))
    for stream in (used, kept):
        stream.push(MUSIC[: 5 * RATE + 1234])
        stream.vector()
    used.reset()
    for stream in (fresh, used, kept):
        stream.push(MUSIC[9 * RATE : 13 * RATE])
    np.testing.assert_array_equal(used.vector(), fresh.vector())
    assert not np.array_equal(kept.vector(), fresh.vector())


def test_without_a_whole_patch_the_head_is_told_nothing(bundle: Bundle) -> None:
    stream = HeadInputStream(bundle)
    with pytest.raises(SignalError):
        stream.vector()
    stream.push(MUSIC[: RATE // 2])
    n_features = len(SPEC.vector_names)
    np.testing.assert_array_equal(stream.vector()[n_features:], bundle.mean[n_features:])
    np.testing.assert_array_equal(head_input(MUSIC[: RATE // 2], bundle), stream.vector())
    assert stream.styles() is None


def test_styles_are_the_mean_scores_of_the_window(bundle: Bundle, rows: NDArray[np.float32]) -> None:
    stream = HeadInputStream(bundle)
    stream.push(MUSIC[: 8 * RATE])
    (network,) = bundle.networks
    patches = PatchStream(network.use.patch_spec, RATE)
    rows_ = network.rows(network.quantize(patches.push(MUSIC[: 8 * RATE])))
    styles = stream.styles()
    assert styles is not None
    np.testing.assert_allclose(styles, rows_[:, -len(STYLES) :].mean(axis=0), atol=1e-6)
    ends, places = stream.on_record_axes()
    np.testing.assert_allclose(places, rows_[:, : -len(STYLES)] @ bundle.record_axes, atol=1e-5)
    np.testing.assert_array_equal(ends, [patches.end_of(patch) for patch in range(len(rows_))])
    assert styles.shape == (len(STYLES),)
    assert 0.0 <= styles.min() < styles.max() <= 1.0


def test_a_patch_is_heard_once_and_only_when_an_answer_is_asked_for(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    (network,) = bundle.networks
    heard: list[int] = []
    rows = network.rows
    monkeypatch.setattr(network, "rows", lambda patches: heard.extend([1] * len(patches)) or rows(patches))
    stream = HeadInputStream(bundle)
    stream.push(MUSIC[: 8 * RATE])
    assert not heard
    stream.vector(), stream.vector(), stream.styles()
    n_patches = len(heard)
    assert n_patches in range(7, 17)
    stream.push(MUSIC[8 * RATE : 9 * RATE])
    stream.vector()
    assert len(heard) in range(n_patches + 1, n_patches + 4)
    silent = HeadInputStream(bundle)
    silent.push(MUSIC[: 8 * RATE])
    silent.reset()  # as in silence
    before = len(heard)
    silent.push(MUSIC[: RATE // 4])
    silent.vector()
    assert len(heard) == before


def test_a_model_without_a_listener_hears_the_features(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path)
    assert bundle.networks == ()
    stream = HeadInputStream(bundle)
    stream.push(MUSIC[: 6 * RATE])
    np.testing.assert_array_equal(stream.vector(), summarize(MUSIC[: 6 * RATE], SPEC))
    np.testing.assert_array_equal(head_input(MUSIC, bundle), summarize(MUSIC, SPEC))
    assert stream.styles() is None
    assert bundle.vector_names == SPEC.vector_names


def test_names_say_where_every_number_comes_from(bundle: Bundle) -> None:
    names = bundle.vector_names
    assert len(set(names)) == len(names) == bundle.n_inputs
    assert names[: len(SPEC.vector_names)] == SPEC.vector_names
    (network,) = bundle.networks
    first = network.use.statistics[0]
    assert names[len(SPEC.vector_names)] == f"listener_early_{first}_0000"
    assert names[-1] == f"listener_embedding_{network.use.statistics[-1]}_{two_networks.SIZES[1] - 1:04d}"
