"""The few signs that are not letters, in two sets. Many terminals with an East Asian font draw
the first set two cells wide and break every line after them; the second is ASCII."""

from __future__ import annotations

import msgspec


class Glyphs(msgspec.Struct, frozen=True):
    """`chosen` and `other` mark the options of a choice; `full` and `empty` the cells of a bar."""

    full: str = "▮"
    empty: str = "▯"
    into: str = "←"
    out: str = "→"
    ring: str = "▶"
    chosen: str = "●"
    other: str = "○"
    folded: str = "▸"
    opened: str = "▾"
    wrong: str = "✗"
    between: str = " · "


UNICODE = Glyphs()
ASCII = Glyphs("#", ".", "<", ">", ">>", "(x)", "( )", "+", "-", "!", " - ")
_current = UNICODE


def use_ascii(on: bool) -> None:
    """Draw with ASCII signs from now on, or not."""
    global _current
    _current = ASCII if on else UNICODE


def glyphs() -> Glyphs:
    """The set in use."""
    return _current
