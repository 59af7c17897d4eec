"""What a strange platform does by itself: customers who wait before an agent is there, and restarts
between calls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from tui.sandbox.pbx.calls import PbxPhase
from tui.sandbox.pbx.dialplan import Behaviour
from tui.sandbox.pbx.pbx import Pbx
from tui.sandbox.strange.dice import Dice

WAITING_CUSTOMER = "12000000031"
PATIENCE = 25.0
"""Seconds after which a customer gives up who waited for a sign-in."""
RESTART_AFTER = 0.6
"""Seconds from the end of a call, and from the last word that was said, to a restart."""
QUIET = 3.0
"""Seconds since the last registration that a restart waits for."""
RESTARTS = 2
"""How many there are at most."""


class Unrest:
    """`restart` begins the platform anew; `said` tells whether all has been said for so many
    seconds: what a call ended by is never swallowed."""

    def __init__(
        self, dice: Dice, pbx: Pbx, restart: Callable[[], None], said: Callable[[float], bool]
    ) -> None:
        rng = dice.once("restarts")
        wanted = rng.choice((0, 1, 1, RESTARTS))
        self.after = sorted(rng.sample(range(1, 7), wanted))
        """The platform restarts after these calls, counted from 1."""
        self._dice = dice
        self._pbx = pbx
        self._restart, self._said = restart, said
        self._over: set[str] = set()
        self._seen: set[str] = set()
        self._registered_at = 0.0
        self._due = 0
        self._timer: asyncio.TimerHandle | None = None

    def registering(self, un: str) -> None:
        """An agent's REGISTER came: at the first, a customer may wait already."""
        self._registered_at = time.monotonic()
        if un in self._seen:
            return
        self._seen.add(un)
        if self._dice.once("waits", un).random() < 0.3:
            how = Behaviour(give_up_after=PATIENCE)
            self._pbx.queue.ring(WAITING_CUSTOMER, how, self._registered_at, target=un)

    def look(self) -> None:
        """Calls may have ended: a restart may be due."""
        for call in self._pbx.calls.values():
            if (
                call.phase is PbxPhase.ENDED
                and call.up_at is not None
                and call.cc not in self._over
            ):
                self._over.add(call.cc)
                self._due += len(self._over) in self.after
        if self._due and self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(RESTART_AFTER, self._try)

    def _try(self) -> None:
        self._timer = None
        lives = any(call.phase is not PbxPhase.ENDED for call in self._pbx.calls.values())
        unsaid = not self._said(RESTART_AFTER / 2)
        if lives or unsaid or time.monotonic() - self._registered_at < QUIET:
            self._timer = asyncio.get_running_loop().call_later(RESTART_AFTER, self._try)
            return
        self._due -= 1
        self._restart()

    def close(self) -> None:
        """No restart any more."""
        if self._timer is not None:
            self._timer.cancel()
