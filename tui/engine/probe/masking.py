"""What a probe writes: texts of the wire in which nobody can be found.

Passwords, tokens and digests are left out; of a number the last two digits stay. The same number is
masked the same way everywhere and two different ones never alike, and digits stay digits, so that
a platform's side can be played back: "12000000001" is "00000000001", and another number of that
length that ends in 01 is "00000000101".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

HIDDEN: Final = "•••"
_NAME: Final = (
    r"[\w-]*(?:pwd|passw|passphrase|token|secret|digest|signature|nonce|credential|authori[sz]ation"
    r"|cookie|api-?key)[\w-]*|ha1|seed|response|pass"
)
_QUOTE: Final = r"(?:\\?[\"']|&quot;|&apos;|&#34;|&#39;)"
_NAMED: Final = re.compile(
    rf"(?i)(?<![\w-])(?P<head>(?:{_NAME}){_QUOTE}?\s*[=:]\s*)"
    rf"(?:(?P<quote>{_QUOTE})(?P<inner>.*?)(?P=quote)|(?:(?:bearer|basic|digest)\s+)?[^\s,;&<>\"'}})]+)",
    re.DOTALL,
)
_ELEMENT: Final = re.compile(rf"(?i)(<(?:{_NAME})(?:\s[^<>]*)?>)([^<]+)")
_SCHEME: Final = re.compile(r"(?i)\b(bearer|basic|digest)(\s+)(?=\S*[=\"0-9])[^\s\"'<>]+")
_IN_ADDRESS: Final = re.compile(r"(?i)\b(sips?:|[a-z]{2,5}://)([^\s:@/;<>\"']{1,200}):[^\s@/;<>]+@")
_OPAQUE: Final = re.compile(r"(?<![\w+/=-])[A-Za-z0-9+/_=-]{40,}(?![\w+/=-])|[0-9A-Fa-f]{32,}")
_REFERENCE: Final = re.compile(r"&#(?:([0-9]{1,7})|[xX]([0-9A-Fa-f]{1,6}));")
_NUMBER: Final = r"\d(?:[ .()/-]{0,2}\d){3,}"
_SHORT: Final = re.compile(r"\d(?:[ .()/-]{0,2}\d){2,}")


class Masker:
    """Masks the texts of one probe. `secrets` are never written, wherever they stand; attributes
    that hold a party's number are `parties`: there, three digits are a number too."""

    def __init__(self, secrets: Iterable[str] = (), parties: Iterable[str] = ()) -> None:
        self._secrets = sorted({each for each in secrets if each}, key=len, reverse=True)
        names = "|".join(map(re.escape, parties)) or r"(?!)"
        self._number = re.compile(
            rf"(?<![\w-])(?P<party>(?:{names})\s*=\s*)(?P<value>\"[^\"]*\"|'[^']*')|{_NUMBER}"
        )
        self._numbers: dict[str, str] = {}
        self._taken: dict[tuple[int, str], int] = {}
        self._opaque: dict[str, str] = {}

    def text(self, text: str) -> str:
        """A text as it may be written."""
        text = _REFERENCE.sub(_plain_digit, text)
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        text = _NAMED.sub(_without_value, text)
        text = _ELEMENT.sub(rf"\1{HIDDEN}", text)
        text = _SCHEME.sub(rf"\1\2{HIDDEN}", text)
        text = _IN_ADDRESS.sub(rf"\1\2:{HIDDEN}@", text)
        text = _OPAQUE.sub(self._without_digest, text)
        return self._number.sub(self._masked, text)

    def address(self, address: str) -> str:
        """A SIP address or a header of one: its user is masked, its host and port stay."""
        user, at, host = address.rpartition("@")
        return f"{self.text(user)}{at}{host}" if at else self.text(address)

    def _masked(self, found: re.Match[str]) -> str:
        if found["party"] is None:
            return self._digits(found)
        return str(found["party"]) + _SHORT.sub(self._digits, found["value"])

    def _digits(self, found: re.Match[str]) -> str:
        """The same text with other digits in it, but for the last two."""
        text = found[0]
        digits = "".join(each for each in text if each.isdigit())
        masked = self._numbers.get(digits)
        if masked is None:
            place = len(digits), digits[-2:]
            serial = self._taken.get(place, 0)
            self._taken[place] = serial + 1
            masked = self._numbers[digits] = f"{serial:0{len(digits) - 2}d}{digits[-2:]}"
        left = iter(masked)
        return "".join(next(left) if each.isdigit() else each for each in text)

    def _without_digest(self, found: re.Match[str]) -> str:
        if found[0].isdigit():
            return found[0]  # a number
        return self._opaque.setdefault(found[0], f"{HIDDEN}{len(self._opaque) + 1}")


def _without_value(found: re.Match[str]) -> str:
    quote = found["quote"] or ""
    return f"{found['head']}{quote}{HIDDEN}{quote}"


def _plain_digit(found: re.Match[str]) -> str:
    """A digit that is written as a reference is a digit."""
    code = int(found[1]) if found[1] else int(found[2], 16)
    return chr(code) if 48 <= code <= 57 else found[0]
