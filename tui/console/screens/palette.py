"""Textual's command palette, in the language of the screen."""

from __future__ import annotations

from textual import events, on
from textual.command import CommandList, CommandPalette
from textual.geometry import Offset
from textual.widgets import Input
from textual.widgets.option_list import Option

from tui.console.i18n import tr
from tui.console.terminal.cursor import option_place


class Palette(CommandPalette):
    """Lists what can be done now; typing narrows it."""

    # Not dimmed, as under our dialogs: each cell of the screen would be written again.
    DEFAULT_CSS = "Palette { background: $background 0%; }"

    def __init__(self) -> None:
        super().__init__(placeholder=tr("palette.search"), id="--command-palette")
        self._moved = False

    def on_key(self, event: events.Key) -> None:
        """Whether the mark was moved since anything was typed."""
        self._moved = event.key in ("up", "down", "pageup", "pagedown")

    @on(Input.Changed)
    def _typed(self) -> None:
        self._moved = False

    def cursor_place(self) -> Offset | None:
        """The mark, once it was moved; the field, once something is typed."""
        commands = self.query_one(CommandList)
        marked = self._moved and commands.display and commands.highlighted is not None
        return option_place(commands) if marked else None

    def _start_no_matches_countdown(self, search_value: str) -> None:
        # In place of Textual's, whose sentence is English whatever the language.
        self._stop_no_matches_countdown()

        def show() -> None:
            if search_value:
                nothing = Option(tr("palette.none"), disabled=True, id=self._NO_MATCHES)
                self.query_one(CommandList).add_option(nothing)
            self._list_visible = bool(search_value)

        self._no_matches_timer = self.set_timer(self._NO_MATCHES_COUNTDOWN, show)
