"""The page, served by a thread beside the listening one (``edge.http``).

    events ─▶ Board (any thread) ─▶ readers of /api/events (the server's thread)

``page`` is the sink; ``app`` the routes; ``board`` what there is to show.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge import checked
from edge.checked import matching, setting
from edge.http import listening_address
from edge.installation import as_root
from edge.sinks.face import Face, Option, Surroundings, content, load, warn_if_exposed

if TYPE_CHECKING:
    from edge.sinks import Sink

ADDRESS = "127.0.0.1:8730"
#: Name of the file of the token beside the history.
TOKEN_NAME = "web-token"
#: Name of what all rooms share.
SITE = "web page"
#: Origins that may show the page in a frame.
FRAMES = r"(\s*https?://[A-Za-z0-9.\[\]:-]+\s*(,|$))*"


@dataclass(frozen=True, slots=True)
class WebConfig:
    """The page: on or off, and its address; token and names are the metrics', too."""

    enabled: bool = False
    address: str = setting(ADDRESS, listening_address)
    token_file: str = setting("", checked.path)
    names: str = setting("", matching(r"[\w.,\s-]*", "must be names of this machine, separated by commas"))
    frames: str = setting("", matching(FRAMES, "must be origins as https://ha.local:8123, separated by commas"))

    @property
    def token_path(self) -> Path:
        """The file of the token."""
        from edge.history.database import own_file

        return Path(self.token_file) if self.token_file else own_file().with_name(TOKEN_NAME)

    @property
    def own_names(self) -> list[str]:
        """The names of this machine beside its host name."""
        return self.names.replace(",", " ").split()

    @property
    def frame_origins(self) -> list[str]:
        """The origins whose pages may show this one in a frame."""
        return self.frames.replace(",", " ").split()

    def token(self) -> str:
        """Return the token, which is made if there is none; raises ``FaceError`` if it is none."""
        from edge.http.token import read_token

        return read_token(self.token_path)


def _open(settings: WebConfig, around: Surroundings) -> Sink:
    from edge.http.address import parse_address
    from edge.http.token import is_newly_made, place_of_token

    where, place = parse_address(settings.address), place_of_token(settings.token_path)
    token = settings.token()
    is_first = is_newly_made(settings.token_path)
    made, shared = load("edge.sinks.web.page", "web").WebPage, around.shared

    def site() -> Any:
        return load("edge.sinks.web.site", "web").Site(where)

    page = made(
        shared.take(SITE, site),
        token,
        around.model,
        around.history,
        settings.own_names,
        token_place=place,
        frames=settings.frame_origins,
        switch=around.switch,
        settings=around.settings,
        room=around.room,
        on_close=lambda: shared.give_back(SITE),
    )
    sink: Sink = page
    if around.room.place > 0:  # all else was told of the first room's
        return sink
    warn_if_exposed(settings.token_path)
    needed = f"; putting a genre right needs the token in {place}" if around.history else ""
    around.announce(f"the page is at {page.url}" + (needed if where.is_loopback else f" with the token in {place}"))
    if is_first and around.settings is None:  # a person has started it and reads this, no log
        around.announce(f"opened with this link once, a browser keeps the token: {page.url}#token={token}")
    elif is_first:
        around.announce(f"its link and QR code, with the token: {as_root('service link')}")
    return sink


def _depends_on(settings: WebConfig, around: Surroundings) -> Hashable:
    room = around.room
    return id(around.model), around.history, content(settings.token), room.name, room.place


WEB = Face(
    section="web",
    name="web page",
    settings=WebConfig,
    option=Option(
        "--web",
        f"a page in the browser (default {ADDRESS})",
        metavar="ADDRESS:PORT",
        alone=ADDRESS,
        settings=lambda text: {"address": text},
    ),
    open=_open,
    depends_on=_depends_on,
    draws_sound=True,
    in_every_room=True,
)
