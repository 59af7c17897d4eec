"""The lines of the port's socket: one JSON object a line, UTF-8, both ways.

Front end → engine: `{"yimi": V, "kind": "screen"|"script"|"watch"}` first, then
`{"id": n, "command": C, "by": T}`, which is carried out until the instant T (`tui.clock.instant`,
the same in both processes) or not at all, and `{"id": n, "ping": true}`.
Engine → front end: `{"yimi": V, "pid": …, "screens": …}` first, then `{"seq": n, "snapshot": S}`;
after it `{"seq": n, "event": E}` with n rising by one, `{"id": n, "result": R}`,
`{"id": n, "pong": true}`, a fresh snapshot
whenever the front end was too slow, `{"error": M}` before the engine closes on a front end that
it does not understand, and `{"bye": true}` when the engine ends in good order.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

from tui.port.values import Message
from tui.port.wire.codec import fingerprint

PROTOCOL: Final = 2
COMMAND_LIMIT: Final = 64 * 1024
"""Bytes in a line from a front end."""
ENGINE_LIMIT: Final = 4 * 1024 * 1024
"""Bytes in a line from the engine: a snapshot, or a page of the directory."""
KINDS: Final = ("screen", "script")
"""A screen is somebody who looks; a script is not."""
WATCH: Final = "watch"
"""Who only looks, through the door for that (`tui.port.wire.watch`): no command is taken."""


class WireError(Exception):
    """The peer does not speak the port; `message` says it in words."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.id)
        self.message = message


def version() -> str:
    """What both ends must agree on: the protocol, and the shape of everything that crosses."""
    return f"{PROTOCOL}.{fingerprint()}"


def encode_line(value: dict[str, Any]) -> bytes:
    """One line. Only ASCII, so that whatever a string holds it cannot break the line."""
    return json.dumps(value, separators=(",", ":")).encode("ascii") + b"\n"


async def read_line(reader: asyncio.StreamReader) -> dict[str, Any] | None:
    """The next line's object; None at the end. Raises WireError for anything that is not a
    JSON object within the reader's limit."""
    try:
        line = await reader.readuntil(b"\n")
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError:
        raise WireError(Message("engine.too_long")) from None
    except ConnectionError:
        return None
    return decode_line(line)


def decode_line(line: bytes) -> dict[str, Any]:
    """The object of a line. Raises WireError."""
    try:
        # ValueError: not UTF-8, not JSON, or a number of more digits than Python converts.
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise WireError(Message("engine.bad_line")) from None
    if not isinstance(value, dict):
        raise WireError(Message("engine.bad_line"))
    return value
