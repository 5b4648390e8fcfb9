"""FeatureStream against summarize of the same samples: at every update, however the stream is cut."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import features_np as fx
from features_np.vector.groups import GROUPS
from features_np.window.buffers import SlidingBuffer
from tests.features.recordings import recording
from tests.golden.signals import SIGNALS

ALL = fx.FeatureSpec(groups=tuple(GROUPS))
SHORT = fx.FeatureSpec(groups=tuple(GROUPS), window_s=3.0)

BLOCK_SIZES = (0, 1, 17, 511, 512, 513, 2_048, 22_050, 44_100, 100_000)


def assert_is_summary(stream: fx.FeatureStream, y: np.ndarray, *, begin: int = 0) -> None:
    """The stream, into which ``y`` was pushed, describes the last window of it, from ``begin`` on, to the bit."""
    spec = stream.spec
    assert stream.start % spec.hop_length == 0
    assert len(y) - spec.hop_length < stream.end <= len(y)
    assert stream.end - stream.start == min(len(y) - begin // spec.hop_length * spec.hop_length, spec.window_samples)
    assert stream.seconds == (stream.end - stream.start) / spec.sample_rate
    vector, expected = stream.vector(), fx.summarize(y[stream.start : stream.end], spec)
    assert vector.dtype == np.float32
    differing = [name for name, ours, batch in zip(spec.vector_names, vector, expected, strict=True) if ours != batch]
    assert not differing, stream.end


def run(y: np.ndarray, sizes: list[int], spec: fx.FeatureSpec) -> int:
    """Push ``y`` in blocks of these sizes, over and over; compare at every update; return how many there were."""
    stream, end, updates = fx.FeatureStream(spec), 0, 0
    while end < len(y):
        size = sizes[updates % len(sizes)]
        stream.push(y[end : end + size], sr=spec.sample_rate)
        end = min(end + size, len(y))
        updates += 1
        if end:
            assert_is_summary(stream, y[:end])
    return updates


def test_a_live_window_over_two_recordings() -> None:
    """The window of 30 s slides from one track into another, second by second: tuning, loudest bin and tempo change."""
    y = np.concatenate((recording("blues"), recording("pop")))
    assert run(y, [22_050], ALL) == -(-len(y) // 22_050)


def test_short_windows_over_a_recording_in_uneven_blocks() -> None:
    y = recording("classical")[: 15 * 22_050]
    assert run(y, [8_191, 0, 17, 44_100, 513], SHORT) > 20


@pytest.mark.parametrize("order", ["silence first", "music first", "both"])
def test_silence_and_music_pass_through_the_window(order: str) -> None:
    silence, music = np.zeros(90_000, dtype=np.float32), SIGNALS["music"]()[:120_000]
    faint = 0.01 * music
    pieces = {"silence first": (silence, music), "music first": (music, silence), "both": (music, silence, faint)}
    run(np.concatenate(pieces[order]), [7_000], SHORT)


@settings(deadline=None, max_examples=25)
@given(sizes=st.lists(st.sampled_from(BLOCK_SIZES), min_size=1, max_size=6).filter(lambda sizes: sum(sizes) >= 5_000))
def test_any_blocks_give_the_same(sizes: list[int]) -> None:
    run(SIGNALS["silence_then_music"](), sizes, SHORT)


@settings(deadline=None, max_examples=15)
@given(
    hop_length=st.sampled_from((100, 441, 512, 700, 1024)),
    n_fft=st.sampled_from((1024, 1500, 2048)),
    window_s=st.sampled_from((3.0, 3.7)),
)
def test_other_frames_than_the_defaults(hop_length: int, n_fft: int, window_s: float) -> None:
    spec = fx.FeatureSpec(
        groups=tuple(GROUPS),
        window_s=window_s,
        n_fft=n_fft,
        hop_length=hop_length,
        n_mels=48,
        n_mfcc=13,
        tempo_window_s=2.0,
    )
    run(SIGNALS["music"]()[: 6 * 22_050], [9_001, 30_000], spec)


@pytest.mark.parametrize("name", SIGNALS)
def test_edge_cases(name: str) -> None:
    run(SIGNALS[name](), [11_000], SHORT)


def test_a_block_longer_than_the_window() -> None:
    y = np.concatenate((SIGNALS["music"](), SIGNALS["noise"]()))
    run(y, [3_000, 200_000, 5_000], SHORT)


WIDE = 10**6


@settings(deadline=None, max_examples=40)
@given(
    sizes=st.lists(st.sampled_from((0, 0, 700, 9_001, 30_000)), min_size=10, max_size=25),
    looks=st.lists(st.sampled_from(("vector", "frames and vector", "frames")), min_size=1, max_size=7),
    agos=st.lists(st.one_of(st.just(WIDE), st.integers(0, 80_000)), min_size=1, max_size=7),
)
def test_a_window_that_begins_here_and_there_is_the_summary_of_it(
    sizes: list[int], looks: list[str], agos: list[int]
) -> None:
    y = np.concatenate((SIGNALS["music"](), SIGNALS["noise"](), SIGNALS["music"]()))
    stream, end = fx.FeatureStream(SHORT), 0
    for step, size in enumerate([75_000, *sizes]):
        look, begin = looks[step % len(looks)], max(end - agos[step % len(agos)], 0)
        stream.push(y[end : end + size])
        end = min(end + size, len(y))
        stream.begin_at(begin)
        if "frames" in look:
            assert_are_frames(stream, y[:end])
        if "vector" in look and stream.start < stream.end:
            assert_is_summary(stream, y[:end], begin=begin)


def assert_are_frames(stream: fx.FeatureStream, y: np.ndarray) -> None:
    """The frames of the stream are those of the last window of ``y``, as far as they are whole."""
    spec = stream.spec
    first, log_mel = stream.log_mel()
    if len(y) < spec.n_fft:
        assert len(log_mel) == 0
        return
    half = spec.n_fft // 2
    assert first * spec.hop_length - half <= max(len(y) - spec.window_samples, 0) + spec.hop_length
    assert len(y) - 2 * spec.hop_length < (first + len(log_mel) - 1) * spec.hop_length + half <= len(y)
    power = fx.feature.melspectrogram(y=y, n_mels=spec.n_mels)[:, first : first + len(log_mel)]
    assert np.abs(log_mel - fx.power_to_db(power, top_db=None).T).max() < 1e-3


def test_frames_of_a_block_longer_than_the_window() -> None:
    y = np.concatenate((SIGNALS["music"](), SIGNALS["noise"]()))
    stream = fx.FeatureStream(SHORT)
    for begin, end in ((0, 3_000), (3_000, 203_000), (203_000, 204_000)):
        stream.push(y[begin:end])
        assert_are_frames(stream, y[:end])


def test_a_window_cannot_begin_in_the_future() -> None:
    stream = fx.FeatureStream(SHORT)
    stream.push(SIGNALS["music"]()[:10_000])
    with pytest.raises(fx.SignalError, match="samples 0 to 10000"):
        stream.begin_at(10_001)
    stream.begin_at(10_000)
    assert stream.end - stream.start == 10_000 % SHORT.hop_length
    stream.reset()
    stream.push(SIGNALS["music"]()[:5_000])
    assert stream.start == 0


def test_vector_twice_is_the_same_and_changes_nothing() -> None:
    stream, y = fx.FeatureStream(SHORT), SIGNALS["music"]()
    stream.push(y[:100_000])
    assert np.array_equal(stream.vector(), stream.vector())
    stream.push(y[100_000:110_000])
    assert_is_summary(stream, y[:110_000])


def test_reset_reproduces_from_scratch_and_without_it_the_past_is_heard() -> None:
    y = SIGNALS["music"]()
    stream = fx.FeatureStream(SHORT)

    def vectors() -> list[np.ndarray]:
        found = []
        for begin in range(0, 150_000, 15_000):
            stream.push(y[begin : begin + 15_000])
            found.append(stream.vector())
        return found

    first = vectors()
    unreset = vectors()
    assert not np.array_equal(first[0], unreset[0])
    stream.reset()
    assert (stream.start, stream.end, stream.seconds) == (0, 0, 0.0)
    assert np.array_equal(first, vectors())


def test_before_the_first_sample_there_is_no_vector() -> None:
    stream = fx.FeatureStream(SHORT)
    stream.push(np.empty(0, dtype=np.float32))
    with pytest.raises(fx.SignalError, match="no audio yet"):
        stream.vector()


def test_a_bad_block_is_an_error_and_leaves_the_stream_as_it_was() -> None:
    stream, y = fx.FeatureStream(SHORT), SIGNALS["music"]()[:50_000]
    stream.push(y)
    bad = y.copy()
    bad[7] = np.nan
    with pytest.raises(fx.SignalError, match="nan at sample 7"):
        stream.push(bad)
    with pytest.raises(fx.SampleRateError, match="resample"):
        stream.push(y, sr=48_000)
    with pytest.raises(fx.SignalError, match="to_mono"):
        stream.push(y.reshape(-1, 2))
    assert_is_summary(stream, y)


@pytest.mark.parametrize(
    ("groups", "n_frames"),
    [
        pytest.param(("mfcc_std", "chroma_mean", "zcr_mean"), 1_000_000, marks=pytest.mark.slow),
        (("mfcc_std", "chroma_mean", "zcr_mean"), 100_000),
        (("tempo",), 200_000),
    ],
)
def test_memory_does_not_grow(groups: tuple[str, ...], n_frames: int) -> None:
    spec = fx.FeatureSpec(
        groups=groups, sample_rate=8_000, window_s=3.0, n_fft=64, hop_length=16, n_mels=8, n_mfcc=4, tempo_window_s=1
    )
    stream = fx.FeatureStream(spec)
    block = (0.1 * np.random.default_rng(0).standard_normal(20_000)).astype(np.float32)

    def push_many(n_blocks: int) -> tuple[int, int]:
        """Return the bytes that our own lines hold, and those that a push and a vector need for a moment."""
        gc.collect()  # also empties Python's free lists, which are memory that nobody holds
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(n_blocks):
            stream.push(block)
            stream.vector()
        needed = tracemalloc.get_traced_memory()[1] - before
        gc.collect()
        # NumPy's and Python's own caches of small objects fill up slowly, to bounds that are not ours.
        ours = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, f"{Path(fx.__file__).parent}/*")])
        return sum(trace.size for trace in ours.traces), needed

    n_blocks = n_frames * spec.hop_length // len(block)
    tracemalloc.start()
    try:
        push_many(n_blocks // 2)
        held, needed = push_many(10)
        push_many(n_blocks // 2)
        held_late, needed_late = push_many(10)
    finally:
        tracemalloc.stop()
    assert stream.end > n_frames * spec.hop_length
    assert held_late <= held + 1_000  # bytes, after hundreds of blocks of 80,000
    assert needed_late <= needed + 10_000


#: Rows that are added, and how many are needed afterwards.
APPENDED = st.one_of(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 100)), max_size=40),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=20, max_size=40),
)


@given(keep=st.integers(1, 90), steps=APPENDED)
def test_a_buffer_has_the_newest_rows_and_uses_no_more_memory_than_needed(
    keep: int, steps: list[tuple[int, int]]
) -> None:
    buffer, oldest = SlidingBuffer(keep, dtype=np.int64), 0
    untouched = -1
    buffer._data[:] = untouched
    most = 0
    for length, needed in steps:
        end = buffer.end + length
        most = max(most, min(keep, end - oldest))
        buffer.append(np.arange(buffer.end, end))
        assert buffer.end == end
        assert buffer.start == max(oldest, end - keep, 0)
        assert buffer.view(buffer.start, end).tolist() == list(range(buffer.start, end))
        oldest = max(buffer.start, end - needed)
        buffer.forget_before(oldest)
        assert buffer.start == oldest
    assert np.count_nonzero(buffer._data != untouched) <= 2 * most
