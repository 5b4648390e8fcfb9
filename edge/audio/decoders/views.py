"""Files as libsndfile is to see them: a part of one, one with a length put right, one whose end it cannot find."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: Bytes that an endless view claims: no file is so long, and an offset of 64 bits holds it many times over.
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
        """Move, relative to the part."""
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        """Return the position in the part."""
        return self._at

    @property
    def n_left(self) -> int:
        """Bytes from here to the end of what is there."""
        return max(0, self._size - self._at)

    def readinto(self, buffer: Any, /) -> int:
        """Fill ``buffer`` from here on, as far as the part reaches; returns how many bytes that are."""
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

    Near its pretended end it holds zeros, where decoders look for tags.
    """

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move, relative to the part; its end is far away."""
        return super().seek(offset + ENDLESS) if whence == os.SEEK_END else super().seek(offset, whence)

    def readinto(self, buffer: Any, /) -> int:
        """Fill ``buffer`` with what is there, or with zeros near the pretended end."""
        if self._at < ENDLESS // 2:
            return super().readinto(buffer)
        target = memoryview(buffer).cast("B")
        n_zeros = max(0, min(len(target), ENDLESS - self._at))
        target[:n_zeros] = bytes(n_zeros)
        self._at += n_zeros
        return n_zeros
