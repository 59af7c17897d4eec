"""Transfer or third party, one dialog: first whom, then how, with what will happen.

It follows the call, and goes when there is nothing left to decide. Who can be chosen, and what can
be done with them, is for `TargetChoices` to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import Final, Protocol

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Offset
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui.console.i18n import render, tr
from tui.console.screens.base import LiveDialog
from tui.console.screens.dialogs.dialog import by_esc, numbered
from tui.console.screens.directory.model import MOST_PAGES, DirectoryEntry, DirectoryModel
from tui.console.view import View
from tui.console.widgets.call.parties import has_third
from tui.console.widgets.form.fields import Field
from tui.console.widgets.formats import spaced
from tui.console.widgets.room import SHORT
from tui.console.widgets.row_list import RowList
from tui.console.widgets.rows import Row, Rows, row
from tui.port.commands import Command
from tui.port.machines.call_machine import CallState
from tui.port.snapshot import Call
from tui.port.values import Message

READ_MOST: Final = 200
"""Pages of members that a search reads before it says that there are more."""
SHOWN_APART: Final = 0.25
"""Seconds between two drawings of the list while pages of members, or lamps, come in."""
_UP: Final = (CallState.TALKING, CallState.HOLDING)


@dataclass(frozen=True, slots=True)
class TargetWords:
    """The sentences that name who can be chosen, by message id."""

    whom: str = "party.whom"
    nobody: str = "party.nobody"
    hint: str = "party.hint"


class TargetChoices(Protocol):
    """Who can be chosen, and what can be done with them, in one kind of call."""

    @property
    def words(self) -> TargetWords: ...

    def candidates(self, model: DirectoryModel, words: str) -> list[DirectoryEntry]:
        """Who matches the words, the likely ones first."""

    def row(self, entry: DirectoryEntry, width: int) -> Row:
        """One of them, in so many cells."""

    def ways(self, entry: DirectoryEntry) -> list[tuple[str, Command]]:
        """What can be done with the entry: way and command."""

    def what_happens(self, way: str, entry: DirectoryEntry) -> str:
        """What will happen by that way."""

    def follow(self, view: View, call: Call) -> bool:
        """The view has changed; whether the candidates have."""


def label_of(entry: DirectoryEntry) -> str:
    """Number and name, for reading."""
    return spaced(entry.label)


class TargetDialog(LiveDialog, ModalScreen[Command]):
    """Whom, then how. Its result is the command, or None."""

    DEFAULT_CSS = """
    TargetDialog { align: center bottom; background: $background 0%; }
    TargetDialog #box {
        width: 78; max-width: 100%; height: 50%; min-height: 12; padding: 0 2; margin: 0 0 1 0;
        background: $surface; border: solid $key;
    }
    TargetDialog .title {
        text-style: bold; color: $strong; height: 1; text-wrap: nowrap; text-overflow: ellipsis;
    }
    TargetDialog RowList { height: 1fr; margin: 0; }
    TargetDialog OptionList, TargetDialog OptionList:focus {
        height: auto; border: none; background: $surface; padding: 0; margin: 1 0 0 0;
        background-tint: $foreground 0%;
    }
    TargetDialog #happens { height: auto; margin: 1 0 0 0; color: $foreground; }
    TargetDialog.-whom #how, TargetDialog.-how #whom { display: none; }
    TargetDialog #whom, TargetDialog #how { height: 1fr; }
    TargetDialog.-short #box {
        height: 100%; min-height: 0; padding: 0 1; margin: 2 0 0 0; border: none;
    }
    TargetDialog.-short Label { width: 8; }
    TargetDialog.-short OptionList, TargetDialog.-short OptionList:focus { margin: 0; }
    TargetDialog.-short #happens { margin: 0; }
    """
    VERTICAL_BREAKPOINTS = [(0, "-short"), (SHORT, "-tall")]  # noqa: RUF012
    AUTO_FOCUS = ""
    BINDINGS = [Binding("escape", "back", show=False)]  # noqa: RUF012

    def __init__(
        self,
        model: DirectoryModel,
        choices: TargetChoices,
        call: Call,
        entry: DirectoryEntry | None = None,
    ) -> None:
        """With an entry, whom is settled."""
        super().__init__(classes="-whom" if entry is None else "-how")
        self._model, self.choices, self._call = model, choices, call
        self._entry = entry
        self._given = entry is not None
        self._title = Static(classes="title", markup=False)
        self.search = Field("field.whom", id="search")
        self.people: RowList[DirectoryEntry] = RowList(
            choices.row, lambda entry: (entry.kind, entry.callee), id="people"
        )
        self._said = Rows(id="said")
        self.options = OptionList(markup=False)
        self._happens = Static(id="happens", markup=False)
        self._ways: list[tuple[str, Command]] = []
        self._failure: Message | None = None
        self._reading = False
        self._more = False
        self._filled = 0.0
        """When the list was made last."""
        self._due: Timer | None = None
        """When it is made again."""
        self.moot = False
        """It went by itself: there was nothing left to decide."""
        self._moved = False
        """The mark was moved by hand: it stays where it is while more people are read."""

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield self._title
            with Vertical(id="whom"):
                yield self.search
                yield self.people
                yield self._said
            with Vertical(id="how"):
                yield self.options
                yield self._happens

    def on_mount(self) -> None:
        if self._entry is not None:
            self._settle(self._entry)
            return
        self._title.update(tr(self.choices.words.whom))
        self.search.focus_input()
        self._fill()
        self.run_worker(self._read(), name="party")

    @property
    def reading(self) -> bool:
        """Whether pages of people are still on their way."""
        return self._reading

    def show(self, view: View) -> None:
        call = view.snapshot.call
        if call is None or call.key != self._call.key or call.state not in _UP or has_third(call):
            self.moot = True
            self.dismiss(None)
        else:
            self._call = call
            if self.choices.follow(view, call):
                self._fill_soon()

    def cursor_place(self) -> Offset | None:
        """The mark among the people, once it was moved."""
        if self.has_class("-whom") and self._moved:
            return self.people.cursor_place()
        return None

    # ------------------------------------------------------------ whom

    async def _read(self) -> None:
        """Groups first, then their members, page by page; what is found shows at once."""
        self._reading = True
        page, last = 1, 1
        while page <= last and page <= MOST_PAGES:
            answer = await self._model.read_groups(page)
            if isinstance(answer, Message):
                self._failure = answer
                break
            last, page = answer.last_page, page + 1
            self._fill()
        left, shown = READ_MOST, monotonic()
        for group in self._model.all_groups():
            page, last = 1, 1
            while page <= last and left > 0:
                found = await self._model.read_members(group.gid, page)
                if isinstance(found, Message):
                    self._failure = found
                    break
                last, page, left = found.last_page, page + 1, left - 1
                if monotonic() - shown > SHOWN_APART:
                    self._fill()
                    shown = monotonic()
        self._reading, self._more = False, left <= 0
        self._fill()

    def _fill_soon(self) -> None:
        """Ninety lamps after a lost line are no ninety lists of a large directory."""
        if self._due is None and self.is_mounted:
            wait = max(0.0, self._filled + SHOWN_APART - monotonic())
            self._due = self.set_timer(wait, self._fill) if wait else None
            if not wait:
                self._fill()

    def _fill(self) -> None:
        self._filled, self._due = monotonic(), None
        if not self.has_class("-whom"):
            return  # whom is settled; the list is made anew when one comes back to it
        words = self.search.value.strip() if self.search.is_mounted else ""
        found = self.choices.candidates(self._model, words)
        self.people.show(found, cursor=None if self._moved else 0)
        if self._failure is not None:
            said: Row = row((render(self._failure), "$bad"))
        elif not found and not self._reading:
            said = row((tr(self.choices.words.nobody), "$dim"))
        elif self._more:
            said = row((tr("party.more"), "$dim"))
        else:
            said = row(
                (tr("directory.reading" if self._reading else self.choices.words.hint), "$dim")
            )
        self._said.draw([said])

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._moved = False
        self._fill()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        if self.people.marked is not None:
            self._settle(self.people.marked)

    @on(RowList.RowChosen)
    def _chosen(self) -> None:
        if self.people.marked is not None:
            self._settle(self.people.marked)

    def on_key(self, event: events.Key) -> None:
        """The arrows move the mark while the cursor stays in the field."""
        if self.has_class("-how"):
            way = event.character or ""
            if way.isascii() and way.isdecimal() and 0 < int(way) <= len(self._ways):
                event.stop()
                self.dismiss(self._ways[int(way) - 1][1])
        elif event.key in ("up", "down", "pageup", "pagedown") and self.people is not self.focused:
            event.stop()
            self._moved = True
            self.people.on_key(event)

    # ------------------------------------------------------------ how

    def _settle(self, entry: DirectoryEntry) -> None:
        self._entry = entry
        self._ways = self.choices.ways(entry)
        self.set_class(False, "-whom")
        self.set_class(True, "-how")
        how = tr("party.how", name=label_of(entry))
        back = "" if self._given else "   " + tr("party.back")
        self._title.update(Content.assemble(how, (back, "not bold $dim")))
        self.options.clear_options()
        stay = tr("party.stay")
        self.options.add_option(Option(numbered(0, by_esc(stay) if self._given else stay)))
        for at, (way, _command) in enumerate(self._ways, 1):
            self.options.add_option(Option(numbered(at, tr(f"party.{way}"))))
        self.options.highlighted = 0
        self.options.focus()
        self._say_what_happens(0)

    def _say_what_happens(self, at: int) -> None:
        """By the marked way; with none, by each of them."""
        entry = self._entry
        if entry is not None:
            ways = self._ways if at == 0 else [self._ways[at - 1]]
            said = [self.choices.what_happens(way, entry) for way, _command in ways]
            self._happens.update("\n".join(said))

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        self._say_what_happens(event.option_index)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        at = event.option_index
        self.dismiss(self._ways[at - 1][1] if at else None)

    def action_back(self) -> None:
        """Esc: from how back to whom, from whom out."""
        if self.has_class("-how") and not self._given:
            self.set_class(False, "-how")
            self.set_class(True, "-whom")
            self._title.update(tr(self.choices.words.whom))
            self.search.focus_input()
            self._fill()
        else:
            self.dismiss(None)
