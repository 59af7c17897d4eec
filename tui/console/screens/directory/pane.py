"""The directory: all groups by page on the left, the members of the marked one on the right.

It stands on the console, under the call (beside it from 100 columns on), so that an incoming
call covers nothing. States are read again every few seconds while it is open, and only lines
whose state changed are sent to the terminal.
"""

from __future__ import annotations

from typing import Final

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widgets import Input
from textual.worker import Worker

from tui.console.actions.conditions import can_note
from tui.console.actions.registry import acts
from tui.console.desk import Desk
from tui.console.i18n import render, tr
from tui.console.keys.key_meanings import STEADY
from tui.console.screens.directory.loader import DirectoryLoader, Reading
from tui.console.screens.directory.model import (
    DirectoryEntry,
    DirectoryModel,
    agent_entry,
    group_entry,
    group_state,
    seat_state,
)
from tui.console.widgets.form.fields import Field
from tui.console.widgets.formats import fit, spaced
from tui.console.widgets.laid_out import when_laid_out
from tui.console.widgets.row_list import RowList
from tui.console.widgets.rows import Row, Rows, row, two_sided, width_of
from tui.port.colleagues import Colleague
from tui.port.values import Group, Seat

REFRESH: Final = 5.0
"""Seconds between two looks at the states."""
GROUP_STATE_CELLS: Final = 13
STATE_CELLS, NARROW_STATE_CELLS, ROOMY = 15, 9, 36
"""Cells of a member's state: in a list of so many cells, and in a smaller one."""
NUMBER_CELLS: Final = 7
BOTH: Final = 56
"""Cells from which on the two lists stand side by side."""


class DirectoryPane(Vertical):
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

    def __init__(self, desk: Desk, model: DirectoryModel) -> None:
        super().__init__(id="directory")
        self._desk = desk
        self._head, self._foot = Rows(id="directory-head"), Rows(id="directory-foot")
        self.groups: RowList[Group] = RowList(group_row, lambda group: group.gid, id="groups")
        self.members: RowList[Seat] = RowList(seat_row, lambda seat: seat.number, id="members")
        self.filter = Field("field.filter", id="filter")
        self.jump = Field("field.page", id="jump")
        self._loader = DirectoryLoader(
            model, self.groups, self.members, begin=self._begin, draw=self.draw
        )
        self._active: RowList[Group] | RowList[Seat] = self.groups
        """The list that keys are for; it has the focus, or the field above it does."""
        self._open = False
        self._both = True
        """There is room for both lists side by side."""
        self._entered_at = -STEADY
        """When Enter led from a group to its members: one key, pressed twice, calls nobody."""
        self._clock: Timer

    def compose(self) -> ComposeResult:
        yield self._head
        with Horizontal(id="lists"):
            yield self.groups
            yield self.members
        yield self._foot
        yield self.filter
        yield self.jump

    # ------------------------------------------------------------ open and shut

    def on_mount(self) -> None:
        self._clock = self.set_interval(REFRESH, self._refresh, pause=True)
        when_laid_out(self, self._fit)

    @property
    def is_open(self) -> bool:
        """Whether it is shown."""
        return self._open

    def _begin(self, reading: Reading) -> Worker[None]:
        return self.run_worker(reading, name="directory", group="directory", exclusive=True)

    def _refresh(self) -> None:
        """The periodic look: only while somebody can see it, and nothing else is being read."""
        if self.is_open and self.screen.is_current and not self._loader.busy:
            self._loader.read(self._loader.look())

    def open(self) -> None:
        """Show it and take the keys."""
        if not self.is_open:
            self._open = self.display = True
            self._clock.reset()
            self._clock.resume()
            self._loader.read(self._loader.read_page(self._loader.group_page))
        self._active.focus()

    def shut(self) -> None:
        """Hide it. Its place and what was read stay."""
        if self.is_open:
            self._open = self.display = False
            self._clock.pause()
            self.remove_class("-filter", "-jump")
            self._loader.stop()

    def marked(self) -> DirectoryEntry | None:
        """Who is marked, if the directory has the keys."""
        if not self.is_open or not self.has_focus_within:
            return None
        if self._active is self.groups:
            group = self.groups.marked
            return None if group is None else group_entry(group)
        seat = self.members.marked
        return None if seat is None else agent_entry(seat, self._loader.gid, self._group_name())

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
        page = tr("directory.groups", page=self._loader.group_page, last=self._loader.groups_last)
        right = self._filter_word()
        self._head.draw(
            [two_sided(row((tr("directory.title"), "bold"), ("   " + page, "$dim")), right, width)]
        )
        if self._loader.failure is not None:
            left = row((render(self._loader.failure), "$bad"))
        elif said := self._of_lamp():
            left = row((said, "$ring" if self._rings() else "$dim"))
        else:
            left = row((self._aside(), "$dim"))
        count = self._count()
        if width_of(left) + width_of(count) >= width:
            count = ()
        self._foot.draw([two_sided(left, count, width)])

    def lamps_changed(self) -> None:
        """A lamp is otherwise than it was: the order stays."""
        if self.is_open:
            self._loader.show_members()

    def _colleague(self) -> Colleague | None:
        """The marked member, where it has a lamp."""
        seat = self.members.marked if self._active is self.members else None
        return None if seat is None else self._loader.model.lamps.get(seat.number)

    def _rings(self) -> bool:
        colleague = self._colleague()
        return colleague is not None and colleague.pick_up

    def _of_lamp(self) -> str:
        """What its lamp says besides: who rings, or why nothing is known."""
        colleague = self._colleague()
        if colleague is None or self._loader.reading:
            return ""
        if colleague.pick_up:
            who = spaced(colleague.who) or tr("call.no_number")
            return tr("pickup.rings", who=who)
        return "" if colleague.why is None else render(colleague.why)

    def _aside(self) -> str:
        if self._loader.reading:
            return tr("directory.reading")
        left_out = self._loader.left_out
        return tr("directory.left_out", n=left_out) if left_out else ""

    def _filter_word(self) -> Row:
        words = self._loader.words["groups"] or self._loader.words["members"]
        return row((tr("directory.filtered", words=words), "$ring")) if words else ()

    def _count(self) -> Row:
        n = self._loader.members_total
        if self._loader.words["members"]:
            found = len(self.members.items)
            return row((tr("directory.found", n=found, total=n), "$dim"))
        page = tr("directory.page", page=self._loader.member_page, last=self._loader.members_last)
        return row((page, "$dim"), ("  " + tr("directory.members", n=n), "$dim"))

    def _fit(self) -> None:
        self._both = self.outer_size.width >= BOTH
        self._show_lists()
        self.call_after_refresh(self.draw)

    # ------------------------------------------------------------ keys

    @on(RowList.Marked, "#groups")
    def _group_marked(self) -> None:
        group = self.groups.marked
        if group is not None and group.gid != self._loader.gid and not self._loader.reading:
            self._loader.read(self._loader.rest_then_members(group.gid))

    @on(RowList.Marked, "#members")
    def _member_marked(self) -> None:
        if self._loader.model.lamps:
            self.draw()

    @on(RowList.RowChosen, "#groups")
    def _group_chosen(self) -> None:
        self._entered_at = self._desk.clocks.monotonic()
        self._go(self.members)

    @on(RowList.RowChosen, "#members")
    def _member_chosen(self) -> None:
        entry = self.marked()
        bounced = self._desk.clocks.monotonic() - self._entered_at < STEADY
        if entry is not None and not bounced:
            self._desk.calls.speak_to(entry)

    @on(RowList.Beyond, "#groups")
    def _groups_turn(self, event: RowList.Beyond) -> None:
        self._turn_groups(self._loader.group_page + event.way)

    @on(RowList.Beyond, "#members")
    def _members_turn(self, event: RowList.Beyond) -> None:
        self._turn_members(self._loader.member_page + event.way)

    def _turn_groups(self, page: int) -> None:
        page = max(1, min(page, self._loader.groups_last))
        if page != self._loader.group_page and not self._loader.words["groups"]:
            self._loader.read(self._loader.read_page(page))

    def _turn_members(self, page: int) -> None:
        loader = self._loader
        page = max(1, min(page, loader.members_last))
        if page != loader.member_page and loader.gid and not loader.words["members"]:
            loader.read(loader.read_members(loader.gid, page, turned=True))

    def _go(self, rows: RowList[Group] | RowList[Seat]) -> None:
        self._active = rows
        self._show_lists()
        rows.focus()

    def _show_lists(self) -> None:
        """Both lists; where there is no room for two, the one that the keys are for."""
        for rows in (self.groups, self.members):
            rows.display = self._both or rows is self._active

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
        elif event.key == "ctrl+e":
            event.stop()
            self._open_field("-jump")
        elif self._searches(event):
            event.stop()
            self._open_field("-filter", event.character or "")

    def _searches(self, event: events.Key) -> bool:
        """Whether a letter begins the filter: in a call it is the note's."""
        view, letter = self._desk.view, event.character or ""
        if event.key.startswith(("alt+", "ctrl+")):
            return False  # the key of an action that does nothing now
        if not letter.isalpha() or can_note(view) or acts(view, event.key):
            return False
        return not (letter.isascii() and self._desk.appearance.config.ui.letters)

    def _which(self) -> str:
        return "groups" if self._active is self.groups else "members"

    def _open_field(self, which: str, text: str = "") -> None:
        self.remove_class("-filter", "-jump")
        self.add_class(which)
        field = self.filter if which == "-filter" else self.jump
        before = self._loader.words[self._which()] if which == "-filter" else ""
        field.value = before + text
        field.input.cursor_position = len(field.value)
        field.focus_input()

    def _back_out(self) -> None:
        """Esc: the field, then the filter, then the directory."""
        which = self._which()
        if self.has_class("-filter") or self.has_class("-jump") or self._loader.words[which]:
            self.remove_class("-filter", "-jump")
            self._filter("")
            self._active.focus()
        else:
            self._desk.do("directory")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if event.input is self.filter.input and self.has_class("-filter"):
            self._filter(event.value)

    def _filter(self, words: str) -> None:
        which = self._which()
        words = words.strip()
        if words == self._loader.words[which]:
            return
        self._loader.words[which] = words
        if which == "groups":
            self._loader.show_groups()
        else:
            self._loader.show_members()
        if words:
            self._loader.read(self._loader.read_all(which))

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


def group_row(group: Group, width: int) -> Row:
    """A group: name, state in words."""
    word, style, _rank = group_state(group)
    room = max(4, width - GROUP_STATE_CELLS)
    return row(fit(group.name or group.gid, room - 1) + " ", (fit(word, GROUP_STATE_CELLS), style))


def seat_row(seat: Seat, width: int) -> Row:
    """A member: extension, name, the platform's own word for the state."""
    word, style, _rank = seat_state(seat)
    states = STATE_CELLS if width >= ROOMY else NARROW_STATE_CELLS
    room = max(4, width - states - NUMBER_CELLS)
    return row(
        (fit(seat.number, NUMBER_CELLS - 1) + " ", "$strong"),
        fit(seat.displayname, room - 1) + " ",
        (fit(word, states), style),
    )
