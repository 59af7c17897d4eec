"""Reading small XML bodies from a peer that may mean harm: bytes in, a value or one error out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

MAX_BYTES: Final = 16 * 1024
MAX_DEPTH: Final = 8


class ControlError(Exception):
    """A body that is not read, or a message that cannot be written."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element: `path` holds the names from the root down to this one."""

    path: tuple[str, ...]
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.path[-1]


def read(body: bytes) -> tuple[Element, ...]:
    """All elements of a body in document order, the root first. Text between them is dropped.

    Raises ControlError on more than 16 KiB, on anything that is not UTF-8, on `<!` (a document
    type, a comment, CDATA: no message has one, and entity bombs need one), on elements deeper
    than 8, and on what is not XML. UTF-8 is read whatever encoding the body declares, so that
    `<!` cannot hide in another one.
    """
    if len(body) > MAX_BYTES:
        raise ControlError("the body is over 16 KiB")
    try:
        text = body.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise ControlError("the body is not UTF-8") from None
    if "\x00" in text:
        # expat takes a NUL beside "<" for UTF-16, even when it is told UTF-8.
        raise ControlError("the body is not UTF-8")
    if "<!" in text:
        raise ControlError("the body has a declaration")
    elements: list[Element] = []
    path: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        path.append(name)
        if len(path) > MAX_DEPTH:
            raise ControlError("the body is too deep")
        elements.append(Element(tuple(path), attributes))

    def end(_name: str) -> None:
        path.pop()

    parser = expat.ParserCreate(encoding="utf-8")
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        raise ControlError(f"the body is not XML: {expat.ErrorString(error.code)}") from None
    return tuple(elements)
