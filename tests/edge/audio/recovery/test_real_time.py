"""A device that delivers more audio than time passes is held back, and that is reported."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from edge.audio.portaudio import EARLY_S, TOO_FAST
from edge.audio.recovery.real_time import TOLERANCE, Pace
from tests.edge.audio.ear import Ear

EVENTS = st.lists(st.tuples(st.floats(0.0, 5.0), st.floats(0.0, 5.0)), max_size=50)


@given(events=EVENTS, at_first_s=st.floats(0.0, 5.0), at_once_s=st.floats(0.0, 60.0))
def test_no_more_audio_is_let_through_than_time_passes(
    events: list[tuple[float, float]], at_first_s: float, at_once_s: float
) -> None:
    """With the waits observed, the audio equals the time passed plus the allowed early and late audio."""
    limit, now, given_s = Pace(0.0, at_first_s=at_first_s, at_once_s=at_once_s), 0.0, 0.0
    for idle_s, audio_s in events:
        now += idle_s
        given_s += audio_s
        now += limit.wait_s(audio_s, now)
        assert given_s <= TOLERANCE * (now + max(at_first_s, at_once_s)) + 1e-6


@given(st.lists(st.floats(0.01, 3.0), max_size=50))
def test_what_comes_in_its_time_is_never_held_back(pieces: list[float]) -> None:
    limit, now = Pace(0.0, at_once_s=60.0), 0.0
    for seconds in pieces:
        now += seconds
        assert limit.wait_s(seconds, now) < 1e-6


def test_alsa_s_null_device_gives_no_hours_in_a_second(tmp_path: Path) -> None:
    (tmp_path / "asoundrc").write_text("pcm.!default { type null }\nctl.!default { type null }\n")
    command = [Path(sys.executable).with_name("livegenre"), "listen", "--json", "--source", "mic"]
    env = {**os.environ, "ALSA_CONFIG_PATH": str(tmp_path / "asoundrc")}
    started = time.monotonic()
    ear = Ear(subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    try:
        gap = ear.wait_for("gap", 1, 60.0)
        assert (gap["reason"], gap["lost_s"]) == (TOO_FAST, 0.0)
        ear.wait_for_more("prediction", 2, 60.0)
    finally:
        ear.process.terminate()
        ear.process.wait(30)
    most_s = EARLY_S + TOLERANCE * (time.monotonic() - started) + 2.0
    ear.wait_for("stopped", 1, 10.0)
    assert float(str(ear.of("stopped")[0]["audio_s"])) <= most_s
    assert [gap["reason"] for gap in ear.of("gap")] == [TOO_FAST]
