"""After a call into the sound system that never returns, listening continues in a new process.

What leads there for real (PortAudio joining a thread of its own that spins on a dead sound server) needs a rare order
of failures: ``tests/edge/endurance/faults.py`` meets it after minutes. Here the call that hangs is ours; the rest is
real.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.audio import microphone, portaudio
from edge.audio.recovery import live_source
from edge.errors import SoundSystemStuck, SourceError
from edge.events import Idle, Lost


@pytest.fixture
def hanging_sound_system(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A PortAudio whose device list never comes, until the event is set."""
    release = threading.Event()

    def hang(_query: str | None) -> portaudio.InputDevice:
        release.wait()
        raise portaudio.SourceError("released")

    monkeypatch.setattr(portaudio, "find", hang)
    monkeypatch.setattr(live_source, "HANG_S", 0.1)
    monkeypatch.setattr(microphone, "STUCK_S", 1.0)
    yield release
    release.set()


def test_an_opening_that_never_ends_is_noticed(hanging_sound_system: threading.Event) -> None:
    chunks = iter(microphone.Microphone(wait=True))
    lost = next(chunks)
    assert isinstance(lost, Lost)
    assert lost.stalled
    assert "does not answer" in lost.reason
    with pytest.raises(SoundSystemStuck, match="does not answer"):
        for _ in range(200):
            assert isinstance(next(chunks), Idle)


def test_without_waiting_it_is_an_error_that_names_what_hangs(hanging_sound_system: threading.Event) -> None:
    with pytest.raises(SourceError, match=r"^microphone: the sound .* does not answer: restart") as caught:
        list(microphone.Microphone())
    assert not isinstance(caught.value, SoundSystemStuck), "a new process would hang as well"


def test_an_opening_that_ends_late_is_waited_for(hanging_sound_system: threading.Event) -> None:
    chunks = iter(microphone.Microphone(wait=True))
    assert isinstance(next(chunks), Lost)
    hanging_sound_system.set()
    assert all(isinstance(next(chunks), Idle) for _ in range(6))  # longer than STUCK_S here


def openings() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("open ")]


def test_closing_waits_for_an_opening_under_way_but_not_for_ever(
    hanging_sound_system: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = microphone.Microphone(wait=True)
    iter(patient)
    assert openings()
    threading.Timer(0.3, hanging_sound_system.set).start()
    patient.close()
    assert not openings()
    hanging_sound_system.clear()
    monkeypatch.setattr(live_source, "CLOSE_S", 0.1)
    hurried = microphone.Microphone(wait=True)
    iter(hurried)
    hurried.close()
    assert openings()


def test_the_command_starts_anew_under_its_own_process_id(tmp_path: Path) -> None:
    script = tmp_path / "livegenre"
    script.write_text(
        textwrap.dedent(
            """
            import os, sys
            from edge import cli
            from edge.commands import listen
            from edge.errors import SoundSystemStuck
            from edge.progress import take_over

            def run(args):
                print(os.getpid(), args.wait, take_over().away_since, flush=True)
                print("a message", file=sys.stderr)
                if not args.wait:
                    raise SoundSystemStuck("it hangs", 12.5)
                return 0

            listen.run = run
            sys.exit(cli.main())
            """
        )
    )
    command = [sys.executable, str(script), "listen", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    first, second = (line.split() for line in done.stdout.splitlines())
    assert (first[1], second[1]) == ("False", "True"), "the second time it waits for the microphone"
    assert first[0] == second[0]
    assert (first[2], second[2]) == ("None", "12.5"), "it knows since when there has been no audio"
    assert done.stderr.count("a message") == 2, "messages still reach stderr"
    assert done.returncode == 0
