"""A command as a source: it ends, fails, lingers, and starts others that must not outlive it."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from edge.audio import command
from edge.audio.command import Command
from edge.audio.raw_format import RawFormat
from edge.errors import SourceError
from edge.events import Block, Chunk, Lost
from tests.edge.pulse import wait_until

#: Long enough for anything that is to happen soon.
SOON_S = 30.0
RAW = RawFormat(sample_rate=8_000, channels=1)


def said(source: Command, kind: type[Chunk], most: int = 60) -> Chunk:
    for number, chunk in enumerate(source):
        assert number < most
        if isinstance(chunk, kind):
            return chunk
    pytest.fail("it ended")


def alive(mark: str) -> list[int]:
    """Processes with this word on their command line."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            state = (folder / "stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue  # it has ended meanwhile
        if mark.encode() in words and state != "Z" and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


def test_one_that_closes_its_output_and_lives_on_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(command, "LINGER_S", 0.2)
    mark = str(tmp_path)
    with closing(Command(f"sh -c 'head -c 8000 /dev/zero; exec >&-; sleep 3600; :' {mark}", RAW)) as source:
        assert isinstance(said(source, Block), Block)
        assert said(source, Lost) == Lost(stalled=False, reason="sh closed its output and did not end")
        wait_until(lambda: len(alive(mark)) <= 1, SOON_S, "the first one is gone")  # another was started
    wait_until(lambda: not alive(mark), SOON_S, "all are gone")


def test_what_a_command_has_started_ends_with_it(tmp_path: Path) -> None:
    mark = str(tmp_path)
    with closing(Command(f"sh -c 'sh -c \"while :; do cat /dev/zero; done\" {mark} | cat; :' {mark}", RAW)) as source:
        said(source, Block)
        assert len(alive(mark)) >= 2
    wait_until(lambda: not alive(mark), SOON_S, "all are gone")


def test_one_that_does_not_end_when_asked_is_ended(tmp_path: Path) -> None:
    mark = str(tmp_path)
    with closing(
        Command(f"sh -c 'trap : TERM; while :; do head -c 1600 /dev/zero; sleep 0.1; done' {mark}", RAW)
    ) as source:
        said(source, Block)
    wait_until(lambda: not alive(mark), SOON_S, "it is gone")


def test_one_that_fails_at_once_is_an_error_or_waited_for() -> None:
    with pytest.raises(SourceError, match="false ended with status 1 and gave no audio"):
        list(Command("false", RAW))
    waiting = Command("false", RAW, wait=True)
    assert said(waiting, Lost) == Lost(stalled=False, reason="false ended with status 1")
    waiting.close()


def test_an_unknown_one_is_refused_before_it_is_started() -> None:
    with pytest.raises(SourceError, match="no-such-program: No such file"):
        Command("no-such-program --help", RAW, wait=True)
