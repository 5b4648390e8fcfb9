"""The shipped model recognizes each stretch of the demo as what it is meant to be, soon and for sure."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from edge.audio.demo.programme import PROGRAMME, Stretch
from edge.audio.sources import from_uri
from edge.events import Prediction, State
from edge.live.decision import NO_MUSIC
from edge.live.pipeline import Pipeline
from edge.model.bundle import load_bundle

#: Seconds until a stretch is seen at the latest, and the probability that it reaches and ends with.
SEEN_AFTER_S, SURE = 5.0, 0.6


@pytest.fixture(scope="module")
def predictions() -> Mapping[str, list[tuple[float, Prediction]]]:
    """Of each stretch, the seconds since it began and what was said of it."""
    events = list(Pipeline(from_uri("demo", fast=True), load_bundle()).events())
    found, begin_s = {}, 0.0
    for stretch in PROGRAMME:
        end_s = begin_s + stretch.seconds
        found[stretch.meant] = [
            (event.audio_s - begin_s, event)
            for event in events
            if isinstance(event, Prediction) and begin_s < event.audio_s <= end_s
        ]
        begin_s = end_s
    return found


def shown(event: Prediction) -> str:
    return event.genre or event.state.value


@pytest.mark.parametrize("stretch", PROGRAMME, ids=lambda stretch: stretch.meant)
def test_it_is_recognized_within_five_seconds_and_stays(
    predictions: Mapping[str, list[tuple[float, Prediction]]], stretch: Stretch
) -> None:
    late = [shown(event) for after_s, event in predictions[stretch.meant] if after_s >= SEEN_AFTER_S]
    assert set(late) == {stretch.meant}


@pytest.mark.parametrize(
    "stretch", [stretch for stretch in PROGRAMME if stretch.meant != State.SILENCE.value], ids=lambda given: given.meant
)
def test_it_is_recognized_for_sure(predictions: Mapping[str, list[tuple[float, Prediction]]], stretch: Stretch) -> None:
    late = [event.probabilities or {} for after_s, event in predictions[stretch.meant] if after_s >= SEEN_AFTER_S]
    assert min(probabilities[stretch.meant] for probabilities in late) > SURE


def test_it_has_music_of_six_genres_and_what_is_none() -> None:
    meant = {stretch.meant for stretch in PROGRAMME}
    assert {NO_MUSIC, State.SILENCE.value} <= meant
    assert len(meant) == len(PROGRAMME) == 8
