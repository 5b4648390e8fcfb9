"""A runtime's library changes nothing else in the process that loads it."""

import ctypes
import platform
import sys

import pytest

from edge.errors import RuntimeMissing
from edge.model.interpreter import Interpreter

#: fenv.h's ``FE_UPWARD``: how this processor is told to round up.
UPWARD = {"x86_64": 0x800, "aarch64": 0x400000}
LIBRARY = ctypes.CDLL(None)


@pytest.mark.skipif(platform.machine() not in UPWARD, reason="rounding is told from constants of two processors")
def test_arithmetic_is_kept_from_what_a_library_does_as_it_is_loaded(tmp_path, monkeypatch):
    """As tflite-runtime does on aarch64, where the machines' tests see it; here it is a module that rounds upwards."""
    upward = UPWARD[platform.machine()]
    (tmp_path / "rounding_runtime.py").write_text(f"import ctypes\nctypes.CDLL(None).fesetround({upward})\n")
    monkeypatch.syspath_prepend(tmp_path)
    before = LIBRARY.fegetround()
    assert before != upward
    try:
        with pytest.raises(RuntimeMissing, match="rounding-runtime: module 'rounding_runtime' has no attribute"):
            Interpreter(b"", ["rounding_runtime"])
        assert "rounding_runtime" in sys.modules
        assert LIBRARY.fegetround() == before
    finally:
        LIBRARY.fesetround(before)
