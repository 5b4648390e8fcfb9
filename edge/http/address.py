"""The address at which a face listens for connections."""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass

from edge.errors import ConfigError, FaceError
from edge.installation import as_root

#: The ports of the page and of the metrics if none is named.
WEB_PORT, METRICS_PORT = 8730, 8731


@dataclass(frozen=True, slots=True)
class Address:
    """An IP address and a port; port 0 is any that is free."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """True if nothing but this machine reaches it."""
        return ipaddress.ip_address(self.host).is_loopback

    def bind(self) -> socket.socket:
        """Return a socket that listens there; ``FaceError`` if that is not possible."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        try:
            found = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:  # the unit's RestrictAddressFamilies
            remedy = f"let the service use it: {as_root('service install --network')}"
            raise FaceError(f"{self}: this process may not use the network; {remedy}") from error
        try:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind((self.host, self.port))
            found.listen(128)
        except OSError as error:
            found.close()
            raise FaceError(f"{self}: {error.strerror}; choose another address or port") from error
        return found

    @property
    def url(self) -> str:
        """The URL for a browser: with the address, or this machine's name where it listens on every network."""
        if not ipaddress.ip_address(self.host).is_unspecified:
            return f"http://{self}/"
        name = socket.gethostname()
        return f"http://{name if '.' in name else f'{name}.local'}:{self.port}/"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def parse_address(text: str, default_port: int = WEB_PORT) -> Address:
    """Return the address that ``127.0.0.1:8000``, ``[::1]:8000``, ``0.0.0.0`` or ``:8000`` names."""
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([\w.-]*))(?::(\d{1,5}))?", text.strip())
    if not found:
        raise _no_address(text)
    host = found[1] or found[2] or "127.0.0.1"
    port = default_port if found[3] is None else int(found[3])
    if host == "localhost":
        host = "127.0.0.1"
    try:
        ipaddress.ip_address(host)
    except ValueError as error:
        raise _no_address(text) from error
    if port > 65_535:
        raise _no_address(text)
    return Address(host, port)


def _no_address(text: str) -> ConfigError:
    return ConfigError(f"{text!r} is no address; write one as 127.0.0.1:8730, or 0.0.0.0:8730 for all networks")
