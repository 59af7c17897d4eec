"""Provisional responses that the caller confirms (RFC 3262): what says so, and in which order.

Theory of operation. A 101–199 that requires `100rel` has a number, RSeq, one higher than that of
the one before it in the same dialog; the caller confirms each with a PRACK whose RAck repeats it.

    the callee   says it again, after T1, doubling, for 64·T1, until its PRACK comes (§3)
    the caller   confirms each number once and in turn; any other is not processed at all (§4)

This file is values only; `ua/invite_uac.py` confirms, `ua/invite_uas.py` asks for it.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from tui.sip.message.message import Request, Response

TAG: Final = "100rel"
"""The option tag (§8.1)."""
HIGHEST_FIRST: Final = 2**31 - 1
"""The first number of a call is between 1 and this (§3)."""
RAck: TypeAlias = tuple[int, int]
"""What a PRACK confirms: the RSeq, and the CSeq of the INVITE."""

_number = re.compile(r"[0-9]{1,10}").fullmatch
_rack = re.compile(r"([0-9]{1,10})[ \t]+([0-9]{1,10})[ \t]+INVITE").fullmatch


def is_required(message: Request | Response) -> bool:
    """Whether a message requires `100rel`."""
    return any(tag.lower() == TAG for tag in message.headers.get_all("Require"))


def read_rseq(response: Response) -> int | None:
    """The number of a provisional response that is to be confirmed; None for any other, and where
    it cannot be read: nobody could confirm that."""
    value = response.headers.get("RSeq") or ""
    return int(value) if is_required(response) and _number(value) else None


def read_rack(request: Request) -> RAck | None:
    """What a PRACK confirms; None where that cannot be read."""
    found = _rack(request.headers.get("RAck") or "")
    return (int(found[1]), int(found[2])) if found else None
