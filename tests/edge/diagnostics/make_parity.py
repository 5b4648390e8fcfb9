"""Writes ``edge/diagnostics/parity.npz``, what ``livegenre selftest`` compares with: one piece of the golden file.

Run ``python -m tests.edge.diagnostics.make_parity`` after ``python -m tests.golden.generate``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge.diagnostics import selftest
from tests.golden.signals import GOLDEN

PARITY = Path(selftest.__file__).with_name("parity.npz")


def golden_piece() -> dict[str, np.ndarray]:
    """librosa's statistics of the piece, per group."""
    with np.load(GOLDEN) as golden:
        return {group: golden[f"music/{group}"] for group in selftest.PARITY_TOLERANCES}


if __name__ == "__main__":
    np.savez_compressed(PARITY, **golden_piece())
    print(f"{PARITY}: {PARITY.stat().st_size:,} bytes")
