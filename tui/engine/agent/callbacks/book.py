"""Whom an agent is to call: agreed in a call, missed, or of a list that was read in.

What is due rings softly once. Nothing is dialled by itself: the agent calls one, the outcome of the
write-up closes it. The book is held here as it stands on the disk, where it outlives the engine.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from tui.engine.agent.callbacks.numbers_file import NumbersFileError, read
from tui.engine.agent.callbacks.when import WhenError, parse_when
from tui.engine.call_control import ActiveControl
from tui.engine.calls import Calls
from tui.engine.context import log
from tui.engine.numbers import NumberError, parse_number
from tui.port import replace
from tui.port.commands import Result
from tui.port.events import CallbacksChanged, Event, Reminded, WrapUpChanged
from tui.port.machines.call_machine import CallState
from tui.port.snapshot import Call
from tui.port.values import Message, WrapUp, message
from tui.port.work import Callback, CallbackPage, Callbacks, CallbackSource
from tui.text import clean_text, mask_number

PAGE: Final = 50
MOST_OPEN: Final = 5000
"""How many can be open; of a longer list the rest is not read in."""
MOST_MISSED: Final = 200
"""Missed calls that are kept to be called; of more the oldest goes."""
_LOOK_AGAIN: Final = 600.0
"""Seconds after which the clocks are compared again: the wall's may have been set."""
_TIMER: Final = "callback due"


class CallbackBook:
    """One agent's book. `keep` writes rows; `new_id` names them; `beep` is the soft ring."""

    def __init__(
        self,
        calls: Calls,
        control: ActiveControl,
        *,
        keep: Callable[..., None],
        new_id: Callable[[], int],
        beep: Callable[[], Coroutine[Any, Any, None]],
        mask: bool = False,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.context = calls.context
        self._calls, self._control = calls, control
        self._keep, self._id_of_history, self._beep = keep, new_id, beep
        self._last_id = 0
        self._mask, self._wall = mask, wall
        self._rows: dict[int, Callback] = {}
        self._rung: set[int] = set()
        """Those that rang when they were due."""
        self._ring_later = False
        """Something was due while a call was there."""
        self._dialling = 0
        """The row that is being dialled at this moment."""
        self._called: dict[str, int] = {}
        """Rows by the key of the call to them."""
        self._written: dict[int, int] = {}
        """Rows by the history's entry of the write-up that decides about them."""
        self._wrapup: WrapUp | None = None
        self._changes = 0
        self.context.events.listen(self._heard)

    def begin(self, rows: tuple[Callback, ...]) -> None:
        """The shift begins with these."""
        self._rows = {row.id: row for row in rows}
        self._rung = {row.id for row in rows if self._is_due(row)}
        self._changed()
        if due := self.context.snapshot.callbacks.due:
            self._remind(message("callbacks.waiting", n=due))

    def end(self) -> None:
        """Signed out."""
        self._finish()
        self._rows.clear()
        self._rung.clear()
        self._called.clear()
        self._written.clear()
        self.context.timers.cancel(_TIMER)
        if self.context.snapshot.callbacks != Callbacks():
            self.context.emit(CallbacksChanged(Callbacks()))

    # ------------------------------------------------------------ what is asked

    def page(self, text: str, page: int) -> CallbackPage:
        """Who comes next stands first; a masked number is searched by what is shown."""
        words = text.casefold().split()
        rows = [self._shown(row) for row in sorted(self._rows.values(), key=self._order)]
        rows = [
            row
            for row in rows
            if all(
                word in f"{row.number} {row.name} {row.note} {row.list}".casefold()
                for word in words
            )
        ]
        start = (max(1, page) - 1) * PAGE
        return CallbackPage(tuple(rows[start : start + PAGE]), len(rows), max(1, page))

    def plan(self, when: str, *, number: str, name: str, note: str, id: int) -> Result:
        """Call somebody at that time; see `PlanCallback`."""
        now = self._wall()
        due: float | None = None
        if when.strip():
            try:
                due = parse_when(when, datetime.fromtimestamp(now)).timestamp()
            except WhenError as error:
                return Result(False, message(error.message_id, text=clean_text(when, 60)))
        row = self._rows.get(id)
        if id and row is None:
            return Result(False, message("callback.gone"))
        if row is None:
            found = self._new_for(number, name)
            if isinstance(found, Message):
                return Result(False, found)
            row = found
        if len(self._rows) >= MOST_OPEN and row.id not in self._rows:
            return Result(False, message("callbacks.full", most=MOST_OPEN))
        agreed = row.source if due is None else CallbackSource.AGREED
        row = replace(row, due=due, source=agreed, note=clean_text(note, 500) or row.note)
        self._rung.discard(row.id)
        self._put(row)
        wrapup = self._wrapup
        if wrapup is not None and self._written.get(wrapup.entry) == row.id:
            outcome = wrapup.call_back or wrapup.outcome
            self.context.emit(
                WrapUpChanged(replace(self._current(wrapup), call_at=due, outcome=outcome))
            )
        said = {"number": self._number(row), "name": row.name}
        if due is None:
            return Result(True, message("callback.kept", **said))
        return Result(True, message("callback.planned", when=_stamp(due, now), **said))

    def _current(self, wrapup: WrapUp) -> WrapUp:
        current = self.context.snapshot.wrapup
        return wrapup if current is None else current

    def _new_for(self, number: str, name: str) -> Callback | Message:
        """The row of this number; without one, of the call that is written up, or is up."""
        snapshot = self.context.snapshot
        entry = 0
        if number:
            try:
                number = parse_number(number)
            except NumberError as error:
                return message(error.message_id, found=error.found)
        elif (wrapup := snapshot.wrapup) is not None:
            if (known := self._rows.get(self._written.get(wrapup.entry, 0))) is not None:
                return known
            number, entry = wrapup.number, wrapup.entry
        elif (call := snapshot.call) is not None:
            number, name = call.number, name or call.known or call.name
            if (kept := self._without_a_time(number)) is not None:
                return kept  # its write-up is over already
        else:
            return message("callback.no_call")
        if not number:
            return message("callback.no_number")
        row = Callback(
            id=self._new_id(),
            number=number,
            source=CallbackSource.AGREED,
            name=clean_text(name, 80),
            made=self._wall(),
            entry=entry,
        )
        if entry:
            self._written[entry] = row.id
        return row

    def _without_a_time(self, number: str) -> Callback | None:
        """What a write-up left behind whose outcome was a call-back, at no time yet."""
        for row in self._rows.values():
            agreed = row.source is CallbackSource.AGREED and row.due is None and row.entry
            if agreed and row.number == number:
                return row
        return None

    async def dial(self, id: int) -> Result:
        """Call the one of that id."""
        row = self._rows.get(id)
        if row is None:
            return Result(False, message("callback.gone"))
        if self._calls.live:
            return Result(False, message("history.in_call"))
        self._dialling = id
        try:
            return await self._control.now.dial(row.number)
        finally:
            self._dialling = 0

    def close(self, id: int, outcome: str) -> Result:
        """Done with."""
        row = self._rows.get(id)
        if row is None:
            return Result(False, message("callback.gone"))
        self._close(row, clean_text(outcome, 80))
        return Result(True, message("callback.closed", number=self._number(row), name=row.name))

    async def take_in(self, path: str) -> Result:
        """Read a CSV of numbers."""
        file = Path(path)
        try:
            found = await asyncio.to_thread(read, file)
        except NumbersFileError as error:
            return Result(False, message(error.message_id, file=file, why=error.why))
        now, room = self._wall(), MOST_OPEN - len(self._rows)
        if room <= 0:
            return Result(False, message("callbacks.full", most=MOST_OPEN))
        rows = []
        there = {row.number for row in self._rows.values() if row.source is CallbackSource.LIST}
        for line in found.lines:
            if line.number in there:
                continue
            there.add(line.number)
            row = Callback(
                id=self._new_id(),
                number=line.number,
                source=CallbackSource.LIST,
                name=clean_text(line.name, 80),
                note=clean_text(line.note, 500),
                made=now,
                list=clean_text(file.name, 80),
            )
            if line.when:
                try:
                    at = parse_when(line.when, datetime.fromtimestamp(now)).timestamp()
                    row = replace(row, due=at)
                except WhenError:
                    row = replace(row, note=", ".join(filter(None, (row.note, line.when))))
            rows.append(row)
        taken = rows[:room]
        self._rows |= {row.id: row for row in taken}
        self._keep(*taken)
        self._changed()
        left = len(found.lines) - len(taken)
        id = "callbacks.imported_some" if found.skipped or left else "callbacks.imported"
        said = message(
            id,
            n=len(taken),
            file=file.name,
            bad=found.skipped,
            first=found.first_skipped,
            left=left,
        )
        return Result(True, said, len(taken))

    # ------------------------------------------------------------ following the calls

    def call_changed(self, before: Call | None, call: Call) -> None:
        """Told of every change of a call, after the history was."""
        if before is None and call.outgoing and self._dialling:
            self._called[call.key] = self._dialling
        if call.state is CallState.ENDED and (before is None or before.live):
            self._over(call)

    def _over(self, call: Call) -> None:
        row = self._rows.get(self._called.pop(call.key, 0))
        wrapup = self.context.snapshot.wrapup
        if call.answered is not None:
            self._spoken_to(call.number, row)
        if row is not None:
            if call.answered is None:
                self._put(replace(row, tries=row.tries + 1))
            elif wrapup is not None and wrapup.number == call.number:
                self._written[wrapup.entry] = row.id
            else:
                self._close(row, "")
        elif call.end.missed and call.number:
            self._missed(call)
        if self._ring_later and not self._calls.live:
            self._ring_later = False
            self.context.spawn(self._beep())

    def _spoken_to(self, number: str, but: Callback | None) -> None:
        """Whoever was missed under that number has been spoken to."""
        for row in tuple(self._rows.values()):
            missed = row.source is CallbackSource.MISSED and row.number == number
            if missed and (but is None or but.id != row.id):
                self._close(row, "")

    def _missed(self, call: Call) -> None:
        """One row for each number: its last call counts."""
        missed = [row for row in self._rows.values() if row.source is CallbackSource.MISSED]
        known = next((row for row in missed if row.number == call.number), None)
        if known is not None:
            self._put(replace(known, made=self._wall()))
            return
        if len(missed) >= MOST_MISSED:
            self._close(min(missed, key=lambda row: row.made), "")
        self._put(
            Callback(
                id=self._new_id(),
                number=call.number,
                source=CallbackSource.MISSED,
                name=call.name or call.known,
                made=self._wall(),
            )
        )

    # ------------------------------------------------------------ following the write-up

    def _heard(self, event: Event) -> None:
        if isinstance(event, WrapUpChanged):
            new = event.wrapup
            if self._wrapup is not None and (new is None or new.entry != self._wrapup.entry):
                self._finish()
            self._wrapup = new

    def _finish(self) -> None:
        """The write-up is over: its outcome closes the row, or keeps it."""
        wrapup, self._wrapup = self._wrapup, None
        if wrapup is None:
            return
        row = self._rows.get(self._written.pop(wrapup.entry, 0))
        wants = bool(wrapup.call_back) and wrapup.outcome == wrapup.call_back
        if row is None:
            if wants and wrapup.number and len(self._rows) < MOST_OPEN:
                new = Callback(
                    id=self._new_id(),
                    number=wrapup.number,
                    source=CallbackSource.AGREED,
                    note=wrapup.note,
                    made=self._wall(),
                    entry=wrapup.entry,
                )
                self._put(new)
        elif wants:
            self._put(replace(row, note=wrapup.note or row.note))
        elif wrapup.outcome:
            self._close(row, wrapup.outcome)
        else:
            self._put(replace(row, tries=row.tries + 1, note=wrapup.note or row.note))

    # ------------------------------------------------------------ the book

    def _new_id(self) -> int:
        """A row's name, where the history gives none too."""
        self._last_id = self._id_of_history() or max(self._last_id + 1, time.time_ns() // 1000)
        return self._last_id

    def _put(self, row: Callback) -> None:
        self._rows[row.id] = row
        self._keep(row)
        self._changed()

    def _close(self, row: Callback, outcome: str) -> None:
        self._rows.pop(row.id, None)
        self._rung.discard(row.id)
        self._keep(replace(row, closed=self._wall(), outcome=outcome))
        self._changed()

    def _changed(self) -> None:
        """The counts, and the alarm for what is due next."""
        now = self._wall()
        self._changes += 1
        due = [row for row in self._rows.values() if self._is_due(row)]
        for row in due:
            if row.due is None:
                self._rung.add(row.id)  # a missed call has rung
        fresh = [row for row in due if row.id not in self._rung]
        self._rung |= {row.id for row in fresh}
        if self._rows or self.context.snapshot.callbacks.open:
            counts = Callbacks(len(due), len(self._rows), self._changes)
            self.context.emit(CallbacksChanged(counts))
        for row in fresh[:1]:
            id = "callback.due" if len(fresh) == 1 else "callbacks.waiting"
            self._remind(message(id, number=self._number(row), name=row.name, n=len(fresh)))
        later = [row.due - now for row in self._rows.values() if row.due and row.due > now]
        if later:
            self.context.timers.set(_TIMER, min(min(later) + 0.01, _LOOK_AGAIN), self._changed)
        else:
            self.context.timers.cancel(_TIMER)

    def _remind(self, what: Message) -> None:
        log.info("call-backs are due")
        self.context.emit(Reminded(what))
        self.context.notice(what, serious=False)
        if self._calls.live:
            self._ring_later = True
        else:
            self.context.spawn(self._beep())

    def _is_due(self, row: Callback) -> bool:
        if row.source is CallbackSource.MISSED and row.due is None:
            return True
        return row.due is not None and row.due <= self._wall()

    def _order(self, row: Callback) -> tuple[object, ...]:
        """Due ones by their time, missed ones (the newest first), a list in its order, those that
        were tried least first; then what is planned for later."""
        now = self._wall()
        if row.due is not None:
            return (0, row.due, row.id) if row.due <= now else (3, row.due, row.id)
        if row.source is CallbackSource.MISSED:
            return (1, row.tries, -row.made)
        return (2, row.tries, row.id)

    def _shown(self, row: Callback) -> Callback:
        return replace(row, number=mask_number(row.number)) if self._mask else row

    def _number(self, row: Callback) -> str:
        return self._shown(row).number


def _stamp(due: float, now: float) -> str:
    """A time as it is read in any language: the day where it is not today."""
    then = datetime.fromtimestamp(due)
    same = then.date() == datetime.fromtimestamp(now).date()
    return then.strftime("%H:%M" if same else "%Y-%m-%d %H:%M")
