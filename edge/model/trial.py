"""A model is code, and a damaged one can crash the process, so models from elsewhere run in another process first.

A crash, a hang or an error there is a ``BundleError`` here. A model that ran is remembered by its digest in the cache
folder, so that the process is started only once for each model.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import BundleError, EdgeError, RuntimeMissing
from edge.model.interpreter import RUNTIMES, Interpreter

#: Seconds that a trial may take: less than a service manager's timeout for a daemon that loads a new model.
TIMEOUT_S = 20.0
#: Where no service manager waits, so many times as long, while a busy machine gives it less than half of a processor.
MOST_TURNS = 6
#: Part of the key: with another number every model is tried again.
REVISION = 2
#: Input values: zeros, both ends of any quantization, and noise of this deviation.
CONSTANTS, DEVIATION = (0.0, -1e6, 1e6), 1.0
#: Bytes that are put behind a network in memory, at least; a cut file's offsets reach as far as it was long.
LEAST_BEHIND = 1_000_000

_PROGRAM = "from edge.model.trial import run_child; run_child()"
_REFUSALS = {kind.__name__: kind for kind in (BundleError, RuntimeMissing)}


def try_out(networks: Mapping[str, bytes]) -> None:
    """Run ``networks`` (contents by file name) in another process, unless they are known to run.

    Raises what that process says is wrong with one of them, or ``BundleError`` if it comes to no good end.
    """
    remembered = _remembered(networks)
    if remembered is not None and remembered.exists():
        return
    _run_in_a_process(networks)
    if remembered is not None:
        with suppress(OSError):  # tried again the next time
            remembered.parent.mkdir(parents=True, exist_ok=True)
            remembered.touch()


def _run_in_a_process(networks: Mapping[str, bytes]) -> None:
    header = json.dumps({name: len(content) for name, content in networks.items()}).encode() + b"\n"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    try:
        with subprocess.Popen(
            [sys.executable, "-P", "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        ) as process:
            try:
                said = _answer(process, header + b"".join(networks.values()))
            except BaseException:
                process.kill()
                raise
    except OSError as error:
        raise BundleError(f"the model cannot be tried in a process of its own: {error}") from error
    if process.returncode == 0:
        return
    if process.returncode < 0:
        raise BundleError(
            f"the model ends the process that runs it ({signal.Signals(-process.returncode).name}): it is damaged; "
            "publish or copy it again"
        )
    kind, _, words = said.decode(errors="replace").strip().partition(": ")
    if kind in _REFUSALS:
        raise _REFUSALS[kind](words)
    raise BundleError(f"the model cannot be run ({kind}: {words}); publish or copy it again")


def _answer(process: subprocess.Popen[bytes], networks: bytes) -> bytes:
    """Return the answer of a process that is given ``networks``; ``BundleError`` on a timeout."""
    turns = 1 if "WATCHDOG_USEC" in os.environ else MOST_TURNS
    for turn in range(1, turns + 1):
        try:
            return process.communicate(networks if turn == 1 else None, TIMEOUT_S)[0]
        except subprocess.TimeoutExpired as error:
            computed_s, waited_s = _processor_s(process.pid), turn * TIMEOUT_S
            is_busy = computed_s < waited_s / 2
            if is_busy and turn < turns:
                continue
            remedy = f"this machine let it compute for {computed_s:.0f} s: try again when it has less to do"
            if not is_busy:
                remedy = "publish or copy it again"
            raise BundleError(f"the model does not answer within {waited_s:.0f} s; {remedy}") from error
    raise AssertionError("the last turn returns or raises")


def _processor_s(pid: int) -> float:
    """Return for how many seconds a process has computed; infinity where that cannot be told."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return math.inf


def run_child() -> None:
    """Run the networks on standard input, and say on standard output what is wrong with the first that does not."""
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # crashes are expected here: write no core dump
    signal.alarm((MOST_TURNS + 1) * round(TIMEOUT_S))  # whoever would give it up may be gone
    sizes: dict[str, int] = json.loads(sys.stdin.buffer.readline())
    try:
        for name, size in sizes.items():
            _exercise(sys.stdin.buffer.read(size), name)
    except Exception as error:  # a runtime may raise anything
        text = (str(error).splitlines() or [""])[0]
        print(f"{type(error).__name__}: {text}", flush=True)
        os._exit(error.exit_status if isinstance(error, EdgeError) else 1)
    os._exit(0)  # without the runtime's own clean-up, in which a crash does not matter


def _exercise(network: bytes, name: str) -> None:
    """Run one network twice: results of reading beyond its buffer would differ."""
    first, second = (_answers(network + behind * max(len(network), LEAST_BEHIND)) for behind in (b"\x00", b"\xff"))
    if not np.isfinite(first).all():
        raise BundleError(f"{name} answers with something that is not a number; publish or copy it again")
    if not np.array_equal(first, second):
        raise BundleError(f"{name} answers differently each time: it is damaged; publish or copy it again")


def _answers(network: bytes) -> NDArray[np.float32]:
    interpreter = Interpreter(network)
    shape, rng = interpreter.input_shape, np.random.default_rng(0)
    inputs = [np.full(shape, constant) for constant in CONSTANTS] + [rng.normal(0, DEVIATION, shape)]
    quantized = interpreter.quantize(np.array(inputs, dtype=np.float32))
    answers = [interpreter.run(items) for items in (quantized, *quantized[:, np.newaxis])]  # together, and each alone
    return np.concatenate([rows.ravel() for outputs in answers for rows in outputs])


def _remembered(networks: Mapping[str, bytes]) -> Path | None:
    """Return the file whose presence says that these networks run here; None where no cache may be kept."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    # A relative path there is to be ignored, as the specification says; no home is no cache.
    folder = Path(given if os.path.isabs(given) else os.path.join(os.path.expanduser("~"), ".cache"))  # noqa: PTH111, PTH117, PTH118
    if not folder.is_absolute():
        return None
    return folder / "livegenre" / "models" / _digest(networks)


def _digest(networks: Mapping[str, bytes]) -> str:
    """Return a digest of what runs and of what runs it."""
    whole = hashlib.sha256(f"{REVISION} {sys.version}".encode())
    for runtime in RUNTIMES:
        found = find_spec(runtime.partition(".")[0])
        origin = Path(found.origin) if found and found.origin else None
        whole.update(f" {origin} {origin.stat().st_mtime_ns if origin else 0}".encode())
    for content in networks.values():
        whole.update(hashlib.sha256(content).digest())
    return whole.hexdigest()
