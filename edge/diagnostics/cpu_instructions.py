"""Counts a thread's instructions, which unlike time do not depend on load, where Linux and the processor support it."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Callable

#: Numbers of the system call ``perf_event_open`` by machine (Linux, arch/*/syscall tables).
SYSTEM_CALLS = {"x86_64": 298, "aarch64": 241, "armv7l": 364, "armv6l": 364}
#: ``struct perf_event_attr`` of its first version (linux/perf_event.h): hardware, instructions, user mode alone.
_SIZE, _HARDWARE, _INSTRUCTIONS, _USER_MODE_ALONE = 64, 0, 1, 1 << 5 | 1 << 6
#: The minimum of so many counts is taken: the first runs touch new memory.
TIMES = 5


def instructions_of(work: Callable[[], object]) -> int | None:
    """Return the number of instructions that this thread runs in ``work``; None where they are not counted."""
    counter = _open()
    if counter < 0:
        return None
    try:
        return min(_count(counter, work) for _ in range(TIMES))
    finally:
        os.close(counter)


def _open() -> int:
    number = SYSTEM_CALLS.get(platform.machine())
    if number is None:
        return -1
    attributes = struct.pack("=IIQQQQQ", _HARDWARE, _SIZE, _INSTRUCTIONS, 0, 0, 0, _USER_MODE_ALONE).ljust(_SIZE, b"\0")
    buffer = ctypes.create_string_buffer(attributes, _SIZE)
    this_thread, any_processor, no_group, no_flags = 0, -1, -1, 0
    return int(ctypes.CDLL(None).syscall(number, buffer, this_thread, any_processor, no_group, no_flags))


def _count(counter: int, work: Callable[[], object]) -> int:
    before = os.read(counter, 8)
    work()
    after = os.read(counter, 8)
    return int.from_bytes(after, sys.byteorder) - int.from_bytes(before, sys.byteorder)
