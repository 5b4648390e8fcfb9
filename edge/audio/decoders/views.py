"""Views of files for libsndfile: a part of a file, with a corrected length, or without a visible end."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: Size in bytes that an endless view claims: larger than any file, and far below the range of 64-bit offsets.
ENDLESS = 1 << 50


class Part(io.FileIO):
    """Bytes ``start`` to ``stop`` of a file, those at the offsets in ``replaced`` (from ``start``) replaced.

    An error while reading ends the file and is kept in ``error``: a callback of libsndfile cannot raise it.
    """

    def __init__(
        self, path: Path, start: int = 0, stop: int | None = None, replaced: Mapping[int, bytes] | None = None
    ) -> None:
        super().__init__(path)
        self.error: OSError | None = None
        self._start = start
        self._size = (os.fstat(self.fileno()).st_size if stop is None else stop) - start
        self._replaced = replaced or {}
        self._at = 0

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Set the position, relative to the part."""
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        """Return the position in the part."""
        return self._at

    @property
    def n_left(self) -> int:
        """Bytes from the position to the actual end."""
        return max(0, self._size - self._at)

    def readinto(self, buffer: Any, /) -> int:
        """Read into ``buffer``, up to the end of the part; returns the number of bytes."""
        target = memoryview(buffer).cast("B")
        wanted = min(len(target), self.n_left)
        try:
            n_read = os.preadv(self.fileno(), [target[:wanted]], self._start + self._at) if wanted else 0
        except OSError as error:
            self.error = error
            return 0
        for offset, content in self._replaced.items():
            for index, value in enumerate(content, start=offset - self._at):
                if 0 <= index < n_read:
                    target[index] = value
        self._at += n_read
        return n_read


class Endless(Part):
    """A part that claims to be longer than any file, so that no length can be estimated from its size.

    Near its claimed end, where decoders look for tags, it holds zeros.
    """

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Set the position, relative to the part with its claimed end."""
        return super().seek(offset + ENDLESS) if whence == os.SEEK_END else super().seek(offset, whence)

    def readinto(self, buffer: Any, /) -> int:
        """Read into ``buffer``: the file's bytes, or zeros near the claimed end."""
        if self._at < ENDLESS // 2:
            return super().readinto(buffer)
        target = memoryview(buffer).cast("B")
        n_zeros = max(0, min(len(target), ENDLESS - self._at))
        target[:n_zeros] = bytes(n_zeros)
        self._at += n_zeros
        return n_zeros
