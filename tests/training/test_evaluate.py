"""``python -m build.evaluate`` as a person and as a program use it, on synthetic music and on the published rows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from build.score.scoring import MicrophoneScores, Scores
from build.tables.edition import edition_of
from build.tables.feature_table import read_tracks
from edge.audio.demo import synthesize
from tests.shared_data import shared_data

ROOT = Path(__file__).resolve().parents[2]


def evaluate(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command with TensorFlow out of reach: it must not need it."""
    program = "import sys; sys.modules['tensorflow'] = None; from build.evaluate import main; sys.exit(main())"
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of synthetic music: three pieces long enough, one too short."""
    folder = tmp_path_factory.mktemp("music")
    for index, (key, seconds) in enumerate((("rock/a", 11), ("rock/b", 11), ("jazz/c", 11), ("jazz/short", 5))):
        path = folder / f"{key}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, synthesize(seconds, tempo_bpm=100 + 10 * index), 22_050)
    (folder / "tracks.csv").write_text(
        "track_id,genre,artist,tempo_bpm\na,rock,,100\nb,rock,,55\nc,jazz,,77\nunheard,jazz,,90\n"
    )
    return folder


def test_recordings_are_scored_clean_and_through_a_microphone(music: Path, tmp_path: Path) -> None:
    result = evaluate("--audio", music, "--mic", "--tracks", music / "tracks.csv", "--json", "--plots", tmp_path / "p")
    assert result.returncode == 0, result.stderr
    figures = json.loads(result.stdout)
    assert figures["accuracy"]["n"] == 3
    assert figures["accuracy"]["split"].endswith("the 3 of 4 with 10 s of audio or more")
    assert figures["microphone"]["draws"] == 3 and figures["microphone"]["accuracy"]["n"] == 3
    cost = figures["accuracy"]["value"] - figures["microphone"]["accuracy"]["value"]
    assert figures["microphone"]["cost"]["value"] == pytest.approx(cost, abs=1e-3)
    assert sum(map(sum, figures["confusion"])) == 3
    # Tempi of 100 and 110 BPM: annotated right, at half (Accuracy2 alone), and as neither.
    tempo = figures["tempo"]
    assert (tempo["accuracy1"]["value"], tempo["accuracy2"]["value"]) == pytest.approx((1 / 3, 2 / 3), abs=1e-3)
    for name in ("confusion.png", "reliability.png"):
        assert (tmp_path / "p" / name).read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_published_rows_give_the_model_cards_figures_as_a_table() -> None:
    """Of the edition of the data that the card is of to the digit; of a later one within the card's interval."""
    lists, tracks = shared_data("gtzan", "splits", "valid.txt"), shared_data("gtzan", "tracks.csv")
    classic = ROOT / "models" / "classic"
    result = evaluate("--model", classic, "--list", lists, "--tracks", tracks)
    assert result.returncode == 0, result.stderr
    sidecar = json.loads((classic / "genres.json").read_text())
    stated = sidecar["metrics"]["valid"]["accuracy"]
    low, high = stated["interval_95"]
    lines = result.stdout.splitlines()
    edition = edition_of(read_tracks(tracks))
    assert lines[0].startswith("valid: GTZAN, fault-filtered") and "197 tracks" in lines[0]
    assert str(edition) in lines[0]
    (printed,) = (line.split() for line in lines if line.startswith("accuracy"))
    if sidecar["training"].get("edition") == edition.to_dict():
        assert printed == f"accuracy {stated['value']:.1%} ({low:.1%} to {high:.1%})".split()
    assert low <= float(printed[1].rstrip("%")) / 100 <= high
    assert sum(line.split()[:1] == ["reggae"] for line in lines) == 1


def test_a_track_of_a_list_that_is_not_there_is_named(music: Path, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("rock/a.wav\nrock/tpyo.wav\n")
    result = evaluate("--audio", music, "--list", tmp_path / "list.txt", "--json")
    assert result.returncode == 0 and json.loads(result.stdout)["accuracy"]["n"] == 1
    assert "1 of 2 tracks" in result.stderr and "the first is rock/tpyo" in result.stderr
    (tmp_path / "list.txt").write_text("rock/tpyo.wav\n")
    result = evaluate("--audio", music, "--list", tmp_path / "list.txt")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        f"build.evaluate: {music}: has none of the 1 wanted tracks, the first is rock/tpyo"
    )


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--mic"], 2, "--mic needs --audio"),
        (["--audio", "nowhere"], 1, "build.evaluate: nowhere: is not a folder"),
        (["--features", "nowhere.csv"], 1, "build.evaluate: nowhere.csv: No such file"),
        (["--model", "nowhere", "--features", "any.csv"], 1, "build.evaluate: nowhere/genres.json: No such file"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    arguments: list[str], status: int, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from build.evaluate import main

    monkeypatch.setattr(sys, "argv", ["evaluate", *arguments])
    try:
        returned = main()
    except SystemExit as exit_:  # argparse's own way out
        returned = int(exit_.code or 0)
    assert returned == status
    errors = capsys.readouterr().err
    assert message in errors and "Traceback" not in errors


def test_the_microphones_cost_is_the_paired_difference() -> None:
    def scores(right: list[bool]) -> Scores:
        probabilities = np.array([[0.9, 0.1] if item else [0.1, 0.9] for item in right])
        return Scores("made up", ("a", "b"), np.zeros(4, dtype=np.int64), probabilities)

    clean = scores([True, True, True, False])
    microphone = MicrophoneScores(clean, (scores([True, True, False, False]), scores([True, False, False, True])))
    assert clean.accuracy.value == 0.75
    assert microphone.accuracy.value == 0.5
    assert microphone.drop.value == 0.25
    assert microphone.drop.low < 0.25 < microphone.drop.high
