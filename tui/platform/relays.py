"""TURN servers and their credentials, which may last only a while and are then fetched anew.

The answer to a renewal, from a URL or from a command, is a JSON object with `username`, `password`
and, as the server likes, `ttl` (seconds) and `uris` (draft-uberti-behave-turn-rest-00 §2.2); or, as
the services of relays write it, it holds such an object somewhere, as browsers want their
`iceServers` (W3C WebRTC §4.2.4: `credential`, `urls`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from tui.command_output import CommandError, command_output
from tui.log import get_logger
from tui.platform.json_values import integer_of, parsed_json
from tui.platform.web.addresses import is_loopback
from tui.platform.web.http_client import HttpClient, HttpError
from tui.secrets import Secret

log = get_logger("platform")

LIMIT: Final = 5.0
"""Seconds for one renewal."""
MAX_BYTES: Final = 64 * 1024
_TTL: Final = 600.0
"""Seconds that credentials count without a `ttl`."""
_USED: Final = 0.8
"""The share of their life after which they are renewed."""
_DEEPEST: Final = 4
"""Levels of an answer that are looked through."""
_AGAIN: Final = 30.0
"""Seconds before another try after one that failed."""


@dataclass(frozen=True, slots=True)
class Relay:
    """A STUN or TURN server; a STUN server has no name and no credential."""

    url: str
    username: str = ""
    credential: Secret = Secret()  # noqa: RUF009 - immutable


class RenewalError(Exception):
    """No new credentials; the text is for the log and holds no secret."""


class Relays:
    """The servers for the next audio leg. `renewal` is one https:// address or the words of a
    command; () = what is given is used for ever."""

    def __init__(
        self,
        servers: Sequence[str],
        username: str = "",
        credential: Secret | None = None,
        renewal: Sequence[str] = (),
        *,
        clock: Callable[[], float],
    ) -> None:
        self._servers = tuple(servers)
        self._username = username
        self._credential = credential or Secret()
        self._renewal = tuple(renewal)
        self._clock = clock
        self._renew_at = float("-inf") if renewal else float("inf")
        self._asking = asyncio.Lock()

    async def servers(self) -> tuple[Relay, ...]:
        """With credentials that still count. When none can be had the old ones are tried."""
        async with self._asking:
            if self._clock() >= self._renew_at:
                try:
                    self._take(await renewed(self._renewal))
                except RenewalError as error:
                    log.warning("no new TURN credentials: %s", error)
                    self._renew_at = self._clock() + _AGAIN
        return tuple(self._relay(url) for url in self._servers)

    def _relay(self, url: str) -> Relay:
        if url.startswith("stun") or "@" in url or not self._username:
            return Relay(url)
        return Relay(url, self._username, self._credential)

    def _take(self, given: dict[str, Any]) -> None:
        ttl = integer_of(given.get("ttl"))
        seconds = float(ttl) if ttl is not None and ttl > 0 else _TTL
        urls = given.get("uris", given.get("urls", given.get("url")))
        if isinstance(urls, str):
            urls = [urls]
        if isinstance(urls, list):
            fresh = [url for url in urls if isinstance(url, str) and url.startswith(_SCHEMES)]
            kept = [url for url in self._servers if url.startswith("stun")]
            self._servers = tuple(dict.fromkeys([*kept, *fresh])) if fresh else self._servers
        self._username, self._credential = given["username"], Secret(_password(given))
        self._renew_at = self._clock() + _USED * seconds


_SCHEMES: Final = ("stun:", "stuns:", "turn:", "turns:")


async def renewed(renewal: Sequence[str]) -> dict[str, Any]:
    """Fetch credentials. Raises RenewalError."""
    try:
        async with asyncio.timeout(LIMIT):
            one = len(renewal) == 1 and "://" in renewal[0]
            body = await (_fetch(renewal[0]) if one else _run(renewal))
        given = parsed_json(body)
    except TimeoutError:
        raise RenewalError("no answer in time") from None
    except (ValueError, RecursionError):
        raise RenewalError("the answer is not JSON") from None
    if not isinstance(given, dict | list):
        raise RenewalError("the answer is no JSON object")
    found = _holder(given)
    if found is None:
        raise RenewalError("the answer has no username and password")
    # The life may stand beside what it is the life of.
    return {
        **({"ttl": given["ttl"]} if isinstance(given, dict) and "ttl" in given else {}),
        **found,
    }


def _password(given: dict[str, Any]) -> Any:
    return given.get("password", given.get("credential"))


def _holder(given: Any, depth: int = 0) -> dict[str, Any] | None:
    """The first object in the answer that has a name and a password."""
    if isinstance(given, dict):
        if isinstance(given.get("username"), str) and isinstance(_password(given), str):
            return given
        given = list(given.values())
    if not isinstance(given, list) or depth >= _DEEPEST:
        return None
    return next((held for each in given if (held := _holder(each, depth + 1))), None)


async def _fetch(url: str) -> bytes:
    parts = urlsplit(url)
    local = parts.scheme == "http" and is_loopback(parts.hostname or "")
    if parts.scheme != "https" and not local:
        raise RenewalError("the address is not https://")
    client = HttpClient()
    try:
        response = await client.request("GET", url, most=MAX_BYTES)
    except HttpError as error:
        raise RenewalError(str(error)) from None
    except ValueError as error:
        raise RenewalError(type(error).__name__) from None
    finally:
        await client.close()
    if response.status != 200:
        raise RenewalError(f"HTTP {response.status}")
    return response.body


async def _run(words: Sequence[str]) -> bytes:
    try:
        given = await command_output(words, MAX_BYTES)
    except CommandError as error:
        raise RenewalError(str(error)) from None
    if given.cut:
        raise RenewalError("the answer is too long")
    if given.code:
        raise RenewalError(f"{words[0]} ended with {given.code}")
    return given.body
