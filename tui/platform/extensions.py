"""How the platform writes extensions inside an enterprise: `EXT_EID16`.

An extension is a string of digits; leading zeros count. `eid` is the enterprise's number in
decimal, as the web calls give it; on the control wire it stands in hexadecimal.
"""

from __future__ import annotations

import re
from typing import Final

_EID16: Final = re.compile(r"[0-9A-Fa-f]{8,16}")
_ENCRYPTED: Final = re.compile(r"[A-Za-z0-9_-]{22}(?:==)?|[A-Za-z0-9_-]{43}=?")
"""One or two AES blocks in base64url, whose alphabet has the `_` as well."""
_DIGITS: Final = re.compile(r"[0-9]{1,19}")


def eid16(eid: str | int) -> str:
    """The enterprise id in hexadecimal, padded to 8 digits: 70000 -> "00011170".

    Raises ValueError when `eid` is not a decimal number.
    """
    text = str(eid)
    if not _DIGITS.fullmatch(text):
        raise ValueError("an enterprise id is a decimal number")
    return f"{int(text):08x}"


def internal_number(extension: str, eid: str | int) -> str:
    """`EXT_EID16`: ("0101", 70000) -> "0101_00011170"."""
    return f"{extension}_{eid16(eid)}"


def split_number(number: str) -> tuple[str, str]:
    """The number to show and the enterprise id in decimal; the id is "" for an outside number.

    "0101_00011170" -> ("0101", "70000"). What stands behind a `_` is never shown, even where
    it is no enterprise id; but an encrypted number (`crypto`) stays whole.
    """
    shown, _, rest = number.partition("_")
    if _EID16.fullmatch(rest):
        return shown, str(int(rest, 16))
    return number if _ENCRYPTED.fullmatch(number) else shown, ""
