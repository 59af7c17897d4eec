"""What a platform holds of us: check-in, status, seat mode, group. All of it is told after every
registration on a new flow, and told again until the platform has confirmed it; until then the seat
says what is unconfirmed (platform.md, "At every registered").
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import chain, repeat
from typing import Final

from tui.engine.call_control import SeatKeeper
from tui.engine.context import EngineContext, log
from tui.engine.outcome import Send
from tui.platform import control
from tui.platform.base import Platform, PlatformError
from tui.port.machines.seat_machine import Status
from tui.port.values import ConnectionState, Message, PhoneMode, Standing, message

WAITS: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds between one telling and the next; the last of them from then on."""
_IDLE: Final = 1
_BUSY: Final = 2


def _waits() -> Iterator[float]:
    return chain(WAITS, repeat(WAITS[-1]))


class Announcements:
    """Tells the platform where we stand, until it has confirmed all of it."""

    def __init__(
        self, context: EngineContext, send: Send, platform: Platform | None, seat: SeatKeeper
    ) -> None:
        self.context = context
        self._send = send
        self._platform = platform
        self._seat = seat
        self._open: set[Standing] = set()
        self._status = _IDLE
        """What the seat is to be, while that is unconfirmed."""
        self._reason: Message | None = None
        self._round = 0
        """Counts the registrations on a new flow: what belongs to an earlier one ends."""

    def begin(self, status: int) -> None:
        """The first registration; the check-in came before it."""
        self._status, self._reason = status, None
        self._tell({Standing.STATUS, Standing.MODE, Standing.GROUP})

    def again(self) -> None:
        """Registered on a new flow: the platform may have begun anew meanwhile."""
        seat = self.context.snapshot.seat
        if Standing.STATUS not in self._open and seat.status is not Status.OFFLINE:
            self._status, self._reason = int(seat.status), seat.reason
        self._tell(set(Standing))

    def end(self) -> None:
        """The session is over: nothing is told any more."""
        self._round += 1
        self._open.clear()

    def asked(self, status: int) -> None:
        """The agent's own status was confirmed: the one from before is not told any more."""
        self._status, self._reason = status, None
        self._confirmed(Standing.STATUS)

    def said(self, status: int) -> None:
        """The platform says the status by itself: the one wanted needs no 200 any more."""
        if status == self._status:
            self._confirmed(Standing.STATUS)

    # ------------------------------------------------------------

    def _tell(self, what: set[Standing]) -> None:
        self._round += 1
        self._open = what
        self._show()
        self.context.spawn(self._messages(self._round))
        if Standing.CHECK_IN in what:
            self.context.spawn(self._check_in(self._round))

    def _confirmed(self, what: Standing) -> None:
        if what not in self._open:
            return
        self._open.discard(what)
        self._show()
        notice = self.context.snapshot.notice
        if not self._open and notice is not None and notice.message.id in _SENTENCES.values():
            self.context.notice(message("standing.confirmed"), serious=False)

    def _show(self) -> None:
        self._seat.unconfirmed(tuple(each for each in Standing if each in self._open))

    def _over(self, round: int) -> bool:
        line = self.context.snapshot.connection.state
        return round != self._round or line is not ConnectionState.OK

    async def _messages(self, round: int) -> None:
        for number, wait in enumerate(_waits()):  # ends with the flow, at the latest
            for what in (Standing.STATUS, Standing.MODE, Standing.GROUP):
                if what in self._open:
                    await self._message(what, round, first=number == 0)
                if self._over(round):
                    return
            if self._open <= {Standing.CHECK_IN}:
                return
            await asyncio.sleep(wait)
            if self._over(round):
                return

    async def _message(self, what: Standing, round: int, *, first: bool) -> None:
        account = self.context.snapshot.account
        if account is None:
            return
        if what is Standing.STATUS and self.context.snapshot.seat.pending is not None:
            return  # the agent asks for one at this moment
        status, reason = self._status, self._reason
        asked: control.AgentMessage
        if what is Standing.STATUS:
            taken = self.context.snapshot.seat.taken
            asked = control.SetStatus(status, taken.code if taken and status == _BUSY else "")
        elif what is Standing.MODE:
            fixed = self.context.snapshot.phone_mode is not PhoneMode.MOBILE
            asked = control.SetSeatMode(fixed=fixed)
        else:
            asked = control.JoinGroup(account.gid or "0", account.eid)
        outcome = await self._send(asked)
        if self._over(round) or what not in self._open:
            return
        if not outcome.ok:
            # Status 0 is no answer at all: "not confirmed" says it.
            said = f"{outcome.status} {outcome.reason}".strip() if outcome.status else ""
            self._failed(what, said, notice=first)
            return
        if what is Standing.STATUS:
            self._seat.confirmed(status, reason)
        self._confirmed(what)

    async def _check_in(self, round: int) -> None:
        account, platform = self.context.snapshot.account, self._platform
        if account is None or platform is None:
            return
        for number, wait in enumerate(_waits()):
            try:
                await platform.check_in(account.gid)
            except PlatformError as error:
                wait = max(wait, error.wait)
                if not self._over(round):
                    self._failed(Standing.CHECK_IN, str(error), notice=number == 0)
            else:
                if not self._over(round):
                    self._confirmed(Standing.CHECK_IN)
                return
            await asyncio.sleep(wait)
            if self._over(round):
                return

    def _failed(self, what: Standing, info: str, *, notice: bool) -> None:
        log.warning("%s is not confirmed: %s", what.value, info or "no answer")
        if notice:
            self.context.notice(message(_SENTENCES[what], info=info))


_SENTENCES: Final = {each: f"standing.{each.value}" for each in Standing}
