"""What is repeated by itself: the bell while a call rings, the reminder of a call on hold and of a
microphone that is cut. A timer runs only while there is something to repeat."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from tui.console.i18n import tr
from tui.console.view import View
from tui.plain import sentences as say
from tui.plain.talk import Talk
from tui.port.machines.call_machine import CallState

BELL_APART: Final = 5.0
"""Seconds between two bells of a call that rings."""
REMIND_APART: Final = 60.0
"""Seconds between two reminders."""


class PlainAttention:
    """Follows a view: `view` is the one of now, `wants_bell` whether what rings is heard now."""

    def __init__(
        self, talk: Talk, view: Callable[[], View], *, wants_bell: Callable[[], bool]
    ) -> None:
        self._talk, self._view, self._wants_bell = talk, view, wants_bell
        self._bell: asyncio.TimerHandle | None = None
        self._reminder: asyncio.TimerHandle | None = None

    def follow(self, old: View, new: View) -> None:
        """The view has changed: begin what begins, end what ends."""
        rings = any(call.state is CallState.RINGING for call in new.snapshot.calls)
        if rings and self._bell is None and self._wants_bell():
            self._ring()
        elif not rings and self._bell is not None:
            self._bell.cancel()
            self._bell = None
        wants = bool(_standing(new))
        if wants and self._reminder is None:
            self._plan()
        elif not wants and self._reminder is not None:
            self._reminder.cancel()
            self._reminder = None

    def end(self) -> None:
        """Nothing is repeated any more."""
        for timer in (self._bell, self._reminder):
            if timer is not None:
                timer.cancel()

    def _ring(self) -> None:
        self._talk.paper.ring()
        self._bell = asyncio.get_running_loop().call_later(BELL_APART, self._ring)

    def _plan(self) -> None:
        self._reminder = asyncio.get_running_loop().call_later(REMIND_APART, self._remind)

    def _remind(self) -> None:
        for line in _standing(self._view()):
            self._talk.tell(line)
        self._plan()


def _standing(view: View) -> list[str]:
    """What an agent may have forgotten."""
    said = []
    for call in view.snapshot.calls:
        if call.live and call.state is CallState.HOLDING:
            said.append(tr("plain.still_on_hold", who=say.who(call)))
        if call.live and call.muted:
            said.append(tr("plain.still_muted"))
    return said
