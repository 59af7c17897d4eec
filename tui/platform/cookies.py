"""Cookies (RFC 6265) of the servers that one agent is signed in at, for as long as that lasts.

Platforms do not sign in by them; what stands before a platform keeps a client at one of several
machines by one, and may let nobody through who does not say it back.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

MOST: Final = 50
LONGEST: Final = 4096
"""Characters of one (§6.1)."""
_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE: Final = re.compile(r"[ !-:<-~]*")
_SECONDS: Final = re.compile(r"-?[0-9]{1,12}")
_SECURE: Final = ("https", "wss")


@dataclass(frozen=True, slots=True)
class _Cookie:
    name: str
    value: str = field(repr=False)
    domain: str
    path: str
    secure: bool
    below: bool
    """Hosts below the domain have it too."""
    ends: float
    """In Unix time; infinity: with the session."""

    def is_for(self, host: str, path: str, *, secure: bool) -> bool:
        meant = host == self.domain or (self.below and host.endswith(f".{self.domain}"))
        there = path == self.path or path.startswith(self.path.rstrip("/") + "/")
        return meant and there and (secure or not self.secure)


class Cookies:
    """What servers gave to be said back. `clock` is in Unix time: a cookie ends at a date."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._kept: dict[tuple[str, str, str], _Cookie] = {}

    def take(self, url: str, lines: Iterable[str]) -> None:
        """The fields `Set-Cookie` of an answer to that address. What cannot be read is none."""
        for line in lines:
            found = self._read(url, line)
            if found is None:
                continue
            key = (found.domain, found.path, found.name)
            self._kept.pop(key, None)
            if found.ends > self._clock():
                self._kept[key] = found
        while len(self._kept) > MOST:
            del self._kept[next(iter(self._kept))]

    def said(self, url: str) -> str:
        """The field `Cookie` of a request to that address, "" for none: the longest path first
        (§5.4)."""
        parts = urlsplit(url)
        host, path = (parts.hostname or "").lower(), parts.path or "/"
        now, secure = self._clock(), parts.scheme in _SECURE
        fit = [
            each
            for each in self._kept.values()
            if each.ends > now and each.is_for(host, path, secure=secure)
        ]
        fit.sort(key=lambda each: -len(each.path))
        return "; ".join(f"{each.name}={each.value}" for each in fit)

    def _read(self, url: str, line: str) -> _Cookie | None:
        pair, *others = line.split(";")
        name, equals, value = (part.strip(" \t") for part in pair.partition("="))
        if not equals or len(line) > LONGEST or not _NAME.fullmatch(name):
            return None
        if not _VALUE.fullmatch(value):
            return None
        said = {
            key.strip().lower(): text.strip()
            for key, _, text in (each.partition("=") for each in others)
        }
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        domain = said.get("domain", "").lstrip(".").lower()
        if domain and not _may_speak_for(host, domain):
            return None
        path = said.get("path", "")
        if not path.startswith("/"):
            path = parts.path.rpartition("/")[0] or "/"
        return _Cookie(
            name,
            value,
            domain or host,
            path,
            secure="secure" in said,
            below=domain != "" and not _is_address(host),
            ends=self._end(said),
        )

    def _end(self, said: dict[str, str]) -> float:
        if _SECONDS.fullmatch(age := said.get("max-age", "")):
            return self._clock() + int(age)
        try:
            return parsedate_to_datetime(said["expires"]).timestamp()
        except (KeyError, ValueError, TypeError, OverflowError, IndexError):
            return float("inf")


def _may_speak_for(host: str, domain: str) -> bool:
    """Whether a host may give cookies for that domain: its own, or one above it that is more than
    a last label."""
    return host == domain or (
        host.endswith(f".{domain}") and "." in domain and not _is_address(host)
    )


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
