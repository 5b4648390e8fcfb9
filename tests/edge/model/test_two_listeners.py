"""Two listeners with different front ends: each hears the source at its own rate, and an answer waits for both."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.audio.demo import synthesize
from edge.errors import AudioFileError, BundleError
from edge.events import Prediction
from edge.files.whole_file import classify_file
from edge.model.bundle import SIDECAR_FILE, Bundle, load_bundle
from edge.model.head_input import HeadInputStream, head_input
from edge.model.probe import run_probe
from features_np import Resampler, resample, summarize
from features_np.patches import PatchStream
from tests import two_networks
from tests.edge.scripted import blocks, heard
from tests.two_networks import RATE, SPEC, make_bundle

N_FEATURES = len(SPEC.vector_names)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    make_bundle(folder, two_networks.use(), two_networks.another_use())
    return folder


@pytest.fixture(scope="module")
def bundle(folder: Path) -> Bundle:
    return load_bundle(folder, try_first=False)


def test_it_is_loaded_probed_and_named(bundle: Bundle) -> None:
    result = run_probe(bundle)
    assert result.passed, str(result)
    stages = [difference.stage for difference in result.differences]
    assert stages == ["features", "the listener", "the another", "probabilities"]
    assert bundle.vector_names[N_FEATURES].startswith("listener_early_mean")
    assert bundle.vector_names[-1] == "another_broad_max_0004"
    assert bundle.n_inputs == len(set(bundle.vector_names)) == len(bundle.mean)
    assert bundle.first_answer_s == pytest.approx(1.6)


def expected(bundle: Bundle, y: NDArray[np.float32], rate: int, stream: HeadInputStream) -> list[NDArray[np.float32]]:
    """Each listener's rows by itself: the patches of the source's samples that lie within the window."""
    rows = []
    for network in bundle.networks:
        spec = network.use.patch_spec
        patches = PatchStream(spec, rate).push(y)
        places = [(index * spec.hop_s, index * spec.hop_s + spec.patch_s) for index in range(len(patches))]
        window = stream.start / RATE - 1e-9, stream.end / RATE + 1e-9
        within = [index for index, (start, end) in enumerate(places) if window[0] <= start and end <= window[1]]
        rows.append(network.rows(network.quantize(patches[within])))
    return rows


@settings(max_examples=15, deadline=None)
@given(
    rate=st.sampled_from((16_000, 22_050, 32_000, 44_100, 48_000)),
    sizes=st.lists(st.integers(0, 30_000), min_size=1, max_size=5).filter(lambda sizes: sum(sizes) > 3_000),
    seconds=st.floats(2.0, 14.0),
    begin_s=st.floats(0.0, 2.0),
)
def test_each_hears_the_source_as_if_alone_however_it_is_cut(
    bundle: Bundle, rate: int, sizes: list[int], seconds: float, begin_s: float
) -> None:
    y = synthesize(seconds, tempo_bpm=133.0, sample_rate=rate)
    stream, whole, begin = HeadInputStream(bundle, rate), HeadInputStream(bundle, rate), 0
    for number in range(len(y)):
        stream.push(y[begin : begin + sizes[number % len(sizes)]])
        begin += sizes[number % len(sizes)]
        if begin >= len(y):
            break
    whole.push(y)
    for each in (stream, whole):
        each.begin_at(min(round(begin_s * RATE), each.end - RATE))
    assert (stream.start, stream.end) == (whole.start, whole.end)
    np.testing.assert_array_equal(stream.vector(), whole.vector())
    rows = expected(bundle, y, rate, stream)
    parts = [
        network.statistics(of_it) if len(of_it) else None for network, of_it in zip(bundle.networks, rows, strict=True)
    ]
    assert stream.is_whole() == all(part is not None for part in parts)
    if stream.is_whole():
        np.testing.assert_array_equal(stream.vector()[N_FEATURES:], np.concatenate(parts))
    features = summarize(resample(y, orig_sr=rate, target_sr=RATE)[stream.start : stream.end], SPEC)
    np.testing.assert_array_equal(stream.vector()[:N_FEATURES], features)


@pytest.mark.parametrize("rate", [11_025, 16_000, 22_050, 44_099, 44_100, 48_000, 96_000])
def test_so_many_samples_are_heard_and_the_rest_when_it_ends(bundle: Bundle, rate: int) -> None:
    """The stream lags by the resampler's delay and no more; at its end it equals a file."""
    y = synthesize(4.0, sample_rate=rate)
    stream, parts, rest = HeadInputStream(bundle, rate), [], y
    while rest.size:
        part, rest = stream.take(rest, 7_000)
        assert len(part) == 7_000 or not rest.size
        parts.append(part)
    n_before = sum(map(len, parts))
    assert n_before >= len(resample(y, orig_sr=rate, target_sr=RATE)) - RATE * Resampler(rate, RATE).delay_s - 2
    parts.append(stream.finish())
    np.testing.assert_array_equal(np.concatenate(parts), resample(y, orig_sr=rate, target_sr=RATE))


def test_a_source_that_changes_its_rate_is_heard_on(bundle: Bundle) -> None:
    stream = HeadInputStream(bundle, 22_050)
    stream.push(synthesize(4.0))
    stream.finish()
    stream.change_rate(48_000)
    stream.push(synthesize(4.0, sample_rate=48_000))
    stream.finish()
    assert stream.end == 8 * RATE
    assert stream.seconds == 8.0
    steady = HeadInputStream(bundle)
    steady.push(np.concatenate([synthesize(4.0), synthesize(4.0)]))
    difference = (stream.vector() - steady.vector()) / bundle.scale
    assert np.abs(difference).max() < 1.0
    assert len(stream.on_record_axes()[0]) == len(steady.on_record_axes()[0])


@pytest.mark.parametrize("rate", [22_050, 48_000])
def test_a_reset_stream_is_a_new_one(bundle: Bundle, rate: int) -> None:
    """At a rate that is resampled it begins with what was held back, so that all branches begin with one sample."""
    y, silence = synthesize(6.0, sample_rate=rate), np.zeros(2 * rate, dtype=np.float32)
    held_back = math.ceil(Resampler(rate, RATE).delay_s * rate)
    stream, fresh = HeadInputStream(bundle, rate), HeadInputStream(bundle, rate)
    stream.push(np.concatenate((y, silence)))
    stream.vector()
    stream.reset()
    assert stream.end == 0
    stream.push(np.concatenate((silence, y)))
    fresh.push(np.concatenate((silence[:held_back], silence, y)))
    assert stream.end == pytest.approx(fresh.end, abs=1)
    assert fresh.end == 8 * RATE
    np.testing.assert_array_equal(stream.vector()[N_FEATURES:], fresh.vector()[N_FEATURES:])
    np.testing.assert_allclose(stream.vector(), fresh.vector(), rtol=2e-3, atol=0.02)


def test_bandwidth_is_no_cue(bundle: Bundle) -> None:
    """The same music from 48 kHz, and with a tone that 22,050 Hz cannot hold, says the same to every listener."""
    y = synthesize(8.0, tempo_bpm=90.0)
    wide = resample(y, orig_sr=RATE, target_sr=48_000)
    tone = 0.3 * np.sin(2 * np.pi * 13_500 * np.arange(len(wide)) / 48_000)
    with_tone = (wide + np.hanning(len(wide)) * tone).astype(np.float32)
    narrow = head_input(y, bundle)
    for source in (wide, with_tone):
        stream = HeadInputStream(bundle, 48_000)
        stream.push(source)
        stream.finish()
        difference = np.abs((stream.vector() - narrow) / bundle.scale)
        assert difference[N_FEATURES:].max() < 0.05


def test_an_answer_waits_for_the_slowest_branch(bundle: Bundle, tmp_path: Path) -> None:
    """Of 1.6 s patches a window of 3 s holds one; a patch of 3.5 s is not known before 4 s."""
    slow = make_bundle(tmp_path / "slow", two_networks.another_use(n_frames=350))
    for rate, model, first_s in (
        (22_050, bundle, 3.0),
        (44_100, bundle, 3.0),
        (22_050, slow, 4.0),
        (48_000, slow, 4.0),
    ):
        events = heard(model, blocks(synthesize(6.0, sample_rate=rate), rate, 1_000))
        first = next(event for event in events if isinstance(event, Prediction) and event.probabilities)
        assert first.audio_s == first_s
    soundfile.write(tmp_path / "short.wav", synthesize(1.3), RATE)
    with pytest.raises(AudioFileError, match=r"1\.3 s of audio are too few, 2 s are needed"):
        classify_file(tmp_path / "short.wav", bundle)
    soundfile.write(tmp_path / "long.wav", synthesize(11.0, sample_rate=48_000), 48_000)
    assert sum(classify_file(tmp_path / "long.wav", bundle).probabilities.values()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("key", "junk", "words"),
    [
        ("name", "listener", "listeners names one twice"),
        ("styles", ["Techno"], "another has styles or record axes, which the first listener alone may have"),
        ("record_axes", {"axes": 1, "kernel": ""}, "another has styles or record axes"),
        ("sha256", "0", "another.tflite: is not the file its sidecar describes"),
    ],
)
def test_a_second_listener_that_makes_no_sense_is_named(
    folder: Path, tmp_path: Path, key: str, junk: Any, words: str
) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    sidecar = json.loads((tmp_path / SIDECAR_FILE).read_text())
    sidecar["listeners"][1][key] = junk
    (tmp_path / SIDECAR_FILE).write_text(json.dumps(sidecar))
    with pytest.raises(BundleError, match=words):
        load_bundle(tmp_path, try_first=False)
