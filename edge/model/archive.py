"""Exceptions that reading a damaged ``.npz`` raises: NumPy, zipfile, zlib and tokenize each have their own."""

from __future__ import annotations

import struct
import tokenize
import zipfile
import zlib

#: ``RuntimeError`` is of an archive that says it is encrypted, or compressed in another way; the last three of arrays'
#: headers, which NumPy reads as Python.
DAMAGED = (
    EOFError,
    KeyError,
    MemoryError,
    OSError,
    OverflowError,
    RuntimeError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
    SyntaxError,
    ValueError,
    tokenize.TokenError,
)
