"""Cost of rooms for the daemon: memory and processor time with one source and with four, side by side.

    python -m tests.benchmarks.several_rooms        # 3 minutes

Two real daemons listen at the same time, one to a program that plays music at real-time pace, one to four of them, each
with its history and no faces. On a busy machine only memory and processor times are meaningful.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.benchmarks.faces import MEASURE_S, WARM_S, Daemon
from tests.benchmarks.listening import LIVEGENRE
from tests.edge.service.rooms.house import House

ROOMS = ("kitchen", "living room", "study", "workshop")


@contextmanager
def daemon(house: House, *rooms: str) -> Iterator[Daemon]:
    """Start one that listens in some rooms."""
    house.furnish(*rooms)
    env = {**os.environ, "STATE_DIRECTORY": str(house.folder / "state"), "OPENBLAS_NUM_THREADS": "1"}
    command = [LIVEGENRE, "daemon", "--config", house.config]
    process = subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL)
    try:
        yield Daemon(process, 0, 0)
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    """Measure and print."""
    with ExitStack() as stack:
        houses, daemons = [], []
        for count in (1, len(ROOMS)):
            houses.append(House(Path(stack.enter_context(tempfile.TemporaryDirectory()))))
            daemons.append(stack.enter_context(daemon(houses[-1], *ROOMS[:count])))
        time.sleep(WARM_S)
        with ThreadPoolExecutor() as pool:
            shares = list(pool.map(lambda one: one.cpu_share(MEASURE_S), daemons))
        memory_mb = [one.memory_mb() for one in daemons]
        for house, share, megabytes, count in zip(houses, shares, memory_mb, (1, len(ROOMS)), strict=True):
            heard_s = min(house.seconds(room) for room in ROOMS[:count])
            print(f"{count} rooms: {share:.2%} of a core, {megabytes:.1f} MB; at least {heard_s:.0f} s in each history")
    more = len(ROOMS) - 1
    print(f"each further room: {(shares[1] - shares[0]) / more:.2%} of a core,", end=" ")
    print(f"{(memory_mb[1] - memory_mb[0]) / more:.1f} MB")


if __name__ == "__main__":
    main()
