"""A stream from the network as a source: an internet radio, a camera. ffmpeg fetches and decodes it.

The address may hold a password or a key, so nothing but the host is ever shown of it: ffmpeg gets it on its standard
input, where the list of processes does not have it, and of ffmpeg's messages only what is wrong is kept.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

from edge.audio.command import PATIENCE, Running
from edge.audio.pipes import not_live
from edge.audio.raw_format import RawFormat
from edge.audio.recovery.live_source import AtRest, End, Kind, LiveSource, Stream
from edge.audio.recovery.outage import Patience
from edge.errors import ConfigError, SourceError

FORMAT = RawFormat(44_100, 2)
#: Microseconds of audio from which ffmpeg finds out what it is; without it, five seconds of some kinds.
ANALYZED_US = 500_000
#: Seconds until the first audio: ffmpeg reads ahead to find out what it is.
STREAM_PATIENCE = Patience(first_audio_s=15.0, when_lost=PATIENCE.when_lost, when_stalled=PATIENCE.when_stalled)
#: What an address may lead to, by a redirection or a playlist: nothing of this machine's.
PROTOCOLS = "pipe,http,https,tls,tcp,httpproxy,crypto,data,rtsp,rtp,srtp,udp"
FFMPEG = (
    *("ffmpeg", "-hide_banner", "-loglevel", "error", "-protocol_whitelist", PROTOCOLS),
    *("-f", "concat", "-safe", "0", "-i", "pipe:0", "-vn"),
    *("-f", "s16le", "-ar", str(FORMAT.sample_rate), "-ac", str(FORMAT.channels), "-"),
)
#: What ffmpeg says of a name that nobody knows; its last message is of an input and output error then.
_UNRESOLVED = re.compile(r"Failed to resolve hostname .*")


class NetworkStream(LiveSource):
    """Source that plays a stream from the network; one that ends or breaks off is opened again."""

    def __init__(self, uri: str, *, wait: bool = False, fast: bool = False) -> None:
        """``ConfigError`` for an address that is none, ``SourceError`` if there is no ffmpeg.

        With ``fast`` it is taken as fast as it comes, and its end is the end.
        """
        address = parsed(uri)
        name = host_of(address)
        if shutil.which(FFMPEG[0]) is None:
            raise SourceError(f"{name}: a stream needs ffmpeg, which is not installed; type: sudo apt install ffmpeg")
        playlist = f"ffconcat version 1.0\nfile '{uri.replace(chr(39), '%27')}'\noption analyzeduration {ANALYZED_US}\n"
        if address.scheme == "rtsp":
            playlist += "option rtsp_transport tcp\n"  # nothing is lost, and no firewall is in the way

        def play(old: Stream | None, _wanted: Callable[[], bool]) -> Stream:
            if old:
                old.close()
            return _Playing(name, playlist.encode(), fast=fast)

        patience, at_rest = (not_live(STREAM_PATIENCE), AtRest.HELD) if fast else (STREAM_PATIENCE, AtRest.CLOSED)
        super().__init__(name, Kind(play, patience, at_rest=at_rest), wait=wait)


class _Playing(Running):
    """ffmpeg while it plays."""

    def __init__(self, name: str, playlist: bytes, *, fast: bool) -> None:
        super().__init__([*FFMPEG], FORMAT, fast=fast, name=name, given=playlist)
        self._fast = fast

    def end(self) -> End | None:
        """Return how it ended."""
        end = super().end()
        if end is None or (end.reason is None and self._fast):
            return end
        return End(f"{self.name}: {reason_of(self.said())}" if end.reason else f"{self.name} ended the stream")


def parsed(uri: str) -> SplitResult:
    """Return the parts of an address; raises ``ConfigError``, without it, for one that is none."""
    try:
        address = urlsplit(uri)
        named = address.hostname and (address.port is None or address.port > 0)
    except ValueError:
        named = None
    if not named or re.search(r"[\s\x00-\x1f\x7f]", uri):
        raise ConfigError(f"{uri.partition(':')[0]}://...: no address; write one as http://radio.example:8000/stream")
    return address


def host_of(address: SplitResult) -> str:
    """Return all of an address that is shown."""
    return address.netloc.rpartition("@")[2]


def reason_of(said: str) -> str:
    """Return what is wrong, of ffmpeg's messages: never an address."""
    if found := _UNRESOLVED.search(said):
        return found[0]
    last = (said.strip().splitlines() or [""])[-1].rpartition(": ")[2].strip()
    return "ffmpeg ended" if not last or re.search(r"[:@?]|//", last) else last
