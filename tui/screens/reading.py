"""The directory's part that reads: pages as they are needed, and again while somebody looks.

A part of the pane by inheritance; the values are the pane's, see `DirectoryPane.__init__`.
"""

from __future__ import annotations

import asyncio
from typing import Final

from textual.containers import Vertical
from textual.worker import Worker

from tui.engine.state import Group, GroupPage, MemberPage, Message, Seat
from tui.screens.book import Book, matches
from tui.widgets.line_list import LineList

SETTLE: Final = 0.12
"""Seconds that the mark must rest on a group before its members are asked for."""


class Reading(Vertical):
    """What is read, and what of it is in the lists."""

    book: Book
    groups: LineList[Group]
    members: LineList[Seat]
    _failure: Message | None
    _gid: str
    _group_page: int
    _groups_last: int
    _groups_total: int
    _member_page: int
    _members_last: int
    _members_total: int
    _reader: Worker[None] | None
    _reading: bool
    _words: dict[str, str]

    @property
    def is_open(self) -> bool:
        """Whether it is shown."""
        raise NotImplementedError

    def draw(self) -> None:
        """Draw what stands around the lists."""
        raise NotImplementedError

    def _read(self, reading: object) -> None:
        """Let one reading go on; the one before it stops."""
        self._reader = self.run_worker(
            reading,  # type: ignore[arg-type]
            name="directory",
            group="directory",
            exclusive=True,
        )

    def _refresh(self) -> None:
        """The periodic look: only while somebody can see it, and nothing else is being read."""
        busy = self._reader is not None and self._reader.is_running
        if self.is_open and self.screen.is_current and not busy:
            self._read(self._look())

    async def _look(self) -> None:
        """Read again what is on the screen."""
        self._failure = None
        for page in self._seen_pages(self.groups, "groups"):
            self._take_groups(await self.book.read_groups(page))
        if self._gid:
            for page in self._seen_pages(self.members, "members"):
                self._take_members(self._gid, await self.book.read_members(self._gid, page))

    def _seen_pages(self, lines: LineList[Group] | LineList[Seat], which: str) -> list[int]:
        if not self._words[which]:
            return [self._group_page if which == "groups" else self._member_page]
        seen = set(lines.seen_keys())
        if which == "groups":
            return [
                number
                for number, page in sorted(self.book.groups.items())
                if seen & {group.gid for group in page.groups}
            ]
        return [
            number
            for (gid, number), found in sorted(self.book.members.items())
            if gid == self._gid and seen & {seat.number for seat in found.seats}
        ]

    async def _read_page(self, page: int) -> None:
        """A page of the groups, and the members of the one that is then marked."""
        self._say_reading()
        answer = await self.book.read_groups(page)
        if isinstance(answer, GroupPage):
            self._group_page = page
        self._take_groups(answer, turned=True)
        if (group := self.groups.marked) is not None:
            await self._read_members(group.gid, 1 if group.gid != self._gid else self._member_page)
        self._done_reading()

    async def _read_members(self, gid: str, page: int, *, turned: bool = False) -> None:
        if gid != self._gid:
            self._gid, self._member_page = gid, page
            self._words["members"] = ""
            known = self.book.members.get((gid, page))
            self.members.show(known.seats if known is not None else (), cursor=0)
        self._say_reading()
        answer = await self.book.read_members(gid, page)
        if isinstance(answer, MemberPage) and gid == self._gid:
            turned = turned or page != self._member_page
            self._member_page = page
        self._take_members(gid, answer, turned=turned)
        self._done_reading()

    async def _rest_then_members(self, gid: str) -> None:
        await asyncio.sleep(SETTLE)
        await self._read_members(gid, 1)

    async def _read_all(self, which: str) -> None:
        """Every page of a list that is filtered."""
        self._say_reading()
        if which == "groups":
            page = 1
            while page <= self._groups_last:
                if page not in self.book.groups:
                    answer = await self.book.read_groups(page)
                    if isinstance(answer, Message):
                        self._failure = answer
                        break
                    self._show_groups()
                page += 1
        else:
            self._failure = await self.book.read_all_members(self._gid, self._show_members)
        self._done_reading()
        self._show_groups()
        self._show_members()

    def _take_groups(self, answer: GroupPage | Message, *, turned: bool = False) -> None:
        if isinstance(answer, Message):
            self._failure = answer
        else:
            self._groups_last, self._groups_total = answer.last_page, answer.total
        self._show_groups(turned=turned)

    def _take_members(
        self, gid: str, answer: MemberPage | Message, *, turned: bool = False
    ) -> None:
        if gid != self._gid:
            return  # the mark has gone on
        if isinstance(answer, Message):
            self._failure = answer
        else:
            self._members_last, self._members_total = answer.last_page, answer.total
        self._show_members(turned=turned)

    def _say_reading(self) -> None:
        self._reading, self._failure = True, None
        self.draw()

    def _done_reading(self) -> None:
        self._reading = False
        self.draw()

    # ------------------------------------------------------------ the lists

    def _show_groups(self, *, turned: bool = False) -> None:
        words = self._words["groups"]
        if words:
            groups = [g for g in self.book.all_groups() if matches(words, g.name, g.gid)]
        else:
            page = self.book.groups.get(self._group_page)
            groups = list(page.groups) if page is not None else []
        same = [g.gid for g in groups] == [g.gid for g in self.groups.items]
        self.groups.show(groups, cursor=0 if turned and not same else None)
        self.draw()

    def _show_members(self, *, turned: bool = False) -> None:
        words = self._words["members"]
        if words:
            found = self.book.seats(self._gid)
            seats = [s for s in found if matches(words, s.number, s.displayname, s.state_name)]
        else:
            page = self.book.members.get((self._gid, self._member_page))
            seats = list(page.seats) if page is not None else []
        self.members.show(seats, cursor=0 if turned else None)
        self.draw()
