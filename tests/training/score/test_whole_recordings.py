"""A file's genre is one thing: classify, evaluate and ingest say the same of the same file."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import soundfile

from build import ingest
from build.score.whole_recordings import classify_recordings, score_recordings, score_through_microphones
from build.tables.feature_table import Track
from edge import cli
from edge.audio.demo import synthesize
from edge.model.bundle import load_bundle

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A piece longer than the window, whose halves sound different: averages over windows matter."""
    path = tmp_path_factory.mktemp("music") / "rock" / "song.wav"
    path.parent.mkdir()
    soundfile.write(path, synthesize(40, tempo_bpm=90) * 0.9, 44_100)
    return path


def test_three_commands_take_a_file_for_the_same(song: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["classify", "--json", str(song)]) == 0
    verdict = json.loads(capsys.readouterr().out)
    (ours,) = classify_recordings({"rock/song": song}, None)
    assert ours.probabilities == pytest.approx(verdict["probabilities"], abs=1e-4)
    assert ingest.main([str(song), "--classify"]) == 0
    best = sorted(ours.probabilities.items(), key=lambda item: -item[1])[:3]
    expected = ", ".join(f"{label} {probability:.0%}" for label, probability in best)
    assert capsys.readouterr().out.splitlines()[-1] == f"{song}: {expected}"


def test_ingest_classifies_what_only_ffmpeg_reads_as_the_same_music(
    song: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-i", song, "-c:a", "alac", tmp_path / "song.m4a"], check=True)
    for path in (song, tmp_path / "song.m4a"):
        assert ingest.main([str(path), "--classify"]) == 0
    first, second = (line.rpartition(": ")[2] for line in capsys.readouterr().out.splitlines())
    assert first == second


def test_scores_carry_artists_and_tempo_and_microphones_their_cost(song: Path) -> None:
    tracks = {"rock/song": Track("song", "rock", "", "", None, "Someone", 90.0)}
    recorded = score_recordings({"rock/song": song}, tracks, None, "made up")
    assert recorded.scores.accuracy.over == "1 artist" and recorded.scores.labels == load_bundle().labels
    assert recorded.tempo is not None and recorded.tempo.annotated.tolist() == [90.0]
    microphone = score_through_microphones({"rock/song": song}, tracks, None, recorded.scores)
    assert len({tuple(scores.probabilities[0]) for scores in (recorded.scores, *microphone.drawn)}) == 4
