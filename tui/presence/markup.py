"""A guarded XML body as groups: the elements that say one thing together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from tui.presence.errors import UnreadableBody
from tui.text import clean_text
from tui.xml_body import Element, XmlError, read

_LONGEST: Final = 256
"""Characters of one value that are kept."""
_MOST: Final = 16
"""Names of what was skipped that are kept."""


@dataclass(slots=True)
class Skipped:
    """Names of elements that nobody knew, each once, as `parent/child`."""

    _names: dict[str, None] = field(default_factory=dict)

    def add(self, element: Element) -> None:
        if len(self._names) < _MOST:
            self._names[clean_text("/".join(element.path[-2:]), 80)] = None

    def names(self) -> tuple[str, ...]:
        return tuple(self._names)


def elements_of(body: bytes, root: str) -> tuple[Element, ...]:
    """All elements of a body whose root is `root`; UnreadableBody for any other."""
    try:
        elements = read(body)
    except XmlError as error:
        raise UnreadableBody(str(error)) from None
    if elements[0].name != root:
        raise UnreadableBody(f"the body is no {root}")
    return elements


def groups(elements: tuple[Element, ...]) -> Iterator[tuple[Element, ...]]:
    """Each child of the root, with all that stands in it."""
    begun: list[Element] = []
    for element in elements[1:]:
        if len(element.path) == 2 and begun:
            yield tuple(begun)
            begun = []
        begun.append(element)
    if begun:
        yield tuple(begun)


def said(element: Element, name: str = "") -> str:
    """An attribute, or the text, as it may be shown."""
    return clean_text(element.attributes.get(name, "") if name else element.text, _LONGEST)


def number(text: str) -> int | None:
    """A count of up to ten digits, which hold 32 bits; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else None
