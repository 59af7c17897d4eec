"""What a widget does when it has got another size.

Textual's `Resize` does not always come. It goes to the widgets whose size differs from the last
map of the screen, and that map is made anew between two layouts too: when somebody asks where a
widget stands that was just shown (the focus does, and the terminal's cursor) after a frame that was
drawn before the layout. The layout then finds the widget in the map with the size that it
gives it, and tells it nothing. More frames in a second, or a busy machine, and it happens.
"""

from __future__ import annotations

from collections.abc import Callable

from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget


def when_laid_out(widget: Widget, then: Callable[[], object]) -> None:
    """Call `then` whenever a layout of its screen has given a mounted widget another size, or has
    shown it again: after the layout, when the sizes of what stands in it are known too."""
    told = Size(0, 0)

    def look(_screen: Screen[object]) -> None:
        nonlocal told
        before, told = told, widget.outer_size if widget.display else Size(0, 0)
        if told.area and told != before:
            widget.call_next(then)

    widget.screen.screen_layout_refresh_signal.subscribe(widget, look, immediate=True)
