"""The App as the supervisor runs it: says when its first frame is there, has its garbage
collected when nobody waits for it, and crashes quietly."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Final

from textual import events

from tui.console.app import YimiApp
from tui.console.terminal.colours import colours_of
from tui.console.theming import suited
from tui.console.view import ScreenName
from tui.launcher import collector
from tui.log import get_logger
from tui.port.values import Message

log = get_logger("screen")

_REST: Final = 2.0
"""Seconds from a screen, and from a key, after which garbage is collected: what a console builds
when it has come to rest is there by then."""


class SupervisedApp(YimiApp):
    """`when_ready` is called once the first frame is drawn."""

    def __init__(self, *arguments: Any, when_ready: Callable[[], None], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._when_ready = when_ready
        self._typed_at = 0.0
        """When a key came last (clock of `clocks.monotonic`)."""
        self._set_aside: set[ScreenName] = set()
        """The screens after which what there was has been taken out of the collector's sight."""

    def suited_theme(self, name: str) -> str:
        # A test's terminal has the colours of whoever runs it; this one's are the agent's.
        return suited(name, colours_of(self.console))

    def become_kiosk(self) -> None:
        """The desk is for whoever comes."""
        self.change(kiosk=True)

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key):
            self._typed_at = self.clocks.monotonic()
        if self.view.kiosk and isinstance(event, events.Key | events.MouseDown):
            self.kiosk.touched()
        await super().on_event(event)

    def screen_ready(self) -> None:
        """A screen is built: the garbage of its making is collected when it has come to rest."""
        super().screen_ready()
        if self.view.screen not in self._set_aside:
            self._set_aside.add(self.view.screen)
            self.set_timer(_REST, self._collect)

    def _collect(self) -> None:
        since = self.clocks.monotonic() - self._typed_at
        if since < _REST:
            self.set_timer(_REST - since, self._collect)
        else:
            collector.set_aside()

    def on_ready(self) -> None:
        # Textual calls the base class's own as well.
        if self.view.kiosk:
            self.kiosk.touched()
        self._when_ready()

    def noted(self, notice: Message) -> None:
        log.warning("said %s %s", notice.id, dict(notice.values))

    def failed_when_over(self, error: Exception) -> None:
        log.warning("something failed while the screen ended", exc_info=error)

    def _fatal_error(self) -> None:
        """In place of Textual's, which prints every local variable, passwords being typed among
        them: the traceback goes to the log, without."""
        log.critical("the screen crashed", exc_info=sys.exc_info())
        self._close_messages_no_wait()
