"""The messages between this phone and the other side, as the steps of a ladder: masked, a line
each, the oldest first."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from tui.plain_value import PlainValue
from tui.text import clean_text

NEWEST: Final = 200
"""Steps of one ladder."""
LONGEST: Final = 200
"""Characters of one step."""
_CSEQ: Final = re.compile(r"(?im)^cseq\s*:\s*\d+\s+([!-~]+)")
_PROLOG: Final = re.compile(r"^\s*<\?xml[^>]*>\s*")


class RungKind(StrEnum):
    """What sort of message it is."""

    SIP = "sip"
    CONTROL = "control"


class Rung(PlainValue, frozen=True):
    """One message at the instant `at`; `sent` by us, or by the other side. `text` is its first
    line."""

    at: float
    sent: bool
    kind: RungKind
    text: str


class Ladder(PlainValue, frozen=True):
    """The newest `NEWEST`, the oldest of them first."""

    rungs: tuple[Rung, ...] = ()


def sip_line(message: str) -> str:
    """A SIP message in one line: a request's first; a response's, with what it answers. "" for
    what only keeps a connection open."""
    line = message.lstrip().partition("\n")[0].strip()
    if not line.startswith("SIP/2.0 "):
        return clean_text(line.removesuffix(" SIP/2.0"), LONGEST)
    method = _CSEQ.search(message)
    answered = f" ({method[1]})" if method is not None else ""
    return clean_text(line.removeprefix("SIP/2.0 ") + answered, LONGEST)


def control_line(name: str, body: str) -> str:
    """A control message in one line: its name where it is known, and its XML."""
    return clean_text(f"{name} {_PROLOG.sub('', body)}", LONGEST)


def answer_line(name: str, answer: str) -> str:
    """What became of a control message of ours that was not taken."""
    return clean_text(f"{name}: {answer}", LONGEST)
