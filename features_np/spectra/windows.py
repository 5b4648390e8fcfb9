"""Windows, by SciPy's names."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from features_np.errors import ParameterError

#: A name, a name with parameters, the beta of a Kaiser window, a function of the length, or the values.
Window = str | tuple[Any, ...] | float | Callable[[int], ArrayLike] | ArrayLike
Values = NDArray[np.float64]

#: Coefficients of sums of cosines, whose signs alternate.
COSINES = {
    "hann": (0.5, 0.5),
    "hamming": (0.54, 0.46),
    "blackman": (0.42, 0.5, 0.08),
    "nuttall": (0.3635819, 0.4891775, 0.1365995, 0.0106411),
    "blackmanharris": (0.35875, 0.48829, 0.14128, 0.01168),
    "flattop": (0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368),
}
#: SciPy's other names of windows.
ALIASES = {
    "hamm": "hamming",
    "black": "blackman",
    "blackharr": "blackmanharris",
    "flat": "flattop",
    "nutl": "nuttall",
    "box": "boxcar",
    "ones": "boxcar",
    "rect": "boxcar",
    "rectangular": "boxcar",
    "bart": "bartlett",
    "tri": "triang",
    "triangle": "triang",
    "halfcosine": "cosine",
    "ksr": "kaiser",
    "gauss": "gaussian",
    "gss": "gaussian",
    "tuk": "tukey",
    "bman": "bohman",
    "brthan": "barthann",
    "poisson": "exponential",
}


@lru_cache(maxsize=16)
def hann_window(length: int) -> Values:
    """Return the periodic Hann window, float64 of shape (length,): ``0.5 - 0.5 cos(2 pi n / length)``.

    Equals ``scipy.signal.get_window("hann", length, fftbins=True)``.
    """
    window: Values = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length) if length > 1 else np.ones(length)
    window.flags.writeable = False
    return window


def get_window(window: Window, Nx: int, *, fftbins: bool | None = True) -> NDArray[Any]:
    """Values of a window.

    Parameters
    ----------
    window : str, tuple, float, callable or array_like
        Name, as SciPy has it; a tuple of a name and its parameters; beta of a Kaiser window; what returns ``Nx``
        values when called with ``Nx``; or the values.
    Nx : int
        Samples in the window.
    fftbins : bool, optional
        Whether a window by name is periodic, for a transform, or symmetric, for a filter.

    Returns
    -------
    numpy.ndarray, shape (Nx,)
        The values, float64 of what has a name.

    Raises
    ------
    ParameterError
        For an unknown name, and where there are more or fewer than ``Nx`` values.

    See Also
    --------
    features_np.stft : What multiplies frames with it.

    Notes
    -----
    Equals ``librosa.filters.get_window`` 0.11 for the names boxcar, triang, bartlett, hann, hamming, blackman,
    nuttall, blackmanharris, flattop, cosine, bohman, barthann, kaiser, gaussian, tukey, exponential, general_hamming,
    general_cosine and general_gaussian; of others pass the values that ``scipy.signal.get_window`` returns.

    Examples
    --------
    >>> from features_np.filters import get_window
    >>> get_window("hann", 4)
    array([0. , 0.5, 1. , 0.5])
    """
    if callable(window):
        return np.asarray(window(Nx))
    if isinstance(window, float | int | np.number) and not isinstance(window, bool):
        return _named("kaiser", (float(window),), Nx, bool(fftbins))
    if isinstance(window, str):
        return _named(window, (), Nx, bool(fftbins))
    if isinstance(window, tuple) and window and isinstance(window[0], str):
        return _named(window[0], window[1:], Nx, bool(fftbins))
    if isinstance(window, list | np.ndarray):
        if len(window) != Nx:
            raise ParameterError(f"window has {len(window)} values, must have {Nx}")
        return np.asarray(window)
    raise ParameterError(f"window is {window!r}, must be a name, a tuple of a name and numbers, or the values")


def _named(name: str, parameters: tuple[Any, ...], length: int, periodic: bool) -> Values:
    name = ALIASES.get(name, name)
    if name == "hann" and periodic and not parameters:
        return hann_window(length)
    if length <= 1:
        return np.ones(length)
    size = length + periodic
    x = np.linspace(-1.0, 1.0, size)
    if name in COSINES and not parameters:
        return _cosine_sum(COSINES[name], size)[:length]
    if name not in SHAPES:
        raise ParameterError(
            f"window {name!r} is not known here; pass the values that scipy.signal.get_window returns, or one of "
            f"{', '.join(sorted({*COSINES, *SHAPES}))}"
        )
    try:
        return np.asarray(SHAPES[name](x, *parameters), dtype=np.float64)[:length]
    except TypeError:
        raise ParameterError(f"window {name!r} needs other parameters than {parameters!r}; see scipy.signal") from None


def _cosine_sum(coefficients: tuple[float, ...], size: int) -> Values:
    angle = np.linspace(-np.pi, np.pi, size)
    return np.asarray(sum(weight * np.cos(order * angle) for order, weight in enumerate(coefficients)))


def _triangle(x: Values) -> Values:
    step = 2 * (1 - (len(x) % 2)) + len(x) % 2
    count = np.arange(1, (len(x) + 1) // 2 + 1)
    rising = (2 * count - 1.0) / len(x) if step == 2 else 2 * count / (len(x) + 1.0)
    return np.concatenate((rising, rising[::-1] if step == 2 else rising[-2::-1]))


def _tukey(x: Values, alpha: float = 0.5) -> Values:
    if alpha <= 0:
        return np.ones(len(x))
    edge = np.clip((1 - np.abs(x)) / min(alpha, 1.0), 0, 1)
    return np.asarray(0.5 * (1 - np.cos(np.pi * edge)))


def _samples_from_middle(x: Values) -> Values:
    return x * ((len(x) - 1) / 2)


def _exponential(x: Values, center: float | None = None, tau: float = 1.0) -> Values:
    middle = (len(x) - 1) / 2 if center is None else center
    return np.asarray(np.exp(-np.abs(np.arange(len(x)) - middle) / tau))


#: Values at -1 to 1, with the window's own parameters.
SHAPES: dict[str, Callable[..., Values]] = {
    "boxcar": np.ones_like,
    "bartlett": lambda x: 1 - np.abs(x),
    "triang": _triangle,
    "cosine": lambda x: np.sin(np.pi / len(x) * (np.arange(len(x)) + 0.5)),
    "bohman": lambda x: (1 - np.abs(x)) * np.cos(np.pi * np.abs(x)) + np.sin(np.pi * np.abs(x)) / np.pi,
    "barthann": lambda x: 0.62 - 0.24 * np.abs(x) + 0.38 * np.cos(np.pi * np.abs(x)),
    "kaiser": lambda x, beta: np.i0(beta * np.sqrt(np.maximum(1 - x**2, 0))) / np.i0(beta),
    "gaussian": lambda x, std: np.exp(-0.5 * (_samples_from_middle(x) / std) ** 2),
    "general_gaussian": lambda x, p, sig: np.exp(-0.5 * np.abs(_samples_from_middle(x) / sig) ** (2 * p)),
    "general_hamming": lambda x, alpha: _cosine_sum((alpha, 1 - alpha), len(x)),
    "general_cosine": lambda x, coefficients: _cosine_sum(tuple(coefficients), len(x)),
    "tukey": _tukey,
    "exponential": _exponential,
}
