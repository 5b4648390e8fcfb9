"""Atomic and durable writing of a file: a power cut leaves the old content or the new."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, content: bytes, mode: int | None = None) -> None:
    """Put ``content`` in place of a file, with ``mode`` from its first byte on; ``OSError`` if that is not possible."""
    new = path.with_name(f"{path.name}.new")
    with new.open("wb") as file:
        if mode is not None:
            os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
