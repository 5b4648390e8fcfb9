"""SciPy's Fourier transforms, without the rest of SciPy.

``import scipy.fft`` imports scipy.special as well, for a transform that is not used here: 12 to 18 MB of memory and
0.07 to 0.1 s of start-up time. The transforms are in one extension module. It is loaded by itself, under another name,
where it is found and works as expected, without effect on the rest of the interpreter: importing ``scipy.fft`` gives
SciPy's own. Elsewhere these are ``scipy.fft``'s functions. Both give the same numbers to the last bit.

``numpy.fft`` would do without SciPy, but takes 4.7 times as long for 32 frames of 2,048 float32 samples (0.32 ms
against 0.07; NumPy 1.26, in double precision, and 2.4 alike): it has no vectorized transforms.
"""

from __future__ import annotations

import importlib.util
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

#: Its place in SciPy: until 1.17, and from 1.18 on. It exports its file name.
_FILES = (("_pocketfft", "pypocketfft"), ("_duccfft", "pyduccfft"))
_NORMS = {None: 0, "ortho": 1}


def rfft(x: Array, n: int | None = None, *, axis: int = -1) -> Array:
    """Return the spectrum of a real array; ``n`` cuts it or continues it with zeros."""
    if _EXTENSION is None:
        return np.asarray(_scipy().rfft(x, n, axis=axis))
    return np.asarray(_EXTENSION.r2c(_resized(x, n, axis), (axis,), True, 0, None, 1))


def irfft(x: Array, n: int, *, axis: int = -1) -> Array:
    """Return the real array of length ``n`` whose spectrum is ``x``; the inverse of ``rfft``."""
    if _EXTENSION is None:
        return np.asarray(_scipy().irfft(x, n, axis=axis))
    spectrum = x if x.dtype.kind == "c" else x + 0j
    return np.asarray(_EXTENSION.c2r(_resized(spectrum, n // 2 + 1, axis), (axis,), n, False, 2, None, 1))


def dct(x: Array, *, type: int = 2, norm: str | None = None, axis: int = -1) -> Array:
    """Return the discrete cosine transform of a real array; ``norm`` is None or "ortho"."""
    if _EXTENSION is None or norm not in _NORMS:
        return np.asarray(_scipy().dct(x, type=type, norm=norm, axis=axis))
    return np.asarray(_EXTENSION.dct(x, type, (axis,), _NORMS[norm], None, 1))


def next_fast_len(length: int, *, real: bool = False) -> int:
    """Return the smallest length from ``length`` on whose transform is fast."""
    return int(_scipy().next_fast_len(length, real) if _EXTENSION is None else _EXTENSION.good_size(length, real))


def _resized(x: Array, n: int | None, axis: int) -> Array:
    length = x.shape[axis]
    if n is None or n == length:
        return x
    kept = (slice(None),) * (axis % x.ndim) + (slice(min(n, length)),)
    if n < length:
        return x[kept]
    longer = np.zeros([n if at == axis % x.ndim else size for at, size in enumerate(x.shape)], dtype=x.dtype)
    longer[kept] = x  # much faster than np.pad
    return longer


def _scipy() -> ModuleType:
    import scipy.fft

    return scipy.fft  # type: ignore[no-any-return]


def load_pocketfft_without_scipy() -> ModuleType | None:
    """Return the extension, or None where this SciPy has none by that name or one that is called otherwise."""
    try:
        module = _load_file()
        ones = np.ones(4, dtype=np.float32)
        spectrum = module.r2c(ones, (-1,), True, 0, None, 1)
        known = (
            spectrum.tolist() == [4, 0, 0],
            module.c2r(spectrum, (-1,), 4, False, 2, None, 1).tolist() == [1, 1, 1, 1],
            module.dct(ones, 2, (-1,), 0, None, 1).tolist() == [8, 0, 0, 0],
            module.good_size(11, True) == 12,
        )
    except Exception:  # in any case scipy.fft itself works
        return None
    return module if all(known) else None


def _load_file() -> ModuleType:
    package = importlib.util.find_spec("scipy")
    if package is None or not package.submodule_search_locations:
        raise ImportError("SciPy is not installed")
    root = Path(package.submodule_search_locations[0], "fft")
    paths = ((name, root / folder / f"{name}{suffix}") for folder, name in _FILES for suffix in EXTENSION_SUFFIXES)
    name, path = next((name, path) for name, path in paths if path.is_file())
    spec = importlib.util.spec_from_file_location(f"features_np.{name}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_EXTENSION = load_pocketfft_without_scipy()
