"""Who has a number, asked of a command or of a web address. What goes wrong is a `SourceError`."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final

from tui.engine.agent.templates import arguments, filled
from tui.text import clean_text, decoded

if TYPE_CHECKING:
    import aiohttp

MOST_BYTES: Final = 16_384


class SourceError(Exception):
    """It could not be asked; the text is for the log, and holds no number."""


async def of_command(words: Sequence[str], number: str) -> str:
    """The first line that a command writes, without a shell; "" when it writes nothing, or says by
    its exit code that nobody is known. Whoever does not wait for it any more ends it."""
    argv = arguments(tuple(words), {"number": number}, ())
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise SourceError(f"{argv[0]}: {type(error).__name__}") from None
    assert process.stdout is not None
    try:
        body = await _read(process.stdout.read, whole=False)
        code = await process.wait()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()  # it is gone in a moment
        raise
    return "" if code else _first_line(decoded(body))


async def of_url(session: aiohttp.ClientSession, url: str, number: str) -> str:
    """What a web address answers: JSON with `name` and `detail`, or a line of text; "" for 404."""
    import aiohttp

    try:
        asked = filled(url, {"number": number}, encode=True)
        async with session.get(asked, allow_redirects=False) as response:
            if response.status in (204, 404):
                return ""
            if response.status != 200:
                raise SourceError(f"HTTP {response.status}")
            body = await _read(response.content.read, whole=True)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise SourceError(type(error).__name__) from None
    text = decoded(body).strip()
    if not text.startswith(("{", "[")):
        return _first_line(text)
    try:
        given = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        raise SourceError("the answer is not JSON") from None
    if isinstance(given, list):  # what was found, the best first
        given = next((each for each in given if isinstance(each, dict)), {})
    parts = (given.get("name"), given.get("detail"))
    said = (str(each) for each in parts if isinstance(each, str | int | float) and each)
    return clean_text(", ".join(said), 160)


async def _read(read: Callable[[int], Awaitable[bytes]], *, whole: bool) -> bytes:
    """The whole, or as far as its first line is there; at most what is looked at. One read may
    bring a piece."""
    body = b""
    while len(body) < MOST_BYTES and (whole or b"\n" not in body.lstrip()):
        chunk = await read(MOST_BYTES - len(body))
        if not chunk:
            break
        body += chunk
    return body


def _first_line(text: str) -> str:
    lines = text.strip().splitlines()
    return clean_text(lines[0], 160) if lines else ""
