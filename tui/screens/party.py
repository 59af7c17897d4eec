"""Transfer or third party, one dialog: first whom, then how, with what will happen.

And what the hang-up key asks while three are in the call. Both follow the call: when there is
nothing left to decide, they go.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui.actions import View
from tui.engine.commands import Command, DropThird, EndForAll, HangUp, Threeway, Transfer
from tui.engine.state import Call, CallState, Message, Third, ThirdState, message
from tui.i18n import render, tr
from tui.screens.base import LiveDialog
from tui.screens.book import (
    AGENT,
    GROUP,
    MOST_PAGES,
    OUTSIDE,
    Book,
    Target,
    agent_target,
    group_target,
    matches,
)
from tui.screens.dialogs import Dialog
from tui.widgets.fields import Field
from tui.widgets.line_list import LineList
from tui.widgets.parties import has_third
from tui.widgets.rows import Row, Rows, row
from tui.widgets.words import fit, spaced

READ_MOST: Final = 200
"""Pages of members that a search reads before it says that there are more."""
SHOWN_APART: Final = 0.25
"""Seconds between two drawings of the list while pages of members come in."""
MOOT: Final = "moot"
"""How the question who stays ends when it answered itself."""
_UP: Final = (CallState.TALKING, CallState.HOLDING)
_SEPARATORS: Final = frozenset(" -–—()./·")


def ways_for(target: Target, call: Call) -> list[tuple[str, Command]]:
    """What can be done with the target in this call: way ("transfer", "bring") and command.
    A transfer needs an agent and the group, and is not offered for internal calls."""
    ways: list[tuple[str, Command]] = []
    if target.kind == AGENT and target.gid and not call.internal:
        ways.append(("transfer", Transfer(target.gid, target.callee, target.name)))
    ways.append(("bring", Threeway(target.kind, target.callee, target.name)))
    return ways


def outside_number(text: str) -> str:
    """The digits of the text when it can only be a number, else ""."""
    digits = "".join(c for c in text if c not in _SEPARATORS)
    return digits if digits.isdecimal() and digits.isascii() else ""


class PartyDialog(LiveDialog, ModalScreen[Command]):
    """Whom, then how. Its result is the command, or None."""

    DEFAULT_CSS = """
    PartyDialog { align: center bottom; background: $background 0%; }
    PartyDialog #box {
        width: 78; max-width: 100%; height: 50%; min-height: 12; padding: 0 2; margin: 0 0 1 0;
        background: $surface; border: solid $key;
    }
    PartyDialog .title { text-style: bold; color: $strong; height: 1; }
    PartyDialog LineList { height: 1fr; margin: 0; }
    PartyDialog OptionList, PartyDialog OptionList:focus {
        height: auto; border: none; background: $surface; padding: 0; margin: 1 0 0 0;
        background-tint: $foreground 0%;
    }
    PartyDialog #happens { height: auto; margin: 1 0 0 0; color: $foreground; }
    PartyDialog.-whom #how, PartyDialog.-how #whom { display: none; }
    PartyDialog #whom, PartyDialog #how { height: 1fr; }
    """
    WORDS: ClassVar = {"whom": "party.whom", "nobody": "party.nobody", "hint": "party.hint"}
    """The sentences that name who can be chosen."""
    AUTO_FOCUS = ""
    BINDINGS = [Binding("escape", "back", show=False)]  # noqa: RUF012

    def __init__(self, book: Book, own: str, call: Call, target: Target | None = None) -> None:
        """`own` is the agent's extension, which is not offered; with a target, whom is settled."""
        super().__init__(classes="-whom" if target is None else "-how")
        self._book, self._own, self._call = book, own, call
        self._target = target
        self._given = target is not None
        self._title = Static(classes="title", markup=False)
        self.search = Field("field.whom", id="search")
        self.people: LineList[Target] = LineList(
            self.line, lambda t: (t.kind, t.callee), id="people"
        )
        self._said = Rows(id="said")
        self.options = OptionList(markup=False)
        self._happens = Static(id="happens", markup=False)
        self._ways: list[tuple[str, Command]] = []
        self._failure: Message | None = None
        self._reading = False
        self._more = False
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
        if self._target is not None:
            self._settle(self._target)
            return
        self._title.update(tr(self.WORDS["whom"]))
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
            self.dismiss(None)
        else:
            self._call = call

    # ------------------------------------------------------------ whom

    async def _read(self) -> None:
        """Groups first, then their members, page by page; what is found shows at once."""
        self._reading = True
        page, last = 1, 1
        while page <= last and page <= MOST_PAGES:
            answer = await self._book.read_groups(page)
            if isinstance(answer, Message):
                self._failure = answer
                break
            last, page = answer.last_page, page + 1
            self._fill()
        left, shown = READ_MOST, monotonic()
        for group in self._book.all_groups():
            page, last = 1, 1
            while page <= last and left > 0:
                found = await self._book.read_members(group.gid, page)
                if isinstance(found, Message):
                    self._failure = found
                    break
                last, page, left = found.last_page, page + 1, left - 1
                if monotonic() - shown > SHOWN_APART:
                    self._fill()
                    shown = monotonic()
        self._reading, self._more = False, left <= 0
        self._fill()

    def _candidates(self, words: str) -> list[Target]:
        """Who matches, the idle ones first; an outside number last."""
        groups = self._book.all_groups()
        agents: dict[str, Target] = {}
        for group in groups:
            for seat in self._book.seats(group.gid):
                if seat.number != self._own and seat.number not in agents:
                    agents[seat.number] = agent_target(seat, group.gid, group.name)
        every = [*agents.values(), *(group_target(group) for group in groups)]
        found = [t for t in every if matches(words, t.callee, t.name, t.group)]
        found.sort(key=lambda t: t.rank)
        if number := outside_number(words):
            found.sort(key=lambda t: t.callee != number)  # the very one first
            if number not in agents:
                found.append(Target(OUTSIDE, number, number))
        return found

    def _fill(self) -> None:
        words = self.search.value.strip() if self.search.is_mounted else ""
        found = self._candidates(words)
        self.people.show(found, cursor=None if self._moved else 0)
        if self._failure is not None:
            said: Row = row((render(self._failure), "$bad"))
        elif not found and not self._reading:
            said = row((tr(self.WORDS["nobody"]), "$dim"))
        elif self._more:
            said = row((tr("party.more"), "$dim"))
        else:
            said = row((tr("directory.reading" if self._reading else self.WORDS["hint"]), "$dim"))
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

    @on(LineList.Chosen)
    def _chosen(self) -> None:
        if self.people.marked is not None:
            self._settle(self.people.marked)

    def on_key(self, event: events.Key) -> None:
        """The arrows move the mark while the cursor stays in the field."""
        if self.has_class("-how"):
            way = event.character or ""
            if way.isdecimal() and 0 < int(way) <= len(self._ways):
                event.stop()
                self.dismiss(self._ways[int(way) - 1][1])
        elif event.key in ("up", "down", "pageup", "pagedown") and self.people is not self.focused:
            event.stop()
            self._moved = True
            self.people.on_key(event)

    # ------------------------------------------------------------ how

    def _settle(self, target: Target) -> None:
        self._target = target
        self._ways = self.ways(target)
        self.set_class(False, "-whom")
        self.set_class(True, "-how")
        self._title.update(tr("party.how", name=_label(target)))
        self.options.clear_options()
        for at, (way, _command) in enumerate(self._ways, 1):
            self.options.add_option(Option(Content.assemble(f" {at} ", tr(f"party.{way}"))))
        self.options.highlighted = 0
        self.options.focus()
        self._say_what_happens(0)

    def _say_what_happens(self, at: int) -> None:
        if self._target is not None and self._ways:
            self._happens.update(self.what_happens(self._ways[at][0], self._target))

    # ------------------------------------------------------------ of one kind of platform

    def line(self, target: Target, width: int) -> Row:
        """One of those who can be chosen."""
        return _line(target, width)

    def ways(self, target: Target) -> list[tuple[str, Command]]:
        """What can be done with the target: way and command."""
        return ways_for(target, self._call)

    def what_happens(self, way: str, target: Target) -> str:
        """What will happen by that way."""
        id = "party.transfer_happens" if way == "transfer" else "party.bring_happens"
        if way == "bring" and target.kind == GROUP:
            id = "party.group_happens"
        number = spaced(self._call.number) or tr("call.no_number")
        sentences = [tr(id, name=_label(target), number=number)]
        if target.kind == OUTSIDE:
            sentences.append(tr("party.mobile_hint"))
        elif target.kind == AGENT and self._call.internal:
            sentences.append(tr("transfer.internal"))
        elif target.kind == GROUP:
            sentences.append(tr("party.agents_only"))
        return " ".join(sentences)

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        self._say_what_happens(event.option_index)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._ways[event.option_index][1])

    def action_back(self) -> None:
        """Esc: from how back to whom, from whom out."""
        if self.has_class("-how") and not self._given:
            self.set_class(False, "-how")
            self.set_class(True, "-whom")
            self._title.update(tr(self.WORDS["whom"]))
            self.search.focus_input()
        else:
            self.dismiss(None)


def _label(target: Target) -> str:
    return spaced(target.label)


def _line(target: Target, width: int) -> Row:
    room = max(4, width - 8 - 16 - 14)
    if target.kind == OUTSIDE:
        return row((tr("party.outside", number=spaced(target.callee)), "$strong"))
    number = fit(target.callee if target.kind == AGENT else "", 7)
    where = target.group if target.kind == AGENT else tr("third.group")
    return row(
        (number + " ", "$strong"),
        fit(target.name, room - 1) + " ",
        (fit(where, 15) + " ", "$dim"),
        (fit(target.state, 14), target.style),
    )


class AskThree(LiveDialog, Dialog):
    """The hang-up key while a third party is there: who stays? Nothing is done by Esc, and
    nothing is marked beforehand but staying."""

    def __init__(self, call: Call) -> None:
        assert call.third is not None
        self._key = call.key
        name = call.third.name
        self._drop = _drop(call.third)
        number = spaced(call.number) or tr("call.no_number")
        ways: Sequence[tuple[str, str]] = (
            ("stay", "ask.stay"),
            ("end", "ask.end"),
            ("drop", self._drop),
            ("leave", "ask.leave"),
        )
        what = [message("ask.what", number=number, name=name)]
        super().__init__("ask.title", what, "", ways, "stay")
        self._values = {"number": number, "name": name}

    def words(self, label: str) -> str:
        """A way out, with who is meant."""
        return tr(label, **self._values)

    def show(self, view: View) -> None:
        """The third party on its way has come in: the same is asked in other words. When it is
        gone or going, or the call is over, the question is moot."""
        call = view.snapshot.call
        third = call.third if call is not None and call.live and call.key == self._key else None
        if third is None or not third.present or third.state is ThirdState.LEAVING:
            self.dismiss(MOOT)
        elif (drop := _drop(third)) != self._drop:
            self._drop = drop
            prompt = Content.assemble(" ", self.words(drop))
            self.query_one(OptionList).replace_option_prompt("drop", prompt)

    def on_key(self, event: events.Key) -> None:
        way = {"1": "end", "2": "drop", "3": "leave"}.get(event.character or "")
        if way is not None:
            event.stop()
            self.dismiss(way)


def _drop(third: Third) -> str:
    """The words for the way without the third party: on its way, or in."""
    return "ask.drop" if third.joined is not None else "ask.cancel"


def answer_to_ask(way: str | None) -> Command | None:
    """The command of a way; None for staying."""
    match way:
        case "end":
            return EndForAll()
        case "drop":
            return DropThird()
        case "leave":
            return HangUp(leave_them=True)
    return None
