"""Where the terminal's own cursor stands: on what has the focus, on the mark in it, on the caller
while it rings. Braille lines, screen readers and input methods follow it.

A widget, or one around it, may know better than its corner: it has a method `cursor_place`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from textual.geometry import Offset
from textual.screen import Screen

if TYPE_CHECKING:
    from textual.widgets import OptionList


@runtime_checkable
class KnowsPlace(Protocol):
    """Knows where in it the cursor belongs."""

    def cursor_place(self) -> Offset | None:
        """A cell of the terminal; None: it is for those within to say."""


def place(screen: Screen[Any]) -> Offset:
    """The cell (column, row) of the terminal at which the cursor belongs."""
    focused = screen.focused
    nodes = [screen] if focused is None else reversed(list(focused.ancestors_with_self))
    for node in nodes:
        if isinstance(node, KnowsPlace) and (known := node.cursor_place()) is not None:
            return known
    if focused is None:
        return Offset(0, 0)
    from textual.widgets import Input, OptionList  # only now: the first frame has neither

    if isinstance(focused, Input):
        return focused.cursor_screen_offset
    if isinstance(focused, OptionList):
        return option_place(focused)
    return focused.content_region.offset


def option_place(options: OptionList) -> Offset:
    """The option that is marked."""
    line = options._index_to_line.get(options.highlighted or 0, 0)
    return options.content_region.offset + Offset(1, max(0, line - round(options.scroll_y)))
