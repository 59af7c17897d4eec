"""Digits that agents type: one SIP INFO each (`application/dtmf-relay`)."""

from __future__ import annotations

import re

CONTENT_TYPE = "application/dtmf-relay"
_LINE = re.compile(r"\A(Signal|Duration)\s*=\s*(\S+)\s*\Z", re.IGNORECASE)
_DIGITS = frozenset("0123456789*#ABCD")


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
