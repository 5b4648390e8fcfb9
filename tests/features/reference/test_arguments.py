"""Every argument that librosa takes, and what is neither its default nor refused there: the same numbers here."""

from __future__ import annotations

import inspect
import io
from collections.abc import Callable
from typing import Any

import librosa
import numpy as np
import pytest
import scipy.stats
import soundfile

import features_np as fx
from tests.golden.signals import SIGNALS

Call = Callable[[Any], Any]

Y = SIGNALS["music"]()[: 2 * 22_050]
S = np.abs(librosa.stft(Y))
ENVELOPE = librosa.onset.onset_strength(y=SIGNALS["music"]())
WAV = io.BytesIO()
soundfile.write(WAV, np.stack((Y, Y[::-1]), axis=1), 22_050, format="WAV", subtype="FLOAT")
WAV = WAV.getvalue()

#: What each function is called with beside its defaults.
FIRST = {
    "feature.delta": lambda m: {"data": m.feature.rms(y=Y)},
    "feature.tonnetz": lambda m: {"chroma": m.feature.chroma_stft(y=Y)},
    "feature.zero_crossing_rate": lambda _: {"y": Y},
    "beat.beat_track": lambda _: {"onset_envelope": ENVELOPE},
    "onset.onset_backtrack": lambda _: {"events": np.array([9, 20]), "energy": ENVELOPE},
    "onset.onset_detect": lambda _: {"onset_envelope": ENVELOPE},
    "filters.mel": lambda _: {"sr": 22_050, "n_fft": 2048},
    "filters.chroma": lambda _: {"sr": 22_050, "n_fft": 2048},
    "filters.get_window": lambda _: {"window": "hann", "Nx": 9},
    "effects.trim": lambda _: {"y": Y},
    "effects.preemphasis": lambda _: {"y": Y},
    "util.frame": lambda _: {"x": Y, "frame_length": 9, "hop_length": 4},
    "util.fix_length": lambda _: {"data": Y, "size": 99},
    "util.normalize": lambda _: {"S": S},
    "util.sync": lambda _: {"data": S, "idx": [3, 9]},
    "util.peak_pick": lambda _: {
        "x": ENVELOPE,
        "pre_max": 3,
        "post_max": 3,
        "pre_avg": 3,
        "post_avg": 5,
        "delta": 0.5,
        "wait": 10,
    },
    "stft": lambda _: {"y": Y},
    "fft_frequencies": lambda _: {},
    "mel_frequencies": lambda _: {},
    "to_mono": lambda _: {"y": Y},
    "zero_crossings": lambda _: {"y": Y},
    "resample": lambda _: {"y": Y, "orig_sr": 22_050, "target_sr": 22_050},
    "load": lambda _: {"path": io.BytesIO(WAV)},
    "get_duration": lambda _: {"y": Y},
    "magphase": lambda _: {"D": librosa.stft(Y)},
    "power_to_db": lambda _: {"S": S},
    "amplitude_to_db": lambda _: {"S": S},
    "db_to_power": lambda _: {"S_db": -S},
    "db_to_amplitude": lambda _: {"S_db": -S},
    "hz_to_mel": lambda _: {"frequencies": [1.0, 4_400.0]},
    "mel_to_hz": lambda _: {"mels": [1.0, 60.0]},
    "hz_to_midi": lambda _: {"frequencies": [27.5, 4_400.0]},
    "hz_to_note": lambda _: {"frequencies": [27.5, 4_400.0]},
    "midi_to_hz": lambda _: {"notes": [60, 61.5]},
    "midi_to_note": lambda _: {"midi": [60, 61.2]},
    "note_to_hz": lambda _: {"note": ["A4", "Bb-1", "c##3"]},
    "note_to_midi": lambda _: {"note": ["A4", "Bb-1", "c##3+33"]},
    "frames_to_samples": lambda _: {"frames": [1, 2]},
    "frames_to_time": lambda _: {"frames": [1, 2]},
    "samples_like": lambda _: {"X": S},
    "times_like": lambda _: {"X": S},
    "samples_to_frames": lambda _: {"samples": [1, 2_000]},
    "samples_to_time": lambda _: {"samples": [1, 2_000]},
    "time_to_frames": lambda _: {"times": [0.1, 2.0]},
    "time_to_samples": lambda _: {"times": [0.1, 2.0]},
    "tempo_frequencies": lambda _: {"n_bins": 9},
}


def functions() -> dict[str, Any]:
    """Our functions that librosa has too, by their place."""
    found = {name: getattr(fx, name) for name in fx.__all__}
    for place in ("beat", "effects", "feature", "filters", "onset", "util"):
        found |= {f"{place}.{name}": getattr(getattr(fx, place), name) for name in getattr(fx, place).__all__}
    return {name: function for name, function in found.items() if inspect.isfunction(function) and theirs(name)}


def theirs(name: str) -> Any:
    found: Any = librosa
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def compare(ours: Any, expected: Any, name: str, bound: float = 2e-3) -> None:
    if isinstance(expected, tuple):
        for one, other in zip(ours, expected, strict=True):
            compare(one, other, name, bound)
        return
    assert np.shape(ours) == np.shape(expected), name
    if np.asarray(expected).dtype.kind in "US" or np.asarray(expected).dtype.kind in "biu":
        assert np.array_equal(ours, expected), name
    else:
        scale = max(1.0, float(np.max(np.abs(np.asarray(expected)[np.isfinite(expected)]), initial=0.0)))
        assert np.allclose(ours, expected, rtol=0, atol=bound * scale), name


@pytest.mark.parametrize("name", functions())
def test_defaults_can_be_spelled_out(name: str) -> None:
    """As ``functools.partial``, wrappers and careful people do; all of librosa's are accepted."""
    given = FIRST.get(name, lambda _: {"y": Y})
    known = inspect.signature(theirs(name)).parameters.values()
    spelled = {one.name: one.default for one in known if one.default is not one.empty and one.name != "filename"}
    ours = functions()[name](**(spelled | given(fx)))
    compare(ours, functions()[name](**given(fx)), name, 0.0)
    first = [given(librosa)["midi"]] if name == "midi_to_note" else []  # which it does not take by name
    compare(ours, theirs(name)(*first, **({} if first else given(librosa))), name)


OPTIONS: dict[str, Call] = {
    "window by name": lambda m: m.feature.melspectrogram(y=Y, window="hamming"),
    "window by tuple": lambda m: m.stft(Y, window=("kaiser", 8.0)),
    "window by number": lambda m: m.stft(Y, window=8.0),
    "window by function": lambda m: m.stft(Y, window=np.blackman),
    "window by values": lambda m: m.stft(Y, window=np.bartlett(800), win_length=800),
    "window of a tempogram": lambda m: m.feature.tempogram(onset_envelope=ENVELOPE, window="hamming", win_length=99),
    "padded otherwise": lambda m: m.feature.rms(y=Y, pad_mode="reflect"),
    "padded by the mean": lambda m: m.feature.rms(y=Y, pad_mode="mean"),
    "symmetric": lambda m: m.stft(Y, pad_mode="symmetric", hop_length=300),
    "linear ramp": lambda m: m.stft(Y, pad_mode="linear_ramp", n_fft=1_023),
    "long hops": lambda m: m.stft(Y, hop_length=5_000, pad_mode="reflect"),
    "hops of one": lambda m: m.stft(Y[:5_000], n_fft=256, hop_length=1, pad_mode="edge"),
    "aggregate": lambda m: m.onset.onset_strength(y=Y, aggregate=np.median),
    "max_size": lambda m: m.onset.onset_strength(y=Y, max_size=4, lag=2),
    "detrend": lambda m: m.onset.onset_strength(y=Y, detrend=True),
    "feature": lambda m: m.onset.onset_strength(y=Y, feature=m.feature.chroma_stft, tuning=0.0),
    "reference": lambda m: m.onset.onset_strength(S=S, ref=S[:, ::-1]),
    "magnitudes of rises": lambda m: m.onset.onset_strength(y=Y, power=1.0, n_mels=40, htk=True, win_length=1_000),
    "tempo of frames": lambda m: m.feature.tempo(onset_envelope=ENVELOPE, aggregate=None),
    "tempo by the median": lambda m: m.feature.tempo(onset_envelope=ENVELOPE, aggregate=np.median),
    "tempo with a prior": lambda m: m.feature.tempo(onset_envelope=ENVELOPE, prior=scipy.stats.uniform(30, 100)),
    "tempo of a tempogram": lambda m: m.feature.tempo(tg=m.feature.tempogram(onset_envelope=ENVELOPE)),
    "beats with a prior": lambda m: m.beat.beat_track(onset_envelope=ENVELOPE, prior=scipy.stats.lognorm(1, scale=90)),
    "beats as a mask": lambda m: m.beat.beat_track(onset_envelope=ENVELOPE, sparse=False, trim=False),
    "beats at a tempo that moves": lambda m: m.beat.beat_track(
        onset_envelope=ENVELOPE, bpm=np.linspace(80, 160, len(ENVELOPE)), units="time"
    ),
    "beats that hold fast": lambda m: m.beat.beat_track(onset_envelope=ENVELOPE, tightness=1_000.0, bpm=200),
    "onsets, backtracked": lambda m: m.onset.onset_detect(onset_envelope=ENVELOPE, backtrack=True, units="samples"),
    "onsets, as they are": lambda m: m.onset.onset_detect(onset_envelope=ENVELOPE, normalize=False, delta=1.0, wait=5),
    "onsets of audio": lambda m: m.onset.onset_detect(y=Y, units="time"),
    "filters of another type": lambda m: m.filters.mel(sr=22_050, n_fft=1_024, n_mels=20, norm=1, dtype=np.float64),
    "chroma filters without norm": lambda m: m.filters.chroma(sr=22_050, n_fft=1_024, norm=None, dtype=np.float64),
    "chroma by its sum": lambda m: m.feature.chroma_stft(y=Y, norm=1),
    "peaks above a level": lambda m: m.estimate_tuning(y=Y, ref=1e-3, fmin=100, threshold=0.3, center=False),
    "S of whole numbers": lambda m: m.feature.melspectrogram(S=np.round(S).astype(int)),
    "S, n_fft untold": lambda m: m.estimate_tuning(S=S, n_fft=None),
    "frequencies of each frame": lambda m: m.feature.spectral_centroid(S=S, freq=np.cumsum(np.ones_like(S), axis=0)),
    "spread of those": lambda m: m.feature.spectral_bandwidth(S=S, freq=np.cumsum(np.ones_like(S), axis=0)),
    "roll-off of those": lambda m: m.feature.spectral_rolloff(S=S, freq=np.cumsum(np.ones_like(S), axis=0)),
    "flatness of magnitudes": lambda m: m.feature.spectral_flatness(y=Y, power=1.0, amin=1e-6),
    "crossings, zero apart": lambda m: m.zero_crossings(np.round(5 * Y), zero_pos=False, pad=False, axis=0),
    "crossings of what is loud": lambda m: m.feature.zero_crossing_rate(
        Y, threshold=0.1, ref_magnitude=np.max, pad=True
    ),
    "dB below the median": lambda m: m.amplitude_to_db(S, ref=np.median, top_db=None),
    "dB below each frame's": lambda m: m.power_to_db(S, ref=lambda s: s.max(axis=0)),
    "delta, wider": lambda m: m.feature.delta(S, order=2, width=11, polyorder=3),
    "delta down": lambda m: m.feature.delta(S, axis=0, mode="wrap"),
    "delta of zeros beyond": lambda m: m.feature.delta(S, mode="constant", cval=1.0),
    "normalize to the least": lambda m: m.util.normalize(S + 1, norm=-np.inf, axis=1),
    "normalize and fill": lambda m: m.util.normalize(np.eye(3)[:, :2], norm=2, axis=1, fill=True),
    "normalize and zero": lambda m: m.util.normalize(S, norm=1, threshold=5.0, fill=False),
    "normalize the whole": lambda m: m.util.normalize(S, norm=3, axis=None),
    "normalize by how many": lambda m: m.util.normalize(np.round(S), norm=0),
    "sync of slices": lambda m: m.util.sync(S, [slice(0, 3), slice(2, 9)], aggregate=np.max),
    "sync without the rest": lambda m: m.util.sync(S, [2, 7, 9], pad=False),
    "sync down": lambda m: m.util.sync(S, [100, 700], axis=0),
    "longer by the edge": lambda m: m.util.fix_length(S, size=99, axis=1, mode="edge"),
    "preemphasis, gone on": lambda m: m.effects.preemphasis(Y, coef=0.5, zi=[0.25], return_zf=True),
    "trim below a level": lambda m: m.effects.trim(Y, top_db=10, ref=0.1, frame_length=512, hop_length=100),
    "load at another rate": lambda m: m.load(io.BytesIO(WAV), sr=None, mono=False, offset=0.5, duration=0.25),
    "load as float64": lambda m: m.load(io.BytesIO(WAV), sr=22_050, dtype=np.float64, offset=1.0),
    "duration of frames": lambda m: m.get_duration(S=S, center=False, hop_length=100, n_fft=2048),
    "duration of a file": lambda m: m.get_duration(path=io.BytesIO(WAV)),
    "notes with cents": lambda m: m.midi_to_note([60.4, 71.0], cents=True, unicode=False),
    "notes without octave": lambda m: m.hz_to_note([440.0, 466.2], octave=False),
    "exact notes": lambda m: m.note_to_midi("A4-20", round_midi=False),
    "times of frames not centred": lambda m: m.times_like(9, n_fft=2048, hop_length=100, sr=8_000),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_options_do_what_librosas_do(name: str) -> None:
    compare(OPTIONS[name](fx), OPTIONS[name](librosa), name)


WRONG: dict[str, Call] = {
    "hop_length": lambda m: m.stft(Y, hop_length=0),
    "pad_mode": lambda m: m.stft(Y, pad_mode="wrap"),
    "audio": lambda m: m.stft([0.0] * 9),
    "top_db": lambda m: m.power_to_db(S, top_db=-1),
    "lifter": lambda m: m.feature.mfcc(y=Y, lifter=-1),
    "width": lambda m: m.feature.delta(S, width=4),
    "quantile": lambda m: m.feature.spectral_contrast(y=Y, quantile=1.0),
    "tightness": lambda m: m.beat.beat_track(y=Y, tightness=0),
    "bpm": lambda m: m.beat.beat_track(y=Y, bpm=-1),
    "units": lambda m: m.beat.beat_track(y=Y, units="hours"),
    "start_bpm": lambda m: m.feature.tempo(y=Y, start_bpm=0),
    "lag": lambda m: m.onset.onset_strength(y=Y, lag=0),
    "aggregate": lambda m: m.onset.onset_strength(y=Y, aggregate=False),
    "ref": lambda m: m.onset.onset_strength(y=Y, ref=S),
    "window": lambda m: m.stft(Y, window=[1.0, 2.0]),
    "norm of mel filters": lambda m: m.filters.mel(sr=22_050, n_fft=512, norm="loud"),
    "norm": lambda m: m.util.normalize(S, norm="loud"),
    "threshold": lambda m: m.util.normalize(S, threshold=0),
    "frame": lambda m: m.util.frame(Y, frame_length=len(Y) + 1, hop_length=1),
    "idx": lambda m: m.util.sync(S, [1.5]),
    "delta of peaks": lambda m: m.util.peak_pick(**(FIRST["util.peak_pick"](m) | {"x": Y, "delta": -1})),
    "note": lambda m: m.note_to_midi("H4"),
    "out": lambda m: m.stft(Y, out=np.empty((3, 3), complex)),
    "nothing": lambda m: m.feature.rms(),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_librosa_refuses_is_its_error_here(name: str) -> None:
    for module in (librosa, fx):
        with pytest.raises(module.ParameterError):
            WRONG[name](module)


@pytest.mark.parametrize("value", [[1.0], "high", None, {}, np.array([1.0, 2.0])])
def test_a_number_that_is_none_is_named(value: object) -> None:
    with pytest.raises(fx.ParameterError, match="sample rate is"):
        fx.feature.mfcc(y=Y, sr=value)
    with pytest.raises(fx.ParameterError, match="fmin is"):
        fx.feature.mfcc(y=Y, fmin=value)


def test_what_is_refused_says_what_to_do() -> None:
    with pytest.raises(fx.ParameterError, match=r"scipy\.signal\.get_window returns"):
        fx.stft(Y, window="dpss")
    with pytest.raises(fx.ParameterError, match="soxr_hq"):
        fx.resample(Y, orig_sr=22_050, target_sr=8_000, res_type="magic")
    with pytest.raises(fx.ParameterError, match="by librosa alone"):
        fx.midi_to_note(60, key="Eb:min")
    with pytest.raises(fx.ParameterError, match="logpdf"):
        fx.feature.tempo(y=Y, prior="uniform")
    with pytest.raises(AttributeError, match=r"librosa\.cqt needs librosa; for 12 bins take feature\.chroma_stft"):
        fx.cqt(Y)
    with pytest.raises(fx.SignalError, match="convert it to WAV or FLAC"):
        fx.load(io.BytesIO(b"no audio at all" * 100))
    with pytest.raises(FileNotFoundError):
        fx.load("nowhere.wav")


@pytest.mark.filterwarnings("default")
def test_complex_levels_warn_as_there() -> None:
    for module in (librosa, fx):
        for name in ("power_to_db", "amplitude_to_db"):
            with pytest.warns(UserWarning, match="phase information will be discarded"):
                getattr(module, name)(librosa.stft(Y))
