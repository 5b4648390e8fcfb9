"""A whole machine on a disk that fails while its daemon keeps a history, which then starts again.

``python -m tests.packaging.machines.failing_disk IMAGE MOUNTED LIVEGENRE FAILURE`` mounts the file system in IMAGE,
starts LIVEGENRE's daemon in it, lets the disk fail once something is surely on it and more is not, and mounts it anew
as a machine does that starts. To be run as root, among mounts of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.edge.endurance.power_cut import check, kept_s, mounted, shut_down
from tests.edge.pulse import wait_until
from tests.packaging.machines.roots import ENVIRONMENT

#: Where the daemon keeps what it heard, and for how long something may take on an emulated processor.
HISTORY, PATIENCE_S = Path("var/lib/livegenre/history.db"), 300.0
CONFIG = '[source]\nuri = "demo"\n[history]\ncheckpoint_s = 0.5\n'
#: What an SD card with errors is mounted with on Raspberry Pi OS, and any Debian.
OPTIONS = "errors=remount-ro"


def make_image(root: Path, image: Path) -> None:
    """Make a file system that holds what ``root`` does, and has room for a history."""
    used = subprocess.run(["du", "--summarize", "--bytes", root], capture_output=True, text=True, check=True).stdout
    with image.open("wb") as file:
        file.truncate(int(used.split()[0]) * 3 // 2 + (64 << 20))
    subprocess.run(["mkfs.ext4", "-q", "-d", root, image], check=True)


def fail_while_recording(image: Path, live: Path, livegenre: str, failure: str) -> float:
    """Let the disk fail by ``failure``, "power" or "errors"; returns how many seconds were on it by then."""
    subprocess.run(["e2fsck", "-p", image], check=True, capture_output=True)  # as a machine does before it starts
    with mounted(image, live, OPTIONS), recording(live, livegenre) as (process, log):
        before_s = kept_s(live / HISTORY)
        wait_until(lambda: "listening to" in log.read_text(), PATIENCE_S, "it has opened its history")
        wait_until(lambda: kept_s(live / HISTORY) > before_s, PATIENCE_S, "it records")
        on_disk_s = kept_s(live / HISTORY)
        subprocess.run(["sync", "--file-system", live], check=True)
        wait_until(lambda: kept_s(live / HISTORY) > on_disk_s, PATIENCE_S, "it goes on")
        if failure == "power":
            shut_down(live)
        else:
            _break(live)
            wait_until(lambda: "cannot be written" in log.read_text(), PATIENCE_S, "it says that it cannot write")
            assert process.poll() is None, "it listens on"
    with mounted(image, live, OPTIONS):
        check(live / HISTORY, on_disk_s, float("inf"))
    return on_disk_s


@contextmanager
def recording(live: Path, livegenre: str) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Run the daemon in the root until its power goes; with the file of its log."""
    path = live.with_name("log")
    (live / "etc" / "livegenre.toml").write_text(CONFIG)
    (live / HISTORY.parent).mkdir(parents=True, exist_ok=True)
    command = ["chroot", live, livegenre, "daemon", "--config", "/etc/livegenre.toml"]
    environment = {**ENVIRONMENT, "STATE_DIRECTORY": f"/{HISTORY.parent}", "QEMU_CPU": os.environ["QEMU_CPU"]}
    with path.open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            yield process, path
        finally:
            process.kill()
            process.wait()


def _break(live: Path) -> None:
    """Let ext4 meet an error, as a worn-out card gives: it allows no more writing, until it is mounted again."""
    source = ["findmnt", "--noheadings", "--output", "SOURCE", "--mountpoint", str(live)]
    device = Path(subprocess.run(source, capture_output=True, text=True, check=True).stdout.strip()).name
    Path("/sys/fs/ext4", device, "trigger_fs_error").write_text("a test\n")


def main() -> None:
    """Fail once, and print how many seconds were on the disk by then."""
    image, live, livegenre, failure = sys.argv[1:]
    print(fail_while_recording(Path(image), Path(live), livegenre, failure))


if __name__ == "__main__":
    main()
