"""The tour: six sentences where a call would stand, on the first day and whenever it is asked for.

It covers nothing and takes no key that does something else: a call takes its place, and it goes on
after it.
"""

from __future__ import annotations

import logging
from pathlib import Path

from tui.console.parts.drawing import Drawing
from tui.console.view import View
from tui.console.widgets.call.panel import SENTENCES
from tui.port.values import Phase

log = logging.getLogger("tui.tour")


class Tour:
    """`seen` is a file that is there once the tour was shown; None: it is not shown by itself."""

    def __init__(self, drawing: Drawing, seen: Path | None) -> None:
        self._drawing, self._seen = drawing, seen
        self._asked = False

    def follow(self, view: View) -> None:
        """The first session of a new agent begins: show it."""
        if self._asked or view.snapshot.phase is not Phase.SIGNED_IN or not view.connected:
            return
        self._asked = True
        if self._seen is not None and not self._seen.exists():
            self._drawing.change(tour=1)

    def begin(self) -> None:
        """From the first sentence on."""
        self._drawing.change(tour=1)

    def next(self) -> None:
        """The next sentence; after the last one it is over."""
        at = self._drawing.view.tour
        if at < SENTENCES:
            self._drawing.change(tour=at + 1)
        else:
            self.end()

    def end(self) -> None:
        """Over, or skipped: it does not come by itself again."""
        self._drawing.change(tour=0)
        if self._seen is not None:
            try:
                self._seen.touch()
            except OSError as error:
                log.warning("the tour will be shown again: %s", error.strerror)
