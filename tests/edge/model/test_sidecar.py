"""Every invalid value in a sidecar is an error of one line; what loads is valid."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import BundleError
from edge.model.bundle import SIDECAR_FILE, load_bundle
from edge.model.classifier import Classifier
from edge.model.probe import run_probe
from tests import two_networks

#: What people are told and nothing is computed from.
WORDS = {"metrics", "training", "feature_revision", "file", "bytes", "quantization", "origin"}
JUNK = [
    *[None, True, False, 0, -1, 1, 2.0, 1e-30, -0.0, 1e13, 1e400, float("nan"), float("-inf"), 10**4000, 2**63],
    *["", " ", "hot", "1.0", "sha256:0", "\n", "\x1b[2J", "ü" * 100],
    *[[], [[]], [1, "a"], [0.5] * 11, ["same"] * 11, {}, {"a": 1}, [None] * 3],
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    two_networks.make_bundle(folder, two_networks.use())
    return folder


@pytest.fixture(scope="module")
def sidecar(folder: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((folder / SIDECAR_FILE).read_text())
    return values


@pytest.fixture
def changed(folder: Path, tmp_path: Path) -> Path:
    shutil.copytree(folder, tmp_path / "changed")
    return tmp_path / "changed"


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path to everything in a sidecar; of long lists to the first and last entries."""
    yield path
    if isinstance(value, dict):
        for key, entry in value.items():
            if key not in WORDS:
                yield from places(entry, (*path, key))
    elif isinstance(value, list):
        for index in sorted({0, len(value) - 1} if value else ()):
            yield from places(value[index], (*path, index))


def put(values: dict[str, Any], path: tuple[Any, ...], change: str, junk: Any) -> Any:
    """Return the sidecar with one thing changed."""
    if not path:
        return junk
    values = deepcopy(values)
    holder: Any = values
    for step in path[:-1]:
        holder = holder[step]
    if change == "lacks":
        del holder[path[-1]]
    elif change == "twice" and isinstance(holder[path[-1]], list):
        holder[path[-1]] = holder[path[-1]] * 2
    else:
        holder[path[-1]] = junk
    return values


def require_one_line_or_sense(folder: Path) -> None:
    try:
        bundle = load_bundle(folder, try_first=False)
        run_probe(bundle)
    except BundleError as error:
        assert len(str(error).splitlines()) == 1, str(error)
        assert str(error).startswith((str(folder), "the sidecar's probe cannot be run"))
        assert len(str(error)) < 400
    else:
        for vector in (bundle.mean, bundle.mean + 1e6 * bundle.scale, bundle.mean - bundle.scale):
            probabilities = Classifier(bundle)(vector)
            assert np.isfinite(probabilities).all()
            assert probabilities.sum() == pytest.approx(1.0, abs=1e-4)
        assert len(set(bundle.labels)) == len(bundle.labels)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_changed_sidecar_is_refused_in_one_line_or_makes_sense(
    sidecar: dict[str, Any], folder: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = data.draw(st.sampled_from(sorted(places(sidecar), key=str)))
    change = data.draw(st.sampled_from(["junk", "junk", "lacks", "twice"]))
    values = put(sidecar, path, change, data.draw(st.sampled_from(JUNK)))
    other = tmp_path_factory.getbasetemp() / "mutated"
    shutil.copytree(folder, other, dirs_exist_ok=True)
    (other / SIDECAR_FILE).write_text(json.dumps(values))
    require_one_line_or_sense(other)


@pytest.mark.parametrize(
    ("path", "junk", "words"),
    [
        (("temperature",), "hot", "temperature is 'hot'"),
        (("temperature",), 0, "temperature is 0"),
        (("temperature",), True, "temperature is True"),
        (("normalization", "mean"), [[1.0, 2.0], [3.0]], "mean [0] is a list"),
        (("normalization", "mean", 0), "x", "mean [0] is 'x'"),
        (("normalization", "scale", 0), 1e400, "is not JSON"),
        (("normalization", "scale", 0), 1e200, "scale [0] is 1e+200"),
        (("normalization", "scale", 0), 0.0, "scale [0] is 0.0"),
        (("labels",), ["same"] * 4, "labels names 'same' twice"),
        (("labels",), ["a", "b"], "2 labels"),
        (("labels", 0), 3, "labels [0] is 3"),
        (("name",), "", "name is ''"),
        (("format",), 1, "is not a format 3 sidecar"),
        (("feature_spec", "groups"), 5, "feature_spec"),
        (("feature_spec", "sample_rate"), 22_050.0, "feature"),
        (("listeners", 0, "patch_spec", "n_mels"), "many", "patch_spec"),
        (("listeners", 0, "patch_spec", "patch_hop"), 96, "another revision"),
        (("listeners", 0, "statistics"), ["mode"], "statistics [0] is 'mode', must be one of mean, std, max"),
        (("listeners", 0, "outputs", 0, "size"), 7.5, "size is 7.5"),
        (("listeners", 0, "outputs", 0, "name"), "embedding", "one output twice"),
        (("listeners", 0, "styles"), ["one"], "the listener gives"),
        (("listeners", 0, "record_axes"), [1.0], "record_axes is a list"),
        (("listeners", 0, "record_axes", "axes"), 4, "kernel holds 45 numbers, must be 15 x 4"),
        (("listeners", 0, "record_axes", "axes"), -3, "axes is -3"),
        (("listeners", 0, "record_axes", "kernel"), "no base64!", "kernel is no float16 in base64"),
        (("listeners", 0, "record_axes", "kernel"), "AHwA" * 30, "must be 15 x 3 finite ones"),  # an infinity in each
        (("listeners", 0, "sha256"), "0", "SHA-256 differs"),
        (("listeners",), "yamnet", "listeners is 'yamnet'"),
        (("listeners",), ["yamnet"], "listeners [0] is 'yamnet'"),
        (("listeners", 0, "name"), "../genres", "name is '../genres'"),
        (("model",), None, "model is None"),
    ],
)
def test_what_makes_no_sense_is_named(
    sidecar: dict[str, Any], changed: Path, path: tuple[Any, ...], junk: Any, words: str
) -> None:
    (changed / SIDECAR_FILE).write_text(json.dumps(put(sidecar, path, "junk", junk)))
    with pytest.raises(BundleError) as caught:
        load_bundle(changed, try_first=False)
    assert words in str(caught.value)
    require_one_line_or_sense(changed)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe{}", b"[" * 100_000, b'{"format": 3}', b"9" * 5_000, b"null", b"{"])
def test_what_is_no_sidecar_is_told(changed: Path, content: bytes) -> None:
    (changed / SIDECAR_FILE).write_bytes(content)
    with pytest.raises(BundleError, match=SIDECAR_FILE):
        load_bundle(changed, try_first=False)
    require_one_line_or_sense(changed)


@pytest.mark.parametrize(
    ("key", "junk"),
    [
        ("recipe", {"minutes": 3}),
        ("recipe", {"seconds": 1e9, "tempo_bpm": 110.0, "key": "D", "seed": 1}),
        ("recipe", {"seconds": 10.0, "tempo_bpm": 1e-9, "key": "D", "seed": 1}),
        ("recipe", {"seconds": 10.0, "tempo_bpm": 110.0, "key": "H", "seed": 1}),
        ("recipe", {"seconds": 10.0, "tempo_bpm": 110.0, "key": "D", "seed": "one"}),
        ("vector", [1.0, 2.0]),
        ("probabilities", ["likely"] * 4),
    ],
)
def test_a_probe_that_cannot_be_run_is_told(sidecar: dict[str, Any], changed: Path, key: str, junk: Any) -> None:
    (changed / SIDECAR_FILE).write_text(json.dumps(put(sidecar, ("probe", key), "junk", junk)))
    with pytest.raises(BundleError, match="probe cannot be run"):
        run_probe(load_bundle(changed, try_first=False))


def test_a_bundle_of_two_networks_and_its_probe_are_as_published(folder: Path) -> None:
    bundle = load_bundle(folder, try_first=False)
    result = run_probe(bundle)
    assert result.passed, str(result)
    assert [difference.stage for difference in result.differences] == ["features", "the listener", "probabilities"]
    assert bundle.listeners == (two_networks.use(),)


def test_a_listener_that_answers_otherwise_fails_the_probe(sidecar: dict[str, Any], changed: Path) -> None:
    values = deepcopy(sidecar)
    values["probe"]["vector"][-1] += values["normalization"]["scale"][-1]
    (changed / SIDECAR_FILE).write_text(json.dumps(values))
    result = run_probe(load_bundle(changed, try_first=False))
    assert [difference.passed for difference in result.differences] == [True, False, True]
    assert "listener_embedding_std" in str(result)


def test_a_bundle_that_lacks_its_listener_says_so(changed: Path) -> None:
    (changed / "listener.tflite").unlink()
    with pytest.raises(BundleError, match=r"listener\.tflite: No such file"):
        load_bundle(changed, try_first=False)
