"""The demo's music is what it is meant to be, by its levels, its memory and how it comes."""

from __future__ import annotations

import subprocess
import sys
import threading
import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.audio.demo import programme
from edge.audio.demo.mixing import PEAK
from edge.audio.demo.programme import PROGRAMME, Stretch
from edge.audio.demo.tones import RATE
from edge.audio.sources import BLOCK_S, DemoSource, from_uri
from edge.events import Block, Idle

each_stretch = pytest.mark.parametrize("stretch", PROGRAMME, ids=lambda stretch: stretch.meant)


@each_stretch
def test_it_is_as_long_and_as_loud_as_it_says_and_never_clipped(stretch: Stretch) -> None:
    samples = stretch.samples()
    assert samples.dtype == np.float32
    assert samples.shape == (round(stretch.seconds * RATE),)
    assert np.abs(samples).max() < PEAK + 0.01
    rms_dbfs = 10 * np.log10(np.mean(samples.astype(np.float64) ** 2))
    assert rms_dbfs == pytest.approx(stretch.dbfs, abs=2.0)


@each_stretch
def test_the_same_samples_come_again(stretch: Stretch) -> None:
    assert np.array_equal(stretch.samples(), stretch.samples())


def test_the_same_samples_come_in_another_process() -> None:
    code = (
        "import zlib; from edge.audio.demo.programme import PROGRAMME\n"
        "print(*(zlib.crc32(stretch.samples()) for stretch in PROGRAMME))\n"
    )
    runs = [subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, check=True) for _ in range(2)]
    assert runs[0].stdout == runs[1].stdout


def test_little_is_held_between_stretches_and_not_much_more_meanwhile() -> None:
    PROGRAMME[0].samples()  # what is imported and computed once
    tracemalloc.start()
    try:
        for stretch in PROGRAMME:
            tracemalloc.reset_peak()
            stretch.samples()
            held, most = tracemalloc.get_traced_memory()
            assert held < 2e6, stretch.meant
            assert most < 28e6, stretch.meant
    finally:
        tracemalloc.stop()


def test_the_source_plays_the_programme_once_in_order() -> None:
    played = [chunk for chunk in DemoSource(fast=True) if isinstance(chunk, Block)]
    samples = np.concatenate([block.frames[:, 0] for block in played])
    assert np.array_equal(samples, np.concatenate([stretch.samples() for stretch in PROGRAMME]))


def test_while_a_stretch_is_not_ready_it_says_that_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    may_end = threading.Event()

    def slow(seconds: float) -> NDArray[np.float32]:
        may_end.wait(60.0)
        return np.zeros(round(seconds * RATE), dtype=np.float32)

    monkeypatch.setattr(programme, "PROGRAMME", (Stretch("silence", 0.2, -70.0, slow),))
    chunks = iter(DemoSource())
    assert isinstance(next(chunks), Idle)
    may_end.set()
    assert [type(chunk) for chunk in chunks if not isinstance(chunk, Idle)] == [Block, Block]


def test_at_real_time_pace_it_comes_in_short_blocks() -> None:
    source = from_uri("demo")
    chunks = iter(source)
    first = next(chunk for chunk in chunks if not isinstance(chunk, Idle))
    assert isinstance(first, Block)
    assert first.seconds == pytest.approx(BLOCK_S)
    assert np.array_equal(first.frames[:, 0], PROGRAMME[0].samples()[: len(first.frames)])
    source.close()
