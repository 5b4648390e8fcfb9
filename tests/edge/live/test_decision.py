"""The decision: the shown genre changes with the music, and only then."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.events import State
from edge.live import decision
from edge.live.decision import DecisionMemory, DecisionSettings, Shown

LABELS = ("blues", "jazz", "rock", decision.NO_MUSIC)
SETTINGS = DecisionSettings()
LOUD = -20.0
#: Seconds of a record that has just begun, of one of which a new genre must lead for 2 s, and of a settled one.
NEW, KNOWN, SETTLED = SETTINGS.at_once_s, 14.7, 30.0


def scores(**given: float) -> NDArray[np.float32]:
    rest = (1.0 - sum(given.values())) / (len(LABELS) - len(given))
    return np.array([given.get(label, rest) for label in LABELS], dtype=np.float32)


def step(memory: DecisionMemory, probabilities: NDArray[np.float32], record_s: float = SETTLED) -> DecisionMemory:
    return decision.hear_probabilities(
        memory, LABELS, probabilities, elapsed_s=1.0, record_s=record_s, settings=SETTINGS
    )


def run(
    memory: DecisionMemory, probabilities: NDArray[np.float32], seconds: int, record_s: float = SETTLED
) -> list[DecisionMemory]:
    memories = []
    for _ in range(seconds):
        memory = step(decision.hear_level(memory, LOUD, 1.0, SETTINGS), probabilities, record_s)
        memories.append(memory)
    return memories


def test_the_first_answer_is_shown_at_once() -> None:
    (memory,) = run(DecisionMemory(), scores(jazz=0.8), 1)
    assert memory.shown == Shown(State.MUSIC, "jazz")
    assert decision.confidence(memory, LABELS) == pytest.approx(0.8, abs=1e-6)


def test_a_single_absurd_window_changes_nothing() -> None:
    steady = run(DecisionMemory(), scores(jazz=0.8), 5)[-1]
    after = run(run(steady, scores(rock=0.99), 1)[-1], scores(jazz=0.8), 10)
    assert {memory.shown for memory in after} == {Shown(State.MUSIC, "jazz")}


@pytest.mark.parametrize(("record_s", "delay_s"), [(NEW, 0), (KNOWN, 2), (SETTLED, SETTINGS.lead_for_s)])
def test_a_change_of_music_is_shown_once_and_the_later_the_more_was_heard(record_s: float, delay_s: float) -> None:
    steady = run(DecisionMemory(), scores(jazz=0.8), 30)[-1]
    shown = [memory.shown.genre for memory in run(steady, scores(rock=0.8), 20, record_s)]
    assert shown.index("rock") == delay_s
    assert shown == ["jazz"] * shown.index("rock") + ["rock"] * (20 - shown.index("rock"))


def test_what_does_not_lead_clearly_is_never_shown() -> None:
    steady = run(DecisionMemory(), scores(jazz=0.8), 30)[-1]
    for record_s in (NEW, KNOWN, SETTLED):
        assert {memory.shown.genre for memory in run(steady, scores(rock=0.6, jazz=0.2), 40, record_s)} == {"jazz"}
        assert run(steady, scores(rock=0.7, jazz=0.16), 40, record_s)[-1].shown.genre == "rock"


@settings(deadline=None)
@given(st.floats(0, 600), st.floats(0, 600), st.floats(0, 60), st.floats(0, 60))
def test_the_more_was_heard_the_longer_must_another_lead(
    record_s: float, more_s: float, at_once_s: float, settled_after_s: float
) -> None:
    chosen = DecisionSettings(at_once_s=at_once_s, settled_after_s=settled_after_s)
    assert 0 <= chosen.lead_after(record_s) <= chosen.lead_after(record_s + more_s) <= chosen.lead_for_s
    assert chosen.lead_after(settled_after_s) == chosen.lead_for_s


def test_what_is_nearly_ruled_out_gives_way_to_whatever_leads() -> None:
    """And not to "unsure", from which another change would follow."""
    steady = run(DecisionMemory(), scores(jazz=0.8), 30)[-1]
    shown = [memory.shown for memory in run(steady, scores(rock=0.4, jazz=0.12), 10, KNOWN)]
    assert shown == [Shown(State.MUSIC, "jazz")] * 2 + [Shown(State.MUSIC, "rock")] * 8


def test_two_genres_that_take_turns_do_not_flap() -> None:
    memory = run(DecisionMemory(), scores(jazz=0.45, rock=0.35), 5)[-1]
    seen = set()
    for _ in range(100):
        memory = run(run(memory, scores(rock=0.42, jazz=0.38), 3)[-1], scores(jazz=0.42, rock=0.38), 3)[-1]
        seen.add(memory.shown)
    assert len(seen) == 1


def test_no_genre_is_shown_when_none_stands_out() -> None:
    labels = tuple("abcdefghij")
    tenths = np.full(10, 0.1, np.float32)
    memory = decision.hear_probabilities(
        DecisionMemory(), labels, tenths, elapsed_s=1.0, record_s=5.0, settings=SETTINGS
    )
    assert memory.shown == Shown(State.UNSURE)
    assert decision.confidence(memory, labels) is None


def test_what_the_model_calls_no_music_is_shown_as_such() -> None:
    memory = run(DecisionMemory(), scores(no_music=0.7), 1)[-1]
    assert memory.shown == Shown(State.NO_MUSIC)
    assert run(memory, scores(jazz=0.8), 10)[-1].shown == Shown(State.MUSIC, "jazz")


def test_silence_is_by_level_with_hysteresis_and_starts_afresh() -> None:
    playing = run(DecisionMemory(), scores(jazz=0.8), 5)[-1]
    rest = decision.hear_level(playing, -70.0, 1.0, SETTINGS)
    assert rest.shown == playing.shown  # a rest of one second is music
    silent = decision.hear_level(rest, None, 1.0, SETTINGS)
    assert silent.shown == Shown(State.SILENCE)
    assert silent.smoothed == ()
    still = decision.hear_level(silent, SETTINGS.silence_dbfs + 1.0, 1.0, SETTINGS)
    assert still.shown == Shown(State.SILENCE)
    assert decision.hear_level(still, SETTINGS.silence_dbfs + 4.0, 1.0, SETTINGS) == DecisionMemory()


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.floats(-100, 0)),
            st.lists(st.floats(0, 1, width=32), min_size=4, max_size=4).filter(lambda p: sum(p) > 0.01),
        ),
        max_size=40,
    )
)
def test_whatever_comes_the_memory_makes_sense(updates: list[tuple[float | None, list[float]]]) -> None:
    memory = DecisionMemory()
    for level, raw in updates:
        probabilities = np.array(raw, dtype=np.float32) / np.float32(sum(raw))
        memory = decision.hear_level(memory, level, 1.0, SETTINGS)
        if memory.shown.state is not State.SILENCE:
            memory = step(memory, probabilities)
            assert sum(memory.smoothed) == pytest.approx(1.0)
        assert (memory.shown.genre is not None) == (memory.shown.state is State.MUSIC)
        assert memory.shown.genre in (None, "blues", "jazz", "rock")
        sure = decision.confidence(memory, LABELS)
        assert sure is None or 0.0 <= sure <= 1.0


PROBABILITIES = st.lists(st.floats(0, 1, width=32), min_size=4, max_size=4).filter(lambda p: sum(p) > 0.01)
#: As peaked as a model that is sure of itself, and of something else each second.
SHARPENED = st.tuples(PROBABILITIES, st.sampled_from([1, 4, 16])).map(lambda pair: [p ** pair[1] for p in pair[0]])


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            SHARPENED.filter(lambda p: sum(p) > 1e-6),
            st.sampled_from([0.5, 1.0, 2.0, 8.0]),
            st.sampled_from([4.0, 9.0, 30.0]),
            st.booleans(),
        ),
        max_size=60,
    )
)
def test_what_is_nearly_ruled_out_is_not_shown_for_longer_than_the_settings_say(
    updates: list[tuple[list[float], float, float, bool]],
) -> None:
    memory, doubted_s = DecisionMemory(), None
    for raw, elapsed_s, record_s, another in updates:
        memory = decision.new_record(memory) if another else memory
        before = memory.shown
        probabilities = np.array(raw, dtype=np.float32) / np.float32(sum(raw))
        memory = decision.hear_probabilities(
            memory, LABELS, probabilities, elapsed_s=elapsed_s, record_s=record_s, settings=SETTINGS
        )
        label = decision.NO_MUSIC if memory.shown.state is State.NO_MUSIC else memory.shown.genre
        if label is None or memory.smoothed[LABELS.index(label)] >= SETTINGS.unsure_below:
            doubted_s = None
        else:
            assert memory.shown == before, "shown anew, and nearly ruled out at once"
            doubted_s = 0.0 if doubted_s is None else doubted_s + elapsed_s
            assert doubted_s < SETTINGS.lead_after(record_s)


def test_others_that_take_turns_end_what_they_rule_out_and_none_of_them_is_shown() -> None:
    memory = run(DecisionMemory(), scores(blues=0.8), 30)[-1]
    shown = []
    for _ in range(4):
        for rival in ("jazz", "rock"):
            memory = run(memory, scores(**{rival: 0.97, "blues": 0.01}), 1, KNOWN)[-1]
            shown.append(memory.shown)
    assert shown[:2] == [Shown(State.MUSIC, "blues")] * 2
    assert shown[2:] == [Shown(State.UNSURE)] * 6
    assert run(memory, scores(rock=0.8), 5, KNOWN)[-1].shown == Shown(State.MUSIC, "rock")


def test_no_music_that_is_nearly_ruled_out_is_not_shown_either() -> None:
    memory = run(DecisionMemory(), scores(no_music=0.9), 1)[-1]
    assert memory.shown == Shown(State.NO_MUSIC)
    for rival in ("jazz", "rock", "jazz", "rock"):
        memory = run(memory, scores(**{rival: 0.97, "no_music": 0.01}), 1, KNOWN)[-1]
    assert memory.shown == Shown(State.UNSURE)


def test_the_first_answer_after_a_change_of_record_is_shown_at_once_if_it_leads_clearly() -> None:
    steady = run(DecisionMemory(), scores(jazz=0.8), 30)[-1]
    assert run(decision.new_record(steady), scores(rock=0.8), 1)[-1].shown == Shown(State.MUSIC, "rock")
    assert run(decision.new_record(steady), scores(rock=0.6, jazz=0.2), 1)[-1].shown == Shown(State.MUSIC, "jazz")
    assert run(steady, scores(rock=0.8), 1)[-1].shown == Shown(State.MUSIC, "jazz")


def test_a_first_answer_that_was_mistaken_is_corrected_at_once_and_for_no_more_than_a_few_seconds() -> None:
    steady = run(DecisionMemory(), scores(jazz=0.8), 30)[-1]
    mistaken = run(decision.new_record(steady), scores(rock=0.8), 1, 3.0)[-1]
    assert run(mistaken, scores(blues=0.8), 1, 4.0)[-1].shown == Shown(State.MUSIC, "blues")
    assert run(mistaken, scores(blues=0.8), 1, KNOWN)[-1].shown == Shown(State.MUSIC, "rock")
