"""Reactions: a command and a webhook once something has been shown for a while; ``reacting`` is the sink."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time
from typing import TYPE_CHECKING

from edge.checked import between, matching, setting
from edge.sinks.face import Face, Option, Surroundings

if TYPE_CHECKING:
    from edge.sinks import Sink

_CLOCK = r"([01]\d|2[0-3]):[0-5]\d"


@dataclass(frozen=True, slots=True)
class ReactionsConfig:
    """When and how to react."""

    enabled: bool = False
    to: str = setting("", matching(r"(?s).{0,500}", "must have 500 characters at most"))
    after_s: float = setting(60.0, between(0, 86_400))
    pause_s: float = setting(60.0, between(1, 86_400))
    command: str = ""
    webhook: str = setting("", matching(r"(https?://\S+)?", "must begin with http:// or https://"))
    quiet: str = setting("", matching(f"({_CLOCK}-{_CLOCK})?", 'must be hours of the day such as "22:00-07:00"'))

    @property
    def labels(self) -> frozenset[str]:
        """Labels that are reacted to, as events have them; none stands for all."""
        named = (name.strip().casefold().replace(" ", "_") for name in self.to.split(","))
        return frozenset(name for name in named if name)

    def is_quiet(self, now: time) -> bool:
        """Return whether nothing is to happen at a time of the local day."""
        if not self.quiet:
            return False
        begin, end = (time.fromisoformat(part) for part in self.quiet.split("-"))
        return begin <= now < end if begin <= end else now >= begin or now < end

    def contradiction(self) -> tuple[str, str] | None:
        """Return what is missing to react at all."""
        if self.enabled and not (self.command or self.webhook):
            return "enabled", "is true, but there is neither a command nor a webhook"
        return None


def _open(settings: ReactionsConfig, around: Surroundings) -> Sink:
    from edge.sinks.reactions.reacting import Reactions

    sink: Sink = Reactions(settings, around.room.name)
    return sink


REACTIONS = Face(
    section="reactions",
    name="reactions",
    settings=ReactionsConfig,
    option=Option(
        "--react",
        "run COMMAND, or post to a URL, once something else has been shown for a minute",
        metavar="COMMAND",
        settings=lambda text: {"webhook" if re.match("https?://", text) else "command": text},
    ),
    open=_open,
    depends_on=lambda _settings, around: around.room.name,
    in_every_room=True,
)
