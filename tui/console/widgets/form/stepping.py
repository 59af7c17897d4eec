"""Up and Down in a form of one line a field: from one line to the next."""

from __future__ import annotations

from typing import Any

from textual import events
from textual.screen import Screen


def step(screen: Screen[Any], event: events.Key) -> None:
    """Take Up or Down for the line before or after; any other key is left alone."""
    if event.key in ("up", "down"):
        event.stop()
        event.prevent_default()
        screen.focus_previous() if event.key == "up" else screen.focus_next()
