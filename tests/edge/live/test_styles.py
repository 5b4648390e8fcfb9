"""Styles beside the genre: the likeliest few, and whether one leads that is none of the model's genres."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.console import Console

from edge.audio.demo import synthesize
from edge.events import Prediction, State
from edge.files.whole_file import classify_file
from edge.live import decision, styles
from edge.live.pipeline import PipelineSettings
from edge.model.bundle import Bundle
from edge.sinks.lines import Lines
from edge.sinks.terminal.drawing import render
from edge.sinks.view import View, view_after
from tests import two_networks
from tests.edge.scripted import blocks, heard

LIVEGENRE = Path(sys.executable).with_name("livegenre")
NAMES = ("Techno", "Disco", "House music", "Hip hop music", "Opera")
LABELS = ("disco", "hiphop", "classical", "no_music")
MUSIC = synthesize(12.0, tempo_bpm=128.0)
#: Shows the likeliest genre however unlikely: the networks' weights are random.
BOLD = decision.DecisionSettings(unsure_below=0.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    two_networks.make_bundle(folder, two_networks.use())
    return folder


@pytest.fixture(scope="module")
def bundle(folder: Path) -> Bundle:
    from edge.model.bundle import load_bundle

    return load_bundle(folder, try_first=False)


def scores(*values: float) -> styles.Scores:
    return np.array(values, dtype=np.float32)


def test_the_likeliest_few_are_named_in_order_and_the_unlikely_are_not() -> None:
    found = styles.likeliest(NAMES, scores(0.3, 0.5, 0.7, 0.2, 0.05))
    assert list(found) == ["House music", "Disco", "Techno"]
    assert found["Disco"] == 0.5
    assert styles.likeliest(NAMES, scores(0.0, 0.0, 0.015, 0.0, 0.0)) == {}
    assert list(styles.likeliest(NAMES, scores(0.1, 0.4, 0.05, 0.0, 0.0))) == ["Disco", "Techno"]


@pytest.mark.parametrize(
    ("values", "beyond"),
    [
        ((0.8, 0.1, 0.0, 0.0, 0.0), True),  # techno, and the model knows none
        ((0.8, 0.3, 0.0, 0.0, 0.0), False),  # disco is likely too
        ((0.04, 0.0, 0.04, 0.0, 0.0), False),  # nothing is likely
        ((0.0, 0.0, 0.0, 0.9, 0.0), False),  # hip hop is a genre of the model
        ((0.0, 0.0, 0.0, 0.0, 0.9), False),  # opera is a kind of classical
    ],
)
def test_a_style_leads_where_no_genre_of_the_model_fits(values: tuple[float, ...], beyond: bool) -> None:
    assert styles.is_outside_genres(NAMES, scores(*values), LABELS) is beyond


def test_a_model_of_ones_own_knows_its_own_genres() -> None:
    assert styles.is_outside_genres(NAMES, scores(0.8, 0.1, 0.0, 0.0, 0.0), ("techno", "polka")) is False
    assert styles.is_outside_genres(NAMES, scores(0.0, 0.1, 0.9, 0.0, 0.0), ("house", "polka")) is False
    assert styles.is_outside_genres(NAMES, scores(0.0, 0.9, 0.0, 0.0, 0.0), ("house", "polka")) is True


def test_predictions_say_the_styles_of_the_window_and_a_switch_silences_them(bundle: Bundle) -> None:
    said = [
        event
        for event in heard(bundle, blocks(MUSIC), PipelineSettings(decision=BOLD))
        if isinstance(event, Prediction)
    ]
    shown = [event for event in said if event.state is State.MUSIC]
    assert shown
    for event in shown:
        assert event.styles
        assert set(event.styles) <= set(two_networks.STYLES)
        assert list(event.styles.values()) == sorted(event.styles.values(), reverse=True)
        assert json.loads(json.dumps(event.to_json(), allow_nan=False))["styles"].keys() == event.styles.keys()
    assert all(event.styles is None for event in said if event.state is State.WARMING_UP)
    quiet = heard(bundle, blocks(MUSIC), PipelineSettings(decision=BOLD, styles=False))
    assert all(event.styles is None and not event.nearest for event in quiet if isinstance(event, Prediction))


def test_a_file_says_its_styles_and_a_switch_silences_them(folder: Path, bundle: Bundle, tmp_path: Path) -> None:
    path = tmp_path / "music.wav"
    soundfile.write(path, MUSIC, 22_050)
    verdict = classify_file(path, bundle)
    assert verdict.styles
    command = [LIVEGENRE, "classify", "--model", str(folder), str(path)]
    shown, silenced, as_json, quiet = (
        subprocess.run([*command, *more], capture_output=True, text=True, check=True, timeout=120).stdout
        for more in ([], ["--no-styles"], ["--json"], ["--json", "--no-styles"])
    )
    assert shown.splitlines()[0].endswith("STYLES")
    assert next(iter(verdict.styles)) in shown
    assert "STYLES" not in silenced
    assert next(iter(verdict.styles)) not in silenced
    assert list(json.loads(as_json)["styles"]) == list(verdict.styles)
    assert json.loads(quiet)["styles"] is None


def prediction(said: dict[str, float] | None, nearest: bool) -> Prediction:
    from datetime import UTC, datetime

    return Prediction(
        time=datetime.now(UTC),
        audio_s=9.0,
        state=State.MUSIC,
        genre="disco",
        confidence=0.45,
        probabilities=dict.fromkeys(LABELS, 0.25),
        tempo_bpm=128.0,
        level_dbfs=-20.0,
        window_s=9.0,
        provisional=False,
        styles=said,
        nearest=nearest,
    )


def drawn(event: Prediction) -> str:
    console = Console(file=io.StringIO(), width=80, height=40)
    console.print(render(view_after(View(), event), 80, 40))
    text = console.file
    assert isinstance(text, io.StringIO)
    return text.getvalue()


def lines(event: Prediction) -> str:
    stream = io.StringIO()
    Lines(stream)(event)
    return stream.getvalue()


def test_faces_show_the_styles_under_the_genre_and_lead_with_them_where_no_genre_fits() -> None:
    said = {"Techno": 0.62, "House music": 0.31}
    plain, within, beyond = prediction(None, False), prediction(said, False), prediction(said, True)
    assert "sounds like Techno, House music" in drawn(within)
    assert "sounds like" not in drawn(plain)
    assert "nearest of" not in drawn(within)
    assert "nearest of 3: disco" in drawn(beyond)
    assert view_after(View(), beyond).headline == "Techno"
    assert view_after(View(), within).headline == "disco"
    assert "disco 45%" in lines(within)
    assert "(disco) 45%" in lines(beyond)
    assert lines(beyond).endswith("Techno, House music\n")
    assert lines(plain).endswith("dBFS\n")
