"""What was typed into the dial field, as the command that it means."""

from __future__ import annotations

import unicodedata
from typing import Final

from tui.port.commands import Dial
from tui.port.values import Account, Capability, Message, message

AREA: Final = "@"
"""Stands between a number and its area code."""
AREA_DIGITS: Final = 6
"""The first six digits of an identity card (specification, `call2`)."""


def command_of(text: str, account: Account | None) -> Dial | Message:
    """`call`; where the account takes area codes, `call2` ("12000000001@110101"); where it takes
    encrypted numbers, one of them as it is. Else why it cannot be dialled. Digits are the
    engine's to judge."""
    can = () if account is None else account.can
    if Capability.AREA_CODE not in can:
        return Dial(text)
    number, at, area = unicodedata.normalize("NFKC", text).strip().partition(AREA)
    area = area.strip()
    if at and not (len(area) == AREA_DIGITS and area.isdecimal() and area.isascii()):
        return message("dial.bad_area", n=AREA_DIGITS)
    letters = any(each.isalpha() for each in number.partition(",")[0])
    encrypted = letters and Capability.ENCRYPTED_NUMBERS in can
    return Dial(number.strip() if encrypted else number, encrypted=encrypted, area=area)
