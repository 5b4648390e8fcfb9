"""The middle of any recording that ffmpeg can read, at its original level."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from build.errors import IngestError

#: Of a longer recording only the beginning is used; two hours decoded take 320 MB.
LONGEST_S = 7_200
#: Shorter excerpts are not enough for a genre or a tempo.
SHORTEST_S = 3.0


@dataclass(frozen=True, slots=True)
class Tags:
    """The tags of a file; empty where it has none."""

    artist: str = ""
    title: str = ""


def require_ffmpeg() -> None:
    """Raise ``IngestError`` if ffmpeg or ffprobe is missing, once instead of for every recording."""
    for program in ("ffmpeg", "ffprobe"):
        if not shutil.which(program):
            raise IngestError(f"{program} is not installed: sudo apt install ffmpeg")


def middle(path: Path, seconds: float, sample_rate: int) -> NDArray[np.int16]:
    """Decode a file's first audio stream, mix it to mono and return the ``seconds`` in its middle as int16.

    A recording that is shorter is returned whole. Raises ``IngestError`` if ffmpeg cannot read the file,
    or if it is shorter than ``SHORTEST_S`` or silent.
    """
    mono = ["-ac", "1", "-ar", str(sample_rate)]  # the average of the channels, so that the level stays
    options = ["-map", "0:a:0", "-t", str(LONGEST_S), *mono, "-f", "s16le", "-c:a", "pcm_s16le"]
    content = _run(["ffmpeg", "-nostdin", "-v", "error", "-i", _url(path), *options, "-"], path)
    samples = np.frombuffer(content, dtype="<i2")
    if samples.size < SHORTEST_S * sample_rate:
        raise IngestError(f"lasts {samples.size / sample_rate:.1f} s, at least {SHORTEST_S:g} s are needed")
    if not samples.any():
        raise IngestError("is silent")
    n_wanted = round(seconds * sample_rate)
    start = max(0, samples.size - n_wanted) // 2
    return samples[start : start + n_wanted].astype(np.int16)


def read_tags(path: Path) -> Tags:
    """Return the tags of a file that ffmpeg can read."""
    entries = "format_tags=artist,title:stream_tags=artist,title"
    content = _run(["ffprobe", "-v", "error", "-show_entries", entries, "-of", "json", _url(path)], path)
    document = json.loads(content)
    found: dict[str, str] = {}
    for part in (document.get("format", {}), *document.get("streams", [])):
        for name, value in part.get("tags", {}).items():
            found.setdefault(name.lower(), value.strip())
    return Tags(found.get("artist", ""), found.get("title", ""))


def _url(path: Path) -> str:
    """Return a path in a form that ffmpeg does not parse as an option or a protocol."""
    return f"file:{path.absolute()}"


def _run(command: Sequence[str], path: Path) -> bytes:
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        reason = lines[-1].removeprefix(f"{_url(path)}: ")
        raise IngestError(f"is not audio that ffmpeg can read ({reason})")
    return done.stdout
