"""Who has a number, asked of a command or of a web address. What goes wrong is a `SourceError`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tui.command_output import CommandError, command_output
from tui.engine.agent.templates import arguments, filled
from tui.platform.json_values import parsed_json
from tui.platform.web.http_client import HttpClient, HttpError
from tui.text import clean_text, decoded

MOST_BYTES: Final = 16_384


class SourceError(Exception):
    """It could not be asked; the text is for the log, and holds no number."""


async def of_command(words: Sequence[str], number: str) -> str:
    """The first line that a command writes, without a shell; "" when it writes nothing, or says by
    its exit code that nobody is known. Whoever does not wait for it any more ends it."""
    argv = arguments(tuple(words), {"number": number}, ())
    try:
        given = await command_output(argv, MOST_BYTES)
    except CommandError as error:
        raise SourceError(str(error)) from None
    return "" if given.code and not given.cut else _first_line(decoded(given.body))


async def of_url(client: HttpClient, url: str, number: str) -> str:
    """What a web address answers: JSON with `name` and `detail`, or a line of text; "" for 404."""
    try:
        asked = filled(url, {"number": number}, encode=True)
        response = await client.request("GET", asked, most=MOST_BYTES, cut=True)
    except HttpError as error:
        raise SourceError(str(error)) from None
    except ValueError as error:
        raise SourceError(type(error).__name__) from None
    if response.status in (204, 404):
        return ""
    if response.status != 200:
        raise SourceError(f"HTTP {response.status}")
    if response.content_type == "text/html":
        # A gateway's: somebody is to sign in there, or to be told something.
        raise SourceError("a web page, and no answer")
    text = decoded(response.body).strip()
    if not text.startswith(("{", "[")):
        return _first_line(text)
    try:
        given = parsed_json(text)
    except (ValueError, RecursionError):
        raise SourceError("the answer is not JSON") from None
    if isinstance(given, list):  # what was found, the best first
        given = next((each for each in given if isinstance(each, dict)), {})
    parts = (given.get("name"), given.get("detail"))
    said = (str(each) for each in parts if isinstance(each, str | int | float) and each)
    return clean_text(", ".join(said), 160)


def _first_line(text: str) -> str:
    lines = text.strip().splitlines()
    return clean_text(lines[0], 160) if lines else ""
