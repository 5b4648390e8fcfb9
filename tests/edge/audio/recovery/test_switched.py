"""Listening is paused and resumed: nothing of the time between is given, whatever the source."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge import clock
from edge.audio.raw_format import RawFormat
from edge.audio.recovery.switched import Switched
from edge.audio.sources import from_uri
from edge.events import Block, Change, Chunk, Idle, Lost, Paused, Prediction, Restored, Resumed, Started, State, Stats
from edge.live.pipeline import Pipeline
from edge.model.bundle import load_bundle
from edge.model.personal import PersonalLayer
from edge.switch import Switch
from tests.edge.audio.feeds import RATE, CommandFeed, NamedPipeFeed, music
from tests.edge.pulse import wait_until
from tests.edge.scripted import Scripted, blocks

RAW = RawFormat(RATE, 1)
bundle = cache(load_bundle)


class _Command(CommandFeed):
    @property
    def uri(self) -> str:
        return "cmd:" + " ".join(self._command)


class _NamedPipe(NamedPipeFeed):
    @property
    def uri(self) -> str:
        self._play()
        return f"file:{self._fifo}"


def until(chunks: Iterator[Chunk], kind: type[Chunk]) -> Chunk:
    """Take chunks until one of a kind comes."""
    end = time.monotonic() + 60
    for chunk in chunks:
        if isinstance(chunk, kind):
            return chunk
        assert time.monotonic() < end, f"no {kind}"
    raise AssertionError(f"ended without {kind}")


@pytest.mark.parametrize("kind", [_Command, _NamedPipe])
def test_of_the_time_between_nothing_is_given(kind: type[_Command | _NamedPipe], tmp_path: Path) -> None:
    switch = Switch()
    with closing(kind(tmp_path)) as feed, closing(Switched(from_uri(feed.uri, wait=True, raw=RAW), switch)) as source:
        chunks = iter(source)
        until(chunks, Block)
        switch.turn(on=False)
        assert isinstance(next(chunks), Paused)
        assert [type(next(chunks)) for _ in range(2)] == [Idle, Idle]
        resumed_at = clock.steady_s()
        switch.turn(on=True)
        resumed = until(chunks, Resumed)
        assert isinstance(resumed, Resumed)
        assert resumed.away_s > 1.4
        first = until(chunks, Block)
        assert isinstance(first, Block)
        assert first.recorded_at is not None
        assert first.recorded_at - first.seconds > resumed_at - 0.2
        until(chunks, Block)


def test_a_command_is_ended_and_started_again(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    switch = Switch()
    uri = f"cmd:sh -c 'echo $$ >{pid}; exec cat /dev/zero'"
    with closing(Switched(from_uri(uri, wait=True, raw=RAW), switch)) as source:
        chunks = iter(source)
        until(chunks, Block)
        first = pid.read_text()
        switch.turn(on=False)
        until(chunks, Paused)
        wait_until(lambda: not Path(f"/proc/{first.strip()}").exists(), 30, "it is ended")
        switch.turn(on=True)
        until(chunks, Block)
        assert pid.read_text() != first


def test_one_that_is_off_from_the_start_opens_nothing(tmp_path: Path) -> None:
    opened, switch = tmp_path / "opened", Switch()
    switch.turn(on=False)
    with closing(Switched(from_uri(f"cmd:touch {opened}", wait=True, raw=RAW), switch)) as source:
        chunks = iter(source)
        assert [type(next(chunks)) for _ in range(2)] == [Paused, Idle]
        assert not opened.exists()
        switch.turn(on=True)
        assert isinstance(next(chunks), Resumed)
        wait_until(lambda: (next(chunks, None), opened.exists())[1], 30, "it is opened")


def test_an_outage_ends_with_the_pause(tmp_path: Path) -> None:
    switch = Switch()
    with (
        closing(_Command(tmp_path)) as feed,
        closing(Switched(from_uri(feed.uri, wait=True, raw=RAW), switch)) as source,
    ):
        chunks = iter(source)
        until(chunks, Block)
        feed.go_away()
        until(chunks, Lost)
        switch.turn(on=False)
        until(chunks, Paused)
        feed.come_back()
        switch.turn(on=True)
        seen = [next(chunks)]
        while not isinstance(seen[-1], Block):
            seen.append(next(chunks))
        assert not any(isinstance(chunk, Restored) for chunk in seen), "the pause is no lost audio"


def test_a_recording_stands_still(tmp_path: Path) -> None:
    file, switch = tmp_path / "music.wav", Switch()
    samples = np.asarray(music()[: 3 * RATE])
    soundfile.write(file, samples, RATE, subtype="FLOAT")
    given: list[Chunk] = []
    with closing(Switched(from_uri(f"file:{file}", fast=True), switch)) as source:
        for chunk in source:
            given.append(chunk)
            if len(given) == 1:
                switch.turn(on=False)
            if isinstance(chunk, Paused):
                switch.turn(on=True)
    heard = [chunk.frames for chunk in given if isinstance(chunk, Block)]
    assert [type(chunk) for chunk in given][1:3] == [Paused, Resumed]
    np.testing.assert_array_equal(np.concatenate(heard)[:, 0], samples.astype(np.float32))


def test_the_pipeline_says_so_and_counts_it_as_no_loss() -> None:
    tone = blocks(np.asarray(music()[: 4 * RATE]))
    script = [*tone, Paused(), Idle(), Resumed(100.0), *tone]
    events = list(Pipeline(Scripted(script), bundle()).events())
    states = [event.state for event in events if isinstance(event, Change)]
    assert State.PAUSED in states
    place = states.index(State.PAUSED)
    assert states[place + 1] is State.WARMING_UP
    (paused, resumed) = [event for event in events if isinstance(event, Change)][place : place + 2]
    assert resumed.audio_s - paused.audio_s == pytest.approx(100.0)
    assert not [e for e in events if isinstance(e, Prediction) and paused.audio_s < e.audio_s < resumed.audio_s]
    last = [event for event in events if isinstance(event, Stats)][-1]
    assert (last.gaps, last.dropped_s) == (0, 0.0)
    assert events[-1].audio_s == pytest.approx(108.0)


@pytest.mark.parametrize(("chunk", "state"), [(Paused(), State.PAUSED), (Lost(False, "gone"), State.NO_SOURCE)])
def test_other_labels_meanwhile_leave_it_as_it_is(chunk: Chunk, state: State) -> None:
    classic = load_bundle("classic")
    labels = (*classic.labels, "tango")
    pipeline = Pipeline(Scripted([chunk, Idle(), Idle()]), classic)
    told = []
    for event in pipeline.events():
        told.append(event)
        if isinstance(event, Change) and len(told) < 5:
            weights = np.zeros((classic.n_inputs + 1, len(labels)), np.float32)
            pipeline.answer_with(PersonalLayer(labels, weights))
    kinds = [event.state if isinstance(event, Change) else type(event) for event in told]
    started = [place for place, kind in enumerate(kinds) if kind is Started]
    assert len(started) == 2
    assert kinds[started[1] + 1] is state


def test_a_pause_outlasts_the_process(tmp_path: Path) -> None:
    file = tmp_path / "state" / "paused"
    Switch(file).turn(on=False)
    assert not Switch(file).is_on
    Switch(file).turn(on=True)
    assert Switch(file).is_on
    (tmp_path / "blocked").touch()
    stubborn = Switch(tmp_path / "blocked" / "paused")
    stubborn.turn(on=False)
    assert not stubborn.is_on, "listening obeys, whatever the disk says"
