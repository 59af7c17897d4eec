"""What a call leaves behind: the history, the figures of the shift, the write-up, the status that
was set ahead. Follows the calls; decides nothing about them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from tui.engine.calls import Calls, Outcome, unconfirmed
from tui.engine.commands import Result
from tui.engine.core import log
from tui.engine.events import CallRecorded, NextStatusChanged, ShiftChanged
from tui.engine.journal import Journal
from tui.engine.listening import Summary
from tui.engine.offers import Offers
from tui.engine.pop import Pop
from tui.engine.seat import BUSY, IDLE
from tui.engine.state import (
    RECENT_LIMIT,
    Call,
    CallRecord,
    CallState,
    HistoryEntry,
    Message,
    Shift,
    WrapUp,
    message,
)
from tui.engine.wrapup import WrapUpDesk
from tui.platform import control

_ACCEPTED = 200


class Workday:
    """One agent's shift."""

    def __init__(self, calls: Calls, offers: Offers, wrapup: WrapUpDesk) -> None:
        self.calls = calls
        self.core = calls.core
        self.offers = offers
        self.wrapup = wrapup
        self.journal: Journal | None = None
        self._entries: dict[str, HistoryEntry] = {}
        """Entries of this session by the call's key, for the write-up."""
        self.pop: Pop | None = None
        """What is opened on the agent's desk for a call."""
        self.quality: Callable[[str], Summary] = lambda key: Summary()
        """How a call that is over sounded."""
        self.status_is_ours = False
        """No platform sets the status after a call (kind "sip")."""
        self._next: asyncio.Future[int] | None = None
        wrapup.save = self._save

    # ------------------------------------------------------------ following the calls

    def call_changed(self, before: Call | None, call: Call) -> None:
        """Told of every change of a call."""
        was = None if before is None else before.state
        if call.state is was:
            return
        if self.pop is not None:
            self.pop.call_changed(before, call)
        if call.state is CallState.RINGING and was in (None, CallState.ENDED):
            self.offers.offered(call)
        elif call.state is CallState.TALKING and (before is None or before.answered is None):
            self.offers.answered()
            self.wrapup.call_answered()
        elif call.state is CallState.ENDED:
            self._over(call)

    def _over(self, call: Call) -> None:
        entry = self._entry(call)
        self._entries[call.key] = entry
        self._write(entry)
        self.core.emit(CallRecorded(self._record(entry, call.outcome)))
        if call.answered is not None:
            self.core.emit(ShiftChanged(counted(self.core.snapshot.shift, entry)))
        elif entry.missed:
            self.offers.missed()
        if any(other.answered is not None or other.outgoing for other in self.calls.live):
            return  # other lines go on: the last call that ends is written up
        if self.wrapup.begin(call, entry.id) or not self.core.snapshot.next_status:
            return
        if self.status_is_ours:
            self.core.spawn(self._take_next_status())
        else:
            self.core.emit(NextStatusChanged(0))  # the platform sets it by itself

    async def _take_next_status(self) -> None:
        wanted = self.core.snapshot.next_status
        self.core.emit(NextStatusChanged(0))
        await self.wrapup.seat.set_status(wanted)

    def _entry(self, call: Call) -> HistoryEntry:
        now, wall = self.core.clock(), time.time()
        rang = (now if call.answered is None else call.answered) - call.began
        talked = call.talk_time
        if talked is None and call.answered is not None:
            talked = now - call.answered
        snapshot = self.core.snapshot
        group = "" if snapshot.account is None else snapshot.account.group
        sounded = self.quality(call.key)
        return HistoryEntry(
            id=0 if self.journal is None else self.journal.new_id(),
            began=wall - (now - call.began),
            number=call.number,
            outgoing=call.outgoing,
            group=call.group or group,
            ring_time=max(0.0, rang),
            talk_time=talked,
            hold_time=call.hold_time,
            reason="" if call.outcome is None else call.outcome.id,
            missed=call.missed,
            ccnumber=call.ccnumber,
            quality=sounded.quality,
            worst_mos=sounded.worst,
        )

    def _record(self, entry: HistoryEntry, outcome: Message | None) -> CallRecord:
        """An entry as the list under the console shows it."""
        ended = entry.began + entry.ring_time + (entry.talk_time or 0.0)
        return CallRecord(
            number=entry.number,
            outgoing=entry.outgoing,
            ended=self.core.clock() - max(0.0, time.time() - ended),
            talk_time=entry.talk_time,
            outcome=outcome,
            missed=entry.missed,
            ccnumber=entry.ccnumber,
            result=entry.outcome,
            note=entry.note,
        )

    def _save(self, wrapup: WrapUp) -> None:
        """The write-up as it stands: into the history and the list."""
        for key, entry in self._entries.items():
            if entry.id == wrapup.entry:
                changed = replace(entry, outcome=wrapup.outcome, note=wrapup.note)
                self._entries[key] = changed
                record = self._record(changed, wrapup.ended)
                self.core.emit(CallRecorded(record))
                if self.journal is not None:
                    self.core.spawn(self._write_up(self.journal, changed))
                return

    # ------------------------------------------------------------ the history

    async def begin(self, journal: Journal) -> None:
        """The shift begins: what today's history has is counted and listed."""
        self.journal = journal
        self.core.emit(ShiftChanged(Shift(began=self.core.clock())))
        try:
            await journal.open()
            midnight = datetime.now().replace(hour=0, minute=0, second=0, microsecond=0)
            today = await journal.since(midnight.timestamp())
        except Exception as error:  # a broken disk must not keep anybody from taking calls
            log.exception("the history cannot be used")
            self.journal = None
            self.core.notice(message("history.unusable", kind=type(error).__name__))
            return
        shift = self.core.snapshot.shift
        for entry in reversed(today):
            shift = counted(shift, entry)
        self.core.emit(ShiftChanged(shift))
        for entry in reversed(today[:RECENT_LIMIT]):
            outcome = Message(entry.reason) if entry.reason else None
            self.core.emit(CallRecorded(self._record(entry, outcome)))

    def _write(self, entry: HistoryEntry) -> None:
        if self.journal is not None:
            self.core.spawn(self._add(self.journal, entry))

    async def _add(self, journal: Journal, entry: HistoryEntry) -> None:
        try:
            await journal.add(entry)
        except Exception as error:
            log.exception("a call could not be written into the history")
            self.core.notice(message("history.not_written", kind=type(error).__name__))

    async def _write_up(self, journal: Journal, entry: HistoryEntry) -> None:
        try:
            await journal.write_up(entry.id, entry.outcome, entry.note)
        except Exception as error:
            log.exception("a write-up could not be written into the history")
            self.core.notice(message("history.not_written", kind=type(error).__name__))

    async def end(self) -> None:
        """Signed out: the write-up is kept, the file closed."""
        self.wrapup.session_ended()
        self._entries.clear()
        journal, self.journal = self.journal, None
        if journal is not None:
            await self.core.settle()
            await journal.close()

    # ------------------------------------------------------------ the status after this call

    async def set_next_status(self, status: int) -> Result:
        """87: only busy can be set ahead; 1 takes it back. In a write-up it is kept here."""
        if status not in (IDLE, BUSY):
            return Result(False, message("status.unknown"))
        call = self.calls.find("")
        if call is not None and call.ccnumber and call.answered is not None:
            asked = not self.status_is_ours
            failure = await self._ask(call.ccnumber, status == BUSY) if asked else None
            if failure is not None:
                return Result(False, failure)
        elif self.core.snapshot.wrapup is None:
            return Result(False, message("status.no_call"))
        self.core.emit(NextStatusChanged(BUSY if status == BUSY else 0))
        return Result(True)

    async def _ask(self, ccnumber: str, busy: bool) -> Message | None:
        """Ask the platform; None when it agrees, else why not."""
        self._next = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self.core.limits.next_status):
                outcome = await self.calls.send(control.StatusAfterCall(ccnumber, busy))
                if not outcome.ok:
                    return unconfirmed("next_status", outcome)
                code = await self._next
        except TimeoutError:
            return unconfirmed("next_status", Outcome(0))
        finally:
            self._next = None
        return None if code == _ACCEPTED else message("next_status.refused", code=code)

    def answered_next_status(self, code: int) -> None:
        """The platform's answer to 87."""
        if self._next is not None and not self._next.done():
            self._next.set_result(code)


def counted(shift: Shift, entry: HistoryEntry) -> Shift:
    """The figures with one more call in them."""
    if entry.talk_time is None:
        return replace(shift, missed=shift.missed + 1) if entry.missed else shift
    return replace(
        shift,
        talked=shift.talked + 1,
        talk_time=shift.talk_time + entry.talk_time,
        longest=max(shift.longest, entry.talk_time),
        hold_time=shift.hold_time + entry.hold_time,
    )
