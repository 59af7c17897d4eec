"""Keeps the crash note true: which calls are up, and that they still are."""

from __future__ import annotations

from collections.abc import Callable

from tui.engine.audio.legs import Legs
from tui.engine.context import EngineContext
from tui.engine.session.crash_note import PERIOD, CrashNote
from tui.port.machines.call_machine import CallState

_TIMER = "crash note"


class NoteKeeper:
    """`note` is the one of the session; None: nobody is signed in."""

    def __init__(
        self, context: EngineContext, legs: Legs, note: Callable[[], CrashNote | None]
    ) -> None:
        self._context, self._legs, self._note = context, legs, note

    def keep(self) -> None:
        """Note the calls that are up for an engine that comes after this one, the active first."""
        note = self._note()
        if note is None:
            return
        calls = self._legs.calls.live
        live = sorted(calls, key=lambda each: each.state is not CallState.TALKING)
        if not live:
            self._context.timers.cancel(_TIMER)
            note.keep(None)
            return
        note.keep(*live, seen=self._context.clock(), dialogs=self._legs.dialogs())
        self._context.timers.set(_TIMER, PERIOD, self.keep)
