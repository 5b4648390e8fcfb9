"""The transforms taken from SciPy without the rest of it: the same numbers, and an answer where they are not found."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import scipy.fft

from features_np.spectra import fft as ours

SHAPES = ((1,), (7, 64), (3, 1025), (2, 2048), (5, 300))


def _values(shape: tuple[int, ...], dtype: type) -> np.ndarray:
    values = np.random.default_rng(0).standard_normal((2, *shape))
    return (values[0] + 1j * values[1] if np.issubdtype(dtype, np.complexfloating) else values[0]).astype(dtype)


@pytest.fixture(params=["extension", "fallback"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways: the extension alone, which this SciPy has, and scipy.fft itself."""
    if request.param == "fallback":
        monkeypatch.setattr(ours, "_EXTENSION", None)
    else:
        assert ours._EXTENSION is not None
    return request.param


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_bits_as_scipy(shape: tuple[int, ...], dtype: type) -> None:
    real, complex_ = _values(shape, dtype), _values(shape, np.result_type(dtype, np.complex64))
    pairs = [
        (ours.rfft(real), scipy.fft.rfft(real)),
        (ours.rfft(real, 96), scipy.fft.rfft(real, 96)),
        (ours.rfft(real, 33, axis=0), scipy.fft.rfft(real, 33, axis=0)),
        (ours.irfft(complex_, 50), scipy.fft.irfft(complex_, 50)),
        (ours.irfft(real, 4096), scipy.fft.irfft(real, 4096)),
        *((ours.dct(real, type=t), scipy.fft.dct(real, type=t)) for t in (2, 3, 4)),
        (ours.dct(real, norm="ortho", axis=0), scipy.fft.dct(real, norm="ortho", axis=0)),
    ]
    for found, expected in pairs:
        assert found.dtype == expected.dtype
        assert np.array_equal(found, expected)


@pytest.mark.usefixtures("way")
def test_lengths_that_are_fast() -> None:
    for length in (1, 11, 1979, 2047, 4099):
        for real in (False, True):
            assert ours.next_fast_len(length, real=real) == scipy.fft.next_fast_len(length, real)


def test_a_wrong_norm_is_scipys_error() -> None:
    with pytest.raises(ValueError, match="norm"):
        ours.dct(np.ones(4), norm="loud")


def test_the_rest_of_scipy_is_not_loaded_and_can_be_afterwards() -> None:
    script = (
        "import sys, numpy, features_np\n"
        "assert not [name for name in sys.modules if name.startswith('scipy')]\n"
        "import scipy.fft\n"
        "assert scipy.fft.rfft(numpy.ones(4)).tolist() == [4, 0, 0]\n"
        "from features_np.spectra import fft\n"
        "assert fft._EXTENSION is not None\n"
        "scipys = {id(module) for name, module in sys.modules.items() if name.startswith('scipy')}\n"
        "assert id(fft._EXTENSION) not in scipys\n"
        "assert fft.rfft(numpy.ones(4)).tolist() == [4, 0, 0]\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize(
    "damage",
    [
        "m._load_file = lambda: None",  # none of its functions
        "m.EXTENSION_SUFFIXES[:] = []",  # no such file
        "m._load_file = lambda: types.SimpleNamespace(r2c=lambda *_: numpy.zeros(3, 'complex64'))",  # another meaning
    ],
)
def test_an_extension_that_is_not_as_expected_is_not_used(damage: str) -> None:
    asked = "assert m.load_pocketfft_without_scipy() is None"
    script = f"import numpy, types, features_np.spectra.fft as m\n{damage}\n{asked}\n"
    subprocess.run([sys.executable, "-c", script], check=True)
