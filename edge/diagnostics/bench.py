"""Measures speed and memory on the device at hand."""

from __future__ import annotations

import json
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np

from edge.audio.demo import synthesize
from edge.diagnostics.cpu_instructions import instructions_of
from edge.errors import EdgeError
from edge.events import Block, Chunk
from edge.live.pace import LONGEST_INTERVAL_S
from edge.live.pipeline import Pipeline
from edge.model.bundle import Bundle, contents_of, load_bundle
from edge.model.classifier import Classifier
from edge.model.head_input import HeadInputStream
from edge.model.listener import ListenerNetwork
from features_np.pcm import float32_to_int16

#: Seconds of the synthesized piece, and its repetitions: enough to fill a window and go on for a while.
PIECE_S, REPEATS = 30.0, 4
UPDATES = 40
INFERENCES = 200
IMPORTS = 3


@dataclass(frozen=True, slots=True)
class ListenerFigures:
    """Measurements of a listener alone, for each patch when those of a second run together."""

    name: str
    patches_per_s: float  # of audio
    seconds: float
    instructions: int | None  # see ``Figures``


@dataclass(frozen=True, slots=True)
class Figures:
    """Measurements; times are wall seconds, medians where there are several."""

    machine: str
    python: str
    numpy: str
    runtime: str
    model: str
    real_time_factor: float  # seconds of audio processed in one second by one core, at one update a second
    core_share: float  # share of one core that listening takes, at one update a second
    update_s: float  # one second of new audio into the features, a vector and its classification
    slowest_update_s: float
    inference_s: float  # the head alone, of one window
    inference_instructions: int | None  # in user mode; None where the processor does not count them
    listeners: tuple[ListenerFigures, ...]
    model_bytes: int  # both networks and the sidecar
    load_s: float  # the model bundle
    import_s: float  # a new process that imports all that listening needs
    rss_bytes: int  # largest resident memory of `livegenre listen --json` on a pipe

    def to_json(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return asdict(self)


class _Piece:
    """Source that gives a piece over and over, in blocks of a second."""

    name = "bench"
    backlog_s = 0.0

    def __init__(self, samples: np.ndarray[Any, np.dtype[np.float32]], sample_rate: int, repeats: int) -> None:
        self._samples, self._sample_rate, self._repeats = samples, sample_rate, repeats

    def __iter__(self) -> Iterator[Chunk]:
        for _ in range(self._repeats):
            for start in range(0, len(self._samples), self._sample_rate):
                yield Block(self._samples[start : start + self._sample_rate, np.newaxis], self._sample_rate)

    def close(self) -> None:
        """Nothing is held."""


def measure(model: Path | str | None = None) -> Figures:
    """Measure everything; takes about ten seconds on a small device."""
    load_s = _median_time(lambda: load_bundle(model), IMPORTS)
    bundle = load_bundle(model)
    rate = bundle.spec.sample_rate
    piece = synthesize(PIECE_S, sample_rate=rate)
    share = _core_share(bundle, piece)
    updates = _update_times(bundle, piece)
    classify, vector = Classifier(bundle), bundle.mean
    return Figures(
        machine=f"{platform.machine()}, {_processor()}",
        python=platform.python_version(),
        numpy=np.__version__,
        runtime=bundle.interpreter.runtime,
        model=bundle.name,
        real_time_factor=1.0 / share,
        core_share=share,
        update_s=statistics.median(updates),
        slowest_update_s=max(updates),
        inference_s=_median_time(lambda: classify(vector), INFERENCES),
        inference_instructions=instructions_of(lambda: classify(vector)),
        listeners=tuple(map(_listener_figures, bundle.networks)),
        model_bytes=sum(len(content) for content in contents_of(model).values()),
        load_s=load_s,
        import_s=_median_time(_import_in_a_new_process, IMPORTS),
        rss_bytes=_rss_while_listening(model, float32_to_int16(piece).tobytes() * REPEATS, rate),
    )


def _listener_figures(network: ListenerNetwork) -> ListenerFigures:
    spec = network.use.patch_spec
    together = max(1, int(1 / spec.hop_s))  # in most updates
    patches = network.quantize(np.full((together, *spec.shape), -2.0, dtype=np.float32))
    seconds = _median_time(lambda: network.rows(patches), INFERENCES) / together
    instructions = instructions_of(lambda: network.rows(patches))
    each = None if instructions is None else instructions // together
    return ListenerFigures(network.use.name, 1 / spec.hop_s, seconds, each)


def _median_time(work: Callable[[], object], times: int) -> float:
    durations = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        durations.append(time.perf_counter() - started)
    return statistics.median(durations)


def _core_share(bundle: Bundle, piece: np.ndarray[Any, np.dtype[np.float32]]) -> float:
    """CPU seconds per second of audio, of the whole pipeline."""
    pipeline = Pipeline(_Piece(piece, bundle.spec.sample_rate, REPEATS), bundle)
    started = time.process_time()
    for _ in pipeline.events():
        pass
    return (time.process_time() - started) / pipeline.audio_s


def _update_times(bundle: Bundle, piece: np.ndarray[Any, np.dtype[np.float32]]) -> list[float]:
    """Wall seconds of single updates with a full window."""
    stream, classify, rate = HeadInputStream(bundle), Classifier(bundle), bundle.spec.sample_rate
    while stream.seconds < bundle.spec.window_s - 1:
        stream.push(piece[: bundle.spec.window_samples])
    stream.vector()
    durations = []
    for number in range(UPDATES):
        start = number % int(PIECE_S) * rate
        started = time.perf_counter()
        stream.push(piece[start : start + rate])
        classify(stream.vector())
        durations.append(time.perf_counter() - started)
    return durations


def _import_in_a_new_process() -> None:
    subprocess.run([sys.executable, "-P", "-c", "import edge.live.pipeline, edge.sinks.jsonl"], check=True)


def _rss_while_listening(model: Path | str | None, audio: bytes, rate: int) -> int:
    """Run the command on a pipe, and return its maximum resident memory in bytes."""
    options = ["listen", "--json", "--fast", "--source", "-", "--rate", str(rate), "--channels", "1"]
    options += ["--model", str(model)] if model else []
    program = "import sys; from edge.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-P", "-c", program, *options]  # -P: import nothing from the working directory
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        writer = Thread(target=process.stdin.write, args=(audio,))
        writer.start()
        nearly_all_s = len(audio) / (2 * rate) - LONGEST_INTERVAL_S - 1.0
        for line in process.stdout:
            if json.loads(line)["audio_s"] >= nearly_all_s:
                break
        # Not getrusage: its figure for a child includes the memory of the process that it was forked from.
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
        writer.join()
    found = re.search(r"VmHWM:\s*(\d+) kB", status)
    if not found:
        raise EdgeError("listening ended before its memory could be measured; try `livegenre listen --demo --json`")
    return int(found[1]) * 1024


def _processor() -> str:
    """The processor's name where Linux tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model"))]
    return named[-1] if named else platform.processor() or "unknown processor"
