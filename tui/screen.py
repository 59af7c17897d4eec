"""The App as the supervisor runs it: says when its first frame is there, and crashes quietly."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from tui.app import YimiApp
from tui.log import get_logger

log = get_logger("screen")


class SupervisedApp(YimiApp):
    """`when_ready` is called once the first frame is drawn."""

    def __init__(self, *arguments: Any, when_ready: Callable[[], None], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._when_ready = when_ready

    def on_ready(self) -> None:
        # Textual calls the base class's own as well.
        self._when_ready()

    def _fatal_error(self) -> None:
        """In place of Textual's, which prints every local variable, passwords being typed among
        them: the traceback goes to the log, without."""
        log.critical("the screen crashed", exc_info=sys.exc_info())
        self._close_messages_no_wait()
