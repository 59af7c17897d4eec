"""The directory's pages, read as they are needed, and again while somebody looks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from textual.worker import Worker

from tui.console.screens.directory.model import MOST_PAGES, DirectoryModel, matches, seat_state
from tui.console.widgets.row_list import RowList
from tui.port.values import Group, GroupPage, MemberPage, Message, Seat, message

REST: Final = 0.12
"""Seconds that the mark must rest on a group before its members are asked for."""
Reading = Coroutine[Any, Any, None]


class DirectoryLoader:
    """What is read, and what of it is in the two lists."""

    def __init__(
        self,
        model: DirectoryModel,
        groups: RowList[Group],
        members: RowList[Seat],
        *,
        begin: Callable[[Reading], Worker[None]],
        draw: Callable[[], None],
    ) -> None:
        """`begin` lets one reading go on, and stops the one before it. `draw` draws what stands
        around the lists."""
        self.model, self.groups, self.members = model, groups, members
        self.group_page, self.groups_last, self.left_out = 1, 1, 0
        self.member_page, self.members_last, self.members_total = 1, 1, 0
        self.gid = ""
        """The group whose members are shown."""
        self.words = {"groups": "", "members": ""}
        """What each list is filtered by."""
        self.failure: Message | None = None
        self.reading = False
        self._begin, self._draw = begin, draw
        self._reader: Worker[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether something is being read."""
        return self._reader is not None and self._reader.is_running

    def read(self, reading: Reading) -> None:
        """Let one reading go on; the one before it stops."""
        self._reader = self._begin(reading)

    def stop(self) -> None:
        """Read no more."""
        if self._reader is not None:
            self._reader.cancel()

    async def look(self) -> None:
        """Read again what is on the screen."""
        self.failure = None
        for page in self._seen_pages(self.groups, "groups"):
            self._take_groups(await self.model.read_groups(page))
        if self.group_page > self.groups_last:  # fewer than there were
            await self.read_page(self.groups_last)
        if self.gid:
            for page in self._seen_pages(self.members, "members"):
                self._take_members(self.gid, await self.model.read_members(self.gid, page))
        if self.member_page > self.members_last:
            await self.read_members(self.gid, self.members_last)

    def _seen_pages(self, rows: RowList[Group] | RowList[Seat], which: str) -> list[int]:
        if not self.words[which]:
            return [self.group_page if which == "groups" else self.member_page]
        seen = set(rows.seen_keys())
        if which == "groups":
            return [
                number
                for number, page in sorted(self.model.groups.items())
                if seen & {group.gid for group in page.groups}
            ]
        return [
            number
            for (gid, number), found in sorted(self.model.members.items())
            if gid == self.gid and seen & {seat.number for seat in found.seats}
        ]

    async def read_page(self, page: int) -> None:
        """A page of the groups, and the members of the one that is then marked."""
        self._say_reading()
        answer = await self.model.read_groups(page)
        if isinstance(answer, GroupPage):
            self.group_page = page
        self._take_groups(answer, turned=True)
        if (group := self.groups.marked) is not None:
            await self.read_members(group.gid, 1 if group.gid != self.gid else self.member_page)
        self._done_reading()

    async def read_members(self, gid: str, page: int, *, turned: bool = False) -> None:
        """A page of a group's members; `turned`: the mark goes to its first row."""
        if gid != self.gid:
            self.gid, self.member_page = gid, page
            self.words["members"] = ""
            self.members.show(self.model.seats_of(gid, page), cursor=0)
        self._say_reading()
        answer = await self.model.read_members(gid, page)
        if isinstance(answer, MemberPage) and gid == self.gid:
            turned = turned or page != self.member_page
            self.member_page = page
        self._take_members(gid, answer, turned=turned)
        self._done_reading()

    async def rest_then_members(self, gid: str) -> None:
        """The members of the marked group, once the mark rests on it."""
        await asyncio.sleep(REST)
        await self.read_members(gid, 1)

    async def read_all(self, which: str) -> None:
        """Every page of a list that is filtered."""
        self._say_reading()
        if which == "groups":
            page = 1
            while page <= self.groups_last and page <= MOST_PAGES:
                if page not in self.model.groups:
                    answer = await self.model.read_groups(page)
                    if isinstance(answer, Message):
                        self.failure = answer
                        break
                    self.show_groups()
                page += 1
        else:
            self.failure = await self.model.read_all_members(self.gid, self.show_members)
        self._done_reading()
        self.show_groups()
        self.show_members()

    def _take_groups(self, answer: GroupPage | Message, *, turned: bool = False) -> None:
        if isinstance(answer, Message):
            self.failure = answer
        else:
            self.groups_last, self.left_out = max(1, answer.last_page), answer.left_out
        self.show_groups(turned=turned)
        if not self.model.all_groups():  # nobody is left to be spoken to in one that is gone
            self.gid = ""
            self.member_page = self.members_last = 1
            self.members_total = 0
            self.show_members()

    def _take_members(
        self, gid: str, answer: MemberPage | Message, *, turned: bool = False
    ) -> None:
        if gid != self.gid:
            return  # the mark has gone on
        if isinstance(answer, Message):
            self.failure = answer
        else:
            self.members_last, self.members_total = max(1, answer.last_page), answer.total
            if answer.states_code:
                code, info = answer.states_code, answer.states_info
                self.failure = message("login.50010", code=code, info=info)
        self.show_members(turned=turned)

    def _say_reading(self) -> None:
        self.reading, self.failure = True, None
        self._draw()

    def _done_reading(self) -> None:
        self.reading = False
        self._draw()

    # ------------------------------------------------------------ the lists

    def show_groups(self, *, turned: bool = False) -> None:
        """Put into the list what is read of the groups and fits the filter."""
        words = self.words["groups"]
        if words:
            groups = [g for g in self.model.all_groups() if matches(words, g.name, g.gid)]
        else:
            page = self.model.groups.get(self.group_page)
            groups = list(page.groups) if page is not None else []
        same = [g.gid for g in groups] == [g.gid for g in self.groups.items]
        self.groups.show(groups, cursor=0 if turned and not same else None)
        self._draw()

    def show_members(self, *, turned: bool = False) -> None:
        """Put into the list what is read of the members and fits the filter."""
        words = self.words["members"]
        if words:
            found = self.model.seats(self.gid)
            seats: Sequence[Seat] = [
                seat
                for seat in found
                if matches(
                    words, seat.number, seat.displayname, seat.state_name, seat_state(seat)[0]
                )
            ]
        else:
            seats = self.model.seats_of(self.gid, self.member_page)
        self.members.show(seats, cursor=0 if turned else None)
        self._draw()
