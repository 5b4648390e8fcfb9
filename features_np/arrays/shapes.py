"""Cutting, padding and framing of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import ArrayLike, NDArray

from features_np.errors import ParameterError
from features_np.pcm import require_count

Array = NDArray[Any]


def frame(
    x: ArrayLike,
    *,
    frame_length: int,
    hop_length: int,
    axis: int = -1,
    writeable: bool = False,
    subok: bool = False,
) -> Array:
    """View an array as overlapping frames.

    Parameters
    ----------
    x : array_like
        Numbers, of any shape.
    frame_length : int
        Samples in a frame.
    hop_length : int
        Samples between frames.
    axis : int
        Axis of time. The frames are a new axis after it, or before it if it is negative.
    writeable : bool
        Whether the view is writable, which changes ``x`` and all overlapping frames.
    subok : bool
        Whether a subclass of array stays one.

    Returns
    -------
    numpy.ndarray
        A view: ``(..., frame_length, frames)`` of the last axis, ``(frames, frame_length, ...)`` of axis 0.

    Raises
    ------
    ParameterError
        For an array that is shorter than a frame, and a hop length that is not 1 or more.

    See Also
    --------
    fix_length : Makes an array longer.

    Notes
    -----
    Equals ``librosa.util.frame`` 0.11.

    Examples
    --------
    >>> from features_np.util import frame
    >>> frame([0, 1, 2, 3, 4], frame_length=3, hop_length=2)
    array([[0, 2],
           [1, 3],
           [2, 4]])
    """
    values = np.asanyarray(x) if subok else np.asarray(x)
    length, hop = require_count("frame_length", frame_length), require_count("hop_length", hop_length)
    if values.shape[axis] < length:
        raise ParameterError(f"x has {values.shape[axis]} samples, a frame has {length}; give more or take less")
    place = axis % values.ndim
    n_frames = 1 + (values.shape[place] - length) // hop
    inside, frames = (length, values.strides[place]), (n_frames, hop * values.strides[place])
    pair = (inside, frames) if axis < 0 else (frames, inside)
    around = [*zip(values.shape, values.strides, strict=True)]
    sizes, strides = zip(*around[:place], *pair, *around[place + 1 :], strict=True)
    return as_strided(values, sizes, strides, subok=subok, writeable=writeable)


def fix_length(data: Array, *, size: int, axis: int = -1, mode: Any = "constant", **kwargs: Any) -> Array:
    """Cut or pad an array to a length.

    Parameters
    ----------
    data : numpy.ndarray
        Numbers, of any shape.
    size : int
        The length.
    axis : int
        Axis to cut or pad.
    mode : str or callable
        Padding, as in ``numpy.pad``: zeros by default.
    **kwargs : Any
        Other arguments of ``numpy.pad``.

    Returns
    -------
    numpy.ndarray
        ``data`` itself, a part of it, or a padded copy.

    See Also
    --------
    frame : Needs at least one frame.

    Notes
    -----
    Equals ``librosa.util.fix_length`` 0.11.

    Examples
    --------
    >>> import numpy as np
    >>> from features_np.util import fix_length
    >>> fix_length(np.arange(3), size=5)
    array([0, 1, 2, 0, 0])
    """
    n = data.shape[axis]
    place = axis % data.ndim
    if n > size:
        return data[(slice(None),) * place + (slice(size),)]
    if n < size:
        padding = [(0, 0)] * data.ndim
        padding[place] = (0, size - n)
        return np.pad(data, padding, mode=mode, **kwargs)
    return data
