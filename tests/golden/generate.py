"""Writes the golden files: librosa's and YAMNet's answers for synthetic signals, so that parity needs neither.

Run ``python -m tests.golden.generate`` after a change of ``signals.py`` or of the pinned librosa; the patches are
written again where YAMNet's file is.
"""

from __future__ import annotations

import librosa
import numpy as np

from tests.golden.reference import librosa_features, statistics
from tests.golden.signals import GOLDEN, SIGNALS
from tests.golden.yamnet import GOLDEN_FRAMES, GOLDEN_PATCHES, YAMNET, interpreter_of, patch_signals, yamnet_patches

LIBROSA = "0.11.0"


def main() -> None:
    """Compute all statistics with the pinned librosa and write them."""
    if librosa.__version__ != LIBROSA:
        raise SystemExit(f"librosa is {librosa.__version__}, the golden values are those of {LIBROSA}: install that")
    arrays = {}
    for name, make in SIGNALS.items():
        features = librosa_features(make())
        values = {**statistics(features), "tuning": features["tuning"]}
        arrays |= {f"{name}/{key}": np.asarray(value, dtype=np.float32) for key, value in values.items()}
    np.savez_compressed(GOLDEN, **arrays)
    print(f"{GOLDEN}: {len(SIGNALS)} signals, {len(arrays)} arrays, {GOLDEN.stat().st_size:,} bytes")
    if not YAMNET.exists():
        raise SystemExit(f"{YAMNET} is missing: {GOLDEN_PATCHES} stays as it is")
    interpreter = interpreter_of(YAMNET)
    patches = {name: yamnet_patches(interpreter, y)[:, GOLDEN_FRAMES] for name, y in patch_signals().items()}
    np.savez_compressed(GOLDEN_PATCHES, **patches)
    print(f"{GOLDEN_PATCHES}: {len(patches)} signals, {GOLDEN_PATCHES.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
