"""The App as the supervisor runs it: says when its first frame is there, loses no key that came
before it could take one, and crashes quietly."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from textual import events

from tui.app import YimiApp
from tui.engine.state import Message
from tui.log import get_logger

log = get_logger("screen")


class SupervisedApp(YimiApp):
    """`when_ready` is called once the first frame is drawn."""

    def __init__(self, *arguments: Any, when_ready: Callable[[], None], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._when_ready = when_ready
        self._held: list[events.Key] | None = []
        """Keys that came before a field had the focus; None once there is one."""

    async def on_event(self, event: events.Event) -> None:
        # Here, before any screen sees it: while screens change, some would be lost in between.
        if self._held is not None and isinstance(event, events.Key):
            self._held.append(event)
            return
        await super().on_event(event)

    def replay(self) -> None:
        """The first real screen is built: it gets the keys that came before it."""
        super().replay()
        held, self._held = self._held, None
        for key in held or ():
            self.post_message(events.Key(key.key, key.character))

    def on_ready(self) -> None:
        # Textual calls the base class's own as well.
        self._when_ready()

    def noted(self, notice: Message) -> None:
        log.warning("said %s %s", notice.id, dict(notice.values))

    def _fatal_error(self) -> None:
        """In place of Textual's, which prints every local variable, passwords being typed among
        them: the traceback goes to the log, without."""
        log.critical("the screen crashed", exc_info=sys.exc_info())
        self._close_messages_no_wait()
