"""What of a widget an agent sees."""

from __future__ import annotations

from typing import Any

from textual.strip import Strip
from textual.widget import Widget


def seen(c: Any, widget: Widget, drawn: list[Strip] | None = None) -> str:
    """What of a widget really stands on the terminal, without blanks and ends of lines: what is
    folded counts as much as what is not. `drawn` is the terminal, for who looks at it again."""
    if not widget.display:
        return ""
    x, y, width, height = c.app.screen.find_widget(widget).visible_region
    lines = (drawn or c.app.screen._compositor.render_strips())[y : y + height]
    return tight("".join(line.crop(x, x + width).text for line in lines))


def tight(text: str) -> str:
    return "".join(text.split())
