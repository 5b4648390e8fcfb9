"""The pipeline, with the shipped model and music of our own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.audio.demo import synthesize
from edge.audio.recovery.queue import MAX_S, AudioQueue
from edge.events import (
    Block,
    Change,
    Chunk,
    Event,
    Gap,
    Hole,
    Idle,
    Lost,
    Prediction,
    Restored,
    SourceLost,
    SourceRestored,
    State,
    Stats,
    Stopped,
    Tick,
)
from edge.live import decision
from edge.live.pace import LONGEST_INTERVAL_S, next_interval
from edge.live.pipeline import Pipeline, PipelineSettings
from edge.model.bundle import Bundle, load_bundle
from edge.model.classifier import Classifier
from edge.model.head_input import head_input
from features_np import pcm, resample, summarize
from tests.edge.scripted import Scripted, blocks, heard

RATE = 22_050
#: A last digit that falls to the other side of a step of the model's int8 input moves probabilities by about this.
ONE_STEP = 0.03
MUSIC = synthesize(20.0, tempo_bpm=100.0)


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle()


def silence(seconds: float) -> NDArray[np.float32]:
    return np.zeros(round(seconds * RATE), np.float32)


#: Shows the likeliest genre however unlikely: the synthesized piece is of no genre in particular.
BOLD = PipelineSettings(decision=decision.DecisionSettings(unsure_below=0.0))


def states(events: list[Event]) -> list[State]:
    """Return what was shown, one entry for each stretch of the same state."""
    return [state for state, _ in groupby(event.state for event in of(Change, events))]


def of(kind: type[Event], events: list[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, kind)]


def without_time(events: list[Event]) -> list[dict[str, object]]:
    lines = [event.to_json() for event in events if not isinstance(event, Tick)]
    for line in lines:
        line.pop("time")
        line.pop("update_cost_s", None)  # the one thing that is measured with a clock
    return lines


def test_an_update_every_second_and_a_first_answer_within_four(bundle: Bundle) -> None:
    events = heard(bundle, blocks(MUSIC))
    updates = of(Prediction, events)
    assert [event.audio_s for event in updates] == [float(second) for second in range(1, 21)]
    answers = [event for event in updates if event.probabilities]
    assert answers[0].audio_s <= 4.0
    assert answers[0].provisional
    assert all(sum(event.probabilities.values()) == pytest.approx(1.0, abs=1e-5) for event in answers)
    assert answers[-1].tempo_bpm == pytest.approx(100.0, rel=0.03)
    assert isinstance(events[-1], Stopped)


def test_a_prediction_is_what_the_batch_features_and_the_model_say_of_the_same_window(bundle: Bundle) -> None:
    last = of(Prediction, heard(bundle, blocks(MUSIC)))[-1]
    window = MUSIC[-bundle.spec.window_samples :]
    expected = Classifier(bundle)(head_input(window, bundle))
    assert list(last.probabilities.values()) == pytest.approx(expected.tolist(), abs=ONE_STEP)
    assert last.window_s == pytest.approx(min(20.0, bundle.spec.window_s))


@settings(max_examples=8, deadline=None)
@given(sizes=st.lists(st.integers(0, 9_000), min_size=1, max_size=6).filter(any))
def test_events_do_not_depend_on_how_the_audio_is_cut(bundle: Bundle, sizes: list[int]) -> None:
    music = MUSIC[: 6 * RATE]
    ends = np.cumsum(np.resize(sizes, 6 * RATE // max(1, sum(sizes)) * len(sizes) + len(sizes)))
    pieces = [
        piece for part in np.split(music, ends[ends < music.size]) for piece in blocks(part, size=max(1, part.size))
    ]
    assert without_time(heard(bundle, pieces)) == without_time(heard(bundle, blocks(music)))


def test_any_rate_and_channel_count_is_taken(bundle: Bundle) -> None:
    at_48k = resample(MUSIC, orig_sr=RATE, target_sr=48_000)[: 48_000 * len(MUSIC) // RATE]  # else rounded up
    stereo = np.stack([1.5 * at_48k, 0.5 * at_48k], axis=1)
    chunks = [Block(stereo[start : start + 4_800], 48_000) for start in range(0, len(stereo), 4_800)]
    resampled = of(Prediction, heard(bundle, chunks))
    back = resample(at_48k, orig_sr=48_000, target_sr=RATE)
    for update, plain in zip(resampled, of(Prediction, heard(bundle, blocks(back))), strict=False):
        assert update.audio_s == plain.audio_s
        assert update.level_dbfs == pytest.approx(plain.level_dbfs, abs=0.1)
        # The listener hears 48 kHz without a detour, and rounds its patches to integers.
        assert update.probabilities == (plain.probabilities and pytest.approx(plain.probabilities, abs=0.02))
    assert len(resampled) >= 19


def test_silence_has_neither_genre_nor_tempo(bundle: Bundle) -> None:
    events = heard(bundle, blocks(silence(12.0)))
    assert of(Prediction, events)[-1].state is State.SILENCE
    for event in of(Prediction, events) + of(Change, events):
        assert event.tempo_bpm is None
        assert event.genre is None


def test_music_after_silence_is_judged_by_itself() -> None:
    bundle = load_bundle("classic")  # a listener's patches lie where the stream has them, not where the window begins
    music = MUSIC[: 10 * RATE]
    events = heard(bundle, blocks(np.concatenate([MUSIC, silence(5.0), music])), BOLD)
    assert states(events) == [State.MUSIC, State.SILENCE, State.WARMING_UP, State.MUSIC]
    last = of(Prediction, events)[-1]
    window = music[-bundle.spec.window_samples :]
    expected = Classifier(bundle)(summarize(window, bundle.spec))
    assert list(last.probabilities.values()) == pytest.approx(expected.tolist(), abs=ONE_STEP)


def test_audio_on_both_sides_of_a_hole_is_never_taken_as_contiguous(bundle: Bundle) -> None:
    after = synthesize(4.0, tempo_bpm=140.0, key="D")
    events = heard(bundle, [*blocks(MUSIC), Hole(2.5, "overrun"), *blocks(after)])
    (gap,) = of(Gap, events)
    assert gap.lost_s == 2.5
    assert gap.audio_s == 22.5
    last = of(Prediction, events)[-1]
    assert last.audio_s == 26.5
    assert last.window_s == 4.0
    expected = Classifier(bundle)(head_input(after, bundle))
    assert list(last.probabilities.values()) == pytest.approx(expected.tolist(), abs=ONE_STEP)


def test_what_was_shown_survives_a_short_gap_and_not_a_long_one(bundle: Bundle) -> None:
    short = heard(bundle, [*blocks(MUSIC), Hole(1.0, "overrun"), *blocks(MUSIC[: 2 * RATE])], BOLD)
    assert of(Prediction, short)[-1].state is State.MUSIC
    long = heard(bundle, [*blocks(MUSIC), Hole(60.0, "suspended"), *blocks(MUSIC[: 2 * RATE])], BOLD)
    assert of(Prediction, long)[-1].state is State.WARMING_UP


def test_a_lost_source_is_shown_and_its_absence_counts_on_the_timeline(bundle: Bundle) -> None:
    script = [*blocks(MUSIC), Lost(False, "unplugged"), Idle(), Idle(), Restored(7.0), *blocks(MUSIC)]
    events = heard(bundle, script, BOLD)
    (lost,) = of(SourceLost, events)
    assert lost.reason == "unplugged"
    assert states(events) == [State.MUSIC, State.NO_SOURCE, State.WARMING_UP, State.MUSIC]
    assert events[-1].audio_s == 47.0


@pytest.mark.parametrize("rate", [RATE, 48_000])
@pytest.mark.parametrize("step", [timedelta(0), timedelta(hours=-1), timedelta(days=365)])
def test_events_carry_the_time_their_audio_was_heard(bundle: Bundle, step: timedelta, rate: int) -> None:
    """However long the audio waited, and by the wall clock as it is set when the event comes about."""
    wall, clock = datetime(2026, 11, 23, tzinfo=UTC), 1000.0

    def delayed() -> Iterator[Chunk]:
        nonlocal wall, clock
        music = resample(MUSIC[: 10 * RATE], orig_sr=RATE, target_sr=rate)[: 10 * rate]
        for index, block in enumerate(blocks(music, rate, size=rate // 10)):
            recorded_at = 1000.1 + 0.1 * index
            lag_s = 5.0 if 40 <= index < 60 else 0.2
            clock, now = recorded_at + lag_s, wall + timedelta(seconds=recorded_at + lag_s - clock)
            wall = now + step if index == 55 else now
            yield replace(block, recorded_at=recorded_at)
        yield Hole(2.0, "overrun")

    listener = Pipeline(Scripted(delayed()), bundle, now=lambda: wall, steady_s=lambda: clock)
    told = [event for event in listener.events() if isinstance(event, (Prediction, Gap))]
    assert len(told) == 11
    for event in told:
        expected = datetime(2026, 11, 23, tzinfo=UTC) + timedelta(seconds=event.audio_s)
        expected += step if event.audio_s > 5.55 else timedelta(0)
        if isinstance(event, Gap):
            assert event.time == wall  # nothing can be heard after now
        else:
            assert abs(event.time - expected) < timedelta(milliseconds=1)


@pytest.mark.parametrize("before_s", [0.0, 4.0])
def test_a_source_is_gone_from_when_it_gave_no_more(bundle: Bundle, before_s: float) -> None:
    """Also one that has given nothing yet: what follows its absence would otherwise be in the future."""
    began, clock = datetime(2026, 11, 23, tzinfo=UTC), 1000.0

    def late() -> Iterator[Chunk]:
        nonlocal clock
        for index, block in enumerate(blocks(MUSIC[: round(before_s * RATE)])):
            clock = 1000.1 + 0.1 * index
            yield replace(block, recorded_at=clock)
        clock = 1000.0 + before_s + 5.0
        yield Lost(True, "no audio for 5 s", missing_from=1000.0 + before_s)
        clock += 2.0
        yield Restored(7.0)
        for index, block in enumerate(blocks(MUSIC[: 4 * RATE])):
            clock = 1007.1 + before_s + 0.1 * index
            yield replace(block, recorded_at=clock)

    def wall() -> datetime:
        return began + timedelta(seconds=clock - 1000.0)

    told = [*Pipeline(Scripted(late()), bundle, now=wall, steady_s=lambda: clock).events()]
    assert State.NO_SOURCE in states(told)
    for event in told:
        if isinstance(event, (Change, SourceLost, SourceRestored, Gap)):
            assert (event.time - began).total_seconds() == pytest.approx(event.audio_s, abs=1e-3)


@pytest.mark.parametrize("rate", [RATE, 44_100, 48_000, 11_025])
def test_not_a_moment_is_lost_at_gaps_or_at_the_end(bundle: Bundle, rate: int) -> None:
    second = synthesize(1.0, sample_rate=rate)
    script: list[Chunk] = []
    for _ in range(20):
        script += [*blocks(second, rate, size=rate // 10), Hole(0.5, "overrun")]
        script += [*blocks(second, rate, size=rate // 7), Lost(False, "unplugged"), Idle(), Restored(3600.0)]
    events = heard(bundle, [*script, *blocks(second, rate)])
    assert len(of(Prediction, events)) == 41
    assert events[-1].audio_s == pytest.approx(41 + 20 * 0.5 + 20 * 3600.0, abs=1e-6)
    assert of(Stats, events)[-1].dropped_s == pytest.approx(20 * 0.5 + 20 * 3600.0)
    times = [event.audio_s for event in events]
    assert times == sorted(times)


def test_a_source_whose_rate_changes_loses_nothing(bundle: Bundle) -> None:
    script = [*blocks(MUSIC[: RATE // 2])]
    for rate in (48_000, 22_050, 44_100):
        script += blocks(synthesize(1.5, sample_rate=rate), rate, size=rate // 10)
    events = heard(bundle, script)
    assert [event.audio_s for event in of(Prediction, events)] == pytest.approx([1.0, 2.0, 3.0, 4.0, 5.0], abs=1e-3)


def test_counters_come_once_after_hours_away(bundle: Bundle) -> None:
    away = [Lost(False, "unplugged"), Restored(8 * 3600.0)]
    events = heard(bundle, [*blocks(MUSIC), *away, *blocks(MUSIC), Hole(30.0, "overrun"), *blocks(MUSIC)])
    assert [round(event.audio_s) for event in of(Stats, events)] == [8 * 3600 + 20, 8 * 3600 + 70, 8 * 3600 + 90]


def test_silence_describes_the_time_since_the_last_answer(bundle: Bundle) -> None:
    updates = of(Prediction, heard(bundle, blocks(silence(6.0))))
    assert [event.window_s for event in updates if event.state is State.SILENCE] == [1.0] * 5


def test_stop_ends_in_order(bundle: Bundle) -> None:
    listener = Pipeline(Scripted(blocks(MUSIC)), bundle)
    seen = []
    for event in listener.events():
        seen.append(event)
        if event.audio_s >= 5.0:
            listener.stop()
    assert isinstance(seen[-1], Stopped)
    assert seen[-1].audio_s < 5.2


class Torrent:
    """A live source from which three seconds come in the time that one is taken: more than anything keeps up with."""

    name = "torrent"

    def __init__(self, seconds: float) -> None:
        self._queue = AudioQueue(RATE, 1)
        self._pieces = np.split(pcm.float32_to_int16(np.tile(MUSIC, round(seconds / 20))), round(10 * seconds))

    @property
    def backlog_s(self) -> float:
        return self._queue.backlog_s

    def __iter__(self) -> Iterator[Chunk]:
        for number, piece in enumerate(self._pieces):
            self._queue.put(piece.tobytes())
            if number % 30 == 29:
                yield self._queue.get(0.0) or Idle()
        self._queue.close()
        while not self._queue.drained:
            yield self._queue.get(0.0) or Idle()

    def close(self) -> None:
        pass


def test_too_slow_a_machine_drops_the_oldest_counts_it_and_stays_close_to_now(bundle: Bundle) -> None:
    events = list(Pipeline(Torrent(200.0), bundle).events())
    gaps = of(Gap, events)
    assert gaps
    assert all("too slow" in gap.reason for gap in gaps)
    stats = of(Stats, events)[-1]
    assert stats.gaps == len(gaps)
    assert stats.dropped_s == pytest.approx(sum(gap.lost_s for gap in gaps))
    assert stats.interval_s > 1.0
    assert max(tick.backlog_s for tick in of(Tick, events)) <= MAX_S
    assert events[-1].audio_s == pytest.approx(200.0)  # heard and dropped together are all there was


def test_the_interval_grows_while_audio_piles_up_and_shrinks_again() -> None:
    interval = 1.0
    seen = []
    for backlog in (0.1, 3.0, 3.0, 3.0, 3.0, 0.1, 0.1, 0.1, 0.1):
        interval = next_interval(interval, 1.0, 0.05, backlog)
        seen.append(interval)
    assert seen == [1.0, 2.0, 4.0, 8.0, LONGEST_INTERVAL_S, 4.0, 2.0, 1.0, 1.0]


def test_an_interval_that_updates_would_fill_is_not_gone_back_to() -> None:
    assert next_interval(2.0, 1.0, 0.8, 0.0) == 2.0


def test_a_first_impression_does_not_come_back_while_the_same_is_shown(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The beginning of a record is recomputed each second: the window may shrink, but the impression stays."""
    rng = np.random.default_rng(0)
    music = synthesize(40.0, tempo_bpm=100.0)
    other = rng.normal(0, 0.1, 12 * RATE).astype(np.float32)  # another sound, which begins another record
    listener = Pipeline(Scripted(blocks(np.concatenate([music, other, music]), size=RATE)), bundle, BOLD)
    always = np.eye(len(bundle.labels), dtype=np.float32)[0]
    monkeypatch.setattr(Classifier, "of_bundle", lambda _self, _vector: always)
    events = list(listener.events())
    shrunk = 0
    for (_, genre), together in groupby(of(Prediction, events), key=lambda event: (event.state, event.genre)):
        if genre is not None:
            stretch = list(together)
            flags = [event.provisional for event in stretch]
            assert flags == sorted(flags, reverse=True), "first impression came back"
            shrunk += any(now.window_s < before.window_s for before, now in pairwise(stretch))
    assert shrunk, "no window shrank: nothing was tried"
    assert not of(Prediction, events)[38].provisional
