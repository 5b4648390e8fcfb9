"""The link that opens the service's page with its token, which a browser then keeps, and its QR code for telephones."""

from __future__ import annotations

import io
from pathlib import Path

from edge.errors import FaceError
from edge.history.database import own_file
from edge.http.address import parse_address
from edge.http.token import TOKEN_VARIABLE, token_in
from edge.installation import as_root
from edge.service.config import load_config
from edge.service.systemd_unit import CONFIG, STATE
from edge.sinks.face import load
from edge.sinks.web import TOKEN_NAME, WEB


def page_link(config_file: Path | None = None) -> str:
    """Return the link; raises ``FaceError`` where there is no page, or no token yet."""
    file = config_file or CONFIG
    web = load_config(file).faces[WEB.section]
    if not web.enabled:
        raise FaceError(f"{file}: the page is off; write enabled = true under [web], and restart the service")
    folder = STATE[0] if config_file is None and STATE[0].exists() else own_file().parent
    token_file = Path(web.token_file) if web.token_file else folder / TOKEN_NAME
    try:
        token = token_in(token_file)
    except FileNotFoundError as error:
        raise FaceError(f"{token_file}: no token yet; start the service, or look into {TOKEN_VARIABLE}") from error
    except OSError as error:
        raise FaceError(f"{token_file}: {error.strerror}; try {as_root('service link')}") from error
    return f"{parse_address(web.address).url}#token={token}"


def qr_code(link: str) -> str:
    """Return its QR code as lines of text; raises ``FaceError`` where what draws it is not installed."""
    drawn = io.StringIO()
    load("segno", "web").make(link, error="l", micro=False).terminal(drawn, compact=True)
    return drawn.getvalue()
