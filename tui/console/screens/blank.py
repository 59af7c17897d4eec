"""A dark screen. The first key is for it, and for nothing behind it."""

from __future__ import annotations

from textual import events
from textual.screen import ModalScreen


class BlankScreen(ModalScreen[None]):
    """Closes by any key or click."""

    DEFAULT_CSS = "BlankScreen { background: black 100%; }"

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        self.dismiss(None)

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.dismiss(None)
