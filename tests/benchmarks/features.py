"""Speed of features_np beside librosa and the bare FFT of the same frames: ``python -m tests.benchmarks.features``.

One core, one BLAS thread, float32, one real track (or, without ``../shared``, synthetic music). The tasks of a table
are measured alternately in one process; figures are medians of the thread's CPU time, since wall time depends on load.
Compare ratios, not times, between machines.
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

ROUNDS = 15
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")

FIRST_VECTOR = {
    "features_np": "import features_np as fx; fx.summarize(y, fx.FeatureSpec())",
    "librosa": "import librosa; librosa.feature.mfcc(y=y, n_mfcc=30); librosa.feature.chroma_stft(y=y); "
    "librosa.feature.tempo(y=y)",
    "numpy and scipy.fft alone": "import scipy.fft; scipy.fft.rfft(y[:2048])",
}


def measure(tasks: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, float]:
    """Run all tasks in turns; return the median CPU milliseconds of each."""
    taken: dict[str, list[float]] = {name: [] for name in tasks}
    for task in tasks.values():
        task()  # caches, lazy imports, compilation
    for _ in range(rounds):
        for name, task in tasks.items():
            start = time.thread_time()
            task()
            taken[name].append(1000 * (time.thread_time() - start))
    return {name: statistics.median(values) for name, values in taken.items()}


def table(title: str, times: dict[str, float], references: list[str]) -> None:
    """Print times and their ratios to the references."""
    print(f"\n{title}\n\n| what | ms |" + "".join(f" / {name} |" for name in references))
    print("|---|---:|" + "---:|" * len(references))
    for name, value in times.items():
        print(f"| {name} | {value:.2f} |" + "".join(f" {value / times[reference]:.2f} |" for reference in references))


def batch_tasks(y):
    """The 85 numbers of a track, the bare FFT of its frames, librosa's three calls, and peers that are installed."""
    import librosa
    import numpy as np
    import scipy.fft

    import features_np as fx
    from build.tables.feature_sets import TIMBRE_GROUPS

    frames = np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(np.pad(y, 1024), 2048)[::512])
    spec, timbre = fx.FeatureSpec(), fx.FeatureSpec(groups=TIMBRE_GROUPS)

    def with_librosa() -> None:
        librosa.feature.mfcc(y=y, n_mfcc=30)
        librosa.feature.chroma_stft(y=y)
        librosa.feature.tempo(y=y)

    tasks = {
        "bare FFT": lambda: scipy.fft.rfft(frames),
        "85 numbers, features_np": lambda: fx.summarize(y, spec),
        "85 numbers, librosa": with_librosa,
        "359 numbers (timbre), features_np": lambda: fx.summarize(y, timbre),
        "mfcc, features_np": lambda: fx.feature.mfcc(y=y, n_mfcc=30),
        "mfcc, librosa": lambda: librosa.feature.mfcc(y=y, n_mfcc=30),
        "chroma_stft, features_np": lambda: fx.feature.chroma_stft(y=y),
        "chroma_stft, librosa": lambda: librosa.feature.chroma_stft(y=y),
        "tempo, features_np": lambda: fx.feature.tempo(y=y),
        "tempo, librosa": lambda: librosa.feature.tempo(y=y),
    }
    return tasks | peers(y)


def peers(y) -> dict[str, Callable[[], object]]:
    """MFCCs by other libraries, where they are installed: another definition each, the same amount of work."""
    tasks: dict[str, Callable[[], object]] = {}
    if importlib.util.find_spec("audioflux"):
        import audioflux

        frames = {"radix2_exp": 11, "samplate": 22_050, "slide_length": 512}
        tasks["mfcc, audioflux"] = lambda: audioflux.mfcc(y, cc_num=30, mel_num=128, **frames)
        tasks["chroma, audioflux"] = lambda: audioflux.chroma_linear(y, **frames)
    if importlib.util.find_spec("kaldi_native_fbank"):
        import kaldi_native_fbank as knf

        def with_kaldi() -> None:
            options = knf.MfccOptions()
            options.frame_opts.samp_freq, options.frame_opts.dither = 22_050, 0
            options.frame_opts.frame_length_ms, options.frame_opts.frame_shift_ms = 2048 / 22.05, 512 / 22.05
            options.mel_opts.num_bins, options.num_ceps = 128, 30
            online = knf.OnlineMfcc(options)
            online.accept_waveform(22_050, y.tolist())
            online.input_finished()

        tasks["mfcc, kaldi-native-fbank"] = with_kaldi
    return tasks


def live_tasks(y, window_s: float) -> dict[str, Callable[[], object]]:
    """One second of new audio in a full window: by the stream, and with the window computed anew."""
    import librosa
    import numpy as np

    import features_np as fx

    spec = fx.FeatureSpec(window_s=window_s)
    stream, loop, place = fx.FeatureStream(spec), np.tile(y, 1 + round(window_s / 30)), [0]
    stream.push(loop[: spec.window_samples])
    stream.vector()

    def second() -> None:
        stream.push(y[place[0] : place[0] + 22_050])
        stream.vector()
        place[0] = (place[0] + 22_050) % (len(y) - 22_050)

    def anew() -> None:
        window = loop[: spec.window_samples]
        librosa.feature.mfcc(y=window, n_mfcc=30)
        librosa.feature.chroma_stft(y=window)
        librosa.feature.tempo(y=window)

    return {
        f"{window_s:g} s window, push and vector": second,
        f"{window_s:g} s window, summarize anew": lambda: fx.summarize(loop[: spec.window_samples], spec),
        f"{window_s:g} s window, librosa anew": anew,
    }


def fresh_processes() -> None:
    """Print time and peak memory of a new process up to its first vector."""
    print("\nA new process: from its start to the first vector of 30 s (best of 5); peak resident memory\n")
    print("| what | s, wall | s, CPU | MB |\n|---|---:|---:|---:|")
    for name, statement in FIRST_VECTOR.items():
        code = (
            "import time; t = time.perf_counter(); import numpy as np; "
            "y = 0.1 * np.random.default_rng(0).standard_normal(661500, dtype=np.float32); "
            f"{statement}; print(time.perf_counter() - t, time.process_time()); "
            "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
        )
        runs = [
            subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
            for _ in range(5)
        ]
        wall, cpu = (min(float(run[index]) for run in runs) for index in (0, 1))
        print(f"| {name} | {wall:.2f} | {cpu:.2f} | {int(runs[0][2]) / 1024:.0f} |")


def track():
    """The first 30 s of a real track, or of synthetic music where there is none."""
    from edge.audio.demo import synthesize
    from tests.features.recordings import full_tracks, recording

    tracks = full_tracks(1)
    print(f"signal: {tracks[-1] if tracks else 'synthetic'}, 30 s")
    return recording(tracks[-1])[: 30 * 22_050] if tracks else synthesize(30.0)


def main() -> None:
    """Print all tables."""
    if any(os.environ.get(name) != value for name, value in THREADS.items()):  # read when NumPy is loaded
        kept = {key: value for key, value in os.environ.items() if key not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
        command = [sys.executable, "-m", "tests.benchmarks.features"]
        sys.exit(subprocess.run(command, env=kept | THREADS, check=False).returncode)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    import numpy as np  # noqa: F401 - so that its BLAS is loaded
    from threadpoolctl import threadpool_info

    blas = ", ".join(sorted({f"{pool['internal_api']} {pool.get('architecture')}" for pool in threadpool_info()}))
    print(f"one core, BLAS: {blas}, load {os.getloadavg()[0]:.1f}; median CPU time of {ROUNDS} rounds")
    y = track()
    times = measure(batch_tasks(y))
    table("Batch, a track of 30 s", times, ["bare FFT", "85 numbers, librosa"])
    for window_s in (10.0, 30.0, 60.0):
        times = measure(live_tasks(y, window_s), rounds=30 if window_s == 30 else ROUNDS)
        table("A live update, 1 s of new audio", times, [f"{window_s:g} s window, librosa anew"])
    fresh_processes()


if __name__ == "__main__":
    main()
