"""The shipped bundles, evaluated again: the figures of their cards are reproduced on both runtimes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from build import publish
from build.audio.read import read_recording
from build.corpora.gtzan import load_joined
from build.models.int8 import MAX_SIZE
from build.report.model_card import model_card
from build.score import scoring
from build.tables.edition import edition_of
from build.tables.feature_table import FeatureTable, read_list, read_tracks
from build.tables.pieces import GTZAN_VALID, read_pieces
from build.tables.splits import FAULT_FILTERED
from edge.live.decision import NO_MUSIC
from edge.model.bundle import MODEL_FILE, SIDECAR_FILE, Bundle, load_bundle
from edge.model.head_input import head_input
from edge.model.interpreter import RUNTIMES
from edge.model.probe import run_probe
from tests.shared_data import shared_data

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {"listener": publish.MODELS, "classic": publish.MODELS / "classic"}
#: Bytes of a whole bundle with two listeners.
LARGEST = 6_000_000


@pytest.fixture(scope="module", params=FOLDERS)
def folder(request: pytest.FixtureRequest) -> Path:
    return FOLDERS[request.param]


@pytest.fixture(scope="module")
def listener() -> Bundle:
    return load_bundle(FOLDERS["listener"])


@pytest.fixture(scope="module")
def classic() -> Bundle:
    return load_bundle(FOLDERS["classic"])


@pytest.fixture(scope="module")
def valid() -> FeatureTable:
    table = load_joined(shared_data("gtzan", "features"))
    return table.select(read_list(shared_data("gtzan", "splits", "valid.txt")))


def is_of_this_edition(bundle: Bundle) -> bool:
    """Return whether the data is unchanged since the bundle was scored, so that figures are of the same tracks."""
    edition = edition_of(read_tracks(shared_data("gtzan", "tracks.csv")))
    return bundle.sidecar["training"]["edition"] == edition.to_dict()


def assert_within_interval(value: float, stated: dict) -> None:
    low, high = stated["interval_95"]
    assert low <= value <= high


def test_its_probe_reproduces_and_its_card_is_of_this_sidecar(folder: Path) -> None:
    bundle = load_bundle(folder)
    assert run_probe(bundle).passed, str(run_probe(bundle))
    assert (folder / publish.CARD_FILE).read_text() == model_card(dict(bundle.sidecar))


def test_they_are_as_small_as_they_must_be() -> None:
    assert (FOLDERS["classic"] / MODEL_FILE).stat().st_size <= MAX_SIZE
    files = [*FOLDERS["listener"].glob("*.tflite"), FOLDERS["listener"] / SIDECAR_FILE]
    assert len(files) == 4
    assert sum(path.stat().st_size for path in files) <= LARGEST


@pytest.mark.slow
def test_the_listener_hears_valid_as_its_card_says(listener: Bundle) -> None:
    pieces = [piece for piece in read_pieces(shared_data("."), listener.labels) if piece.collection == GTZAN_VALID]
    whole = [piece for piece in pieces if piece.whole]
    vectors = np.array([head_input(read_recording(piece.path, listener.spec), listener) for piece in whole])
    targets = np.array([listener.labels.index(piece.genre) for piece in whole])
    scores = scoring.score_vectors(listener, vectors, targets, FAULT_FILTERED)
    stated = listener.sidecar["metrics"]["valid"]
    if is_of_this_edition(listener):
        assert len(whole) == stated["accuracy"]["n"]
        # The other runtime, with which the card was made, rounds some of the listener's int8 steps otherwise.
        assert scores.accuracy.value == pytest.approx(stated["accuracy"]["value"], abs=2.1 / len(whole))
    assert_within_interval(scores.accuracy.value, stated["accuracy"])
    assert_within_interval(scores.balanced.value, stated["balanced"])
    assert scores.accuracy.value >= 0.80


def test_the_listener_is_as_sturdy_as_its_card_must_say(listener: Bundle) -> None:
    metrics = listener.sidecar["metrics"]
    listening = metrics["listening"]
    assert listening["windows"]["5 s"]["accuracy"]["value"] >= 0.72
    # Of 436 tracks: on the valid ones three genres have eight together, and one more or less is three points.
    assert metrics["folds, train and valid"]["gtzan"]["balanced"]["value"] >= 0.79
    assert listening["recorded room"]["accuracy"]["value"] >= 0.45
    assert listening["talkers"]["+0 dB"]["accuracy"]["value"] >= 0.55
    assert metrics["int8"]["same_answer"] >= 0.99
    assert metrics["valid"]["calibration_error"] <= 0.08  # 0.06 is wanted; it is less sure than it may be
    assert metrics["no_music"]["caught"]["value"] >= 0.97
    assert metrics["no_music"]["caught apart, in rooms"]["value"] >= 0.85
    assert metrics["no_music"]["music_lost, through microphones"]["value"] <= 0.02


def test_the_classic_is_right_on_at_least_60_percent_of_valid_and_says_so(classic: Bundle, valid: FeatureTable) -> None:
    scores = scoring.score(classic, valid, FAULT_FILTERED, read_tracks(shared_data("gtzan", "tracks.csv")))
    assert len(scores.targets) == 197
    assert scores.accuracy.value >= 0.60
    ours, stated = json.loads(json.dumps(scores.to_dict())), classic.sidecar["metrics"]["valid"]
    if is_of_this_edition(classic):
        # Recordings are heard in float32: another processor's last digits may move a probability by an int8 step.
        assert ours["calibration_error"] == pytest.approx(stated["calibration_error"], abs=0.005)
        assert ours | {"calibration_error": stated["calibration_error"]} == stated
    assert_within_interval(scores.accuracy.value, stated["accuracy"])
    assert {score.label for score in scores.label_scores if score.n < 13} == {NO_MUSIC}


def test_the_classic_tells_music_from_what_is_none(classic: Bundle, valid: FeatureTable) -> None:
    figures = classic.sidecar["metrics"]["no_music"]
    # 0.95 was passed while a fourth of the windows that judge now alone still trained.
    assert figures["caught"]["value"] >= 0.94
    scores = scoring.score(classic, valid, FAULT_FILTERED)
    lost = float(np.mean(scores.probabilities.argmax(axis=1) == classic.labels.index(NO_MUSIC)))
    if is_of_this_edition(classic):
        assert lost == pytest.approx(figures["music_lost"]["value"], abs=1e-4)
    assert lost <= 0.03


def test_int8_lost_nothing_against_the_classics_float_network(classic: Bundle) -> None:
    int8 = classic.sidecar["metrics"]["int8"]
    assert int8["n"] == 197
    assert int8["same_answer"] >= 0.99
    assert int8["int8_accuracy"] >= int8["float_accuracy"] - 0.005


@pytest.mark.parametrize("runtime", RUNTIMES if sys.version_info < (3, 12) else RUNTIMES[1:])
def test_it_gives_the_same_answers_on_both_runtimes(folder: Path, runtime: str, tmp_path: Path) -> None:
    """Each in a process of its own: the runtimes' libraries cannot share one."""
    bundle = load_bundle(folder)
    rows = np.random.default_rng(0).normal(0, 1, (50, bundle.n_inputs)).astype(np.float32)
    np.save(tmp_path / "rows.npy", rows)
    program = (
        "import sys, numpy as np; from pathlib import Path; from edge.model.interpreter import Interpreter\n"
        "model, rows, logits, runtime = sys.argv[1:]\n"
        "interpreter = Interpreter(Path(model).read_bytes(), [runtime])\n"
        "np.save(logits, [interpreter(row) for row in np.load(rows)]); print(interpreter.runtime)\n"
    )
    paths = [str(path) for path in (folder / MODEL_FILE, tmp_path / "rows.npy", tmp_path / "logits.npy")]
    command = [sys.executable, "-c", program, *paths, runtime]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == runtime.partition(".")[0].replace("_", "-")
    expected = np.array([bundle.interpreter(row) for row in rows])
    step = np.unique(np.abs(np.diff(np.unique(expected)))).min()
    logits = np.load(tmp_path / "logits.npy")
    assert np.array_equal(logits.argmax(axis=1), expected.argmax(axis=1))
    # Two steps of the integer output: a logit is the difference of two, each rounded, and kernels may round a product
    # on the edge differently.
    np.testing.assert_allclose(logits, expected, atol=max(2.01 * step, 0.02))
