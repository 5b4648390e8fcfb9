"""The open files of a process, from /proc."""

from __future__ import annotations

from pathlib import Path

#: Of a history that is recorded: each once, and none of them ``(deleted)``.
WHOLE = ["", "-shm", "-wal", ".lock"]


def of_history(path: Path, process: int | str = "self") -> list[str]:
    """Return what a process has open of a history, by what follows the history's name."""
    found = []
    for entry in Path(f"/proc/{process}/fd").iterdir():
        try:
            found.append(str(entry.readlink()))
        except OSError:  # the descriptor of this very listing
            continue
    return sorted(name.removeprefix(str(path)) for name in found if name.startswith(str(path)))
