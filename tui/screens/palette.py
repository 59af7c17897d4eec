"""Textual's command palette, in the language of the screen."""

from __future__ import annotations

from textual.command import CommandList, CommandPalette
from textual.widgets.option_list import Option

from tui.i18n import tr


class Palette(CommandPalette):
    """Lists what can be done now; typing narrows it."""

    def __init__(self) -> None:
        super().__init__(placeholder=tr("palette.search"), id="--command-palette")

    def _start_no_matches_countdown(self, search_value: str) -> None:
        # In place of Textual's, whose sentence is English whatever the language.
        self._stop_no_matches_countdown()

        def show() -> None:
            if search_value:
                nothing = Option(tr("palette.none"), disabled=True, id=self._NO_MATCHES)
                self.query_one(CommandList).add_option(nothing)
            self._list_visible = bool(search_value)

        self._no_matches_timer = self.set_timer(self._NO_MATCHES_COUNTDOWN, show)
