"""Masks what a bundle holds: nobody can be found in it, and nothing opens a door.

As in a probe's file passwords, tokens and digests are left out, and of a number the last two digits
stay; the same number is masked the same way everywhere. Besides, names and notes are left out, and
so is what was typed as tones: it may be a card's number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from tui.engine.probe.masking import HIDDEN, Masker
from tui.log import redact
from tui.text import clean_text

LEFT_OUT: Final = frozenset(
    ("name", "displayname", "note", "digits", "received", "device", "draft", "who")
)
"""Fields of the port whose text is left out: who somebody is, and what was typed."""
_NUMBERS: Final = frozenset(("un", "number", "switchnumber", "callee", "ccnumber", "target", "eid"))
"""Fields that hold a number however short it is."""
_PARTY: Final = "party"
_XML_NAME: Final = re.compile(r"(?i)(\b[\w-]*name\s*=\s*)(\"[^\"]*\"|'[^']*')")
_DISPLAY: Final = re.compile(
    r"(?im)^((?:from|to|contact|f|t|m|p-asserted-identity|remote-party-id|refer-to|r|referred-by|b"
    r"|record-route|route)\s*:\s*)(?:\"(?:[^\"\\\r\n]|\\.)*\"|[^<\"\s][^<\"\r\n]*)(?=\s*<)"
)
_SHOWN: Final = re.compile(r"(?i)(\bdisplay\s*=\s*)(\"[^\"]*\"|'[^']*')")
"""Who somebody is, in a dialog-info body (RFC 4235)."""
_REMARK: Final = re.compile(r"(?i)(<(?:[\w-]+:)?note\b[^>]*>)[^<]+")
"""What somebody says of himself, in a presence body (RFC 3863)."""
_SUBJECT: Final = re.compile(r"(?im)^((?:subject|s)\s*:\s*)[^\r\n]*")
_TONES: Final = re.compile(r"(?im)^(signal\s*=\s*)[^\r\n]*")
_SIP_SECRET: Final = re.compile(r"(?im)^(a=(?:crypto|ice-pwd|ice-ufrag|fingerprint)\s*:?)[^\r\n]*")
_STATUS: Final = re.compile(r"^SIP/2\.0 \d{3}(?: |$)")
_STAMP: Final = re.compile(r"^(\s*\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} )")


class Mask:
    """Masks all of one bundle. `secrets` are never written, wherever they stand."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self.masker = Masker(secrets, parties=(_PARTY,))

    def text(self, text: str) -> str:
        """Any text: what looks like a secret, and numbers of four digits and more."""
        return self.masker.text(_XML_NAME.sub(_nameless, redact(text)))

    def number(self, number: str) -> str:
        """What is a number by its place, however short."""
        return self.masker.text(f'{_PARTY}="{number}"')[len(_PARTY) + 2 : -1]

    def sip(self, data: bytes) -> str:
        """A SIP message, headers and body."""
        text = data.decode("utf-8", "replace")
        text = _DISPLAY.sub(rf'\1"{HIDDEN}" ', text)
        text = _REMARK.sub(rf"\1{HIDDEN}", _SHOWN.sub(_nameless, text))
        for pattern in (_SUBJECT, _TONES, _SIP_SECRET):
            text = pattern.sub(rf"\1{HIDDEN}", text)
        first, *rest = text.splitlines() or [""]
        status = _STATUS.match(first)  # no number of anybody's, though it looks like one
        head = status[0] if status else ""
        first = head + self.text(clean_text(first[len(head) :]))
        return "\n".join((first, *(self.text(clean_text(line)) for line in rest)))

    def log_line(self, line: str) -> str:
        """A line of the log: its time stays as it is."""
        stamp = _STAMP.match(line)
        head = stamp[1] if stamp else ""
        return head + self.text(clean_text(line[len(head) :], 2000))

    def plain(self, value: Any, field: str = "") -> Any:
        """A value in JSON's types, by the names of its fields."""
        match value:
            case {"$": "Message", "id": str(id), "values": [*values]}:
                said = [[name, self.plain(text, name)] for name, text in values]
                return {"$": "Message", "id": id, "values": said}
            case Mapping():
                return {key: self.plain(item, str(key)) for key, item in value.items()}
            case list() | tuple():
                return [self.plain(item, field) for item in value]
            case str() if not value or field == "$":
                return value
            case str() if field in LEFT_OUT:
                return HIDDEN
            case str() if field in _NUMBERS:
                return self.number(value)
            case str():
                return self.text(value)
        return value


def _nameless(found: re.Match[str]) -> str:
    quote = found[2][0]
    return f"{found[1]}{quote}{HIDDEN if len(found[2]) > 2 else ''}{quote}"
