"""Reading small XML bodies from a peer that may mean harm: bytes in, a value or one error out.

Names are written by people and by other systems: their encoding, a bare `&`, a control character or
a comment is no reason not to read what stands beside it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape
from html.entities import html5
from typing import Final
from xml.parsers import expat

from tui.text import decoded

MAX_BYTES: Final = 16 * 1024
MAX_DEPTH: Final = 8

_DECLARED: Final = re.compile(rb"<\?xml[^>]{0,200}?\bencoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})")
_DECLARATION: Final = re.compile(r"\s*<\?xml[^>]*\?>")
_AROUND: Final = "all"
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_AND: Final = re.compile(
    r"&(?:#([0-9]{1,9});|#[xX]([0-9a-fA-F]{1,8});|([A-Za-z][A-Za-z0-9]{0,31};))?"
)
_PLAIN: Final = frozenset(("amp;", "lt;", "gt;", "quot;", "apos;"))
_TAG: Final = re.compile(r"<[A-Za-z_:][^\s/<>=\"']{0,99}")
_ATTRIBUTE: Final = re.compile(
    r"\s*([A-Za-z_:][\w:.-]{0,99})"
    r"(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|((?:[^\s\"'<>=/]|/(?!\s*>))+)))?"
)
_TAG_END: Final = re.compile(r"\s*(/?)>")
_VALUE: Final = re.compile(r"=\s*(?:\"[^\"]*\"|'[^']*')")


class XmlError(Exception):
    """A body that is not read: it may do harm, or is no XML."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element: `path` holds the names from the root down to this one, without prefixes; `text`
    what stands in it outside of its children, without white space at the ends."""

    path: tuple[str, ...]
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""

    @property
    def name(self) -> str:
        return self.path[-1]


def read(body: bytes) -> tuple[Element, ...]:
    """All elements of a body in document order, the root first. Comments are dropped, and so are
    characters that XML does not have. Several documents one behind the other are several roots, and
    words behind them nobody's business.

    UTF-8 is read whatever encoding the body declares; what is not UTF-8 is read as the encoding
    that it declares, as GB 18030, else with replacement (`text.decoded`). Raises XmlError on
    more than 16 KiB, on `<!` but for comments and CDATA (no message has a document type, and entity
    bombs need one), on elements deeper than 8, and on what is not XML.
    """
    if len(body) > MAX_BYTES:
        raise XmlError("the body is over 16 KiB")
    declared = _DECLARED.search(body[:256])
    text = decoded(body, declared[1].decode() if declared else "")
    text = _CONTROLS.sub("", _without_comments(text)).strip()
    text = _VALUE.sub(lambda found: found[0].replace("<", "&lt;"), _AND.sub(_reference, text))
    if "<!" in text.replace("<![CDATA[", ""):
        raise XmlError("the body has a declaration")
    found: list[tuple[tuple[str, ...], dict[str, str], list[str]]] = []
    path: list[str] = []
    inside: list[list[str]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        path.append(name.rpartition(":")[2] or name)
        if len(path) > MAX_DEPTH + 1:
            raise XmlError("the body is too deep")
        inside.append([])
        found.append((tuple(path), attributes, inside[-1]))

    def end(_name: str) -> None:
        path.pop()
        inside.pop()

    def characters(data: str) -> None:
        inside[-1].append(data)

    def parser() -> expat.XMLParserType:
        made = expat.ParserCreate(encoding="utf-8")
        made.StartElementHandler = start
        made.EndElementHandler = end
        made.CharacterDataHandler = characters
        return made

    text = _DECLARATION.sub("", text).lstrip()
    if not text.startswith("<"):
        raise XmlError("the body is not XML: it begins with no element")
    try:
        parser().Parse(_around(text), True)
    except expat.ExpatError as error:
        why = f"the body is not XML: {expat.ErrorString(error.code)}"
        mended = _mended(text)
        if mended is None:
            raise XmlError(why) from None
        for each in (found, path, inside):
            each.clear()
        try:
            parser().Parse(_around(mended), True)
        except expat.ExpatError:
            raise XmlError(why) from None
    if len(found) < 2:
        raise XmlError("the body is not XML: no element in it")
    return tuple(Element(path[1:], said, "".join(text).strip()) for path, said, text in found[1:])


def _around(text: str) -> bytes:
    """One element around all that there is."""
    return f"<{_AROUND}>{text}</{_AROUND}>".encode()


def _mended(text: str) -> str | None:
    """Tags in XML that were written as HTML allows: a value without quotes, no space before the
    next name, a name without a value, a name twice with one value. None where they cannot be read
    so either, as with a name that has two values: which of them is meant nobody knows."""
    parts: list[str] = []
    at = 0
    while (begin := text.find("<", at)) >= 0:
        parts.append(text[at:begin])
        tag = _TAG.match(text, begin)
        if tag is None:  # an end tag
            parts.append("<")
            at = begin + 1
            continue
        said: dict[str, str] = {}
        at = tag.end()
        while (found := _ATTRIBUTE.match(text, at)) is not None:
            name, *values = found.groups("")
            value = "".join(values)
            if said.setdefault(name, value) != value:
                return None
            at = found.end()
        last = _TAG_END.match(text, at)
        if last is None:
            return None
        quoted = (f' {name}="{value.replace(chr(34), "&quot;")}"' for name, value in said.items())
        parts.append(f"{tag[0]}{''.join(quoted)}{last[1]}>")
        at = last.end()
    return "".join((*parts, text[at:]))


def _without_comments(text: str) -> str:
    parts: list[str] = []
    at = 0
    while (begin := text.find("<!--", at)) >= 0 and (end := text.find("-->", begin + 4)) >= 0:
        parts.append(text[at:begin])
        at = end + 3
    return "".join(parts) + text[at:]


def _reference(found: re.Match[str]) -> str:
    """A reference as XML has it; `&` itself where it is none, nothing for no character of XML."""
    decimal, hexadecimal, name = found.groups()
    if name is not None:
        if name in _PLAIN:
            return found[0]
        return escape(html5[name], quote=False) if name in html5 else f"&amp;{name}"
    if decimal is None and hexadecimal is None:
        return "&amp;"
    code = int(decimal) if decimal is not None else int(hexadecimal, 16)
    if code > 0x10FFFF or (code < 0x20 and code not in (9, 10, 13)) or _CONTROLS.match(chr(code)):
        return ""
    return found[0]
