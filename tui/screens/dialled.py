"""What was typed into the dial field, as the command that it means."""

from __future__ import annotations

import unicodedata
from typing import Final

from tui.engine.commands import Dial
from tui.engine.state import Account, Message, message

AREA: Final = "@"
"""Stands between a number and its area code."""
AREA_DIGITS: Final = 6
"""The first six digits of an identity card (specification, `call2`)."""


def command_of(text: str, account: Account | None) -> Dial | Message:
    """`call`; at generation 1 also `call2`, "12000000001@110101", and, where the enterprise has
    agreed on a seed, an encrypted number as it is. Else why it cannot be dialled. Digits are the
    engine's to judge."""
    if account is None or account.kind != "platform1":
        return Dial(text)
    number, at, area = unicodedata.normalize("NFKC", text).strip().partition(AREA)
    area = area.strip()
    if at and not (len(area) == AREA_DIGITS and area.isdecimal() and area.isascii()):
        return message("dial.bad_area", n=AREA_DIGITS)
    encrypted = account.encrypts and any(each.isalpha() for each in number.partition(",")[0])
    return Dial(number.strip() if encrypted else number, encrypted=encrypted, area=area)
