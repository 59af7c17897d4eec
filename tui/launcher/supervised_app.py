"""The App as the supervisor runs it: says when its first frame is there, loses no key that came
before it could take one, and crashes quietly."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Final

from textual import events

from tui.console.app import YimiApp
from tui.console.theming import suited
from tui.console.view import ScreenName
from tui.launcher import collector
from tui.log import get_logger
from tui.port.values import Message

log = get_logger("screen")

_LOOKS: Final = 50
_LOOK_AGAIN: Final = 0.01
"""How often, and seconds apart, to look whether a field has the focus."""
_REST: Final = 2.0
"""Seconds from a screen, and from a key, after which garbage is collected: what a console builds
when it has come to rest is there by then."""


class SupervisedApp(YimiApp):
    """`when_ready` is called once the first frame is drawn."""

    def __init__(self, *arguments: Any, when_ready: Callable[[], None], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._when_ready = when_ready
        self._held: list[events.Key] | None = []
        """Keys that came before a field had the focus; None once there is one."""
        self._typed_at = 0.0
        """When a key came last (clock of `clocks.monotonic`)."""
        self._set_aside: set[ScreenName] = set()
        """The screens after which what there was has been taken out of the collector's sight."""

    def suited_theme(self, name: str) -> str:
        # A test's terminal has the colours of whoever runs it; this one's are the agent's.
        return suited(name, self.console._color_system)

    def become_kiosk(self) -> None:
        """The desk is for whoever comes."""
        self.change(kiosk=True)

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key):
            self._typed_at = self.clocks.monotonic()
        # Here, before any screen sees it: while screens change, some would be lost in between.
        if self._held is not None and isinstance(event, events.Key):
            self._held.append(_as_meant(event))
            return
        if self.view.kiosk and isinstance(event, events.Key | events.MouseDown):
            self.kiosk.touched()
        await super().on_event(event)

    def replay(self) -> None:
        """The first real screen is built: it gets the keys that came before it."""
        super().replay()
        self._let_go(_LOOKS)
        if self.view.screen not in self._set_aside:
            self._set_aside.add(self.view.screen)
            self.set_timer(_REST, self._collect)

    def _collect(self) -> None:
        since = self.clocks.monotonic() - self._typed_at
        if since < _REST:
            self.set_timer(_REST - since, self._collect)
        else:
            collector.set_aside()

    def _let_go(self, looks: int) -> None:
        if self._held is None:
            return
        if looks and self.focused is None and self.view.screen is ScreenName.SIGN_IN:
            # The form is there, and the focus comes to its field a few messages later.
            self.set_timer(_LOOK_AGAIN, lambda: self._let_go(looks - 1))
            return
        held, self._held = self._held, None
        for key in held:
            # The very one: a new one would be ours, and would bubble up no further than to us.
            self.post_message(key)

    def on_ready(self) -> None:
        # Textual calls the base class's own as well.
        if self.view.kiosk:
            self.kiosk.touched()
        self._when_ready()

    def noted(self, notice: Message) -> None:
        log.warning("said %s %s", notice.id, dict(notice.values))

    def _fatal_error(self) -> None:
        """In place of Textual's, which prints every local variable, passwords being typed among
        them: the traceback goes to the log, without."""
        log.critical("the screen crashed", exc_info=sys.exc_info())
        self._close_messages_no_wait()


def _as_meant(key: events.Key) -> events.Key:
    """An Enter that was pressed before the terminal was raw: the terminal's driver made a line feed
    of it."""
    if key.key != "ctrl+j":
        return key
    enter = events.Key("enter", "\r")
    enter._sender = key._sender  # one of our own would bubble up no further than to us
    return enter
