"""A window that fills the screen: the genre in letters that can be read across the room, and the last hour below.

``fullscreen`` is the sink; ``tk_screen`` draws in a process of its own, since Xlib exits when its X server is lost.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.sinks.face import Face, Option, Surroundings

if TYPE_CHECKING:
    from edge.sinks import Sink


@dataclass(frozen=True, slots=True)
class WindowConfig:
    """The window: on or off."""

    enabled: bool = False


def _open(_settings: WindowConfig, around: Surroundings) -> Sink:
    from edge.sinks.window.fullscreen import Window

    return Window(around.on_exit, around.history)


def _depends_on(_settings: WindowConfig, around: Surroundings) -> Hashable:
    return around.history


WINDOW = Face(
    section="window",
    name="window",
    settings=WindowConfig,
    option=Option("--window", "the genre on the whole screen; Escape ends it"),
    open=_open,
    depends_on=_depends_on,
)
