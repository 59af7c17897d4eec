"""Handing a call over with a phone of one's own (kind "sip"): to a number or somebody of the
directory, or to another line; or the lines joined here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tui.actions import View, find, key_name
from tui.engine.commands import Command, ConnectLines, Dial, JoinLines, Transfer
from tui.engine.state import Call, CallState
from tui.i18n import tr
from tui.screens.book import AGENT, OUTSIDE, Book, Target, matches
from tui.screens.party import PartyDialog, outside_number
from tui.widgets.lines import live_lines, who, word_of
from tui.widgets.rows import Row, row
from tui.widgets.words import fit, spaced

LINE: Final = 4
"""A target that is another line; its `callee` is the call's ccNumber."""
MOST_LINES: Final = 4
_UP: Final = (CallState.TALKING, CallState.HOLDING)


def line_target(call: Call) -> Target:
    """Another line as somebody to put the call through to."""
    id, style = word_of(call)
    where = tr("party.line", line=call.line)
    return Target(LINE, call.ccnumber, who(call), "", where, tr(id), style, -1)


class HandoverDialog(PartyDialog):
    """Whom, then how: other lines first, then the directory, then what was typed."""

    def __init__(
        self,
        book: Book,
        own: str,
        call: Call,
        others: Sequence[Call],
        target: Target | None = None,
    ) -> None:
        """`others` are the live lines besides `call`."""
        super().__init__(book, own, call, target)
        self._others = tuple(others)

    def show(self, view: View) -> None:
        super().show(view)
        others = tuple(call for call in live_lines(view) if call.key != self._call.key)
        if others != self._others:
            self._others = others
            if self.is_mounted and self.has_class("-whom"):
                self._fill()

    def _candidates(self, words: str) -> list[Target]:
        up = [line_target(call) for call in self._others if call.state in _UP]
        lines = [t for t in up if matches(words, t.callee, t.name, t.group)]
        people = [t for t in super()._candidates(words) if t.kind == AGENT]
        typed = words.strip()
        number = outside_number(typed) or (typed if typed and " " not in typed else "")
        found = [*lines, *people]
        if number and all(target.callee != number for target in people):
            found.append(Target(OUTSIDE, number, number))
        return found

    def line(self, target: Target, width: int) -> Row:
        if target.kind != LINE:
            return super().line(target, width)
        return row(
            (fit(target.group, 10) + " ", "$strong"),
            fit(target.name, max(4, width - 10 - 14 - 3)) + " ",
            (fit(target.state, 14), target.style),
        )

    def ways(self, target: Target) -> list[tuple[str, Command]]:
        here = self._call.ccnumber
        if target.kind == LINE:
            return [
                ("connect", ConnectLines(here, target.callee)),
                ("join", JoinLines(True)),
            ]
        ways: list[tuple[str, Command]] = [
            ("hand", Transfer("", target.callee, target.name, ccnumber=here))
        ]
        if len(self._others) + 1 < MOST_LINES:
            ways.append(("ask_first", Dial(target.callee)))
        return ways

    def what_happens(self, way: str, target: Target) -> str:
        number = self._call.name or spaced(self._call.number) or tr("call.no_number")
        key = key_name(find("party").key)
        return tr(f"party.{way}_happens", number=number, name=spaced(target.label), key=key)
