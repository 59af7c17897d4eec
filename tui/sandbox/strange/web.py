"""Web answers of a strange platform: slow, with fields that nobody listed, without the optional
ones, numbers now as text and now not."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tui.sandbox.strange.dice import Dice

SLOW = 1.2
"""Seconds that an answer takes at most."""
OPTIONAL = frozenset(
    (
        *("info", "ccgeid", "seid", "work_number", "epname", "epName"),
        *("allow_auto_answer", "auto_answer_duration", "allow_monitor", "recordsFiltered"),
        *("seat_real_time_state", "group_real_time_state", "duty"),
    )
)
"""What an answer may leave out."""
EITHER_WAY = frozenset(
    ("id", "gid", "eid", "uid", "extension_start", "extension_end", "http_port", "http_ports")
)
"""What the vendor writes now as a number, now as text."""
MORE: tuple[tuple[str, Any], ...] = (
    ("request_id", "5f0c"),
    ("server_time", 1_800_000_000),
    ("ext", {"a": [1, None]}),
    ("remark", None),
    ("tags", []),
    ("vip", False),
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def strange_web(dice: Dice) -> Any:
    """A middleware for the web API; the control API and the gateway stay as they are."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith("/control/") or request.path == "/sip":
            return await handler(request)
        rng = dice.roll("web", request.path)
        response = await handler(request)
        await asyncio.sleep(rng.choice((0.0, 0.0, rng.uniform(0, SLOW))))
        if isinstance(response, web.Response) and response.content_type == "application/json":
            given = json.loads(response.text or "null")
            charset = rng.choice(("application/json", "application/json; charset=utf-8"))
            return web.Response(
                status=response.status,
                body=json.dumps(vary(given, rng), ensure_ascii=rng.random() < 0.5).encode(),
                headers={"Content-Type": charset},
            )
        return response

    return middleware


def vary(value: Any, rng: random.Random, key: str = "") -> Any:
    """The same answer, told otherwise."""
    if isinstance(value, dict):
        items = [
            (name, vary(each, rng, name))
            for name, each in value.items()
            if name not in OPTIONAL or rng.random() < 0.6
        ]
        items += [each for each in rng.sample(MORE, rng.choice((0, 1, 2))) if each[0] not in value]
        rng.shuffle(items)
        return dict(items)
    if isinstance(value, list):
        return [vary(each, rng) for each in value]
    if key in EITHER_WAY and rng.random() < 0.5:
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, str) and value.isascii() and value.isdigit() and value[0] != "0":
            return int(value)
    return value
