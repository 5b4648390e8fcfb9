"""Sources of audio, behind one protocol.

A source is an iterable of chunks: blocks of audio, and what happens to it (holes, losses, returns). It yields at
least one chunk, if only an ``Idle``, every 0.75 s, so that its consumer can feed a watchdog and be stopped.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from edge.audio.raw_format import RawFormat
from edge.errors import AudioFileError, ConfigError
from edge.events import Block, Chunk, CutShort, Idle

#: Seconds of audio in a block: short at real-time pace, for a responsive level meter; long for throughput.
BLOCK_S = 0.1
FAST_BLOCK_S = 1.0
#: Seconds after which a source says that it is still there.
IDLE_S = 0.5

STREAMS = ("http", "https", "rtsp")
URIS = (
    "mic, mic:NAME, file:PATH (a FIFO: s16le), http://, https:// or rtsp:// (a stream, with ffmpeg), "
    "- (s16le on standard input), cmd:COMMAND (its output, s16le) or demo"
)


class Source(Protocol):
    """Protocol of a source."""

    @property
    def name(self) -> str:
        """Words for people; may change when another device takes over."""

    @property
    def backlog_s(self) -> float:
        """Seconds of audio that wait to be taken."""

    def __iter__(self) -> Iterator[Chunk]:
        """Yield what comes, until the end if there is one."""

    def close(self) -> None:
        """Release the device, file or process; may be called twice."""


def from_uri(
    uri: str,
    *,
    fast: bool = False,
    wait: bool = False,
    watched: bool = False,
    raw: RawFormat | None = None,
    away_since: float | None = None,
) -> Source:
    """Open the source that ``uri`` names (see ``URIS``).

    ``fast`` takes audio that is not live as fast as it can be processed; ``wait`` opens a live source only when it is
    iterated, and waits for one that is not there yet; ``watched`` and ``away_since`` are ``Microphone``'s. Raises
    ``ConfigError`` for an unknown URI, ``SourceError`` or ``AudioFileError`` if it does not open.
    """
    scheme, _, rest = uri.partition(":")
    raw = raw or RawFormat()
    if scheme == "mic":
        from edge.audio.microphone import Microphone

        return Microphone(rest or None, wait=wait, watched=watched, away_since=away_since)
    if scheme == "file" and rest:
        return _from_path(Path(os.path.expanduser(rest)), raw, fast=fast)  # noqa: PTH111 - it fails for unknown users
    if uri == "demo":
        return DemoSource(fast=fast)
    if uri == "-":
        from edge.audio.pipes import StandardInput

        return StandardInput(raw, fast=fast)
    if scheme == "cmd" and rest.strip():
        from edge.audio.command import Command

        return Command(rest, raw, wait=wait, fast=fast)
    if scheme in STREAMS:
        from edge.audio.network import NetworkStream

        return NetworkStream(uri, wait=wait, fast=fast)
    shown = f"{scheme}://..." if rest.startswith("//") else uri  # it may hold a password
    raise ConfigError(f"unknown source {shown!r}: use {URIS}")


def _from_path(path: Path, raw: RawFormat, *, fast: bool) -> Source:
    if path.is_fifo():
        from edge.audio.pipes import NamedPipe

        return NamedPipe(path, raw, fast=fast)
    return FileSource(path, fast=fast)


class FileSource:
    """Source that plays an audio file, at real-time pace unless ``fast``."""

    def __init__(self, path: Path, *, fast: bool = False) -> None:
        from edge.audio.file import AudioFile

        self.name = path.name
        self.backlog_s = 0.0
        self._file = AudioFile(path)
        self._fast = fast

    def __iter__(self) -> Iterator[Chunk]:
        """Yield the file's blocks, once; if it is damaged or cut short, the readable part and then ``CutShort``."""
        file, n_blocks = self._file, 0
        try:
            for block in file.blocks(FAST_BLOCK_S) if self._fast else paced(file.blocks(BLOCK_S)):
                yield block
                n_blocks += 1
        except AudioFileError as error:
            if not n_blocks:
                raise
            yield CutShort(str(error))
        else:
            if file.cut_short is not None:
                yield CutShort(f"{file.name}: {file.cut_short}")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class DemoSource:
    """Source that plays what ``edge.audio.demo`` synthesizes, at real-time pace unless ``fast``."""

    def __init__(self, *, fast: bool = False) -> None:
        self.name = "demo (music by livegenre)"
        self.backlog_s = 0.0
        self._fast = fast

    def __iter__(self) -> Iterator[Chunk]:
        """Yield the programme, once; while a stretch of it plays, the next is synthesized."""
        from concurrent.futures import ThreadPoolExecutor, wait

        from edge.audio.demo.programme import PROGRAMME
        from edge.audio.demo.tones import RATE

        size = round(RATE * (FAST_BLOCK_S if self._fast else BLOCK_S))
        with ThreadPoolExecutor(max_workers=1) as beside:
            next_samples = beside.submit(PROGRAMME[0].samples)
            for following in (*PROGRAMME[1:], None):
                while not self._fast and wait((next_samples,), IDLE_S).not_done:
                    yield Idle()
                samples = next_samples.result()[:, np.newaxis]
                if following:
                    next_samples = beside.submit(following.samples)
                blocks = (Block(samples[start : start + size], RATE) for start in range(0, len(samples), size))
                yield from blocks if self._fast else paced(blocks)

    def close(self) -> None:
        """Nothing is held."""


def paced(blocks: Iterator[Block]) -> Iterator[Block]:
    """Yield each block at the time its last sample would have been recorded; lost time is not caught up in a burst."""
    due = time.monotonic()
    for block in blocks:
        due = max(due + block.seconds, time.monotonic() - block.seconds)
        time.sleep(max(0.0, due - time.monotonic()))
        yield block
