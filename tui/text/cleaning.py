"""The one border for strings from a wire: what passes here may be shown, logged and stored.

A caller's name is the caller's own choice. Without this border it can move the cursor, write the
clipboard, turn the line right to left, or hang four thousand accents over the screen.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import Final

MARKS_PER_BASE: Final = 2
"""Combining marks kept on one base character: enough for every living script's stacked vowels
and tones, too few to climb over the lines above."""

_ESCAPES: Final = re.compile(
    # CSI; then OSC, DCS, SOS, PM, APC up to their terminator; then two-character sequences.
    # Possessive, and no class holds its own introducer: linear time whatever comes.
    r"(?:\x1b\[|\x9b)[0-?]*+[ -/]*+[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x80-\x9f]*+(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*+[0-~]?"
)
_ASCII_KEPT: Final = re.compile(r"gbk|gb2312|gb18030|big5|iso8859-\d{1,2}|cp125\d|cp936|cp950")
_SPACES: Final = frozenset("\t\n\v\f\r\x85")
_INVISIBLE: Final = frozenset(
    # Letters, marks and symbols that draw nothing, so that two names could look the same.
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, range(0xFE00, 0xFE10)))
    + "".join(map(chr, range(0xE0100, 0xE01F0)))
)
_DIRECTIONS: Final = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_HIDDEN_FROM: Final = 6
"""Numbers of fewer digits are extensions or short services, and stay readable."""
_ELLIPSIS: Final = "…"


def decoded(data: bytes, declared: str = "") -> str:
    """The text of bytes whose encoding nobody can be sure of: UTF-16 by its byte-order mark, UTF-8
    whatever is declared, what is declared if it holds ASCII as it is (so that none hides a `<` or a
    `"`), GB 18030, else UTF-8 with replacement."""
    marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16" if marked else "utf-8-sig", _encoding(declared), "gb18030"):
        try:
            if encoding:
                return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("utf-8-sig", "replace")


def _encoding(name: str) -> str:
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return ""
    return found if _ASCII_KEPT.fullmatch(found) else ""


def clean_text(value: str, limit: int = 200) -> str:
    """The text as it may be shown: one line, NFC, at most `limit` characters.

    Gone are escape sequences, C0, C1, DEL, bidi controls, zero-width and other format
    characters, characters that draw nothing, surrogates, private and unassigned code points,
    combining marks without a base and beyond two on one. White space of any kind becomes one
    space, none at the ends. A text that was cut ends in "…". Cleaning twice changes nothing.
    Takes the same time however long the text is: far behind the limit it is not looked at.
    """
    if value.isascii() and value.isprintable() and "  " not in value:
        text = value.strip()
        return text if len(text) <= limit else _cut(text, limit)
    # What stands this far behind the limit is there to keep us busy.
    value = value[: 32 * limit + 1024]
    if "\x1b" in value or _has_c1(value):
        value = _ESCAPES.sub("", value)
    # No more than three characters compose into one, so four times the limit are enough.
    text = unicodedata.normalize("NFC", _sift(value, 4 * limit + 8))
    # Composition can take characters apart too (U+0344 is two marks): count the marks again.
    text = _sift(text, len(text))
    return text if len(text) <= limit else _cut(text, limit)


def without_controls(text: str) -> str:
    """The text with its lines as they are, and without escape sequences, other controls, and what
    changes the direction: as it may be put into a field, and drawn."""
    if "\x1b" in text or _has_c1(text):
        text = _ESCAPES.sub("", text)
    return "".join(each for each in text if each in "\t\n\r" or not is_control(each))


def is_control(character: str) -> bool:
    """Whether a terminal would act on it instead of drawing it, or draw what follows elsewhere."""
    return character < " " or "\x7f" <= character <= "\x9f" or character in _DIRECTIONS


def mask_number(number: str) -> str:
    """A telephone number for logs: the ends stay, the middle does not, nor its length."""
    text = clean_text(number, 40)
    if len(text) < _HIDDEN_FROM:
        return text
    head, tail = (3, 4) if len(text) >= 10 else (1, 2)
    return f"{text[:head]}••••{text[-tail:]}"


def _has_c1(value: str) -> bool:
    return any("\x80" <= character <= "\x9f" for character in value)


def _sift(value: str, enough: int) -> str:
    """The characters that may stay, marks counted, white space folded; at most `enough` + 1."""
    kept: list[str] = []
    marks = MARKS_PER_BASE  # nothing to stand on yet: a leading mark would sit on our own border
    space = False
    for character in value:
        if character in _INVISIBLE:
            continue
        category = unicodedata.category(character)
        if category[0] == "Z" or character in _SPACES:
            space = bool(kept)
            marks = MARKS_PER_BASE
        elif category[0] == "C":
            continue
        elif category[0] == "M":
            if marks < MARKS_PER_BASE:
                marks += 1
                kept.append(character)
        else:
            if space:
                kept.append(" ")
                space = False
            marks = 0
            kept.append(character)
            if len(kept) > enough:
                break
    return "".join(kept)


def _cut(text: str, limit: int) -> str:
    if limit <= 0:
        return ""
    return text[: limit - 1].rstrip() + _ELLIPSIS
