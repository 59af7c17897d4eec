"""The group's members as a supervisor sees them: state, and how long it has been that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tui.console.i18n import tr
from tui.console.screens.directory.model import DirectoryModel, seat_state
from tui.console.widgets.formats import fit
from tui.console.widgets.rows import Row, row
from tui.port.supervision import GroupCall
from tui.port.values import MemberPage, Message, Seat

NUMBER_CELLS, STATE_CELLS, TIME_CELLS, LEAST_NAME = 6, 12, 9, 6
MOST_PAGES: Final = 3
"""Pages that one look reads: those of a larger group are read in turn."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member. `since` is the instant from which the state is known to have been what it is;
    `exact`: that is when it began, else it is older."""

    seat: Seat
    since: float
    exact: bool


class MembersWatch:
    """Reads the members of a group again and again, and notes when a state changes."""

    def __init__(self, model: DirectoryModel, clock: Callable[[], float]) -> None:
        self.failure: Message | None = None
        self.total = 0
        self._model, self._clock = model, clock
        self._known: dict[str, Member] = {}
        self._next = 1

    @property
    def members(self) -> list[Member]:
        """In the platform's order."""
        return list(self._known.values())

    async def look(self, gid: str, read: Callable[[], None]) -> None:
        """Read up to MOST_PAGES pages; `read` is told after each."""
        self.failure = None
        for _ in range(MOST_PAGES):
            page = await self._model.read_members(gid, self._next)
            if isinstance(page, Message):
                self.failure, self._next = page, 1
                break
            self._take(page)
            self._next = page.current_page + 1 if page.current_page < page.last_page else 1
            read()
            if self._next == 1:
                break

    def _take(self, page: MemberPage) -> None:
        now = self._clock()
        self.total = page.total
        for seat in page.seats:
            known = self._known.get(seat.number)
            if known is None:
                self._known[seat.number] = Member(seat, now, exact=False)
            elif _state(known.seat) != _state(seat):
                self._known[seat.number] = Member(seat, now, exact=True)

    def name_of(self, number: str) -> str:
        """What that extension is called; "" where it was not read."""
        known = self._known.get(number)
        return "" if known is None else known.seat.displayname


def _state(seat: Seat) -> tuple[object, ...]:
    return seat.state_id, seat.state_name, seat.state_message


def member_row(member: Member, calls: tuple[GroupCall, ...], now: float, width: int) -> Row:
    """Extension, name, state, time in it. Of one who talks the call's own time is known."""
    seat = member.seat
    word, style, _ = seat_state(seat)
    began = next((call.since for call in calls if call.agent == seat.number), None)
    since, exact = (member.since, member.exact) if began is None else (began, True)
    minutes = max(0, int(now - since)) // 60
    time = tr("supervise.minutes" if exact else "supervise.minutes_more", n=minutes)
    room = width - NUMBER_CELLS - STATE_CELLS - TIME_CELLS
    named = fit(seat.displayname, room - 1) + " " if room > LEAST_NAME else ""
    return row(
        (fit(seat.number, NUMBER_CELLS - 1) + " ", "$strong"),
        named,
        (fit(word, STATE_CELLS - 1) + " ", style),
        (fit(time, TIME_CELLS), "$dim"),
    )
