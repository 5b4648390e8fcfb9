"""Log-mel patches: equal to what YAMNet's file computes itself, and the same from a stream, however it is cut."""

from __future__ import annotations

import gc
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import features_np as fx
from tests.features.recordings import recording
from tests.features.tolerances import PATCHES
from tests.golden.signals import SIGNALS
from tests.golden.yamnet import GOLDEN_FRAMES, GOLDEN_PATCHES, interpreter_of, patch_signals, yamnet_patches
from tests.shared_data import shared_data

WHOLE = fx.PatchSpec(patch_hop=96)
BLOCK_SIZES = (0, 1, 159, 160, 4_096, 7_680, 22_050, 70_000)


def test_patches_equal_the_golden_values() -> None:
    signals = patch_signals()
    with np.load(GOLDEN_PATCHES) as golden:
        assert set(golden) == set(signals)
        assert len(signals) >= 10
        for name, y in signals.items():
            patches = fx.log_mel_patches(y, WHOLE)[:, GOLDEN_FRAMES]
            assert patches.shape == golden[name].shape
            assert np.max(np.abs(patches - golden[name])) <= PATCHES["synthetic"], name


@pytest.mark.parametrize("genre", ["blues", "classical", "hiphop", "metal"])
def test_patches_of_a_recording_equal_the_networks_own(genre: str) -> None:
    interpreter = interpreter_of(shared_data("pretrained", "yamnet.tflite"))
    y = fx.resample(recording(genre), orig_sr=22_050, target_sr=16_000)
    ours, theirs = fx.log_mel_patches(y, WHOLE), yamnet_patches(interpreter, y)
    assert ours.shape == theirs.shape == (31, 96, 64)
    assert np.max(np.abs(ours - theirs)) <= PATCHES["recordings"]


def test_patches_of_synthetic_signals_equal_the_networks_own() -> None:
    interpreter = interpreter_of(shared_data("pretrained", "yamnet.tflite"))
    for name, y in patch_signals().items():
        difference = np.abs(fx.log_mel_patches(y, WHOLE) - yamnet_patches(interpreter, y))
        assert np.max(difference) <= PATCHES["synthetic"], name


def test_the_formula_in_plain_words() -> None:
    """One frame in double precision; the filters' corners are evenly spaced in mel, and so are the triangles."""
    spec, frame = fx.PatchSpec(), 7
    y = SIGNALS["music"]()[:15_600]
    mel = 1127.0 * np.log(1 + np.arange(257) * 16_000 / 512 / 700)
    corners = np.linspace(1127.0 * np.log(1 + 125 / 700), 1127.0 * np.log(1 + 7_500 / 700), 66)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    magnitude = np.abs(np.fft.rfft(y[frame * 160 : frame * 160 + 400] * hann, 512))
    for band in (0, 31, 63):
        weights = np.interp(mel, corners[band : band + 3], [0, 1, 0])
        expected = np.log(magnitude @ weights + 0.001)
        assert fx.log_mel_patches(y, spec)[0, frame, band] == pytest.approx(expected, abs=1e-4)


@settings(deadline=None, max_examples=40)
@given(
    sizes=st.lists(st.sampled_from(BLOCK_SIZES), min_size=1, max_size=6).filter(lambda sizes: sum(sizes) >= 4_000),
    rate=st.sampled_from((16_000, 22_050, 48_000)),
    patch_hop=st.sampled_from((24, 36, 48, 95, 96)),
    n_samples=st.integers(1, 150_000),
)
def test_any_blocks_give_the_same_bits(sizes: list[int], rate: int, patch_hop: int, n_samples: int) -> None:
    y = SIGNALS["music"]()[:n_samples]
    spec = fx.PatchSpec(patch_hop=patch_hop)
    stream, end, updates, patches = fx.PatchStream(spec, rate), 0, 0, []
    while end < len(y):
        size = sizes[updates % len(sizes)]
        patches.append(stream.push(y[end : end + size]))
        end, updates = min(end + size, len(y)), updates + 1
        assert stream.n_patches == sum(map(len, patches))
        if stream.n_patches:
            assert stream.end_of(stream.n_patches - 1) <= end
        assert end < stream.end_of(stream.n_patches) + stream.delay_s * rate + 1
    patches.append(stream.flush())
    streamed, batch = np.concatenate(patches), fx.log_mel_patches(y, spec, sr=rate)
    assert streamed.dtype == batch.dtype == np.float32
    assert np.array_equal(streamed, batch)
    n_complete = len(fx.resample(y, orig_sr=rate, target_sr=16_000)) - spec.patch_samples
    assert len(batch) == max(n_complete // spec.hop_samples + 1, 0)


def test_patches_lie_where_they_say() -> None:
    """A click is heard in the patches that hold it, and not in others; the resampler spreads it by some ms."""
    stream, click = fx.PatchStream(), 60_000
    y = np.zeros(6 * 22_050, dtype=np.float32)
    y[click] = 1.0
    patches = np.concatenate((stream.push(y), stream.flush()))
    heard = [bool(np.any(patch > np.log(0.01))) for patch in patches]
    inside = [stream.start_of(index) <= click < stream.end_of(index) for index in range(len(patches))]
    assert heard == inside
    assert sum(inside) == 2


def test_reset_forgets_and_without_it_the_past_is_heard() -> None:
    y = SIGNALS["music"]()[:40_000]
    stream = fx.PatchStream()
    first = stream.push(y)
    assert len(first) and stream.n_patches == len(first)
    stream.push(y[:3_000])
    stream.reset()
    assert stream.n_patches == 0
    assert np.array_equal(stream.push(y), first)
    assert not np.array_equal(stream.push(y)[: len(first)], first)


def test_a_file_gives_the_patches_of_its_stream_at_the_features_rate() -> None:
    """A stream and a file at the features' rate give the same patches."""
    source = SIGNALS["noise"]()
    resampler, stream, features = fx.Resampler(48_000, 22_050), fx.PatchStream(), fx.FeatureStream()
    patches = []
    for begin in range(0, len(source), 1_024):
        samples = resampler.push(source[begin : begin + 1_024])
        features.push(samples)
        patches.append(stream.push(samples))
    last = resampler.flush()
    patches += [stream.push(last), stream.flush()]
    file = fx.resample(source, orig_sr=48_000, target_sr=22_050)
    assert np.array_equal(np.concatenate(patches), fx.log_mel_patches(file, sr=22_050))


def test_bad_audio_and_bad_rates_are_errors_and_nothing_is_taken() -> None:
    y = SIGNALS["music"]()[:40_000]
    stream, bad = fx.PatchStream(), y.copy()
    bad[7] = np.nan
    with pytest.raises(fx.SignalError, match="nan at sample 7"):
        stream.push(bad)
    assert np.array_equal(stream.push(y), fx.PatchStream().push(y))
    with pytest.raises(fx.SignalError, match="empty"):
        fx.log_mel_patches(y[:0])
    with pytest.raises(fx.SampleRateError, match="whole"):
        fx.log_mel_patches(y, sr=0)
    with pytest.raises(fx.SampleRateError, match="whole"):
        fx.PatchStream(sr_in=22_050.5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"patch_hop": 97}, "patch_hop is 97, must be 1 to n_frames"),
        ({"patch_hop": 0}, "patch_hop is 0"),
        ({"fmax": 9_000.0}, "fmax is 9000.0"),
        ({"fmin": 7_500.0}, "fmin is 7500.0"),
        ({"win_length": 513}, "win_length is 513"),
        ({"hop_length": 0}, "hop_length is 0"),
        ({"n_frames": 96.0}, "n_frames is 96.0, must be a whole number"),
        ({"offset": float("nan")}, "offset is nan, must be a number"),
        ({"n_mels": True}, "n_mels is True, must be a whole number"),
    ],
)
def test_a_spec_that_cannot_be_is_one_line(options: dict[str, object], message: str) -> None:
    with pytest.raises(fx.SpecError, match=message):
        fx.PatchSpec(**options)


def test_a_spec_comes_back_from_its_dictionary_with_its_digest() -> None:
    spec = fx.PatchSpec(patch_hop=96)
    assert fx.PatchSpec.from_dict(spec.to_dict()) == spec
    assert fx.PatchSpec.from_dict(spec.to_dict()).digest() == spec.digest() != fx.PatchSpec().digest()
    with pytest.raises(fx.SpecError, match="patch spec lacks 'fmax'"):
        fx.PatchSpec.from_dict({key: value for key, value in spec.to_dict().items() if key != "fmax"})
    with pytest.raises(fx.SpecError, match="unknown key 'colour'"):
        fx.PatchSpec.from_dict({**spec.to_dict(), "colour": 1})


def test_the_defaults_are_yamnets() -> None:
    assert fx.PatchSpec().to_dict() == {
        "sample_rate": 16_000,
        "bandwidth": 8_000.0,
        "preemphasis": 0.0,
        "win_length": 400,
        "window": "periodic",
        "hop_length": 160,
        "n_fft": 512,
        "center": False,
        "power": 1,
        "n_mels": 64,
        "fmin": 125.0,
        "fmax": 7_500.0,
        "htk": True,
        "triangles": "mel",
        "norm": "peak",
        "floor": 0.0,
        "offset": 0.001,
        "shift": 0.0,
        "scale": 1.0,
        "n_frames": 96,
        "patch_hop": 48,
    }
    assert fx.PatchSpec().patch_samples == 15_600


def test_memory_does_not_grow() -> None:
    stream, block = fx.PatchStream(sr_in=48_000), SIGNALS["noise"]()[:48_000]

    def push_many() -> int:
        for _ in range(100):
            stream.push(block)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        held = max(push_many() for _ in range(3))
        assert push_many() <= held + 4 * stream.spec.patch_samples  # how much of a piece is pending varies
    finally:
        tracemalloc.stop()
    assert held < 200_000  # bytes, after 300 s of audio, which are 58 MB
