"""The directory: all groups by page on the left, the members of the marked one on the right.

It stands on the console, under the call (beside it from 100 columns on), so that an incoming
call covers nothing. States are read again every few seconds while it is open, and only lines
whose state changed are sent to the terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widgets import Input
from textual.worker import Worker

from tui.engine.state import Group, Message, Seat
from tui.i18n import render, tr
from tui.screens.book import (
    Book,
    Target,
    agent_target,
    group_state,
    group_target,
    seat_state,
)
from tui.screens.reading import Reading
from tui.widgets.fields import Field
from tui.widgets.line_list import LineList
from tui.widgets.rows import Row, Rows, row, two_sided
from tui.widgets.words import fit

if TYPE_CHECKING:
    from tui.app import YimiApp

REFRESH: Final = 5.0
"""Seconds between two looks at the states."""
GROUP_STATE_CELLS: Final = 13
STATE_CELLS, NARROW_STATE_CELLS, ROOMY = 15, 9, 36
"""Cells of a member's state: in a list of so many cells, and in a smaller one."""
NUMBER_CELLS: Final = 7


class DirectoryPane(Reading):
    """Title, two lists, a foot, and the field for a filter or a page."""

    DEFAULT_CSS = """
    DirectoryPane { height: 1fr; width: 1fr; padding: 0 2; display: none; }
    DirectoryPane #lists { height: 1fr; }
    DirectoryPane #groups { width: 2fr; margin: 0 2 0 0; }
    DirectoryPane #members { width: 3fr; }
    DirectoryPane Field { display: none; }
    DirectoryPane.-filter #filter { display: block; }
    DirectoryPane.-jump #jump { display: block; }
    """

    def __init__(self, book: Book) -> None:
        super().__init__(id="directory")
        self.book = book
        self._head, self._foot = Rows(id="directory-head"), Rows(id="directory-foot")
        self.groups: LineList[Group] = LineList(group_line, lambda group: group.gid, id="groups")
        self.members: LineList[Seat] = LineList(seat_line, lambda seat: seat.number, id="members")
        self.filter = Field("field.filter", id="filter")
        self.jump = Field("field.page", id="jump")
        self._group_page, self._groups_last, self._groups_total = 1, 1, 0
        self._member_page, self._members_last, self._members_total = 1, 1, 0
        self._gid = ""
        self._words = {"groups": "", "members": ""}
        """What each list is filtered by."""
        self._active: LineList[Group] | LineList[Seat] = self.groups
        """The list that keys are for; it has the focus, or the field above it does."""
        self._failure: Message | None = None
        self._reading = False
        self._open = False
        self._clock: Timer
        self._reader: Worker[None] | None = None

    def compose(self) -> ComposeResult:
        yield self._head
        with Horizontal(id="lists"):
            yield self.groups
            yield self.members
        yield self._foot
        yield self.filter
        yield self.jump

    @property
    def yimi(self) -> YimiApp:
        return cast("YimiApp", self.app)

    # ------------------------------------------------------------ open and shut

    def on_mount(self) -> None:
        self._clock = self.set_interval(REFRESH, self._refresh, pause=True)

    @property
    def is_open(self) -> bool:
        """Whether it is shown."""
        return self._open

    def open(self) -> None:
        """Show it and take the keys."""
        if not self.is_open:
            self._open = self.display = True
            self._clock.reset()
            self._clock.resume()
            self._read(self._read_page(self._group_page))
        self._active.focus()

    def shut(self) -> None:
        """Hide it. Its place and what was read stay."""
        if self.is_open:
            self._open = self.display = False
            self._clock.pause()
            self.remove_class("-filter", "-jump")
            if self._reader is not None:
                self._reader.cancel()

    def marked(self) -> Target | None:
        """Who is marked, if the directory has the keys."""
        if not self.is_open or not self.has_focus_within:
            return None
        if self._active is self.groups:
            group = self.groups.marked
            return None if group is None else group_target(group)
        seat = self.members.marked
        return None if seat is None else agent_target(seat, self._gid, self._group_name())

    def _group_name(self) -> str:
        group = self.groups.marked
        return "" if group is None else group.name

    # ------------------------------------------------------------ drawing

    def retranslate(self) -> None:
        """The language has changed."""
        self.groups.redraw()
        self.members.redraw()
        self.draw()

    def draw(self) -> None:
        """Title and foot."""
        width = self._head.content_size.width
        if not width:
            return
        page = tr("directory.groups", page=self._group_page, last=self._groups_last)
        right = self._filter_word()
        self._head.draw(
            [two_sided(row((tr("directory.title"), "bold"), ("   " + page, "$dim")), right, width)]
        )
        if self._failure is not None:
            left = row((render(self._failure), "$bad"))
        else:
            left = row((tr("directory.reading") if self._reading else "", "$dim"))
        self._foot.draw([two_sided(left, self._count(), width)])

    def _filter_word(self) -> Row:
        words = self._words["groups"] or self._words["members"]
        return row((tr("directory.filtered", words=words), "$ring")) if words else ()

    def _count(self) -> Row:
        n = self._members_total
        if self._words["members"]:
            found = len(self.members.items)
            return row((tr("directory.found", n=found, total=n), "$dim"))
        page = tr("directory.page", page=self._member_page, last=self._members_last)
        return row((page, "$dim"), ("  " + tr("directory.members", n=n), "$dim"))

    def on_resize(self) -> None:
        self.call_after_refresh(self.draw)

    # ------------------------------------------------------------ keys

    @on(LineList.Marked, "#groups")
    def _group_marked(self) -> None:
        group = self.groups.marked
        if group is not None and group.gid != self._gid and not self._reading:
            self._read(self._rest_then_members(group.gid))

    @on(LineList.Chosen, "#groups")
    def _group_chosen(self) -> None:
        self._go(self.members)

    @on(LineList.Chosen, "#members")
    def _member_chosen(self) -> None:
        target = self.marked()
        if target is not None:
            self.yimi.speak_to(target)

    @on(LineList.Beyond, "#groups")
    def _groups_turn(self, event: LineList.Beyond) -> None:
        self._turn_groups(self._group_page + event.way)

    @on(LineList.Beyond, "#members")
    def _members_turn(self, event: LineList.Beyond) -> None:
        self._turn_members(self._member_page + event.way)

    def _turn_groups(self, page: int) -> None:
        page = max(1, min(page, self._groups_last))
        if page != self._group_page and not self._words["groups"]:
            self._read(self._read_page(page))

    def _turn_members(self, page: int) -> None:
        page = max(1, min(page, self._members_last))
        if page != self._member_page and self._gid and not self._words["members"]:
            self._read(self._read_members(self._gid, page, turned=True))

    def _go(self, lines: LineList[Group] | LineList[Seat]) -> None:
        self._active = lines
        lines.focus()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if event.widget is self.groups:
            self._active = self.groups
        elif event.widget is self.members:
            self._active = self.members

    def on_key(self, event: events.Key) -> None:
        typing = isinstance(self.screen.focused, Input)
        if event.key == "escape":
            event.stop()
            self._back_out()
        elif typing and event.key in ("up", "down"):
            event.stop()
            self._go(self._active)
        elif typing:
            return
        elif event.key in ("left", "right"):
            event.stop()
            self._go(self.groups if event.key == "left" else self.members)
        elif event.character in ("/", "／"):
            event.stop()
            self._open_field("-filter")
        elif event.key == "g":
            event.stop()
            self._open_field("-jump")

    def _which(self) -> str:
        return "groups" if self._active is self.groups else "members"

    def _open_field(self, which: str) -> None:
        self.remove_class("-filter", "-jump")
        self.add_class(which)
        field = self.filter if which == "-filter" else self.jump
        field.value = self._words[self._which()] if which == "-filter" else ""
        field.focus_input()

    def _back_out(self) -> None:
        """Esc: the field, then the filter, then the directory."""
        which = self._which()
        if self.has_class("-filter") or self.has_class("-jump") or self._words[which]:
            self.remove_class("-filter", "-jump")
            self._filter("")
            self._active.focus()
        else:
            self.yimi.do("directory")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if event.input is self.filter.input and self.has_class("-filter"):
            self._filter(event.value)

    def _filter(self, words: str) -> None:
        which = self._which()
        words = words.strip()
        if words == self._words[which]:
            return
        self._words[which] = words
        if which == "groups":
            self._show_groups()
        else:
            self._show_members()
        if words:
            self._read(self._read_all(which))

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        if event.input is self.jump.input:
            self._jump(event.value)
        self.remove_class("-filter", "-jump")
        self._active.focus()

    def _jump(self, text: str) -> None:
        digits = text.strip()
        if not digits.isdecimal():
            return
        if self._active is self.groups:
            self._turn_groups(int(digits))
        else:
            self._turn_members(int(digits))


def group_line(group: Group, width: int) -> Row:
    """A group: name, state in words."""
    word, style, _rank = group_state(group)
    room = max(4, width - GROUP_STATE_CELLS)
    return row(fit(group.name or group.gid, room - 1) + " ", (fit(word, GROUP_STATE_CELLS), style))


def seat_line(seat: Seat, width: int) -> Row:
    """A member: extension, name, the platform's own word for the state."""
    word, style, _rank = seat_state(seat)
    states = STATE_CELLS if width >= ROOMY else NARROW_STATE_CELLS
    room = max(4, width - states - NUMBER_CELLS)
    return row(
        (fit(seat.number, NUMBER_CELLS - 1) + " ", "$strong"),
        fit(seat.displayname, room - 1) + " ",
        (fit(word, states), style),
    )
