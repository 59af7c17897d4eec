"""`application/pidf+xml` (RFC 3863): who is there, and what RPID (RFC 4480) adds to that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tui.presence.lamp import Lamp
from tui.presence.markup import Skipped, elements_of, groups, said
from tui.xml_body import Element

CONTENT_TYPE: Final = "application/pidf+xml"
_MOST: Final = 32
"""Tuples, activities and notes that are kept, of each."""
_TALKING: Final = frozenset({"on-the-phone", "busy", "meeting"})
_AWAY: Final = frozenset(
    {"away", "breakfast", "dinner", "holiday", "lunch", "meal", "permanent-absence", "sleeping",
     "travel", "vacation"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PresenceTuple:
    """One way to reach somebody. `open`: it is; None: not said."""

    id: str
    open: bool | None = None
    contact: str = ""


@dataclass(frozen=True, slots=True)
class PresenceNews:
    """One body. `activities` are RPID's names (`on-the-phone`, `away` …); `notes` are sentences
    for people, of whomever they come from."""

    entity: str
    tuples: tuple[PresenceTuple, ...] = ()
    activities: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

    @property
    def lamp(self) -> Lamp:
        """Closed everywhere is away; open and on the phone is talking."""
        known = [each.open for each in self.tuples if each.open is not None]
        if known and not any(known):
            return Lamp.AWAY
        if _TALKING & set(self.activities):
            return Lamp.TALKING
        if _AWAY & set(self.activities):
            return Lamp.AWAY
        return Lamp.IDLE if known else Lamp.UNKNOWN


def parse_pidf(body: bytes) -> PresenceNews:
    """One body; UnreadableBody when it is none. What nobody knows is skipped and named."""
    elements = elements_of(body, "presence")
    skipped = Skipped()
    tuples: list[PresenceTuple] = []
    activities: dict[str, None] = {}
    notes: dict[str, None] = {}
    for group in groups(elements):
        if group[0].name == "tuple" and len(tuples) < _MOST:
            tuples.append(_tuple(group))
        for element in group:
            if element.name == "note":
                notes[said(element)] = None
            elif element.path[-2] == "activities":
                activities[said(element, "") or element.name] = None
            elif not _is_known(element):
                skipped.add(element)
    return PresenceNews(
        said(elements[0], "entity"),
        tuple(tuples),
        tuple(activities)[:_MOST],
        tuple(note for note in notes if note)[:_MOST],
        skipped.names(),
    )


def _tuple(group: tuple[Element, ...]) -> PresenceTuple:
    basic, contact = None, ""
    for element in group[1:]:
        if element.name == "basic":
            basic = {"open": True, "closed": False}.get(said(element).lower())
        elif element.path[2:] == ("contact",):
            contact = said(element)
    return PresenceTuple(said(group[0], "id"), basic, contact)


def _is_known(element: Element) -> bool:
    """Whether an element is one of those that are read, or only holds them."""
    inside = element.path[1:]
    if inside[0] == "tuple":
        return inside[1:] in ((), ("status",), ("status", "basic"), ("contact",), ("timestamp",),
                              ("status", "activities"))  # fmt: skip
    return inside[0] in ("person", "device") and inside[1:] in ((), ("activities",), ("timestamp",))
