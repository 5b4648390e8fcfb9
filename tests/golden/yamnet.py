"""YAMNet's own log-mel patch: its TFLite file computes the spectrogram itself. The only place that asks it."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.golden.signals import SIGNALS
from tests.shared_data import SHARED_DATA

YAMNET = SHARED_DATA / "pretrained" / "yamnet.tflite"

#: What ``generate.py`` writes: these frames of the patches of ``patch_signals``.
GOLDEN_PATCHES = Path(__file__).with_name("patches.npz")
GOLDEN_FRAMES = [0, 40, 95]

#: What the file takes, samples at 16 kHz: one patch.
PATCH_SAMPLES = 15_600
#: The tensor that holds the patch before it is quantized.
PATCH_TENSOR = "feature_patch"


def interpreter_of(model: Path) -> Any:
    """An interpreter of YAMNet's file that keeps what is between its layers."""
    from ai_edge_litert.interpreter import Interpreter

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that this takes memory
        interpreter = Interpreter(str(model), experimental_preserve_all_tensors=True)
    interpreter.allocate_tensors()
    return interpreter


def yamnet_patches(interpreter: Any, y: NDArray[np.float32]) -> NDArray[np.float32]:
    """The patches of ``y`` (n,) at 16 kHz, one after the other: float32 (patches, 96, 64)."""
    tensor = next(each for each in interpreter.get_tensor_details() if each["name"] == PATCH_TENSOR)["index"]
    patches = []
    for begin in range(0, len(y) - PATCH_SAMPLES + 1, 96 * 160):
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], y[begin : begin + PATCH_SAMPLES])
        interpreter.invoke()
        patches.append(interpreter.get_tensor(tensor)[0].copy())
    return np.array(patches, dtype=np.float32)


def patch_signals() -> dict[str, NDArray[np.float32]]:
    """The synthetic signals, heard as if they were at 16 kHz, and tones; all at least a patch long."""
    t = np.arange(2 * PATCH_SAMPLES) / 16_000
    signals = {name: make() for name, make in SIGNALS.items()}
    signals |= {f"{hertz}_hz": np.sin(2 * np.pi * hertz * t).astype(np.float32) for hertz in (50, 440, 1_000, 7_400)}
    return {name: np.pad(y, (0, max(PATCH_SAMPLES - len(y), 0))) for name, y in signals.items()}
