"""Digits that agents type: one SIP INFO each (`application/dtmf-relay`), heard as a receiver hears
them, which drops a digit that begins before the one before it is over."""

from __future__ import annotations

import re
from dataclasses import dataclass

CONTENT_TYPE = "application/dtmf-relay"
REST = 0.06
"""Seconds of silence that a receiver needs between two digits."""
_LINE = re.compile(r"\A(Signal|Duration)\s*=\s*(\S+)\s*\Z", re.IGNORECASE)
_DIGITS = frozenset("0123456789*#ABCD")


@dataclass(frozen=True, slots=True)
class Key:
    """One digit of an agent's: `at` when it came, `ms` how long it sounds; `taken` False when it
    came too close after the one before and was dropped."""

    un: str
    digit: str
    at: float
    ms: int
    taken: bool = True


def read_relay(content_type: str | None, body: bytes) -> tuple[str, int] | None:
    """Digit and duration in ms of an INFO; None when it is nothing of the kind."""
    if (content_type or "").split(";")[0].strip().lower() != CONTENT_TYPE:
        return None
    found = {}
    for line in body.decode(errors="replace").splitlines():
        if match := _LINE.match(line.strip()):
            found[match[1].lower()] = match[2]
    digit, ms = found.get("signal", "").upper(), found.get("duration", "160")
    if digit not in _DIGITS or not ms.isdigit() or len(ms) > 5:
        return None
    return digit, int(ms)


def heard(before: list[Key], un: str, digit: str, ms: int, now: float) -> Key:
    """The digit as the receiver takes it, after those that came before."""
    last = next((key for key in reversed(before) if key.taken and key.un == un), None)
    taken = last is None or now - last.at >= last.ms / 1000 + REST
    return Key(un, digit, now, ms, taken)
