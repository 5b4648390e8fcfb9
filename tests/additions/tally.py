"""A face that counts events, and writes the count when it is closed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from edge import checked
from edge.checked import setting
from edge.events import Event
from edge.sinks.face import Face, Option, Surroundings


@dataclass(frozen=True, slots=True)
class TallyConfig:
    """Settings of the count: on or off, and its file."""

    enabled: bool = False
    file: str = setting("", checked.path)


class Tally:
    """Sink that counts."""

    def __init__(self, file: Path) -> None:
        self._file, self._counts = file, Counter[str]()

    def __call__(self, event: Event) -> None:
        self._counts[event.kind] += 1

    def close(self) -> None:
        self._file.write_text(str(dict(self._counts)))


def _open(settings: TallyConfig, around: Surroundings) -> Tally:
    around.announce(f"counting into {settings.file}")
    return Tally(Path(settings.file))


TALLY = Face(
    section="tally",
    name="tally",
    settings=TallyConfig,
    option=Option("--tally", "count what is heard", metavar="FILE", settings=lambda text: {"file": text}),
    open=_open,
)
