"""Costs of ``livegenre listen --json`` as a process: time to the first event, memory, processor time.

    python -m tests.benchmarks.listening            # all of it, 6 minutes
    python -m tests.benchmarks.listening memory     # or some: start, memory, cpu, microphone, parec, busy, stopped

Figures depend on the machine and its load: ``busy`` overloads it fourfold. The microphone
is the monitor of a PulseAudio server of our own, whose first audio comes up to 2 s after a recording begins; a sound
card has none of that.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import soundfile

from edge.audio.demo import synthesize
from features_np import pcm, resample
from tests.edge.pulse import Pulse

RATE = 48_000  # Hz, what USB microphones give
LIVEGENRE = Path(sys.executable).with_name("livegenre")
PIECE_S = 20.0


class Listening:
    """A running ``livegenre listen --json``."""

    def __init__(self, process: subprocess.Popen[str], began: float) -> None:
        self.process = process
        self._began = began

    def events(self) -> Iterator[tuple[float, dict[str, Any]]]:
        """Yield (seconds since the process was started, event)."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            yield time.monotonic() - self._began, json.loads(line)

    def until(self, audio_s: float) -> None:
        """Read events until that much audio has been heard."""
        for _, event in self.events():
            if event["audio_s"] >= audio_s:
                return
        raise AssertionError("it ended before")

    def cpu_s(self) -> float:
        """User and system time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> dict[str, float]:
        """Resident memory in MB (10^6 bytes): all of it, the most it ever was, and what is this process's alone."""
        found = {}
        for file in ("smaps_rollup", "status"):
            for line in Path(f"/proc/{self.process.pid}/{file}").read_text().splitlines():
                name, *value = line.split()
                if value[1:] == ["kB"]:
                    found[name.rstrip(":")] = int(value[0]) * 1024 / 1e6
        private = found["Private_Clean"] + found["Private_Dirty"]
        return {"resident": found["Rss"], "at most": found["VmHWM"], "private": private}


@contextmanager
def fed(seconds: float) -> Iterator[Listening]:
    """Listen to that much music on standard input, in stereo at 48 kHz and as fast as it can."""
    music = resample(synthesize(PIECE_S, tempo_bpm=100.0), orig_sr=22_050, target_sr=RATE)
    piece = pcm.float32_to_int16(music).repeat(2).tobytes()
    command = [str(LIVEGENRE), "listen", "--json", "--fast", "--source", "-", "--rate", str(RATE)]
    began = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def feed() -> None:
        assert process.stdin is not None
        for _ in range(round(seconds / PIECE_S)):
            process.stdin.write(piece)

    feeder = threading.Thread(target=feed)
    feeder.start()
    yield Listening(process, began)
    feeder.join()
    process.communicate()


@contextmanager
def recorded() -> Iterator[Pulse]:
    """A sound server in which music plays; its default microphone, in stereo at 48 kHz, hears it."""
    with tempfile.TemporaryDirectory(prefix="pulse-") as folder:
        server = Pulse(Path(folder))
        server.start()
        server.add_room(rate=RATE)
        soundfile.write(Path(folder) / "music.wav", synthesize(180.0, tempo_bpm=100.0), 22_050)
        player = server.play(Path(folder) / "music.wav")
        try:
            yield server
        finally:
            player.kill()
            player.wait()
            server.end()


def start() -> None:
    """Time to the first event and to the first answer of a microphone."""
    with recorded() as server:
        for _ in range(5):
            listening = Listening(server.livegenre("listen", "--json"), time.monotonic())
            first: dict[str, float] = {}
            for at_s, event in listening.events():
                kind = "answer" if event.get("probabilities") else event["event"]
                first.setdefault(kind, at_s)
                if kind == "answer":
                    break
            listening.process.terminate()
            listening.process.communicate()
            after_s = first["answer"] - event["audio_s"]
            print(
                f"start: first event after {first['started']:.2f} s; first answer after {first['answer']:.2f} s, "
                f"{after_s:.2f} s more than the {event['audio_s']:.0f} s of audio that it describes"
            )


def memory() -> None:
    """Resident memory after two minutes of audio."""
    with fed(140) as listening:
        listening.until(120)
        print("memory, 48 kHz stdin, after 120 s:", words(listening.memory_mb()))


def cpu() -> None:
    """Processor time for a second of audio, at full speed."""
    with fed(680) as listening:
        listening.until(60)
        before_s = listening.cpu_s()
        listening.until(660)
        spent_ms = (listening.cpu_s() - before_s) / 600 * 1000
        print(f"cpu, 48 kHz stdin, --fast, from 60 to 660 s: {spent_ms:.2f} ms a second of audio")
        print("memory then:", words(listening.memory_mb()))


def microphone() -> None:
    """Processor time and memory of a real-time minute."""
    _real_time("microphone")


def parec() -> None:
    """The same microphone through a command, which has the sound server's libraries in a process of its own."""
    _real_time("parec", "--source", f"cmd:parec --format=s16le --channels=2 --rate={RATE}", "--rate", str(RATE))


def busy() -> None:
    """The microphone while four processes a core copy memory."""
    move = "block = bytes(2**23)\nwhile True: bytearray(block)"
    others = [subprocess.Popen([sys.executable, "-I", "-c", move]) for _ in range(4 * (os.cpu_count() or 1))]
    try:
        _real_time("microphone of a busy machine")
    finally:
        for other in others:
            other.kill()
            other.wait()


def stopped() -> None:
    """The microphone while the process is stopped for a while, and the time to catch up."""
    with recorded() as server:
        listening = Listening(server.livegenre("listen", "--json"), time.monotonic())
        for audio_s, still_s in ((35, 25), (70, 12), (95, 12), (120, 0)):
            listening.until(audio_s)
            print(f"memory, microphone, stopped so far, after {audio_s} s:", words(listening.memory_mb()))
            listening.process.send_signal(signal.SIGSTOP)
            time.sleep(still_s)
            listening.process.send_signal(signal.SIGCONT)
        listening.process.terminate()
        listening.process.communicate()


def _real_time(name: str, *options: str) -> None:
    with recorded() as server:
        listening = Listening(server.livegenre("listen", "--json", *options), time.monotonic())
        listening.until(35)
        before_s, began = listening.cpu_s(), time.monotonic()
        listening.until(95)
        spent_s, wall_s = listening.cpu_s() - before_s, time.monotonic() - began
        print(f"cpu, {name} at 48 kHz, from 35 to 95 s: {spent_s / wall_s * 1000:.2f} ms a second")
        listening.until(121)
        print(f"memory, {name}, after 120 s:", words(listening.memory_mb()))
        listening.process.terminate()
        listening.process.communicate()


def words(figures: dict[str, float]) -> str:
    """Figures in MB as one line."""
    return ", ".join(f"{name} {value:.1f} MB" for name, value in figures.items())


PARTS = {
    "start": start,
    "memory": memory,
    "cpu": cpu,
    "microphone": microphone,
    "parec": parec,
    "busy": busy,
    "stopped": stopped,
}


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART", help=", ".join(PARTS))
    for part in parser.parse_args().parts or PARTS:
        PARTS[part]()


if __name__ == "__main__":
    main()
