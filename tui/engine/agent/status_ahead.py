"""The status that follows a call, asked for while the call lasts (87).

The busy that was asked for comes as a status of the platform's when the call is over. A slow
platform says it after the agent was ready already, one that restarts is told it again with all else
that it holds of us: that busy is nobody's wish any more, so idle is asked for once more, and both
sides agree again.

A platform that learns of it only after the call's end has offered the next caller by then. Busy is
asked for ahead when the write-up is wanted, when the agent wants it, and when the seat was busy
before the call: then it is busy again after it.
"""

from __future__ import annotations

import asyncio
from typing import Final

from tui.engine.agent.seat import BUSY, IDLE, SeatController
from tui.engine.agent.wrapup import REASON, WrapUpController
from tui.engine.call_control import ActiveControl
from tui.engine.calls import Calls
from tui.engine.context import log
from tui.port.commands import Result
from tui.port.events import ConnectionChanged, Event, NextStatusChanged, WrapUpChanged
from tui.port.machines.seat_machine import Status
from tui.port.snapshot import Call
from tui.port.values import Capability, ConnectionState, Message, NextStatus, message

LATE: Final = 10.0
"""Seconds after a write-up, or after the line came back, in which a busy of the platform's is one
that was asked for before the agent was ready."""
TRIES: Final = 5
"""How often idle is asked for again in that time: a platform that insists on busy has its way."""


class StatusAhead:
    """What the other side knows of the status after each call. Told of every change of a call
    before the `CallLog`, which acts on it at the end."""

    def __init__(
        self,
        calls: Calls,
        control: ActiveControl,
        wrapup: WrapUpController,
        seat: SeatController,
        codes: frozenset[str] = frozenset(),
    ) -> None:
        """`codes` are dialled to tell a PBX something: calls that nothing follows."""
        self.calls = calls
        self.context = calls.context
        self._control = control
        self._wrapup = wrapup
        self._known: set[str] = set()
        """ccNumbers of calls after which the platform will make the seat busy: it said so."""
        self._asking = asyncio.Lock()
        """One 87 at a time: the answers do not say which they are for."""
        self._seat, self._codes = seat, codes
        self._ready: float | None = None
        """When the last write-up ended, or the line came back after it."""
        self._tries = 0
        """How often idle was asked for again since."""
        self._line_ok = False
        self.context.events.listen(self._heard)
        seat.listen_busy(self._busy_said)

    def call_changed(self, before: Call | None, call: Call) -> None:
        """Told of every change of a call."""
        if not call.live:
            return
        begins = before is None or not before.live
        is_up = call.answered is not None and (before is None or before.answered is None)
        if begins:
            shown = {each.ccnumber for each in self.context.snapshot.calls}
            self._known = (self._known & shown) - {call.ccnumber}
        if begins if call.outgoing else is_up:
            self._stay_busy(call)
            self._ready = None
        named = call.outgoing and call.ccnumber and (before is None or not before.ccnumber)
        if call.ccnumber and (is_up or named) and self._wanted(call):
            self.context.spawn(self._ask(call.ccnumber))

    def _stay_busy(self, call: Call) -> None:
        """A call begins: a seat that is busy, but for a write-up, is to be so after it."""
        snapshot = self.context.snapshot
        seat = snapshot.seat
        written_up = seat.reason is not None and seat.reason.id == REASON
        idle_soon = seat.pending is Status.ONLINE or self._just_ready
        alone = all(each.key == call.key for each in self.calls.live)
        stays = seat.status is Status.BUSY and not written_up and not idle_soon
        code = call.outgoing and call.number in self._codes
        if stays and alone and not code and not snapshot.next_status:
            self._seat.call_begins()
            self.context.emit(NextStatusChanged(NextStatus.BUSY))

    def _heard(self, event: Event) -> None:
        if isinstance(event, ConnectionChanged):
            was_ok, self._line_ok = self._line_ok, event.connection.state is ConnectionState.OK
            if self._line_ok and not was_ok:
                self._flow_is_back()
        over = isinstance(event, WrapUpChanged) and event.wrapup is None
        back = isinstance(event, ConnectionChanged) and event.connection.state is ConnectionState.OK
        if over or (back and self._wrapup.idle_follows):
            self._ready, self._tries = self.context.clock(), 0

    def _flow_is_back(self) -> None:
        """The platform may have begun anew, and the call ended meanwhile: nothing that it took on
        before counts, and it is asked once more of a call that goes on."""
        self._known.clear()
        for call in self.calls.live:
            if call.ccnumber and call.answered is not None and self._wanted(call):
                self.context.spawn(self._ask(call.ccnumber))

    def _busy_said(self, was_idle: bool) -> None:
        """The platform says busy."""
        if self.context.snapshot.wrapup is not None:
            self._seat.because(message(REASON))
        if not was_idle:
            return
        if not self._just_ready or self._tries >= TRIES:
            self._wrapup.busy_stands()
            return
        self._tries += 1  # it may be said more than once
        self.context.spawn(self._idle_again())

    @property
    def _just_ready(self) -> bool:
        """A busy that is said now was asked for before the agent was ready."""
        return self._ready is not None and self.context.clock() - self._ready <= LATE

    async def _idle_again(self) -> None:
        if not self.calls.live and self.context.snapshot.wrapup is None:
            await self._wrapup.ready_again()

    def _wanted(self, call: Call) -> bool:
        written_up = self._wrapup.wanted and call.answered is not None
        return written_up or self.context.snapshot.next_status is NextStatus.BUSY

    async def _ask(self, ccnumber: str) -> None:
        async with self._asking:
            failure = await self._tell(ccnumber)
        if failure is not None:
            log.info("busy after the call is asked for when it is over: %s", failure.id)

    async def _tell(self, ccnumber: str) -> Message | None:
        """Ask for busy, unless that is known: None when it is, else why not."""
        if ccnumber in self._known:
            return None
        failure = await self._control.now.status_after_call(ccnumber, True)
        if failure is None:
            self._known.add(ccnumber)
        return failure

    def set_by_platform(self, ccnumber: str) -> bool:
        """Whether the platform makes the seat busy by itself when this call is over."""
        return (
            Capability.PLATFORM_STATUS in self._control.now.capabilities and ccnumber in self._known
        )

    async def set_next(self, status: int) -> Result:
        """`SetNextStatus`: busy, or idle, which takes it back. With a write-up in between the
        platform is to make the seat busy in any case, and the rest is kept here."""
        if status not in (IDLE, BUSY):
            return Result(False, message("status.unknown"))
        call = self.calls.find("")
        if call is not None and call.ccnumber and call.answered is not None:
            failure = await self._change(call.ccnumber, status == BUSY)
            if failure is not None:
                return Result(False, failure)
            current = self.calls.by_key(call.key)
            over = current is None or not current.live
            if over and status == BUSY and self.context.snapshot.wrapup is None:
                return await self._seat.set_status(BUSY)  # the answer crossed the end
        elif self.context.snapshot.wrapup is None:
            return Result(False, message("status.no_call"))
        self.context.emit(NextStatusChanged(NextStatus.BUSY if status == BUSY else NextStatus.NONE))
        return Result(True)

    async def _change(self, ccnumber: str, busy: bool) -> Message | None:
        async with self._asking:
            if busy:
                return await self._tell(ccnumber)
            if self._wrapup.wanted:
                return None
            failure = await self._control.now.status_after_call(ccnumber, False)
            if failure is None:
                self._known.discard(ccnumber)
            return failure
