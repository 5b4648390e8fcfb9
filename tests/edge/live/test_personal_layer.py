"""A personal layer is loaded, replaced and dropped while listening continues."""

from __future__ import annotations

import numpy as np

from edge.audio.demo import synthesize
from edge.events import Change, Event, Prediction, Started
from edge.live.decision import DecisionSettings
from edge.live.pipeline import Pipeline, PipelineSettings
from edge.model.bundle import load_bundle
from edge.model.personal import PersonalLayer
from tests.edge.scripted import Scripted, blocks

BUNDLE = load_bundle("classic")
MUSIC = synthesize(20.0, tempo_bpm=100.0)
BOLD = PipelineSettings(decision=DecisionSettings(unsure_below=0.0))


def always(label: str, labels: tuple[str, ...]) -> PersonalLayer:
    """A layer that always answers one label."""
    weights = np.zeros((BUNDLE.n_inputs + 1, len(labels)), dtype=np.float32)
    weights[-1, labels.index(label)] = 100.0
    return PersonalLayer(labels, weights)


def heard(personal: PersonalLayer | None, then: tuple[float, PersonalLayer | None] | None = None) -> list[Event]:
    pipeline = Pipeline(Scripted(blocks(MUSIC)), BUNDLE, BOLD, personal=personal)
    found = []
    for event in pipeline.events():
        found.append(event)
        if then is not None and event.audio_s >= then[0]:
            pipeline.answer_with(then[1])
            then = None
    return found


def predictions(events: list[Event]) -> list[Prediction]:
    return [event for event in events if isinstance(event, Prediction) and event.probabilities]


def test_a_layer_that_says_nothing_changes_nothing_but_that_it_is_said() -> None:
    silent = PersonalLayer(BUNDLE.labels, np.zeros((BUNDLE.n_inputs + 1, len(BUNDLE.labels)), dtype=np.float32))
    alone, beside = predictions(heard(None)), predictions(heard(silent))
    assert not any(event.personal for event in alone) and all(event.personal for event in beside)
    for one, other in zip(alone, beside, strict=True):
        assert one.probabilities is not None and other.probabilities is not None
        np.testing.assert_allclose([*one.probabilities.values()], [*other.probabilities.values()], atol=0.012)


def test_a_genre_of_ones_own_is_shown_and_its_events_say_that_it_was_learned() -> None:
    events = heard(always("tango", (*BUNDLE.labels, "tango")))
    assert isinstance(events[0], Started) and events[0].labels[-1] == "tango"
    (change,) = (event for event in events if isinstance(event, Change))
    assert (change.genre, change.personal) == ("tango", True)
    assert predictions(events)[-1].genre == "tango"
    assert predictions(events)[-1].to_json()["personal"] is True


def test_it_is_taken_up_and_dropped_while_music_plays() -> None:
    own = always("tango", (*BUNDLE.labels, "tango"))
    taken = heard(None, (10.0, own))
    starts = [event.labels for event in taken if isinstance(event, Started)]
    assert starts == [BUNDLE.labels, own.labels], "who shows labels is told of others"
    assert predictions(taken)[-1].genre == "tango" and not predictions(taken)[0].personal
    dropped = predictions(heard(own, (10.0, None)))
    assert dropped[0].genre == "tango" and dropped[-1].genre in BUNDLE.labels
    assert not dropped[-1].personal


def test_another_layer_of_the_same_labels_is_no_new_beginning() -> None:
    events = heard(None, (10.0, always("jazz", BUNDLE.labels)))
    assert sum(isinstance(event, Started) for event in events) == 1
    assert predictions(events)[-1].genre == "jazz"
