"""Telephone numbers and tones as people type them, and which numbers are extensions."""

from __future__ import annotations

import unicodedata

from tui.port.values import Account, is_extension

MAX_DIGITS = 32
MAX_TONES = 64
TONES = frozenset("0123456789*#ABCD")
PAUSE = ","
_SEPARATORS = frozenset(" -–—()./·")


class NumberError(ValueError):
    """The text is not a number; `message_id` names the sentence, `found` what stood in the way."""

    def __init__(self, message_id: str, found: str = "") -> None:
        super().__init__(message_id)
        self.message_id = message_id
        self.found = found


def parse_number(text: str) -> str:
    """The digits of a typed number, at most 32 of them.

    Full-width digits, spaces, dashes and brackets are understood; anything else raises
    NumberError, because `call` takes digits only (specification, "call(number)").
    """
    digits = []
    for character in unicodedata.normalize("NFKC", text).strip():
        if character in _SEPARATORS or character.isspace():
            continue
        if character not in "0123456789":
            raise NumberError("dial.not_digits", character if character.isprintable() else "?")
        digits.append(character)
    if not digits:
        raise NumberError("dial.empty")
    if len(digits) > MAX_DIGITS:
        raise NumberError("dial.too_long")
    return "".join(digits)


def parse_phone(text: str) -> str:
    """The number of the agent's own phone. One written `A…Z` is kept so: generation 1 does not
    verify it (platform.md, `checkRegisterStatus`)."""
    plain = unicodedata.normalize("NFKC", text).strip().upper()
    if plain.startswith("A") and plain.endswith("Z"):
        return f"A{parse_number(plain[1:-1])}Z"
    return parse_number(plain)


def parse_digits(text: str) -> str:
    """Tones and commas of a typed text; NumberError for anything else."""
    found = []
    for character in unicodedata.normalize("NFKC", text).upper():
        if character.isspace():
            continue
        if character not in TONES and character != PAUSE:
            raise NumberError("digits.not_tones", character if character.isprintable() else "?")
        found.append(character)
    if not found:
        raise NumberError("digits.empty")
    if len(found) > MAX_TONES:
        raise NumberError("digits.too_long")
    return "".join(found)


def split_number(text: str) -> tuple[str, str]:
    """A number and what to type once it is answered: "02500001234,,8001#" gives
    ("02500001234", ",,8001#"). Without a comma there is nothing to type."""
    number, comma, rest = unicodedata.normalize("NFKC", text).partition(PAUSE)
    return number, parse_digits(comma + rest) if comma else ""


def names_us(number: str, eid: str, account: Account) -> bool:
    """Whether the platform means our seat: our extension, at our enterprise where it says which.
    One that was written as a number has lost its leading zeros, and is no extension then."""
    if eid and account.eid and eid.lstrip("0") != account.eid.lstrip("0"):
        return False  # the same extension of another enterprise
    if number == account.un:
        return True
    same = number != "" and number.lstrip("0") == account.un.lstrip("0")
    return same and not is_extension(number, account.extension_start, account.extension_end)
