"""Tests without librosa: bad input is an error with a remedy, and music theory holds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import features_np as fx
from edge.audio.demo import synthesize
from features_np.pcm import require_signal
from features_np.spectra.framing import frame_signal
from features_np.vector.groups import GROUPS
from features_np.vector.parameters import PITCH_CLASSES
from tests.golden.signals import SIGNALS

ALL = fx.FeatureSpec(groups=tuple(GROUPS))

FUNCTIONS: dict[str, Callable[[np.ndarray], object]] = {
    "stft": fx.stft,
    "melspectrogram": lambda y: fx.feature.melspectrogram(y=y),
    "mfcc": lambda y: fx.feature.mfcc(y=y),
    "chroma_stft": lambda y: fx.feature.chroma_stft(y=y),
    "estimate_tuning": lambda y: fx.estimate_tuning(y=y),
    "onset_strength": lambda y: fx.onset.onset_strength(y=y),
    "tempogram": lambda y: fx.feature.tempogram(y=y),
    "tempo": lambda y: fx.feature.tempo(y=y),
    "zero_crossing_rate": fx.feature.zero_crossing_rate,
    "spectral_rolloff": lambda y: fx.feature.spectral_rolloff(y=y),
    "spectral_centroid": lambda y: fx.feature.spectral_centroid(y=y),
    "summarize": lambda y: fx.summarize(y, ALL),
    "require_signal": require_signal,
}


def _with(value: float) -> np.ndarray:
    y = SIGNALS["music"]()[:30_000].copy()
    y[123] = value
    return y


BAD = {
    "NaN": (lambda: _with(np.nan), "nan at sample 123"),
    "infinity": (lambda: _with(-np.inf), "-inf at sample 123"),
    "a scale that overflows": (lambda: _with(1e20), "divide it by its full scale"),
    "int16": (lambda: np.zeros(3000, np.int16), "int16_to_float32"),
    "int32": (lambda: np.zeros(3000, np.int32), "must be float32"),
    "bool": (lambda: np.zeros(3000, bool), "must be float32"),
    "complex": (lambda: np.zeros(3000, np.complex64), "must be float32"),
    "stereo": (lambda: np.zeros((3000, 2), np.float32), "to_mono"),
    "a number": (lambda: np.float32(0.5), "numpy array"),
    "rank 0": (lambda: np.array(0.5, np.float32), "to_mono"),
    "a list": (lambda: [0.0] * 3000, "numpy array"),
    "nothing": (lambda: np.empty(0, np.float32), "empty"),
}


#: What describes one signal; everything else takes channels, as librosa does.
MONO = {"summarize", "require_signal"}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_bad_audio_is_an_error_that_says_what_to_do(name: str, kind: str) -> None:
    make, message = BAD[kind]
    if kind == "stereo" and name not in MONO:
        assert np.shape(FUNCTIONS[name](make().T)) == () or len(FUNCTIONS[name](make().T)) == 2
        return
    with pytest.raises(fx.SignalError, match=message):
        FUNCTIONS[name](make())


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("samples", [1, 2, 511, 512, 1024, 2047, 2049])
def test_short_signals_have_a_result(name: str, samples: int) -> None:
    result = FUNCTIONS[name](SIGNALS["noise"]()[:samples])
    assert np.all(np.isfinite(result))


@settings(deadline=None, max_examples=40)
@given(
    scale=st.sampled_from((0.0, 1e-45, 1e-38, 1e-20, 1e-10, 1e-4, 1.0, 100.0, 1e10)),
    samples=st.integers(1, 40_000),
    dtype=st.sampled_from((np.float16, np.float32, np.float64, np.dtype(">f4"), np.dtype(">f8"))),
    step=st.sampled_from((1, 2, -1)),
)
def test_any_scale_length_and_floating_type_gives_finite_numbers(
    scale: float, samples: int, dtype: np.dtype, step: int
) -> None:
    """Denormals, silence, half precision, foreign byte order, views that are not contiguous."""
    y = np.random.default_rng(samples).standard_normal(samples) * min(scale, 1e3 if dtype == np.float16 else scale)
    vector = fx.summarize(y.astype(dtype)[::step], ALL)
    assert vector.dtype == np.float32
    assert np.all(np.isfinite(vector))


def test_half_precision_and_foreign_byte_order_are_the_same_samples() -> None:
    y = SIGNALS["music"]()[:30_000]
    assert np.array_equal(fx.summarize(y.astype(">f4"), ALL), fx.summarize(y, ALL))
    assert np.array_equal(fx.summarize(y.astype(np.float64), ALL), fx.summarize(y, ALL))
    half = y.astype(np.float16)
    assert np.array_equal(fx.summarize(half, ALL), fx.summarize(half.astype(np.float32), ALL))


def test_the_signal_is_not_changed() -> None:
    y = SIGNALS["music"]()[:30_000]
    before = y.copy()
    for function in FUNCTIONS.values():
        function(y)
    assert np.array_equal(y, before)


def test_a_rate_other_than_the_specs_is_an_error() -> None:
    with pytest.raises(fx.SampleRateError, match=r"resample\(y, orig_sr=48000, target_sr=22050\)"):
        fx.summarize(SIGNALS["noise"](), ALL, sr=48_000)
    with pytest.raises(fx.SampleRateError, match="above 0 Hz"):
        fx.feature.mfcc(y=SIGNALS["noise"](), sr=0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda y: fx.stft(y, hop_length=0), "hop_length"),
        (lambda y: fx.stft(y, win_length=4096), "win_length"),
        (lambda y: fx.stft(y, window="kaiser"), "window"),
        (lambda y: fx.stft(y, pad_mode="wrap"), "pad_mode"),
        (lambda y: fx.stft(y[:100], center=False), "one frame"),
        (lambda _: fx.feature.mfcc(), "neither y nor S"),
        (lambda y: fx.feature.mfcc(y=y, lifter=-1), "lifter"),
        (lambda y: fx.feature.melspectrogram(y=y, fmin=12_000), "fmin"),
        (lambda y: fx.feature.melspectrogram(y=y, norm="unit"), "norm"),
        (lambda y: fx.feature.chroma_stft(S=fx.stft(y)), "abs"),
        (lambda y: fx.feature.chroma_stft(S=-np.abs(fx.stft(y))), "negative"),
        (lambda y: fx.power_to_db(y, amin=0), "amin"),
        (lambda y: fx.power_to_db(y, top_db=-1), "top_db"),
        (lambda y: fx.estimate_tuning(y=y, resolution=0), "resolution"),
        (lambda y: fx.onset.onset_strength(y=y, lag=0), "lag"),
        (lambda y: fx.feature.tempogram(y=y, win_length=0), "win_length"),
        (lambda _: fx.feature.tempo(), "neither y nor onset_envelope"),
        (lambda _: fx.feature.tempo(onset_envelope=np.array([np.nan])), "finite"),
        (lambda y: fx.feature.tempo(y=y, start_bpm=0), "start_bpm"),
        (lambda y: fx.feature.tempo(y=y, ac_size=0.01), "ac_size"),
        (lambda y: fx.feature.spectral_rolloff(y=y, roll_percent=1), "roll_percent"),
        (lambda y: fx.stft(y, n_fft=0), "n_fft is 0, must be a whole number, 1 or more"),
        (lambda y: fx.stft(y, n_fft=2048.0), "n_fft is 2048.0"),
        (lambda y: fx.stft(y, win_length=0), "win_length is 0"),
        (lambda y: fx.feature.melspectrogram(y=y, n_mels=0), "n_mels is 0"),
        (lambda y: fx.feature.mfcc(y=y, n_mfcc=0), "n_mfcc is 0"),
        (lambda y: fx.feature.chroma_stft(y=y, n_chroma=0), "n_chroma is 0"),
        (lambda y: fx.estimate_tuning(y=y, bins_per_octave=0), "bins_per_octave is 0"),
        (lambda y: fx.feature.zero_crossing_rate(y, hop_length=0), "hop_length is 0"),
        (lambda y: fx.feature.zero_crossing_rate(y, frame_length=0), "frame_length is 0"),
        (lambda y: fx.onset.onset_strength(y=y, hop_length=0), "hop_length is 0"),
        (lambda _: fx.feature.tempo(onset_envelope=np.ones(99), hop_length=0), "hop_length is 0"),
    ],
)
def test_a_bad_argument_is_an_error_that_names_it(call: Callable[[np.ndarray], object], message: str) -> None:
    with pytest.raises(fx.FeatureError, match=message):
        call(SIGNALS["noise"]()[:5_000])


@settings(deadline=None, max_examples=10)
@given(decibels=st.floats(-30, 20))
def test_gain_moves_the_mean_of_mfcc_0_by_a_known_amount_and_nothing_else(decibels: float) -> None:
    """A gain adds to every mel bin, so sqrt(n_mels) times as much to the 0th coefficient of an orthonormal DCT."""
    spec = fx.FeatureSpec()
    y = SIGNALS["music"]()[:100_000]
    here = fx.summarize(y, spec)
    there = fx.summarize(y * np.float32(10 ** (decibels / 20)), spec)
    difference = there - here
    assert difference[0] == pytest.approx(decibels * np.sqrt(spec.n_mels), abs=1e-2)
    assert np.max(np.abs(difference[1:])) < 1e-2


@pytest.mark.parametrize("semitones", [1, 2, 5])
def test_transposition_rotates_chroma(semitones: int) -> None:
    """Tones of a chord, moved: overtones of the same strength, so the chroma is the same from another pitch class."""

    def chord(shift: int) -> np.ndarray:
        t = np.arange(3 * 22_050) / 22_050
        notes = [440.0 * 2 ** ((semitone + shift) / 12) for semitone in (0, 4, 7)]
        return (0.2 * sum(np.sin(2 * np.pi * hertz * t) for hertz in notes)).astype(np.float32)

    here, there = (fx.feature.chroma_stft(y=chord(shift)).mean(axis=1) for shift in (0, semitones))
    assert np.argmax(here) in {PITCH_CLASSES.index(pitch) for pitch in ("A", "C#", "E")}
    assert np.max(np.abs(np.roll(here, semitones) - there)) < 0.1  # bins are whole Hz apart, pitches are not
    assert np.corrcoef(np.roll(here, semitones), there)[0, 1] > 0.99


@pytest.mark.parametrize("cents", [-40, -15, 0, 30, 45])
def test_tuning_is_found(cents: int) -> None:
    t = np.arange(2 * 22_050) / 22_050
    y = sum(np.sin(2 * np.pi * 440 * 2 ** ((note + cents / 100) / 12) * t) for note in (0, 3, 8)).astype(np.float32)
    assert fx.estimate_tuning(y=y) == pytest.approx(cents / 100, abs=0.021)


@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_time_stretch_scales_tempo(factor: float) -> None:
    """With its prior scaled too, which otherwise decides between a tempo and its double."""
    here, there = (
        fx.feature.tempo(y=synthesize(12.0, tempo_bpm=bpm), start_bpm=bpm)[0] for bpm in (110.0, 110.0 * factor)
    )
    assert there / here == pytest.approx(factor, rel=0.05)  # lags are whole frames: 2 % at this tempo, on both sides


@given(st.lists(st.integers(-32_768, 32_767), max_size=50))
def test_int16_survives_the_way_to_float_and_back(values: list[int]) -> None:
    samples = np.array(values, dtype=np.int16)
    floats = fx.int16_to_float32(samples)
    assert floats.dtype == np.float32
    assert np.all((floats >= -1) & (floats < 1))
    assert np.array_equal(fx.float32_to_int16(floats), samples)


def test_float32_to_int16_rounds_and_clips() -> None:
    floats = np.array([1.0, 1.5, -1.0, -2.0, 0.6 / 32_768, 0.4 / 32_768], dtype=np.float32)
    assert fx.float32_to_int16(floats).tolist() == [32_767, 32_767, -32_768, -32_768, 1, 0]
    with pytest.raises(fx.SignalError, match="NaN"):
        fx.float32_to_int16(np.array([np.nan], dtype=np.float32))
    with pytest.raises(fx.SignalError, match="floating"):
        fx.float32_to_int16(np.array([1]))
    with pytest.raises(fx.SignalError, match="int16"):
        fx.int16_to_float32(np.array([1.0]))


def test_to_mono_averages_channels() -> None:
    channels = np.array([[1.0, 0.5], [0.0, -0.5]], dtype=np.float32)
    assert fx.to_mono(channels).tolist() == [0.5, 0.0]
    assert fx.to_mono(channels[0]).tolist() == [1.0, 0.5]
    surround = np.random.default_rng(0).uniform(-1, 1, (6, 100))
    assert np.allclose(fx.to_mono(surround), surround.mean(axis=0), rtol=0, atol=1e-15)
    assert np.allclose(fx.to_mono(surround.reshape(2, 3, 100)), surround.mean(axis=0), rtol=0, atol=1e-15)
    before = surround.copy()
    fx.to_mono(surround[:1])[:] = 0.0
    assert np.array_equal(surround, before), "the mix is a copy"
    for wrong in (np.zeros((0, 2), np.float32), np.zeros((2, 2), np.int16), np.array(0.5)):
        with pytest.raises(fx.SignalError):
            fx.to_mono(wrong)


def test_frames_need_no_larger_view_than_they_are() -> None:
    """A view at every sample of 12 s and more is larger than what 32 bits can count; this one is so for 64 bits."""
    n_samples, frame_length, hop_length = 2**54, 2**12, 2**47
    endless = np.broadcast_to(np.float32(0.5), n_samples)
    frames = frame_signal(endless, frame_length, hop_length)
    assert frames.shape == (2**7, frame_length)
    y = np.arange(100, dtype=np.float32)
    assert np.array_equal(frame_signal(y, 7, 3), np.lib.stride_tricks.sliding_window_view(y, 7)[::3])
    assert not frame_signal(y, 7, 3).flags.writeable


@given(
    curve=st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0, 2.0]), max_size=40),
    reach=st.tuples(st.integers(0, 4), st.integers(1, 4), st.integers(0, 6), st.integers(1, 6)),
    wait=st.integers(0, 6),
)
def test_peaks_are_those_of_the_definition(curve: list[float], reach: tuple[int, int, int, int], wait: int) -> None:
    pre_max, post_max, pre_avg, post_avg = reach
    expected: list[int] = []
    for place, value in enumerate(curve):
        highest = max(curve[max(place - pre_max, 0) : place + post_max])
        around = curve[max(place - pre_avg, 0) : place + post_avg]
        is_peak = value == highest and value >= sum(around) / len(around) + 0.125
        if is_peak and (not expected or place - expected[-1] > wait):
            expected.append(place)
    options = {"pre_max": pre_max, "post_max": post_max, "pre_avg": pre_avg, "post_avg": post_avg, "wait": wait}
    found = fx.util.peak_pick(np.array(curve), delta=0.125, **options)
    assert found.tolist() == expected


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_decibels_of_a_large_array_are_those_of_its_values(order: tuple[int, int, int]) -> None:
    power = np.random.default_rng(0).random((3, 300, 170), dtype=np.float32).transpose(order)
    given_power = power.copy()
    levels = fx.power_to_db(power, top_db=None)
    each = [fx.power_to_db(row, top_db=None) for row in power.reshape(-1, power.shape[-1])]
    assert np.array_equal(levels.reshape(-1, power.shape[-1]), each)
    assert np.array_equal(power, given_power)
