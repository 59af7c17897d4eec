"""Cookies (RFC 6265) of the servers that one agent is signed in at, for as long as that lasts.

Platforms do not sign in by them; what stands before a platform keeps a client at one of several
machines by one, and may let nobody through who does not say it back. Python's own jar reads, keeps
and says them; here it is spoken to without a request of its own library.
"""

from __future__ import annotations

from collections.abc import Iterable
from email.message import Message
from http.cookiejar import CookieJar
from typing import Final
from urllib.request import Request

MOST: Final = 50
LONGEST: Final = 4096
"""Characters of one (§6.1)."""
_AS_WEB: Final = {"ws:": "http:", "wss:": "https:"}


class _Answer:
    """So much of an answer as the jar asks for."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._fields = Message()
        for line in lines:
            self._fields["Set-Cookie"] = line

    def info(self) -> Message:
        """Its fields."""
        return self._fields


class Cookies:
    """What servers gave to be said back."""

    def __init__(self) -> None:
        self._jar = CookieJar()

    def take(self, url: str, lines: Iterable[str]) -> None:
        """The fields `Set-Cookie` of an answer to that address. What cannot be read is none, and so
        is what would be more than MOST."""
        fit = [
            line for line in lines if len(line) <= LONGEST and line.isascii() and line.isprintable()
        ]
        for line in fit:
            self._jar.extract_cookies(_Answer([line]), _asked(url))  # type: ignore[arg-type]
        for one in list(self._jar)[MOST:]:
            self._jar.clear(one.domain, one.path, one.name)

    def said(self, url: str) -> str:
        """The field `Cookie` of a request to that address, "" for none."""
        request = _asked(url)
        self._jar.add_cookie_header(request)
        return request.get_header("Cookie", "") or ""


def _asked(url: str) -> Request:
    scheme, colon, rest = url.partition(":")
    return Request(_AS_WEB.get(scheme + colon, scheme + colon) + rest)  # noqa: S310 - not opened
