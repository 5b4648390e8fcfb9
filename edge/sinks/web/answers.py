"""Parts of answers to requests that all of the page's API shares."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge.http import server

log = logging.getLogger(__name__)


def as_json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer that no one keeps."""
    return JSONResponse(value, status, {"cache-control": "no-store", **(headers or {})})


async def as_error(_request: Request, error: Exception) -> Response:
    """Return what is told of an exception; one that is no refusal is logged."""
    if isinstance(error, HTTPException):
        return as_json({"error": error.detail}, error.status_code, error.headers)
    log.error("the page's server failed", exc_info=error)
    return as_json({"error": "an error of the program's own; its log says more"}, 500)


async def json_object(request: Request, most_bytes: int) -> dict[str, Any]:
    """Return the JSON object that a request sends; raises ``HTTPException`` for what is none."""
    body = b""
    try:
        async with asyncio.timeout(server.PATIENCE_S):
            async for part in request.stream():
                body += part
                if len(body) > most_bytes:
                    raise HTTPException(413, f"a request here has {most_bytes} bytes at most")
        asked = json.loads(body)
    except TimeoutError as error:
        raise HTTPException(408, "the request did not end") from error
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "the request is not JSON") from error
    if not isinstance(asked, dict):
        raise HTTPException(400, "the request is not a JSON object")
    return asked
