"""The seat's status: what the agent asks, what the platform says, and what happens to an idle
seat that nobody looks at."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from tui.engine.calls import Outcome, unconfirmed
from tui.engine.commands import Result
from tui.engine.core import Core, log
from tui.engine.events import SeatChanged, StatusChanged
from tui.engine.state import (
    LineState,
    Message,
    Phase,
    SeatInput,
    SeatStatus,
    Status,
    message,
    step_seat,
)
from tui.platform import control

IDLE, BUSY = 1, 2
"""What `changeStatus` takes (specification)."""

_SAID = {
    Status.OFFLINE: SeatInput.PLATFORM_OFFLINE,
    Status.ONLINE: SeatInput.PLATFORM_ONLINE,
    Status.BUSY: SeatInput.PLATFORM_BUSY,
}
_CONFIRMED = {IDLE: SeatInput.IDLE_CONFIRMED, BUSY: SeatInput.BUSY_CONFIRMED}


class SeatDesk:
    """Keeps `Snapshot.seat` true."""

    def __init__(
        self, core: Core, send: Callable[[control.AgentMessage], Awaitable[Outcome]]
    ) -> None:
        self.core = core
        self.send = send
        self.go_busy_unattended = True
        self.idle_refused: Callable[[], Message | None] = lambda: None
        """Why the agent may not be idle yet; None when she may."""
        self.on_idle: Callable[[], None] = lambda: None
        """Called when the platform says idle by itself; a write-up answers with busy."""
        self._said: asyncio.Future[None] | None = None

    # ------------------------------------------------------------ the agent asks

    async def set_status(
        self, status: int, reason: Message | None = None, *, in_call: bool = False
    ) -> Result:
        """`changeStatus`: the 200 confirms, or the statusChanged; neither in time = failed.
        `in_call`: allowed while a call rings or runs."""
        if status not in _CONFIRMED:
            return Result(False, message("status.unknown"))
        snapshot = self.core.snapshot
        if snapshot.phase is not Phase.SIGNED_IN:
            return Result(False, message("engine.not_signed_in"))
        if snapshot.line.state is not LineState.OK:
            return Result(False, message("engine.line_lost"))
        if not in_call and any(call.live for call in snapshot.calls):
            return Result(False, message("status.in_call"))
        if snapshot.seat.status is Status.OFFLINE:
            return Result(False, message("status.offline"))
        if snapshot.seat.pending is not None:
            return Result(False, message("status.pending"))
        if status == IDLE and (refused := self.idle_refused()) is not None:
            return Result(False, refused)
        wanted = Status(status)
        self._put(replace(snapshot.seat, pending=wanted))
        self._said = asyncio.get_running_loop().create_future()
        sent = asyncio.ensure_future(self.send(control.SetStatus(status)))
        either: set[asyncio.Future[Any]] = {sent, self._said}
        await asyncio.wait(
            either,
            timeout=self.core.limits.status,
            return_when=asyncio.FIRST_COMPLETED,
        )
        said = self._said.done()
        self._said = None
        if not sent.done():
            outcome = Outcome(0)
            self.core.spawn(_let_end(sent))
        else:
            outcome = sent.result()
        seat = self.core.snapshot.seat
        if outcome.ok:
            self._step(_CONFIRMED[status], reason)
            return Result(True)
        if said and seat.status is wanted:
            self._put(replace(seat, pending=None, reason=reason))
            return Result(True)
        failure = unconfirmed("status", outcome)
        self._put(replace(seat, pending=None))
        self.core.notice(failure)
        return Result(False, failure)

    # ------------------------------------------------------------ the platform says

    def platform_says(self, status: int) -> None:
        """`statusChanged`: overrides whatever was asked."""
        try:
            said = Status(status)
        except ValueError:
            log.warning("a status that the specification does not list: %d", status)
            return
        seat = self.core.snapshot.seat
        reason = seat.reason if said is seat.status else None
        self._step(_SAID[said], reason, pending=seat.pending if said is not seat.pending else None)
        if self._said is not None and not self._said.done() and said is seat.pending:
            self._said.set_result(None)
        self.core.emit(StatusChanged(status))
        if said is Status.ONLINE and seat.pending is not Status.ONLINE:
            self.on_idle()
        if not self.core.attended:
            self._plan_busy()

    def after_call_work(self) -> None:
        """`a="6"`: the platform keeps the seat out of the queue by itself."""
        self._step(SeatInput.PLATFORM_BUSY, message("seat.after_call_work"))

    def signed_out(self) -> None:
        """No session, no status."""
        self.core.timers.cancel("unattended busy")
        self._step(SeatInput.SIGNED_OUT, None)

    # ------------------------------------------------------------ nobody looks

    def attended(self, present: bool) -> None:
        """An idle seat that nobody looks at goes busy, and stays so after the platform's "idle";
        the reason is still there when somebody comes back (architecture.md)."""
        if present:
            self.core.timers.cancel("unattended busy")
        else:
            self._plan_busy()

    def call_ended(self) -> None:
        """A call of an unattended seat is over."""
        if not self.core.attended:
            self._plan_busy()

    def _plan_busy(self) -> None:
        if self.go_busy_unattended and "unattended busy" not in self.core.timers:
            self.core.timers.set("unattended busy", self.core.limits.unattended_busy, self._go_busy)

    def _go_busy(self) -> None:
        snapshot = self.core.snapshot
        if self.core.attended or snapshot.seat.status is not Status.ONLINE:
            return
        if any(call.live for call in snapshot.calls):
            return  # `call_ended` plans it again
        log.info("nobody looks at an idle seat: busy")
        self.core.spawn(self._set_busy())

    async def _set_busy(self) -> None:
        await self.set_status(BUSY, message("seat.unattended"))

    # ------------------------------------------------------------

    def _step(
        self, given: SeatInput, reason: Message | None, pending: Status | None = None
    ) -> None:
        old = self.core.snapshot.seat
        status = step_seat(old.status, given)
        since = old.since if status is old.status else self.core.clock()
        self._put(SeatStatus(status, since, reason, pending))

    def _put(self, seat: SeatStatus) -> None:
        if seat != self.core.snapshot.seat:
            self.core.emit(SeatChanged(seat))


async def _let_end(sent: asyncio.Future[Outcome]) -> None:
    await sent
