"""Front ends of networks: each option does what the spec says, and EfficientAT's is Kaldi's and its own code's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import features_np as fx
from features_np.front_end import EFFICIENTAT
from features_np.spectra.mel import mel_filterbank
from tests.golden.kaldi import FRAMES, GOLDEN_ENERGIES, kaldi_signals
from tests.golden.signals import SIGNALS

#: Half a second of EfficientAT's front end: all that is odd about it, in little.
SHORT = replace(EFFICIENTAT, n_frames=50, patch_hop=25)
#: Its own, which lets all frequencies in: nothing is filtered.
WHOLE_BAND = replace(EFFICIENTAT, bandwidth=16_000.0, n_frames=300)


def plain(y: NDArray[np.float32], spec: fx.PatchSpec) -> NDArray[np.float64]:
    """One patch in double precision, from the words of the spec, for what lies at its rate."""
    x = y.astype(np.float64)
    if spec.preemphasis:
        x = x[1:] - spec.preemphasis * x[:-1]
    lead = (spec.n_fft - spec.win_length) // 2
    if spec.center:
        x = np.pad(x, spec.n_fft // 2, mode="reflect")[lead:]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(spec.win_length) / (spec.win_length - (spec.window == "symmetric")))
    starts = np.arange(spec.n_frames) * spec.hop_length
    frames = np.array([x[start : start + spec.win_length] * hann for start in starts])
    hertz = np.arange(spec.n_fft // 2 + 1) * spec.sample_rate / spec.n_fft

    def mel(f: NDArray[np.float64] | float) -> NDArray[np.float64]:
        return np.asarray(1127.0 * np.log(1 + np.asarray(f) / 700)) if spec.htk else fx.hz_to_mel(f)

    corners = np.linspace(mel(spec.fmin), mel(spec.fmax), spec.n_mels + 2)
    in_hz = 700 * (np.exp(corners / 1127) - 1) if spec.htk else fx.mel_to_hz(corners)
    places, bins = (corners, mel(hertz)) if spec.triangles == "mel" else (in_hz, hertz)
    bands = np.array([np.interp(bins, places[band : band + 3], [0, 1, 0]) for band in range(spec.n_mels)])
    if spec.norm == "slaney":
        bands *= 2 / (in_hz[2:] - in_hz[:-2])[:, np.newaxis]
    sums = np.abs(np.fft.rfft(frames, spec.n_fft)) ** spec.power @ bands.T
    return np.asarray((np.log(np.maximum(sums, spec.floor) + spec.offset) + spec.shift) / spec.scale)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"preemphasis": 0.5},
        {"window": "symmetric"},
        {"center": True},
        {"center": True, "preemphasis": 0.9, "win_length": 401, "hop_length": 133, "n_frames": 12, "patch_hop": 4},
        {"patch_hop": 36},
        {"center": True, "preemphasis": 0.9, "n_frames": 70, "patch_hop": 40},
        {"center": True, "win_length": 512, "hop_length": 64, "n_frames": 40, "patch_hop": 10},
        {"power": 2},
        {"htk": False},
        {"triangles": "hz"},
        {"triangles": "hz", "norm": "slaney", "htk": False},
        {"norm": "slaney"},
        {"floor": 0.01, "offset": 0.0},
        {"shift": 2.5, "scale": 4.0},
    ],
    ids=str,
)
def test_each_option_does_what_it_says(options: dict[str, object]) -> None:
    spec = fx.PatchSpec(**options)
    y = SIGNALS["music"]()[: 2 * spec.patch_samples]
    patches = fx.log_mel_patches(y, spec, sr=spec.sample_rate)
    assert len(patches) == 1 + (len(y) - spec.patch_samples) // spec.hop_samples
    for index in range(len(patches)):
        clip = y[index * spec.hop_samples :][: spec.patch_samples]
        np.testing.assert_allclose(patches[index], plain(clip, spec), atol=1e-3, rtol=0)


def test_the_mel_energies_are_kaldis() -> None:
    """Those of kaldi-native-fbank 1.23, which has a code of its own for frames, windows, transforms and bands."""
    with np.load(GOLDEN_ENERGIES) as golden:
        signals = kaldi_signals()
        assert set(golden) == set(signals)
        for name, y in signals.items():
            (patch,) = fx.log_mel_patches(y, WHOLE_BAND, sr=32_000)
            expected = (np.log(golden[name] + 0.00001) + 4.5) / 5
            assert np.max(np.abs(patch[FRAMES] - expected)) < 2e-4, name


def test_a_patch_is_what_the_networks_own_code_makes_of_its_clip() -> None:
    """Pre-emphasis that costs a sample, reflected ends: 300 frames of exactly 3 s, whatever lies around them."""
    assert WHOLE_BAND.patch_s == 3.0 and WHOLE_BAND.shape == (300, 128)
    y = np.concatenate((SIGNALS["noise"]()[:70_000], SIGNALS["music"]()))[:160_000]
    patches = fx.log_mel_patches(y, WHOLE_BAND, sr=32_000)
    assert len(patches) == 3
    for index, patch in enumerate(patches):
        clip = y[index * 32_000 :][:96_000]
        np.testing.assert_allclose(patch, plain(clip, WHOLE_BAND), atol=2e-4, rtol=0)
        assert np.array_equal(patch[[0, 1, 299]], fx.log_mel_patches(clip, WHOLE_BAND, sr=32_000)[0][[0, 1, 299]])


def test_the_newest_patch_is_known_when_its_second_is_over() -> None:
    """A patch comes out a little after its end, for the resampler's sake; a device looks once a second."""
    heard = fx.PatchStream(EFFICIENTAT, sr_in=48_000).push(SIGNALS["noise"]().repeat(10)[: 3 * 48_000])
    assert heard.shape == (1, 290, 128)


def test_kaldis_scale_gives_htks_bands() -> None:
    bands = {"sr": 32_000, "n_fft": 1_024, "n_mels": 128, "fmax": 15_000.0, "norm": None, "triangles": "mel"}
    mel = 1127.0 * np.log(1 + np.arange(513) * 31.25 / 700)
    corners = np.linspace(0.0, 1127.0 * np.log(1 + 15_000 / 700), 130)
    kaldis = [np.interp(mel, corners[band : band + 3], [0, 1, 0]) for band in range(128)]
    np.testing.assert_allclose(mel_filterbank(**bands, htk=True), kaldis, atol=1e-6)


@settings(deadline=None, max_examples=20)
@given(
    sizes=st.lists(st.sampled_from((0, 1, 319, 320, 8_000, 22_050, 70_000)), min_size=1, max_size=6).filter(
        lambda n: sum(n) > 4_000
    ),
    rate=st.sampled_from((22_050, 32_000, 44_100)),
    patch_hop=st.sampled_from((5, 23, 25, 36, 50)),
    n_samples=st.integers(1, 90_000),
    base=st.sampled_from((SHORT, replace(SHORT, win_length=801, preemphasis=0.0, hop_length=267))),
)
def test_any_blocks_give_the_same_bits(
    sizes: list[int], rate: int, patch_hop: int, n_samples: int, base: fx.PatchSpec
) -> None:
    y, spec = SIGNALS["music"]()[:n_samples], replace(base, patch_hop=patch_hop)
    stream, end, patches = fx.PatchStream(spec, rate), 0, []
    for size in np.resize(sizes, 30 * len(sizes)):
        patches.append(stream.push(y[end : end + size]))
        end = min(end + int(size), len(y))
        assert stream.n_patches == sum(map(len, patches))
        assert not stream.n_patches or stream.end_of(stream.n_patches - 1) <= end
        assert end < stream.end_of(stream.n_patches) + stream.delay_s * rate + 1
        if end == len(y):
            break
    patches += [stream.push(y[end:]), stream.flush()]
    batch = fx.log_mel_patches(y, spec, sr=rate)
    assert np.array_equal(np.concatenate(patches), batch)
    n_complete = -(-len(y) * 32_000 // rate) - spec.patch_samples
    assert len(batch) == max(n_complete // spec.hop_samples + 1, 0)


def _tone(hertz: float, rate: int, seconds: float = 2.0) -> NDArray[np.float32]:
    return np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate).astype(np.float32)


@pytest.mark.parametrize("rate", [24_000, 32_000, 44_100, 48_000, 44_099, 96_000])
def test_a_source_of_more_bandwidth_is_cut_as_one_at_twice_the_bandwidth_is(rate: int) -> None:
    """The transition, too: a tone within it comes out as loud as it does from a source at 22,050 Hz."""
    middle = slice(16_000, 48_000)

    def gain(hertz: float, source: int) -> float:
        resampler = fx.Resampler(source, 32_000, bandwidth=11_025.0)
        heard = np.concatenate((resampler.push(_tone(hertz, source)), resampler.flush()))[middle]
        return float(np.sqrt(2 * np.mean(heard.astype(np.float64) ** 2)))

    for hertz in (500.0, 10_000.0, 10_500.0, 10_700.0, 10_900.0):
        assert gain(hertz, rate) == pytest.approx(gain(hertz, 22_050), abs=2e-3), hertz
    assert gain(11_100.0, rate) < 1e-4
    assert gain(11_900.0, rate) < 1e-4


def test_what_a_source_has_beyond_the_bandwidth_is_not_heard() -> None:
    y = SIGNALS["music"]()[:64_000]
    with_more = y + np.hanning(64_000).astype(np.float32) * _tone(13_000.0, 32_000)
    first, second = (fx.log_mel_patches(each, SHORT, sr=32_000) for each in (y, with_more))
    assert np.max(np.abs(first - second)) < 0.1
    whole = replace(SHORT, bandwidth=16_000.0)
    assert np.max(np.abs(fx.log_mel_patches(y, whole, sr=32_000) - fx.log_mel_patches(with_more, whole, sr=32_000))) > 1


def test_a_stream_goes_on_at_another_rate() -> None:
    """A tone goes on in phase: what is heard around the change differs little from what is heard without one."""
    spec = replace(SHORT, patch_hop=25)
    stream = fx.PatchStream(spec, 22_050)
    patches = [stream.push(_tone(440.0, 22_050)), stream.change_rate(44_100)]
    assert stream.sr_in == 44_100
    patches += [stream.push(_tone(440.0, 44_100)), stream.flush()]
    without = fx.log_mel_patches(_tone(440.0, 44_100, 4.0), spec, sr=44_100)
    heard = np.concatenate(patches)
    assert heard.shape == without.shape
    assert np.max(np.abs(heard - without)[:, :, 5:30]) < 0.3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": "hamming"}, "window is 'hamming', must be periodic or symmetric"),
        ({"center": 1}, "center is 1, must be true or false"),
        (
            {"center": True, "patch_hop": 2},
            "patch_hop is 2, must be such that whole hops leave more of a patch than a frame",
        ),
        ({"power": 3}, "power is 3"),
        ({"bandwidth": 9_000.0}, "bandwidth is 9000.0, must be 1,000 to sample_rate / 2"),
        ({"preemphasis": 1.0}, "preemphasis is 1.0"),
        ({"triangles": "bark"}, "triangles is 'bark'"),
        ({"norm": ""}, "norm is ''"),
        ({"offset": 0.0}, "offset is 0.0"),
        ({"scale": 0.0}, "scale is 0.0"),
        ({"window": 3}, "window is 3, must be text"),
    ],
)
def test_a_front_end_that_cannot_be_is_one_line(options: dict[str, object], message: str) -> None:
    with pytest.raises(fx.SpecError, match=message):
        fx.PatchSpec(**options)
