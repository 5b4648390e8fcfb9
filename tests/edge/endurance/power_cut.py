"""Power cuts while a history is written, simulated in two ways.

``replay``: every write, sync and removal of a recording process is recorded by strace; at any moment a disk may hold
all that was synced, and any part of the rest, torn at any sector. It needs no privileges. ``cut_off``: an ext4 file
system in a file, mounted by root, loses its disk while the process writes, by ext4's own means. ``python -m
tests.edge.endurance.power_cut --cuts 200`` does it for longer.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import random
import re
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from edge.history.reader import read_segments
from edge.sinks.history import HistorySink
from tests.edge.sinks.history import history_driver

ROOT = Path(__file__).resolve().parents[3]
SECTOR = 512
CALLS = "openat,pwrite64,write,fsync,fdatasync,ftruncate,unlink"
#: Of the kernel's fs/ext4/ext4.h.
EXT4_IOC_SHUTDOWN, WITHOUT_FLUSHING = 0x8004587D, 2
CALL = re.compile(r"\d+ +(\w+)\((.*)\) += (-?\d+)")
TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
DESCRIPTOR = re.compile(r"\d+<((?:\\x[0-9a-f]{2})*)>")


@dataclass
class Disk:
    """Certain content of a disk by file name, and possible writes: (offset, bytes), or (length, None)."""

    synced: dict[str, bytearray] = field(default_factory=dict)
    pending: dict[str, list[tuple[int, bytes | None]]] = field(default_factory=dict)

    def left_by_a_cut(self, dice: random.Random, folder: Path) -> None:
        """Write what may be left into ``folder``."""
        for name in self.pending:
            content = bytearray(self.synced.get(name, b""))
            for offset, data in self.pending[name]:
                kept = dice.choice([0, 1, 1, dice.random()])
                if data is None:
                    if kept:
                        _apply(content, offset, None)
                elif n_bytes := len(data) if kept == 1 else int(kept * len(data)) // SECTOR * SECTOR:
                    _apply(content, offset, data[:n_bytes])
            (folder / name).write_bytes(content)


def _apply(content: bytearray, offset: int, data: bytes | None) -> None:
    end = offset if data is None else offset + len(data)
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    if data is None:
        del content[offset:]
    else:
        content[offset:end] = data


@dataclass(frozen=True)
class Moment:
    """A disk after one system call, with the seconds that were acknowledged by then and at the last sync of the log."""

    disk: Disk
    acknowledged_s: int
    synced_s: int


def replay(trace: Path, folder: Path) -> Iterator[Moment]:
    """Yield the disk after each call that changed it; it is the same object each time."""
    disk, acknowledged_s, synced_s = Disk(), 0, 0
    for line in trace.open():
        call = CALL.match(line)
        if call is None or int(call[3]) < 0:
            continue
        if call[1] == "write" and call[2].startswith("1<"):
            acknowledged_s = int(_decoded(TEXT, call[2]).strip() or acknowledged_s)
            continue
        path = Path(os.fsdecode(_decoded(TEXT if call[1] in ("openat", "unlink") else DESCRIPTOR, call[2])))
        if path.parent != folder or path.name.endswith("-shm"):  # which is memory, made anew from the log
            continue
        _carry_out(disk, call[1], path.name, call[2])
        if call[1] in ("fsync", "fdatasync") and path.name.endswith("-wal"):
            synced_s = acknowledged_s
        yield Moment(disk, acknowledged_s, synced_s)


def _carry_out(disk: Disk, name: str, file: str, arguments: str) -> None:
    match name:
        case "openat":
            disk.pending.setdefault(file, [])
        case "pwrite64":
            data = _decoded(TEXT, arguments)
            disk.pending[file].append((int(arguments.rpartition(",")[2]), data))
        case "ftruncate":
            disk.pending[file].append((int(arguments.rpartition(",")[2]), None))
        case "unlink":
            disk.pending.pop(file, None)
            disk.synced.pop(file, None)
        case "fsync" | "fdatasync":
            content = disk.synced.setdefault(file, bytearray())
            for offset, data in disk.pending[file]:
                _apply(content, offset, data)
            disk.pending[file] = []


def _decoded(pattern: re.Pattern[str], text: str) -> bytes:
    found = pattern.search(text)
    return bytes.fromhex(found[1].replace("\\x", "")) if found else b""


def record_under_strace(folder: Path, trace: Path, n_events: int) -> None:
    """Let a process record ``n_events`` seconds into ``folder``, and take down what it did."""
    assert shutil.which("strace"), "this test needs strace: apt install strace"
    command = ["strace", "-f", "-y", "-xx", "-s", "70000", "-o", trace, "-e", f"trace={CALLS}"]
    driver = [sys.executable, history_driver.__file__, "numbers", folder / "h.db", str(n_events)]
    subprocess.run(
        [*command, *driver], check=True, stdout=subprocess.DEVNULL, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )


def check(path: Path, at_least_s: float, at_most_s: float) -> None:
    """Raise ``AssertionError`` unless the history at ``path`` opens, is whole and holds as many seconds."""
    HistorySink(path).close()
    assert list(path.parent.glob("*.corrupt-*")) == [], "nothing was damaged"
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    heard_s = sum(segment.duration_s for segment in read_segments(path))
    assert at_least_s <= heard_s <= at_most_s, f"{heard_s} s are kept of {at_least_s} to {at_most_s}"


@contextmanager
def mounted(image: Path, folder: Path, *options: str) -> Iterator[None]:
    """Mount a file system that is in a file."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-o", ",".join(["loop", *options]), image, folder], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def can_mount() -> bool:
    """Return whether this user and machine can mount a file system in a file."""
    with tempfile.TemporaryDirectory() as name:
        try:
            with mounted(make_image(Path(name) / "image"), Path(name) / "mounted"):
                return True
        except (subprocess.CalledProcessError, FileNotFoundError):
            return False


def make_image(image: Path) -> Path:
    """Make an ext4 file system of 16 MiB."""
    with image.open("wb") as file:
        file.truncate(16 << 20)
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    return image


def cut_off(work: Path, n_cuts: int, seed: int) -> None:
    """Cut a file system off from its disk while a process records into it, over and over, and check what is left."""
    dice, image, live = random.Random(seed), make_image(work / "image"), work / "live"
    at_least_s = 0.0
    for _ in range(n_cuts):
        with mounted(image, live):
            before_s = kept_s(live / "h.db")
            assert before_s >= at_least_s
            driver = [sys.executable, history_driver.__file__, "numbers", live / "h.db", "100000000"]
            process = subprocess.Popen(driver, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)})
            with process:
                _heard_s(process, dice.uniform(0.1, 0.5))
                synced_s = _heard_s(process, 0.0)
                os.sync()
                at_least_s = before_s + synced_s - 1
                heard_s = _heard_s(process, dice.uniform(0.0, 0.5))
                shut_down(live)
                assert _heard_s(process, 0.2) > heard_s, "listening goes on without the disk"
                process.kill()
        with mounted(image, live):
            check(live / "h.db", at_least_s, float("inf"))


def kept_s(path: Path) -> float:
    """Return how many seconds the history at ``path`` holds, if there is one."""
    return sum(segment.duration_s for segment in read_segments(path)) if path.exists() else 0.0


def _heard_s(process: subprocess.Popen[bytes], seconds: float) -> int:
    """Read what a process acknowledges for ``seconds``; returns the last."""
    assert process.stdout is not None
    until, heard = time.monotonic() + seconds, int(process.stdout.readline())
    while time.monotonic() < until:
        heard = int(process.stdout.readline())
    return heard


def shut_down(folder: Path) -> None:
    """Let a mounted ext4 lose its disk at once, what is not on it included."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.ioctl(descriptor, EXT4_IOC_SHUTDOWN, struct.pack("I", WITHOUT_FLUSHING))
    finally:
        os.close(descriptor)


def main() -> None:
    """Cut disks off, as root."""
    parser = argparse.ArgumentParser(description="Cut a disk off while a history is written to it.")
    parser.add_argument("--cuts", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        cut_off(Path(work), args.cuts, args.seed)
    print(f"{args.cuts} cuts, and each time a history that opens")


if __name__ == "__main__":
    main()
