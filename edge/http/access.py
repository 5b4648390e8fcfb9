"""Access control in front of every application that the server runs.

* The ``Host`` must be an IP address, or a name that is this machine's: a foreign name that was made to lead here (DNS
  rebinding) would let a stranger's page read the answers as its own.
* Where another machine can connect, everything but the page's own files needs the token; changing something, and
  reading settings, always does. A wrong one is refused even where none is needed, so that it is noticed early. It is
  sent in a header that pages of other sites cannot set, which prevents request forgery without cookies.
* A proxy on this machine connects from it, too, for whoever asks the proxy. So a request that has been handed on needs
  the token in any case; ``_is_from_here`` says by what it is known.
* Every answer carries the headers that keep browsers from doing more than the page needs.
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import re
import socket
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, TypeAlias

from edge import words

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
#: Headers by which those that hand requests on say so.
FORWARDING = (
    *(b"forwarded", b"x-forwarded-", b"x-real-ip", b"x-original-", b"x-client-ip"),
    *(b"via", b"cf-", b"x-ingress-path"),
)
#: Methods that change nothing.
SAFE_METHODS = ("GET", "HEAD")


def framed_by(origins: Iterable[str]) -> dict[str, str]:
    """Return the headers with which pages of some origins may show this one in a frame."""
    policy = HEADERS["content-security-policy"]
    allowed = policy.replace("frame-ancestors 'none'", f"frame-ancestors {' '.join(origins)}")
    kept = {name: value for name, value in HEADERS.items() if name != "x-frame-options"}  # which knows no origins
    return {**kept, "content-security-policy": allowed}


class Access:
    """ASGI application that passes permitted requests to another."""

    def __init__(
        self,
        app: App,
        token: str,
        *,
        open_to_read: bool,
        open_paths: Iterable[str] = (),
        names: Iterable[str] = (),
        token_place: str = "",
        frames: Iterable[str] = (),
        secret_paths: Iterable[str] = (),
    ) -> None:
        """``open_to_read``: only this machine connects, and reading needs no token. ``open_paths`` are those that
        never do, ``secret_paths`` those that always do; ``names`` this machine's beside its host name; ``token_place``
        is told where no stranger asks; ``frames`` are the origins whose pages may show this one in a frame."""
        self._app = app
        self._token = token.encode()
        self._open_to_read = open_to_read
        place = f" in {words.safe(token_place)}" if open_to_read and token_place else ""
        self._needs_token = f"needs the token{place}: Authorization: Bearer TOKEN"
        self._open_paths, self._secret_paths = frozenset(open_paths), frozenset(secret_paths)
        own = socket.gethostname().lower()
        self._names = frozenset({"localhost", own, f"{own}.local", *(name.lower() for name in names)})
        headers = framed_by(frames) if frames else HEADERS
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let the application do it."""
        if scope["type"] != "http":
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *self._headers]
            await send(message)

        headers = dict(scope["headers"])
        name = _name_in(headers.get(b"host", b"").decode("latin-1"))
        if name is None or not self._is_own(name):
            await _refuse(send_with_headers, 421, "this name is not this machine's: use its address or its own name")
        elif not self._may(scope, headers.get(b"authorization", b""), name):
            await _refuse(send_with_headers, 401, self._needs_token)
        elif not scope["path"].isprintable():  # a router takes "/api/settings\n" for one of ``secret_paths``
            await _refuse(send_with_headers, 404, "nothing is here")
        else:
            await self._app(scope, receive, send_with_headers)

    def _is_own(self, name: str) -> bool:
        return name.rstrip(".") in self._names or _is_ip_address(name)

    def _may(self, scope: Scope, authorization: bytes, name: str) -> bool:
        is_reading = scope["method"] in SAFE_METHODS
        if is_reading and scope["path"] in self._open_paths:
            return True
        kind, _, token = authorization.partition(b" ")
        if kind.lower() == b"bearer":
            return hmac.compare_digest(token.strip(), self._token)
        is_open = is_reading and self._open_to_read and scope["path"] not in self._secret_paths
        return is_open and _is_from_here(scope, name)


def _name_in(host: str) -> str | None:
    """Return the name or the address in a ``Host`` header; None if there is none."""
    found = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+))(?::\d{1,5})?", host)
    return (found[1] or found[2]).lower() if found else None


def _is_from_here(scope: Scope, name: str) -> bool:
    """Return whether a program of this machine asks for itself, of a request that this machine has sent.

    One that is handed on has a header that says so; or another name than this machine has for itself; or, of nginx as
    it is where nobody has told it more, HTTP 1.0.
    """
    if scope["http_version"] == "1.0" or any(key.startswith(FORWARDING) for key, _ in scope["headers"]):
        return False
    if _is_ip_address(name):
        return ipaddress.ip_address(name).is_loopback
    return name.rstrip(".").rpartition(".")[2] == "localhost"


def _is_ip_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


async def _refuse(send: Send, status: int, error: str) -> None:
    body = json.dumps({"error": error}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
