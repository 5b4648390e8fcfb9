"""A runtime's results do not depend on batching, and its library changes nothing else in the process."""

import ctypes
import platform
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files

import numpy as np
import pytest

from edge.errors import RuntimeMissing
from edge.model.bundle import load_bundle
from edge.model.interpreter import RUNTIMES, Interpreter
from tests.edge.model.runtimes import UP_TO_3_11

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


@pytest.mark.parametrize("runtime", [pytest.param(RUNTIMES[0], marks=UP_TO_3_11), RUNTIMES[1]])
@pytest.mark.parametrize("model", ["listener.tflite", "genres.tflite"])
def test_items_that_run_together_give_what_each_gives_alone(runtime: str, model: str) -> None:
    interpreter = Interpreter(files("edge.models").joinpath(model).read_bytes(), [runtime])
    rng = np.random.default_rng(0)
    items = interpreter.quantize(rng.normal(-3.0, 2.0, (11, *interpreter.input_shape)).astype(np.float32))
    alone = [interpreter.run(item[np.newaxis]) for item in items]
    for sizes in ((11,), (2, 3, 1, 4, 1), (1, 2, 2, 2, 3, 1)):
        parts = np.split(items, np.cumsum(sizes)[:-1])
        for number, rows in enumerate(zip(*map(interpreter.run, parts), strict=True)):
            np.testing.assert_array_equal(np.concatenate(rows), np.concatenate([outputs[number] for outputs in alone]))


def test_threads_that_share_an_interpreter_get_each_their_own_answers() -> None:
    """Rooms share one model; a batch of one thread must not meet the tensors of another."""
    network = load_bundle().networks[0]
    rng = np.random.default_rng(0)
    batches = [network.quantize(rng.normal(0, 1, (n, *network.use.patch_spec.shape))) for n in (1, 2, 3, 1)]
    alone = [network.rows(batch) for batch in batches]

    def run(number: int) -> bool:
        return all(np.array_equal(network.rows(batches[number]), alone[number]) for _ in range(15))

    with ThreadPoolExecutor(len(batches)) as pool:
        assert all(pool.map(run, range(len(batches))))
