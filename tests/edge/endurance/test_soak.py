"""A short form of ``python -m tests.edge.endurance.soak``: half an hour heard, and two hours away.

At the rates of real devices, and things change eight times faster.
"""

from dataclasses import replace

import pytest

from tests.edge.endurance.soak import LONG_OUTAGE_S, LONG_OUTAGES, check, soak

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=[44_100, 48_000])
def run(request):
    return soak(1800 + LONG_OUTAGES * LONG_OUTAGE_S, seed=3, pace=8, rate=request.param)


def test_every_second_is_accounted_for_and_memory_is_flat(run):
    print(f"{run.seconds / run.wall_s:.0f} times real time")
    print("in use:", [round(run.memory_mb(quarter, "in_use"), 2) for quarter in (1, 2, 3, 4)], "MB")
    assert {kind for kind, _ in run.parts} == {"music", "silence", "noise", "hole", "loss"}
    check(run)


@pytest.mark.parametrize("kind", ["prediction", "change", "gap", "source_lost"])
def test_a_lost_event_would_be_seen(run, kind):
    lost = run.of(kind)[-1]
    with pytest.raises(AssertionError):
        check(replace(run, events=[event for event in run.events if event is not lost]))


def test_growing_memory_would_be_seen(run):
    grown = [
        event | {"in_use": event["in_use"] + 300 * event["audio_s"]} if event["event"] == "memory" else event
        for event in run.events
    ]
    with pytest.raises(AssertionError, match="memory does not grow"):
        check(replace(run, events=grown))
