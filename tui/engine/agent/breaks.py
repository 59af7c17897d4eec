"""Named breaks: busy for a reason, with a limit that is announced before it is over.

The seat says when a break begins and ends (`SeatStatus.taken`), whoever ended it; what follows from
that is done here: reminders, the history, a PBX's feature codes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import Any, Final

from tui.config.work import Break
from tui.engine.agent.seat import BUSY, SeatController, of_break
from tui.engine.call_control import ActiveControl
from tui.engine.context import EngineContext, log
from tui.port.commands import Result
from tui.port.events import Event, Reminded, SeatChanged
from tui.port.values import BREAK, Capability, HistoryEntry, message
from tui.port.work import BreakChoice, TakenBreak

_WARNING: Final = "break warning"
_OVER: Final = "break over"


def choices(breaks: tuple[Break, ...]) -> tuple[BreakChoice, ...]:
    """What an agent can choose from."""
    return tuple(BreakChoice(each.name, each.words, each.minutes) for each in breaks)


def feature_codes(breaks: tuple[Break, ...]) -> frozenset[str]:
    """What is dialled to tell a PBX of breaks: these calls are nobody's."""
    return frozenset(
        filter(None, (code for each in breaks for code in (each.dial, each.dial_back)))
    )


class Breaks:
    """One break at a time. `keep` writes it into the history: once when it begins, and again, in
    place of that, with its length when it is over."""

    def __init__(
        self,
        context: EngineContext,
        seat: SeatController,
        control: ActiveControl,
        breaks: tuple[Break, ...],
        *,
        keep: Callable[[HistoryEntry], None],
        new_id: Callable[[], int],
        beep: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        self._context = context
        self._seat = seat
        self._control = control
        self._breaks = {each.name: each for each in breaks}
        self._keep, self._new_id, self._beep = keep, new_id, beep
        self._now: TakenBreak | None = None
        self._entry: HistoryEntry | None = None
        context.events.listen(self._heard)

    def knows(self, name: str) -> bool:
        """Whether there is such a break."""
        return name in self._breaks

    async def take(self, name: str) -> Result:
        """Busy, for this break; another break that is on ends."""
        wanted = self._breaks.get(name)
        if wanted is None:
            if not self._breaks:
                return Result(False, message("break.none"))
            known = ", ".join(self._breaks)
            return Result(False, message("break.unknown", name=name, known=known))
        now = self._context.clock()
        until = now + wanted.minutes * 60 if wanted.minutes else None
        taken = TakenBreak(name, wanted.words, wanted.code or name, now, until)
        return await self._seat.set_status(BUSY, of_break(taken), taken=taken)

    def session_ended(self) -> None:
        """Signed out: the break that is on is over."""
        self._changed(None)

    # ------------------------------------------------------------ what the seat says

    def _heard(self, event: Event) -> None:
        if isinstance(event, SeatChanged) and event.seat.taken != self._now:
            self._changed(event.seat.taken)

    def _changed(self, taken: TakenBreak | None) -> None:
        before, self._now = self._now, taken
        for timer in (_WARNING, _OVER):
            self._context.timers.cancel(timer)
        if before is not None:
            self._end(before)
        if taken is not None:
            self._begin(taken)
        if before is not None and taken is None:
            self._tell_pbx(self._breaks[before.name].dial_back)

    def _begin(self, taken: TakenBreak) -> None:
        log.info("a break begins: %s", taken.name)
        wall = time.time() - (self._context.clock() - taken.since)
        self._entry = HistoryEntry(
            id=self._new_id(), began=wall, number="", outgoing=False, name=taken.title, kind=BREAK
        )
        self._keep(self._entry)
        wanted = self._breaks[taken.name]
        self._tell_pbx(wanted.dial)
        if taken.until is None:
            return
        left = taken.until - self._context.clock()
        early = wanted.warning * 60
        if 0 < early < left:
            minutes = f"{wanted.warning:g}"
            soon = message("break.ends_soon", name=taken.title, minutes=minutes)
            self._context.timers.set(_WARNING, left - early, lambda: self._remind(Reminded(soon)))
        over = message("break.over", name=taken.title)
        self._context.timers.set(_OVER, max(0.0, left), lambda: self._remind(Reminded(over)))

    def _end(self, taken: TakenBreak) -> None:
        if self._entry is not None:
            lasted = max(0.0, self._context.clock() - taken.since)
            log.info("the break %s is over: %d s", taken.name, lasted)
            over = taken.until is not None and self._context.clock() > taken.until
            self._keep(
                HistoryEntry(
                    id=self._entry.id,
                    began=self._entry.began,
                    number="",
                    outgoing=False,
                    talk_time=lasted,
                    reason="break.too_long" if over else "",
                    name=taken.title,
                    kind=BREAK,
                )
            )
        self._entry = None

    def _remind(self, reminder: Reminded) -> None:
        self._context.emit(reminder)
        self._context.notice(reminder.message, serious=False)
        self._context.spawn(self._beep())

    def _tell_pbx(self, code: str) -> None:
        """Where the status is ours alone, the PBX is told by a feature code."""
        if code and Capability.LINES in self._control.now.capabilities:
            self._context.spawn(self._dial(code))

    async def _dial(self, code: str) -> None:
        result = await self._control.now.dial(code)
        if not result.ok and result.message is not None:
            self._context.notice(result.message)
