"""The control API's ground: who may ask, how requests are read and refused."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def refuse(text: str, status: int = 400) -> web.HTTPException:
    """What to raise: the reason in JSON."""
    kind = {400: web.HTTPBadRequest, 403: web.HTTPForbidden, 404: web.HTTPNotFound}[status]
    return kind(text=json.dumps({"error": text}), content_type="application/json")


def is_local(host: str) -> bool:
    """Whether a host name is this machine's loopback."""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@web.middleware
async def local_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The control API answers this machine alone, and no page of a stranger's in its browser."""
    if request.path.startswith("/control/"):
        origin = request.headers.get("Origin")
        named = urlsplit(f"//{request.host}").hostname or ""
        if (
            not is_local(request.remote or "")
            or not is_local(named)
            or (origin is not None and not is_local(urlsplit(origin).hostname or ""))
        ):
            raise refuse("for this machine only", 403)
    return await handler(request)


async def read_body(request: web.Request) -> dict[str, Any]:
    """The request's JSON object; {} when there is no body."""
    if not request.can_read_body:
        return {}
    try:
        given = json.loads(await request.text())
    except ValueError:
        raise refuse("the body is a JSON object") from None
    if not isinstance(given, dict):
        raise refuse("the body is a JSON object")
    return given
