"""The shipped models' probes are reproduced on both runtimes, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.edge.model.runtimes import UP_TO_3_11

PROGRAM = """
import sys
blocked, model = sys.argv[1:]
sys.modules[blocked] = None
from edge.model.bundle import load_bundle
from edge.model.probe import run_probe
bundle = load_bundle(model or None)
result = run_probe(bundle)
print(bundle.interpreter.runtime, result)
sys.exit(not result.passed)
"""


@pytest.mark.parametrize("model", ["", "classic"])
@pytest.mark.parametrize(
    ("blocked", "runtime"),
    [
        ("tflite_runtime", "ai-edge-litert"),
        pytest.param("ai_edge_litert", "tflite-runtime", marks=UP_TO_3_11),
    ],
)
def test_the_probe_passes_on_each_runtime(blocked: str, runtime: str, model: str) -> None:
    command = [sys.executable, "-c", PROGRAM, blocked, model]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(runtime)
