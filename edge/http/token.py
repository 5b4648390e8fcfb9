"""The token for requests from other machines and for changes."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

from edge.errors import FaceError

#: Environment variable with the token, as an alternative to a file.
TOKEN_VARIABLE = "LIVEGENRE_WEB_TOKEN"
#: Allowed tokens: they can be typed and be part of a link.
TOKEN = re.compile(r"[A-Za-z0-9_-]{16,200}")


#: Files whose token this process has made, and nobody has been told of.
_NEWLY_MADE: set[Path] = set()


def is_newly_made(file: Path) -> bool:
    """Return whether this process has made the token in a file, the first time that it is asked."""
    is_new = file in _NEWLY_MADE
    _NEWLY_MADE.discard(file)
    return is_new


def token_in(file: Path) -> str:
    """Return what a token's file holds; raises ``OSError`` where it cannot be read."""
    return file.read_text(encoding="utf-8-sig", errors="replace").strip()


def read_token(file: Path) -> str:
    """Return the token: the environment's, or that of ``file``, which is made with one if it is not there."""
    token = os.environ.get(TOKEN_VARIABLE)
    name = TOKEN_VARIABLE if token else str(file)
    try:
        token = token or _token_of(file)
    except OSError as error:
        raise FaceError(f"{file}: {error.strerror}; put a token into {TOKEN_VARIABLE} or another file") from error
    if not TOKEN.fullmatch(token):
        raise FaceError(f"{name}: a token has 16 to 200 letters, digits, - and _; remove it to have one made")
    return token


def place_of_token(file: Path) -> str:
    """Return where a token is, in words, of ``read_token``."""
    return f"the variable {TOKEN_VARIABLE}" if os.environ.get(TOKEN_VARIABLE) else str(file)


def _token_of(file: Path) -> str:
    try:
        return token_in(file)
    except FileNotFoundError:
        token = secrets.token_urlsafe(18)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600, exist_ok=False)
        file.write_text(token + "\n", encoding="utf-8")
        _NEWLY_MADE.add(file)
        return token
