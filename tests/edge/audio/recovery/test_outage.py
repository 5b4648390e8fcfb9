"""The state machine of a source that goes away: one event for an outage's beginning, one for its end."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from edge.audio.recovery import outage
from edge.audio.recovery.outage import SOON, STEADY_S, Health, Patience, Pause, Phase
from edge.events import Lost, Restored

PIECE_S = 0.1
STALL_S, ZEROS_S = 2.0, 10.0
PATIENCE = Patience(first_audio_s=5.0, stall_s=STALL_S, zeros_s=ZEROS_S)


def healthy(now: float = 0.0) -> Health:
    health, event = outage.audio_came(
        outage.opened(outage.opening(now, PATIENCE), now), now, seconds=PIECE_S, zeros=False
    )
    assert health.phase is Phase.HEALTHY
    assert event is None
    return health


def test_a_device_that_goes_away_and_comes_back() -> None:
    health, lost = outage.failed(healthy(10.0), 10.1, "unplugged")
    assert lost == Lost(stalled=False, reason="unplugged")
    assert health.phase is Phase.LOST
    assert not outage.due(health, 10.2)
    assert outage.due(health, 10.4)
    health, again = outage.failed(health, 10.4, "no such device")
    assert again is None  # an outage is told once
    health = outage.opened(health, 11.0)
    assert health.phase is Phase.RETRYING
    health, restored = outage.audio_came(health, 11.5, seconds=PIECE_S, zeros=False)
    assert restored == Restored(11.5 - PIECE_S - 10.0)
    assert (health.phase, health.audio_at, health.outage_from) == (Phase.HEALTHY, 11.5, None)


def test_what_was_held_back_while_all_stood_still_is_not_missing() -> None:
    health, lost = outage.waited(healthy(10.0), 13.0)
    assert lost is not None
    held_back = 13.0 - 10.0 - PIECE_S  # the first piece of the burst was recorded right after the last one before
    health, restored = outage.audio_came(health, 13.0, seconds=PIECE_S, zeros=False, age_s=held_back)
    assert isinstance(restored, Restored)
    assert abs(restored.away_s) < 1e-9
    assert outage.waited(health, 13.0) == (health, None)


def test_a_device_that_stops_delivering_is_stalled_and_opened_again() -> None:
    health = healthy()
    assert outage.waited(health, STALL_S - 0.1) == (health, None)
    health, lost = outage.waited(health, STALL_S)
    assert lost is not None
    assert lost == Lost(stalled=True, reason="no audio for 2 s")
    assert outage.due(health, STALL_S + SOON.first_s)


def test_exact_zeros_are_a_stall_and_the_first_sound_ends_it() -> None:
    health = healthy()
    now = 0.0
    events = []
    while not events:
        now += PIECE_S
        health, event = outage.audio_came(health, now, seconds=PIECE_S, zeros=True)
        assert event is None
        health, event = outage.waited(health, now)
        events += [event] if event else []
    assert ZEROS_S <= now <= ZEROS_S + 2 * PIECE_S
    assert isinstance(events[0], Lost)
    assert events[0].stalled
    lost_at = now
    health, event = outage.audio_came(health, now + 1.0, seconds=PIECE_S, zeros=True)
    assert event is None
    health, event = outage.audio_came(health, now + 2.0, seconds=PIECE_S, zeros=False)
    assert isinstance(event, Restored)
    assert abs(event.away_s - (now + 2.0 - PIECE_S - lost_at)) < 1e-9
    assert health.phase is Phase.HEALTHY


def test_zeros_after_a_loss_are_a_return() -> None:
    health, _ = outage.failed(healthy(), 1.0, "server gone")
    health, event = outage.audio_came(outage.opened(health, 2.0), 2.5, seconds=PIECE_S, zeros=True)
    assert isinstance(event, Restored)


def test_a_zero_device_opened_again_without_change_is_tried_ever_more_rarely() -> None:
    health, _ = outage.waited(healthy(), 0.1)
    health = replace(
        health,
        **{"phase": Phase.STALLED, "audio_at": 100.0, "sounded_at": 90.0, "recorded_to": 100.0, "outage_from": 100.0},
        **{"zeros": True, "attempts": 1, "retry_at": 110.0},
    )
    pauses = []
    now = 110.0
    for _ in range(5):
        assert outage.due(health, now)
        health, event = outage.audio_came(outage.opened(health, now), now + 0.1, seconds=PIECE_S, zeros=True)
        assert event is None
        assert not outage.due(health, now + 5.0)
        pauses.append(health.retry_at - now)
        now = health.retry_at
        health, event = outage.audio_came(health, now, seconds=PIECE_S, zeros=True)
        assert event is None
    assert pauses == sorted(pauses)
    assert pauses[-1] <= PATIENCE.when_zeros.longest_s + 0.2


def test_a_device_that_was_just_opened_is_given_longer() -> None:
    opened = outage.opened(outage.opening(0.0, PATIENCE), 0.5)
    assert outage.waited(opened, 5.4) == (opened, None)
    health, lost = outage.waited(opened, 5.5)
    assert lost is not None
    assert lost == Lost(stalled=True, reason="no audio for 5 s")
    assert lost.missing_from == 0.0, "since it was first opened"
    health = outage.opened(health, 8.0)
    assert outage.waited(health, 12.9) == (health, None)


def test_what_dies_each_second_is_tried_ever_more_rarely() -> None:
    pause, now, pauses = Pause(0.25, 30.0), 0.0, []
    health = outage.opening(now, Patience(when_lost=pause))
    for _ in range(10):
        health, _ = outage.audio_came(outage.opened(health, now), now + 0.1, seconds=PIECE_S, zeros=False)
        health, lost = outage.failed(health, now + 1.0, "ended with status 1")
        assert lost
        pauses.append(health.retry_at - now - 1.0)
        now = health.retry_at
    assert [round(seconds, 6) for seconds in pauses] == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    health, _ = outage.audio_came(outage.opened(health, now), now, seconds=PIECE_S, zeros=False)
    health, _ = outage.audio_came(health, now + STEADY_S, seconds=PIECE_S, zeros=False)
    health, _ = outage.failed(health, now + STEADY_S, "ended with status 1")
    assert round(health.retry_at - now - STEADY_S, 6) == 0.25


def test_audio_known_to_be_missing_is_not_missing_twice() -> None:
    slept = outage.skipped(healthy(10.0), 110.0, 95.0)
    assert outage.waited(slept, 110.0) == (slept, None)
    slept, lost = outage.failed(slept, 111.0, "unplugged")
    assert lost
    _, restored = outage.audio_came(outage.opened(slept, 112.0), 115.0, seconds=PIECE_S, zeros=False)
    assert restored == Restored(115.0 - PIECE_S - 105.0)


@given(
    st.lists(st.tuples(st.sampled_from(["sound", "zeros", "fail", "open", "wait"]), st.floats(0.01, 15.0)), max_size=80)
)
def test_losses_and_returns_alternate_and_a_retry_is_never_far(steps: list[tuple[str, float]]) -> None:
    now = 0.0
    health = outage.opened(outage.opening(now, PATIENCE), now)
    out = False
    for action, pause in steps:
        now += pause
        event = None
        if action in ("sound", "zeros"):
            health, event = outage.audio_came(health, now, seconds=PIECE_S, zeros=action == "zeros")
        elif action == "fail":
            health, event = outage.failed(health, now, "gone")
        elif action == "open" and outage.due(health, now):
            health = outage.opened(health, now)
        elif action == "wait":
            health, event = outage.waited(health, now)
        if event:
            assert isinstance(event, Restored if out else Lost)
            out = not out
        assert out == (health.outage_from is not None)
        if health.phase is Phase.LOST:
            assert health.retry_at - now <= SOON.longest_s + 1e-9  # a sum of floats, taken apart again
