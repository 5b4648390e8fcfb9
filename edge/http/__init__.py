"""Shared parts of faces that serve HTTP: addresses, access control, and the server's thread."""

from __future__ import annotations


def listening_address(value: str) -> str:
    """Rule (``edge.checked``) for where to listen for connections."""
    from edge.http.address import parse_address  # not needed where no address is given

    parse_address(value)
    return value
