"""The App as the supervisor runs it: says when its first frame is there, loses no key that came
before it could take one, and crashes quietly."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Final

from textual import events

from tui.actions import Place
from tui.app import YimiApp
from tui.engine.state import Message
from tui.log import get_logger

log = get_logger("screen")

_LOOKS: Final = 50
_LOOK_AGAIN: Final = 0.01
"""How often, and seconds apart, to look whether a field has the focus."""


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
        self._let_go(_LOOKS)

    def _let_go(self, looks: int) -> None:
        if self._held is None:
            return
        if looks and self.focused is None and self.view.place is Place.SIGN_IN:
            # The form is there, and the focus comes to its field a few messages later.
            self.set_timer(_LOOK_AGAIN, lambda: self._let_go(looks - 1))
            return
        held, self._held = self._held, None
        for key in held:
            # The very one: a new one would be ours, and would bubble up no further than to us.
            self.post_message(key)

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
