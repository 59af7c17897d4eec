"""The seat's status: what the agent asks, what the platform says, and what happens to an idle
seat that nobody looks at."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from tui.engine.context import EngineContext, log
from tui.engine.outcome import Outcome, unconfirmed, with_info
from tui.port import replace
from tui.port.commands import Result
from tui.port.events import SeatChanged, StatusChanged
from tui.port.machines.seat_machine import SeatInput, Status, step_seat
from tui.port.snapshot import SeatStatus
from tui.port.values import ConnectionState, Message, NextStatus, Phase, Standing, message
from tui.port.work import TakenBreak

IDLE, BUSY = 1, 2
"""What `changeStatus` takes (specification)."""

_SAID = {
    Status.OFFLINE: SeatInput.PLATFORM_OFFLINE,
    Status.ONLINE: SeatInput.PLATFORM_ONLINE,
    Status.BUSY: SeatInput.PLATFORM_BUSY,
}
_CONFIRMED = {IDLE: SeatInput.IDLE_CONFIRMED, BUSY: SeatInput.BUSY_CONFIRMED}


def of_break(taken: TakenBreak) -> Message:
    """Why a seat on this break is busy."""
    return message("seat.break", name=taken.title)


class Confirm(Protocol):
    """Asks for a status: None when it counts, else why it is not confirmed. `reason` is the code of
    a named break."""

    def __call__(self, status: int, reason: str = ..., /) -> Awaitable[Message | None]: ...


class SeatController:
    """Keeps `Snapshot.seat` true."""

    def __init__(
        self,
        context: EngineContext,
        confirm: Confirm,
        idle_refused: Callable[[], Message | None],
        seconds: Callable[[], float] | None = None,
    ) -> None:
        """`seconds` is how long a status may take; None: as the limits say."""
        self.context = context
        self._seconds = seconds or (lambda: context.limits.status)
        self.go_busy_unattended = True
        self._confirm = confirm
        self._idle_refused = idle_refused
        """Why the agent may not be idle yet; None when she may."""
        self._idle_listeners: list[Callable[[], None]] = []
        self._busy_listeners: list[Callable[[bool], None]] = []
        self._said: asyncio.Future[None] | None = None
        self._before: SeatStatus | None = None
        """The busy seat that a call found, where it is to be so again after it."""
        self._was_on = False
        """The platform has said online or busy in this session: from then on its "offline" is a
        state like another, which the agent can leave. Before, it means "not there yet"."""

    def listen_idle(self, listener: Callable[[], None]) -> None:
        """Tell this listener when the platform says idle by itself."""
        self._idle_listeners.append(listener)

    def listen_busy(self, listener: Callable[[bool], None]) -> None:
        """Tell this listener when the platform says busy by itself, and whether the seat was idle
        until then, or had asked to be."""
        self._busy_listeners.append(listener)

    # ------------------------------------------------------------ the agent asks

    async def set_status(
        self,
        status: int,
        reason: Message | None = None,
        *,
        in_call: bool = False,
        taken: TakenBreak | None = None,
    ) -> Result:
        """`changeStatus`: the 200 confirms, or the statusChanged; neither in time = failed.
        `in_call`: allowed while a call rings or runs. `taken` is the break that it begins."""
        if status not in _CONFIRMED:
            return Result(False, message("status.unknown"))
        snapshot = self.context.snapshot
        if snapshot.phase is not Phase.SIGNED_IN:
            return Result(False, message("engine.not_signed_in"))
        if snapshot.connection.state is not ConnectionState.OK:
            return Result(False, message("engine.line_lost"))
        if not in_call and any(call.live for call in snapshot.calls):
            return Result(False, message("status.in_call"))
        if snapshot.seat.status is Status.OFFLINE and not self._was_on:
            return Result(False, message("status.offline"))
        if snapshot.seat.pending is not None:
            return Result(False, message("status.pending"))
        if status == IDLE and (refused := self._idle_refused()) is not None:
            return Result(False, refused)
        wanted = Status(status)
        self._put(replace(snapshot.seat, pending=wanted))
        self._said = asyncio.get_running_loop().create_future()
        asked = self._confirm(status) if taken is None else self._confirm(status, taken.code)
        sent = asyncio.ensure_future(asked)
        confirming: set[asyncio.Future[Any]] = {sent}
        if taken is None:  # a busy that the platform says by itself has no break's code in it
            confirming.add(self._said)
        await asyncio.wait(
            confirming,
            timeout=self._seconds(),
            return_when=asyncio.FIRST_COMPLETED,
        )
        said = self._said.done()
        self._said = None
        failure: Message | None = unconfirmed("status", Outcome(0))
        if sent.done():
            failure = sent.result()
        else:
            sent.cancel()  # what is given up is not to be carried out later
            await asyncio.gather(sent, return_exceptions=True)
        seat = self.context.snapshot.seat
        if failure is None and wanted not in (seat.pending, seat.status):
            return Result(False, seat.reason)  # kept busy since it was confirmed
        if failure is None:
            offline = seat.status is Status.OFFLINE  # said in mid-shift: the 200 ends it
            self._step(_SAID[wanted] if offline else _CONFIRMED[status], reason, taken=taken)
            return Result(True)
        if said and seat.status is wanted:
            since = self.context.clock() if taken is not None else seat.since
            self._put(replace(seat, since=since, pending=None, reason=reason, taken=taken))
            return Result(True)
        self._put(replace(seat, pending=None))
        if self.context.snapshot.phase is Phase.SIGNED_IN:  # else it is nobody's status any more
            self.context.notice(failure)
        return Result(False, failure)

    # ------------------------------------------------------------ the platform says

    def platform_says(self, status: int) -> None:
        """`statusChanged`: overrides whatever was asked."""
        try:
            said = Status(status)
        except ValueError:
            log.warning("a status that the specification does not list: %d", status)
            return
        self._was_on = self._was_on or said is not Status.OFFLINE
        seat = self.context.snapshot.seat
        same = said is seat.status
        reason = seat.reason if same else None
        taken = seat.taken if same or self._comes_back else None
        pending = seat.pending if said is not seat.pending else None
        self._step(_SAID[said], reason, pending=pending, taken=taken)
        if self._said is not None and not self._said.done() and said is seat.pending:
            self._said.set_result(None)
        self.context.emit(StatusChanged(said))
        if said is Status.BUSY:
            for told in self._busy_listeners:
                told(Status.ONLINE in (seat.status, seat.pending))
        if said is Status.ONLINE and seat.pending is not Status.ONLINE:
            for listener in self._idle_listeners:
                listener()
        if not self.context.attended:
            self._plan_busy()

    def after_call_work(self, info: str = "") -> None:
        """`a="6"`: the platform keeps the seat out of the queue by itself; `info` are its words."""
        self.kept_busy(with_info(message("seat.after_call_work"), info))

    def kept_busy(self, reason: Message) -> None:
        """Whoever sends the calls keeps the seat out, for this reason. It ends no break."""
        seat = self.context.snapshot.seat
        if seat.taken is not None:
            reason = of_break(seat.taken)
        self._step(SeatInput.PLATFORM_BUSY, reason, taken=seat.taken)

    def confirmed(self, status: int, reason: Message | None) -> None:
        """The 200 to a status that was told once more."""
        seat = self.context.snapshot.seat
        taken = seat.taken if seat.status == status else None
        self._step(_CONFIRMED[status], reason, seat.pending, taken)

    def because(self, reason: Message) -> None:
        """Why the seat is as it is, where the platform set it and gave no reason."""
        if self.context.snapshot.seat.reason is None:
            self._put(replace(self.context.snapshot.seat, reason=reason))

    def unconfirmed(self, what: tuple[Standing, ...]) -> None:
        """What the platform has not confirmed of us."""
        self._put(replace(self.context.snapshot.seat, unconfirmed=what))

    def signed_out(self) -> None:
        """No session, no status."""
        self.context.timers.cancel("unattended busy")
        self._was_on = False
        self._before = None
        self._step(SeatInput.SIGNED_OUT, None)  # first: with it a break is over, once
        self.unconfirmed(())

    # ------------------------------------------------------------ as before a call

    def call_begins(self) -> None:
        """A call finds the seat busy: it is to be so again after it, for the same reason, and on
        the same break."""
        self._before = self.context.snapshot.seat

    @property
    def found_for_a_reason(self) -> bool:
        """Whether the busy that a call found is more than the word."""
        before = self._before
        return before is not None and (before.reason is not None or before.taken is not None)

    @property
    def _comes_back(self) -> bool:
        """What the platform says of its own accord between a call and what follows it ends no
        break."""
        snapshot = self.context.snapshot
        follows = snapshot.next_status is NextStatus.BUSY or snapshot.seat.pending is Status.BUSY
        return self._before is not None and follows

    async def come_back(self) -> Result:
        """Busy, as the call found the seat; a break that was on is the same one."""
        before, taken = self._before, self.context.snapshot.seat.taken
        if taken is not None:
            reason: Message | None = of_break(taken)
        else:
            reason = None if before is None or before.taken is not None else before.reason
        result = await self.set_status(BUSY, reason, taken=taken)
        self._before = None
        seat = self.context.snapshot.seat
        if seat.taken is not None and seat.status is not Status.BUSY:
            self._put(replace(seat, taken=None))
        return result

    # ------------------------------------------------------------ nobody looks

    def attended(self, present: bool) -> None:
        """An idle seat that nobody looks at goes busy, and stays so after the platform's "idle";
        the reason is still there when somebody comes back (architecture.md)."""
        if present:
            self.context.timers.cancel("unattended busy")
        else:
            self._plan_busy()

    def call_ended(self) -> None:
        """A call of an unattended seat is over."""
        if not self.context.attended:
            self._plan_busy()

    def _plan_busy(self) -> None:
        if self.go_busy_unattended and "unattended busy" not in self.context.timers:
            self.context.timers.set(
                "unattended busy", self.context.limits.unattended_busy, self._go_busy
            )

    def _go_busy(self) -> None:
        snapshot = self.context.snapshot
        if self.context.attended or snapshot.seat.status is not Status.ONLINE:
            return
        if any(call.live for call in snapshot.calls):
            return  # `call_ended` plans it again
        log.info("nobody looks at an idle seat: busy")
        self.context.spawn(self._set_busy())

    async def _set_busy(self) -> None:
        await self.set_status(BUSY, message("seat.unattended"))

    # ------------------------------------------------------------

    def _step(
        self,
        given: SeatInput,
        reason: Message | None,
        pending: Status | None = None,
        taken: TakenBreak | None = None,
    ) -> None:
        seat = self.context.snapshot.seat
        status = step_seat(seat.status, given)
        if status is Status.ONLINE and not self._comes_back:
            self._before = None
        same = status is seat.status and taken == seat.taken
        since = seat.since if same else self.context.clock()
        self._put(
            replace(seat, status=status, since=since, reason=reason, pending=pending, taken=taken)
        )

    def _put(self, seat: SeatStatus) -> None:
        if seat != self.context.snapshot.seat:
            self.context.emit(SeatChanged(seat))
