"""Who can be given a call at a PBX: another line, somebody of the directory, what was typed."""

from __future__ import annotations

from typing import Final

from tui.console.actions.action import key_name
from tui.console.actions.conditions import UP
from tui.console.actions.registry import find
from tui.console.i18n import tr
from tui.console.screens.dialogs.target import TargetWords
from tui.console.screens.dialogs.threeway import ThreewayChoices
from tui.console.screens.directory.candidates import outside_number
from tui.console.screens.directory.model import (
    AGENT,
    OUTSIDE,
    DirectoryEntry,
    DirectoryModel,
    matches,
)
from tui.console.view import View
from tui.console.widgets.call.line_rows import live_lines, who, word_of
from tui.console.widgets.formats import fit, spaced
from tui.console.widgets.rows import Row, row
from tui.port.commands import Command, ConnectLines, Dial, JoinLines, Transfer
from tui.port.snapshot import MOST_LINES, Call

LINE: Final = 4
"""The kind of an entry that is another line; its `callee` is the call's ccNumber."""


def line_entry(call: Call) -> DirectoryEntry:
    """Another line as somebody to connect the call to."""
    id, style = word_of(call)
    where = tr("party.line", line=call.line)
    return DirectoryEntry(LINE, call.ccnumber, who(call), "", where, tr(id), style, -1)


class LineChoices:
    """Other lines first, then the directory's agents, then what was typed."""

    words = TargetWords()

    def __init__(self, own: str, call: Call, view: View) -> None:
        """`own` is the agent's address, which is not offered."""
        self._agents = ThreewayChoices(own, call)
        self._call = call
        self._others = self._other_lines(view)
        self._colleagues = view.snapshot.colleagues

    def _other_lines(self, view: View) -> tuple[Call, ...]:
        return tuple(call for call in live_lines(view) if call.key != self._call.key)

    def follow(self, view: View, call: Call) -> bool:
        """The call goes on; whether another line has changed, or a lamp."""
        before, self._call = (self._others, self._colleagues), call
        self._others = self._other_lines(view)
        self._colleagues = view.snapshot.colleagues
        self._agents.follow(view, call)
        return (self._others, self._colleagues) != before

    def candidates(self, model: DirectoryModel, words: str) -> list[DirectoryEntry]:
        """Who matches: lines, agents, and last what was typed."""
        up = [line_entry(call) for call in self._others if call.state in UP]
        lines = [each for each in up if matches(words, each.callee, each.name, each.group)]
        agents = [each for each in self._agents.candidates(model, words) if each.kind == AGENT]
        typed = words.strip()
        number = outside_number(typed) or (typed if typed and " " not in typed else "")
        found = [*lines, *agents]
        if number and all(entry.callee != number for entry in agents):
            found.append(DirectoryEntry(OUTSIDE, number, number))
        return found

    def row(self, entry: DirectoryEntry, width: int) -> Row:
        """Of a line: which, who, how it is."""
        if entry.kind != LINE:
            return self._agents.row(entry, width)
        return row(
            (fit(entry.group, 10) + " ", "$strong"),
            fit(entry.name, max(4, width - 10 - 14 - 3)) + " ",
            (fit(entry.state, 14), entry.style),
        )

    def ways(self, entry: DirectoryEntry) -> list[tuple[str, Command]]:
        """Connect or join lines; transfer to anybody else, or ask them first."""
        here = self._call.ccnumber
        if entry.kind == LINE:
            return [("connect", ConnectLines(here, entry.callee)), ("join", JoinLines(True))]
        ways: list[tuple[str, Command]] = [
            ("hand", Transfer("", entry.callee, entry.name, ccnumber=here))
        ]
        if len(self._others) + 1 < MOST_LINES:
            ways.append(("ask_first", Dial(entry.callee)))
        return ways

    def what_happens(self, way: str, entry: DirectoryEntry) -> str:
        """What will happen by that way."""
        number = self._call.name or spaced(self._call.number) or tr("call.no_number")
        key = key_name(find("party").key)
        return tr(f"party.{way}_happens", number=number, name=spaced(entry.label), key=key)
