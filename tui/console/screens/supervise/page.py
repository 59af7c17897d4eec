"""The page: live calls on top, members below, what one is doing, and the choices by digit."""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen

from tui.console.actions.conditions import own_lines
from tui.console.desk import Desk
from tui.console.i18n import render, tr
from tui.console.screens.base import LiveDialog
from tui.console.screens.directory.model import DirectoryModel
from tui.console.screens.shift_check import folded
from tui.console.screens.supervise.members import Member, MembersWatch, member_row
from tui.console.view import View
from tui.console.widgets.formats import duration, fit, spaced
from tui.console.widgets.row_list import RowList
from tui.console.widgets.rows import Row, Rows, row, two_sided
from tui.console.widgets.supervising import sentence, style_of
from tui.port.commands import Supervise
from tui.port.supervision import GroupCall, SuperviseHow, SuperviseState
from tui.port.values import Message

REFRESH: Final = 5.0
"""Seconds between two looks at the members."""
FEW: Final = 2
"""Calls beside which there is always room for more."""
ROOMY: Final = 46
"""Cells of a row in which the word stands beside the call that one is in."""
LOW: Final = 18
"""Rows of the terminal below which one list is shown at a time."""
AGENT_CELLS, NUMBER_CELLS, RIGHT_CELLS, LEAST_NAME = 6, 14, 18, 8
END_KEY: Final = "9"
"""What ends the call after the question; none of the digits before it."""
LINGER: Final = 0.3
"""Seconds after the question in which nothing answers it: the key was for what was before."""
DIGITS: Final = {
    "1": SuperviseHow.LISTEN,
    "2": SuperviseHow.JOIN,
    "3": SuperviseHow.LEAVE,
    "4": SuperviseHow.END,
    "5": SuperviseHow.WHISPER,
}
WORDS: Final = {
    SuperviseState.JOINED: "supervise.word.joined",
    SuperviseState.WHISPERING: "supervise.word.whispering",
}


class SuperviseScreen(LiveDialog, ModalScreen[None]):
    """Enter or 1 listens to the marked call; Tab goes to the members; Esc closes, and what goes
    on goes on."""

    MAKES_WAY = True
    """Nobody types here: it goes when a call begins to ring."""
    DEFAULT_CSS = """
    SuperviseScreen { align: center top; background: $background 0%; }
    SuperviseScreen #box {
        width: 100%; height: 100%; padding: 0 1; margin: 2 0 0 0; background: $surface;
    }
    SuperviseScreen #supervise-calls { height: 1fr; min-height: 2; }
    SuperviseScreen #supervise-members { height: 2fr; }
    SuperviseScreen Rows { height: auto; min-height: 1; }
    SuperviseScreen #supervise-said { min-height: 1; max-height: 4; }
    """
    BINDINGS = [  # noqa: RUF012
        Binding("escape", "close", show=False),
        Binding("tab,shift+tab", "other_list", show=False),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._watch = MembersWatch(DirectoryModel(desk.ask), desk.clocks.monotonic)
        self._head = Rows()
        self.calls: RowList[GroupCall] = RowList(
            self._call_row, lambda call: call.key, id="supervise-calls"
        )
        self._note = Rows()
        self._members_head = Rows()
        self.members: RowList[Member] = RowList(
            self._member_row, lambda each: each.seat.number, id="supervise-members"
        )
        self._said = Rows(id="supervise-said")
        self._choices = Rows()
        self._refusal: Message | None = None
        self._refused_at = desk.view.snapshot.supervision
        self._ending = ""
        """The key of the call that is to be ended, while that is asked."""
        self._asked_at = 0.0

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield self._head
            yield self.calls
            yield self._note
            yield self._members_head
            yield self.members
            yield self._said
            yield self._choices

    def on_mount(self) -> None:
        self.calls.focus()
        self.set_interval(1.0, self._tick)
        self.set_interval(REFRESH, self._look)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self.show(self._desk.view)
        self._look()

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(lambda: self.show(self._desk.view))

    # ------------------------------------------------------------ the members

    def _look(self) -> None:
        account = self._desk.view.snapshot.account
        if account is not None and account.gid not in ("", "0"):
            looking = self._watch.look(account.gid, self._read)
            self.run_worker(looking, name="members", group="members", exclusive=True)

    def _read(self) -> None:
        self.show(self._desk.view)

    def _tick(self) -> None:
        """A second has gone by: only times move."""
        if self._desk.view.snapshot.group_calls or self._watch.members:
            self.show(self._desk.view)

    # ------------------------------------------------------------ drawing

    def show(self, view: View) -> None:
        if not self.is_mounted or not self._head.content_size.width:
            return
        snapshot, width = view.snapshot, self._head.content_size.width
        if snapshot.supervision != self._refused_at:
            self._refusal = None
        if self._ending not in [call.key for call in snapshot.group_calls]:
            self._ending = ""  # it is over by itself
        low = self.app.size.height < LOW
        on_members = self.focused is self.members
        self.calls.display = not (low and on_members)
        few = len(snapshot.group_calls) <= FEW
        self._note.display = self.calls.display and (few or not low)
        self.members.display = self._members_head.display = not low or on_members
        account = snapshot.account
        group = account.group if account is not None else ""
        self._head.draw([two_sided(self._title(group, snapshot.group_calls), (), width)])
        self.calls.show(snapshot.group_calls)
        self.calls.redraw()
        known = folded(self._known_since(view), width)
        self._note.draw(row((line, "$dim")) for line in known[:2])
        self._note.refresh(layout=True)
        self._members_head.draw([self._members_title()])
        self.members.show(self._watch.members)
        self.members.redraw()
        said, style = self._sentence(view)
        self._said.draw(row((line, style)) for line in folded(said, width)[:4])
        self._said.refresh(layout=True)
        self._choices.draw(self._digit_rows(view, width))
        self._choices.refresh(layout=True)

    def _title(self, group: str, calls: tuple[GroupCall, ...]) -> Row:
        return row(
            (tr("supervise.title"), "bold $strong"),
            (f"  {group}" if group else "", ""),
            ("  " + tr("supervise.count", n=len(calls)), "$dim"),
        )

    def _known_since(self, view: View) -> str:
        if own_lines(view):
            return tr("supervise.by_lamps")
        line = view.snapshot.connection.since
        began = view.snapshot.shift.began or line
        if any(not call.certain for call in view.snapshot.group_calls):
            return tr("supervise.uncertain", time=self._desk.clocks.time_of_day(line))
        return tr("supervise.unknown_before", time=self._desk.clocks.time_of_day(began))

    def _members_title(self) -> Row:
        if self._watch.failure is not None:
            return row((render(self._watch.failure), "$bad"))
        total = f"  {self._watch.total}" if self._watch.total else ""
        return row((tr("supervise.members"), "bold $strong"), (total, "$dim"))

    def _sentence(self, view: View) -> tuple[str, str]:
        if self._refusal is not None:
            return "! " + render(self._refusal), "$ring"
        if self._ending:
            return tr("supervise.end_what", **self._who(view, self._ending)), "bold $ring"
        now = view.snapshot.supervision
        said = sentence(now, self._name_of(now.agent))
        if said is not None:
            return render(said), style_of(now)
        if now.outcome is not None:
            return render(now.outcome), "$ring"
        return tr("supervise.hint" if view.snapshot.group_calls else "supervise.none"), "$dim"

    def _name_of(self, agent: str) -> str:
        """The name of a member, or of a colleague at a PBX."""
        known = self._desk.view.snapshot.colleagues
        others = (each.name for each in known if each.number == agent)
        return self._watch.name_of(agent) or next(others, "")

    def _who(self, view: View, key: str) -> dict[str, str]:
        """Agent and customer of a call, for a sentence."""
        call = next((each for each in view.snapshot.group_calls if each.key == key), None)
        agent = "" if call is None else call.agent
        number = "" if call is None else customer_of(call)
        return {
            "agent": f"{agent} {self._name_of(agent)}".strip() or "–",
            "number": spaced(number) or "–",
        }

    def _digit_rows(self, view: View, width: int) -> list[Row]:
        """The choices by their keys, over as many rows as they need."""
        if self._ending:
            choices = [(END_KEY, "supervise.do.end"), ("Esc", "supervise.not_end")]
        else:
            works = self._works(view)
            choices = [(key, f"supervise.do.{how}") for key, how in DIGITS.items() if how in works]
            choices.append(("Esc", "action.close"))
        rows: list[Row] = []
        used = width
        for key, id in choices:
            words = f" {tr(id)}  "
            cells = len(key) + cell_len(words)
            if used + cells - 2 > width:
                rows.append(())
                used = 0
            rows[-1] = (*rows[-1], (key, "bold $key"), (words, ""))
            used += cells
        return rows

    def _works(self, view: View) -> tuple[SuperviseHow, ...]:
        now, marked = view.snapshot.supervision, self.calls.marked
        if now.pending:
            return ()
        if now.state is SuperviseState.NONE:
            return now.may_ask if marked is not None else ()
        other = marked is not None and marked.key != now.call
        listens = now.state is SuperviseState.LISTENING and other
        return (*((SuperviseHow.LISTEN,) if listens else ()), *now.may_ask)

    def _call_row(self, call: GroupCall, width: int) -> Row:
        now = self._desk.view.snapshot.supervision
        agent = call.agent or call.callee
        word = ""
        if now.call == call.key and width >= ROOMY:
            word = tr(WORDS.get(now.state, "supervise.word.listening"))
        elif not call.certain and now.call != call.key:
            word = "?"
        time = duration(self._desk.clocks.monotonic() - call.since)
        right = row((word + "  " if word else "", "bold $ring"), (f"{time:>6}", ""))
        number = spaced(customer_of(call)) or tr("call.no_number")
        room = width - AGENT_CELLS - NUMBER_CELLS - RIGHT_CELLS
        named = fit(self._name_of(agent), room - 1) + " " if room > LEAST_NAME else ""
        left = row((fit(agent, AGENT_CELLS), "$strong"), named, (fit(number, NUMBER_CELLS), ""))
        return two_sided(left, right, width)

    def _member_row(self, member: Member, width: int) -> Row:
        now, calls = self._desk.clocks.monotonic(), self._desk.view.snapshot.group_calls
        return member_row(member, calls, now, width)

    # ------------------------------------------------------------ keys

    def action_other_list(self) -> None:
        """Tab."""
        to = self.members if self.focused is not self.members else self.calls
        to.display = True
        to.focus()
        self.call_after_refresh(lambda: self.show(self._desk.view))

    @on(RowList.Marked, "#supervise-calls")
    def _marked(self) -> None:
        self.show(self._desk.view)

    @on(RowList.RowChosen, "#supervise-calls")
    def _chosen(self) -> None:
        self._choose(SuperviseHow.LISTEN)

    def on_key(self, event: events.Key) -> None:
        character = event.character or ""
        if self._ending:
            event.stop()
            event.prevent_default()
            self._answered(event.key == END_KEY, event.key == "escape")
        elif (how := DIGITS.get(character)) is not None:
            event.stop()
            self._choose(how)

    def action_close(self) -> None:
        """Esc: away with the question, else with the page."""
        if self._ending:
            self._answered(ends=False, stays=True)
        else:
            self.dismiss()

    def _choose(self, how: SuperviseHow) -> None:
        view = self._desk.view
        if how not in self._works(view):
            return
        now, marked = view.snapshot.supervision, self.calls.marked
        of_marked = how is SuperviseHow.LISTEN or now.state is SuperviseState.NONE
        key = marked.key if of_marked and marked is not None else now.call
        if how is SuperviseHow.END:
            self._ending, self._asked_at = key, self._desk.clocks.monotonic()
            self.show(view)
        else:
            self._do(Supervise(how, key))

    def _answered(self, ends: bool, stays: bool) -> None:
        """What was said to the question whether the call is to end."""
        if self._desk.clocks.monotonic() - self._asked_at < LINGER or not (ends or stays):
            return
        key, self._ending = self._ending, ""
        if ends:
            self._do(Supervise(SuperviseHow.END, key))
        self.show(self._desk.view)

    def _do(self, command: Supervise) -> None:
        self.run_worker(self._ask(command), name="supervise")

    async def _ask(self, command: Supervise) -> None:
        self._refusal = None
        result = await self._desk.ask(command)
        if not result.ok and result.message is not None:
            self._refusal = result.message
            self._refused_at = self._desk.view.snapshot.supervision
        self.show(self._desk.view)


def customer_of(call: GroupCall) -> str:
    """Who is in it besides the agent."""
    return call.callee if call.agent == call.caller else call.caller
