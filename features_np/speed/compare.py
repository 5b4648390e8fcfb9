"""Time every function beside its counterpart in librosa: ``python -m features_np.speed.compare``.

Prints CPU milliseconds, the median of rounds in which the libraries alternate, so that load affects both. Without
librosa it prints only ours.
"""

from __future__ import annotations

import argparse
import importlib
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

Task = Callable[[Any], object]
ROUNDS = 9
#: The width of what a peak is compared with, as ``onset_detect`` has it.
PICKING = {"pre_max": 3, "post_max": 3, "pre_avg": 9, "post_avg": 9, "delta": 0.1, "wait": 3}


def music(seconds: float, sr: int = 22_050) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return chords and a beat: float32 (n,)."""
    t = np.arange(int(seconds * sr)) / sr
    beat = np.exp(-8 * (t % 0.5))
    tones = [np.sin(2 * np.pi * 220 * 2 ** ((step + 5 * (t // 2 % 4)) / 12) * t) for step in (0, 4, 7)]
    noise = np.random.default_rng(0).standard_normal(len(t))
    return np.asarray(0.1 * np.sum(tones, axis=0) * beat + 0.02 * noise * beat, dtype=np.float32)


def tasks(y: Any) -> dict[str, Task]:
    """Return calls that take the library as their argument; what takes microseconds is repeated."""
    stereo = np.stack((y, y[::-1]))
    cepstra = np.random.default_rng(0).standard_normal((20, 1_292)).astype(np.float32)
    S = np.abs(np.random.default_rng(1).standard_normal((1_025, 1_292))).astype(np.float32)
    envelope = np.random.default_rng(2).random(1_292).astype(np.float32) ** 4
    quiet = (y * np.float32(1e-41)).astype(np.float32)
    return {
        "stft": lambda m: m.stft(y),
        "mfcc": lambda m: m.feature.mfcc(y=y),
        "mfcc of two channels": lambda m: m.feature.mfcc(y=stereo),
        "mfcc of denormals": lambda m: m.feature.mfcc(y=quiet),
        "melspectrogram": lambda m: m.feature.melspectrogram(y=y),
        "chroma_stft": lambda m: m.feature.chroma_stft(y=y),
        "tonnetz(chroma=)": lambda m: m.feature.tonnetz(chroma=S[:12]),
        "delta": lambda m: m.feature.delta(cepstra),
        "delta(mode='nearest')": lambda m: m.feature.delta(cepstra, mode="nearest"),
        "rms": lambda m: m.feature.rms(y=y),
        "rms(S=)": lambda m: m.feature.rms(S=S),
        "zero_crossing_rate": lambda m: m.feature.zero_crossing_rate(y),
        "zero_crossings": lambda m: m.zero_crossings(y),
        "spectral_centroid": lambda m: m.feature.spectral_centroid(y=y),
        "spectral_bandwidth": lambda m: m.feature.spectral_bandwidth(y=y),
        "spectral_rolloff": lambda m: m.feature.spectral_rolloff(y=y),
        "spectral_contrast": lambda m: m.feature.spectral_contrast(y=y),
        "spectral_flatness": lambda m: m.feature.spectral_flatness(y=y),
        "spectral_centroid(S=)": lambda m: m.feature.spectral_centroid(S=S),
        "spectral_bandwidth(S=)": lambda m: m.feature.spectral_bandwidth(S=S),
        "spectral_rolloff(S=)": lambda m: m.feature.spectral_rolloff(S=S),
        "spectral_contrast(S=)": lambda m: m.feature.spectral_contrast(S=S),
        "spectral_flatness(S=)": lambda m: m.feature.spectral_flatness(S=S),
        "estimate_tuning": lambda m: m.estimate_tuning(y=y),
        "onset_strength": lambda m: m.onset.onset_strength(y=y),
        "onset_detect(onset_envelope=)": lambda m: [m.onset.onset_detect(onset_envelope=envelope) for _ in range(20)],
        "tempogram": lambda m: m.feature.tempogram(onset_envelope=envelope),
        "tempo": lambda m: m.feature.tempo(onset_envelope=envelope),
        "beat_track": lambda m: m.beat.beat_track(y=y),
        "beat_track(bpm=)": lambda m: m.beat.beat_track(onset_envelope=envelope, bpm=120),
        "power_to_db": lambda m: m.power_to_db(S),
        "amplitude_to_db": lambda m: m.amplitude_to_db(S),
        "hz_to_mel of a number": lambda m: [m.hz_to_mel(4_400.0) for _ in range(500)],
        "mel_to_hz of a number": lambda m: [m.mel_to_hz(40.0) for _ in range(500)],
        "frames_to_time of a number": lambda m: [m.frames_to_time(43) for _ in range(500)],
        "filters.mel": lambda m: m.filters.mel(sr=22_050, n_fft=2048),
        "util.normalize": lambda m: m.util.normalize(S),
        "util.frame": lambda m: [m.util.frame(y, frame_length=2048, hop_length=512) for _ in range(100)],
        "util.peak_pick": lambda m: [m.util.peak_pick(envelope, **PICKING) for _ in range(20)],
        "effects.trim": lambda m: m.effects.trim(y),
        "effects.preemphasis": lambda m: m.effects.preemphasis(y),
        "to_mono": lambda m: m.to_mono(stereo),
        "resample 44.1 to 22.05 kHz": lambda m: m.resample(y, orig_sr=44_100, target_sr=22_050),
        "resample 48 to 22.05 kHz": lambda m: m.resample(y, orig_sr=48_000, target_sr=22_050),
        "resample 22.05 to 16 kHz": lambda m: m.resample(y, orig_sr=22_050, target_sr=16_000),
        "resample 44.1 to 48 kHz": lambda m: m.resample(y, orig_sr=44_100, target_sr=48_000),
    }


def measure(task: Task, modules: list[Any], rounds: int = ROUNDS) -> list[float]:
    """Return the median CPU milliseconds of a task with each module, in turns."""
    taken: list[list[float]] = [[] for _ in modules]
    for module in modules:
        task(module)  # caches, lazy imports, compilation
    for _ in range(rounds):
        for module, times in zip(modules, taken, strict=True):
            begin = time.thread_time()
            task(module)
            times.append(1_000 * (time.thread_time() - begin))
    return [statistics.median(times) for times in taken]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--beside", default="librosa", help="module to compare with, if it is installed")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of the signal")
    parser.add_argument("only", nargs="*", help="tasks whose names begin so; all by default")
    arguments = parser.parse_args()
    modules = [importlib.import_module("features_np")]
    try:
        modules.append(importlib.import_module(arguments.beside))
    except ImportError:
        print(f"{arguments.beside} is not installed")
    print(f"{arguments.seconds:g} s of synthetic music at 22,050 Hz, median CPU time of {ROUNDS} rounds\n")
    print("| what | ms |" + f" {arguments.beside} | ratio |" * (len(modules) - 1))
    print("|---|---:|" + "---:|---:|" * (len(modules) - 1))
    warnings.simplefilter("ignore")
    for name, task in tasks(music(arguments.seconds)).items():
        if not arguments.only or name.startswith(tuple(arguments.only)):
            times = measure(task, modules)
            more = f" {times[1]:.2f} | {times[0] / times[1]:.2f} |" if len(times) > 1 else ""
            print(f"| {name} | {times[0]:.2f} |{more}", flush=True)


if __name__ == "__main__":
    main()
