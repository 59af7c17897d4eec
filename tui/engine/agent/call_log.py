"""What a call leaves behind: the history, the figures of the shift, the note, the write-up, the
status that was set ahead. Follows the calls; decides nothing about them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from tui.engine.agent.history.db import HistoryDb
from tui.engine.agent.history.file import HistoryNewer, HistoryWaits
from tui.engine.agent.incoming_policy import IncomingPolicy
from tui.engine.agent.screen_pop import ScreenPop
from tui.engine.agent.shift_report import report
from tui.engine.agent.status_ahead import StatusAhead
from tui.engine.agent.wrapup import WrapUpController, as_kept
from tui.engine.audio.quality_judge import Summary
from tui.engine.calls import Calls
from tui.engine.context import log
from tui.port import replace
from tui.port.commands import Result
from tui.port.events import CallRecorded, NextStatusChanged, ShiftChanged
from tui.port.machines.call_machine import CallState
from tui.port.snapshot import RECENT_LIMIT, Call
from tui.port.values import (
    BREAK,
    CallRecord,
    HistoryEntry,
    Message,
    NextStatus,
    Shift,
    WrapUp,
    message,
)
from tui.port.work import Callback

_ENDS: Final = {
    "line.declined_here": "declined",
    "line.elsewhere": "elsewhere",
    "line.lost_ringing": "line_lost",
}
"""The figure that an offer counts in which nobody missed, by why it ended."""
_TRY_AGAIN: Final = "history again"
_DAY: Final = "another day"
KICK_FOLLOWS: Final = 3.0
"""Seconds within which a kick says why a call ended that nobody here hung up."""


class CallLog:
    """One agent's shift."""

    def __init__(
        self,
        calls: Calls,
        incoming: IncomingPolicy,
        wrapup: WrapUpController,
        ahead: StatusAhead,
        *,
        quality: Callable[[str], Summary],
        pop: ScreenPop,
        codes: frozenset[str] = frozenset(),
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`codes` are the numbers that tell a PBX something: calls there are nobody's work. `wall`
        is the time of day in Unix time."""
        self.calls = calls
        self.context = calls.context
        self.incoming = incoming
        self.wrapup = wrapup
        self.history: HistoryDb | None = None
        self._waits = False
        """It was said that the history cannot be written now."""
        self._writing: set[asyncio.Task[None]] = set()
        self._entries: dict[str, HistoryEntry] = {}
        """Entries of this session by the call's key, for the write-up; those that are listed."""
        self._codes = codes
        self._wall = wall
        self._day = self._midnight()
        """The one whose figures are shown, by its beginning in Unix time."""
        self._ahead = ahead
        self._pop = pop
        """What is opened on the agent's desk for a call."""
        self._quality = quality
        """How a call that is over sounded, by its key."""
        wrapup.listen(self._save)

    # ------------------------------------------------------------ following the calls

    def call_changed(self, before: Call | None, call: Call) -> None:
        """Told of every change of a call."""
        was = None if before is None else before.state
        if call.state is was:
            if before is not None and call.answered is not None and before.number != call.number:
                self._pop.party_changed(call)
            return
        self._pop.call_changed(before, call)
        if call.state is CallState.RINGING and was in (None, CallState.ENDED):
            self.incoming.offered(call)
        elif call.state is CallState.TALKING and (before is None or before.answered is None):
            self.incoming.answered()
            self.wrapup.call_answered()
        elif call.state is CallState.ENDED:
            self._over(call)

    def _over(self, call: Call) -> None:
        if call.outgoing and call.number in self._codes:
            self.trace(call)
            return
        entry = self._entry(call)
        self._entries[call.key] = entry
        if len(self._entries) > RECENT_LIMIT:
            del self._entries[next(iter(self._entries))]
        self._keep(call, entry)
        if call.answered is None and entry.missed:
            self.incoming.missed()
        elif entry.began >= self._day:  # it counts on the day on which it began
            shift = counted(self.context.snapshot.shift, entry)
            if shift is not self.context.snapshot.shift:
                self.context.emit(ShiftChanged(shift))
        if any(other.answered is not None or other.outgoing for other in self.calls.live):
            return  # others go on: the last call that ends is written up
        if self.wrapup.begin(call, entry.id):
            return
        if self.wrapup.call_over() or not self.context.snapshot.next_status:
            return
        known = self._ahead.set_by_platform(call.ccnumber)
        if known and not self.wrapup.seat.found_for_a_reason:  # of which the platform knows nothing
            self.context.emit(NextStatusChanged(NextStatus.NONE))
        else:
            self.context.spawn(self._take_next_status())

    def kicked(self) -> None:
        """Signed out by the platform: a call that it ended right before went with the session."""
        for call in self.context.snapshot.calls:
            entry, now = self._entries.get(call.key), self.context.clock()
            unasked = entry is not None and entry.reason == "ended.26_unasked"
            if entry is not None and unasked and not call.live and now - call.since < KICK_FOLLOWS:
                call = self.calls.put(call, outcome=message("ended.kicked"))
                entry = replace(entry, reason="ended.kicked", reason_values=())
                self._entries[call.key] = entry
                self._keep(call, entry)

    def keep_break(self, entry: HistoryEntry) -> None:
        """A break begins, or is over: it is in the history, and counts once it is over."""
        self._write(entry)
        shift = counted(self.context.snapshot.shift, entry)
        if shift != self.context.snapshot.shift:
            self.context.emit(ShiftChanged(shift))

    def keep_callbacks(self, *rows: Callback) -> None:
        """Call-backs as they stand now: written, and kept until the disk has them."""
        if self.history is not None and rows:
            self._begin_writing(self._written(self.history, self.history.put_callbacks(*rows)))

    def new_id(self) -> int:
        """The name of a row of the history; 0 where there is none."""
        return 0 if self.history is None else self.history.new_id()

    def trace(self, call: Call) -> None:
        """A call that was turned away before it was on the screen: it is over, and in the history.
        It counts in no figure."""
        self._keep(call, self._entry(call))

    def _keep(self, call: Call, entry: HistoryEntry) -> None:
        self._write(entry)
        self.context.emit(CallRecorded(self._record(entry, call.outcome)))

    async def _take_next_status(self) -> None:
        self.context.emit(NextStatusChanged(NextStatus.NONE))
        await self.wrapup.seat.come_back()

    def _entry(self, call: Call) -> HistoryEntry:
        now, wall = self.context.clock(), self._wall()
        rang = (now if call.answered is None else call.answered) - call.began
        talked = call.end.talk_time
        if talked is None and call.answered is not None:
            talked = now - call.answered
        snapshot = self.context.snapshot
        group = "" if snapshot.account is None else snapshot.account.group
        sounded = self._quality(call.key)
        return HistoryEntry(
            id=self.new_id(),
            began=wall - (now - call.began),
            number=call.number,
            outgoing=call.outgoing,
            group=call.group or group,
            ring_time=max(0.0, rang),
            talk_time=talked,
            hold_time=call.hold_time,
            reason="" if call.outcome is None else call.outcome.id,
            reason_values=() if call.outcome is None else call.outcome.values,
            name=call.name or call.known,
            note=call.note,
            missed=call.end.missed,
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
            ended=self.context.clock() - max(0.0, self._wall() - ended),
            talk_time=entry.talk_time,
            outcome=outcome,
            missed=entry.missed,
            ccnumber=entry.ccnumber,
            result=entry.outcome,
            note=entry.note,
            name=entry.name,
        )

    # ------------------------------------------------------------ what is typed

    def edit_note(self, note: str, key: str) -> Result:
        """`EditNote`: kept with the call while it lives, then in its write-up, then in the
        history."""
        kept, cut = as_kept(note)
        call = self.calls.by_key(key) if key else self.calls.find("")
        wrapup, entry = self.context.snapshot.wrapup, self._entries.get(key)
        if call is not None and call.live:
            if call.state in (CallState.RINGING, CallState.DECLINING):
                return Result(False, message("note.not_yet"))
            if kept != call.note:
                self.calls.put(call, note=kept)
        elif key and wrapup is not None and wrapup.call == key:
            return self.wrapup.edit(None, note)
        elif entry is not None:
            self._rewrite(key, replace(entry, note=kept))
        else:
            return Result(False, message("note.no_call"))
        return Result(True, cut)

    def _save(self, wrapup: WrapUp) -> None:
        """The write-up as it stands: into the history and the list."""
        for key, entry in self._entries.items():
            if entry.id == wrapup.entry:
                self._rewrite(key, replace(entry, outcome=wrapup.outcome, note=wrapup.note))
                return

    def _rewrite(self, key: str, entry: HistoryEntry) -> None:
        self._entries[key] = entry
        self.context.emit(CallRecorded(self._record(entry, _ended(entry))))
        if self.history is not None:
            self._begin_writing(self._write_up(self.history, entry))

    # ------------------------------------------------------------ the history

    async def begin(self, history: HistoryDb) -> None:
        """The shift begins: what today's history has is counted and listed."""
        self.history = history
        self.context.emit(ShiftChanged(Shift(began=self.context.clock())))
        try:
            await self._open(history)
            self._day = self._midnight()
            today = await history.since(self._day)
        except HistoryNewer as error:
            log.warning("%s", error)
            self.history = None
            self.context.notice(message("history.newer"))
            return
        except Exception as error:  # a broken disk must not keep anybody from taking calls
            log.exception("the history cannot be used")
            self.history = None
            self.context.notice(message("history.unusable", kind=type(error).__name__))
            return
        self._watch_day()
        self._count(today)
        calls = [entry for entry in today if entry.kind != BREAK]
        for entry in reversed(calls[:RECENT_LIMIT]):
            self.context.emit(CallRecorded(self._record(entry, _ended(entry))))

    def _count(self, entries: Sequence[HistoryEntry]) -> None:
        shift = self.context.snapshot.shift
        for entry in reversed(entries):
            shift = counted(shift, entry)
        self.context.emit(ShiftChanged(shift))

    def _midnight(self) -> float:
        """When this day began, where this machine is (Unix seconds)."""
        now = datetime.fromtimestamp(self._wall())
        return now.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()

    def _watch_day(self) -> None:
        self.context.timers.set(_DAY, self.context.limits.day, self._look_at_day)

    def _look_at_day(self) -> None:
        """The figures are this day's: at midnight, and when a clock is set, they begin anew. The
        date is looked at, for a wait until midnight is not as long as clocks say."""
        self._watch_day()
        day, history = self._midnight(), self.history
        if day != self._day and history is not None:
            self._day = day
            self.context.spawn(self._count_anew(history))

    async def _count_anew(self, history: HistoryDb) -> None:
        anew = Shift(began=self.context.snapshot.shift.began)
        counting = True
        while counting:  # again where a call ends meanwhile
            self.context.emit(ShiftChanged(anew))
            try:
                today = await history.since(self._day)
            except Exception:
                log.exception("the figures of this day cannot be read")
                return
            if counting := self.context.snapshot.shift != anew:
                await self.context.settle(self._writing)  # what is read is written first
        self._count(today)

    async def report(self, days_before: int) -> Result:
        """The figures of today, and of so many days before it."""
        if self.history is None:
            return Result(False, message("history.none"))
        midnight = datetime.fromtimestamp(self._midnight())
        began = (midnight - timedelta(days=max(0, min(days_before, 36500)))).timestamp()
        entries = await self.history.since(began)
        return Result(True, value=report(entries, began, self._wall()))

    async def mend(self, entry: int, note: str) -> Result:
        """Another note for a call of the history, this session's or an older one."""
        wrapup = self.context.snapshot.wrapup
        if wrapup is not None and wrapup.entry == entry:
            return self.wrapup.edit(None, note)
        if self.history is None:
            return Result(False, message("history.none"))
        note, cut = as_kept(note)
        for key, known in self._entries.items():
            if known.id == entry:
                self._entries[key] = changed = replace(known, note=note)
                outcome = Message(known.reason, known.reason_values) if known.reason else None
                self.context.emit(CallRecorded(self._record(changed, outcome)))
        try:
            there = await self.history.mend(entry, note)
        except HistoryWaits as why:
            self._says_it_waits(self.history, why)
            there = True
        return Result(True, cut) if there else Result(False, message("history.no_entry"))

    def explain(self, call: Call) -> None:
        """Why a call ended became known only after its end."""
        known = self._entries.get(call.key)
        if known is not None and call.outcome is not None:
            reason, values = call.outcome.id, call.outcome.values
            self._entries[call.key] = changed = replace(known, reason=reason, reason_values=values)
            self._keep(call, changed)

    def _write(self, entry: HistoryEntry) -> None:
        if self.history is not None:
            self._begin_writing(self._add(self.history, entry))

    def _begin_writing(self, work: Coroutine[Any, Any, None]) -> None:
        """Write into the history beside everything else; a sign-out waits for it."""
        task = self.context.spawn(work)
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _add(self, history: HistoryDb, entry: HistoryEntry) -> None:
        await self._written(history, history.add(entry))

    async def _write_up(self, history: HistoryDb, entry: HistoryEntry) -> None:
        await self._written(history, history.write_up(entry.id, entry.outcome, entry.note))

    async def _open(self, history: HistoryDb) -> None:
        try:
            await history.open()
        except HistoryWaits as why:
            self._says_it_waits(history, why)
        self._says_what_was_saved(history)

    def _says_what_was_saved(self, history: HistoryDb) -> None:
        if (count := history.take_salvaged()) is not None:
            self.context.notice(message("history.salvaged", count=count))

    async def _written(self, history: HistoryDb, work: Coroutine[Any, Any, None]) -> None:
        """What a call was, and what was typed, is kept until the disk has it."""
        try:
            await work
        except HistoryWaits as why:
            self._says_it_waits(history, why)
        except Exception as error:
            log.exception("a call could not be written into the history")
            self.context.notice(message("history.not_written", kind=type(error).__name__))
        else:
            self._says_what_was_saved(history)
            if self._waits and not history.waiting:
                self._waits = False
                self.context.timers.cancel(_TRY_AGAIN)
                self.context.notice(message("history.written_after_all"), serious=False)

    def _says_it_waits(self, history: HistoryDb, why: HistoryWaits) -> None:
        """Once, until it was written; the disk is asked again in a while."""
        log.warning("the history waits with %d: %s", history.waiting, why)
        if not self._waits:
            self._waits = True
            self.context.notice(message("history.waits", why=why))
        self.context.timers.set(
            _TRY_AGAIN,
            self.context.limits.history_again,
            lambda: self._begin_writing(self._written(history, history.flush())),
        )

    async def end(self) -> None:
        """Signed out: the write-up is kept, the file closed."""
        self.wrapup.session_ended()
        self._entries.clear()
        history, self.history = self.history, None
        self.context.timers.cancel(_TRY_AGAIN)
        self.context.timers.cancel(_DAY)
        self._waits = False
        if history is not None:
            await self.context.settle(self._writing)
            try:
                await history.close()
            except HistoryWaits as why:
                log.error("%d calls are not in the history: %s", history.waiting, why)
                lost = message("history.lost", count=history.waiting, why=why)
                self.context.notice(lost)


def _ended(entry: HistoryEntry) -> Message | None:
    """Why the call ended."""
    return Message(entry.reason, entry.reason_values) if entry.reason else None


def counted(shift: Shift, entry: HistoryEntry) -> Shift:
    """The figures with one more call in them, or one more break."""
    if entry.kind == BREAK:
        return replace(shift, break_time=shift.break_time + (entry.talk_time or 0.0))
    if entry.talk_time is None:
        figure = "missed" if entry.missed else _ENDS.get(entry.reason, "")
        return replace(shift, **{figure: getattr(shift, figure) + 1}) if figure else shift
    return replace(
        shift,
        talked=shift.talked + 1,
        talk_time=shift.talk_time + entry.talk_time,
        longest=max(shift.longest, entry.talk_time),
        hold_time=shift.hold_time + entry.hold_time,
    )
