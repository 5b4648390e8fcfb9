"""Atomic writing of files, and digests of files and code for the keys of caches."""

from __future__ import annotations

import ast
import hashlib
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

#: Python 3.11 counts how deep ``ast.parse`` is for all threads together, and fails where two parse at once: Dask's
#: workers have several.
_PARSING = threading.Lock()


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` to write to; it replaces ``path`` once the body has succeeded.

    Otherwise, or when the process dies, ``path`` is unchanged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def content_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@lru_cache(maxsize=16)
def code_digest(*paths: Path) -> str:
    """Return a SHA-256 of Python files, and of those in folders, that ignores comments, docstrings and layout."""
    content = hashlib.sha256()
    for path in paths:
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            with _PARSING:
                tree = ast.parse(file.read_bytes())
            for node in ast.walk(tree):
                if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
                    node.body[0] = ast.Pass()
            content.update(f"{file.name} {ast.dump(tree)}\n".encode())
    return content.hexdigest()


_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def _umask() -> int:
    """Return the process's umask, which mkstemp's private files ignore; it can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
