"""Who can be brought into a call, or be given it, where the platform knows three-way calls."""

from __future__ import annotations

from typing import Final

from tui.console.i18n import tr
from tui.console.screens.dialogs.target import TargetWords, label_of
from tui.console.screens.directory.candidates import candidates
from tui.console.screens.directory.model import (
    AGENT,
    GROUP,
    OUTSIDE,
    DirectoryEntry,
    DirectoryModel,
)
from tui.console.view import View
from tui.console.widgets.formats import fit, spaced
from tui.console.widgets.rows import Row, row
from tui.port.commands import Command, Threeway, Transfer
from tui.port.snapshot import Call
from tui.port.values import ThirdKind

NARROW: Final = 48
"""Cells below which a line has no group."""


class ThreewayChoices:
    """Agents, groups, outside numbers: an agent is given the call, all are brought in."""

    words = TargetWords()

    def __init__(self, own: str, call: Call, extensions: tuple[str, str] = ("", "")) -> None:
        """`own` is the agent's extension, which is not offered; `extensions` the enterprise's
        first and last."""
        self._own, self._call, self._extensions = own, call, extensions

    def follow(self, view: View, call: Call) -> bool:
        """The call goes on; those who can be chosen stay the same."""
        self._call = call
        return False

    def candidates(self, model: DirectoryModel, words: str) -> list[DirectoryEntry]:
        """Who matches, the idle ones first; an outside number last."""
        return candidates(model, words, self._own, self._extensions)

    def row(self, entry: DirectoryEntry, width: int) -> Row:
        """Number, name, group, state."""
        if entry.kind == OUTSIDE:
            return row((tr("party.outside", number=spaced(entry.callee)), "$strong"))
        number = fit(entry.callee if entry.kind == AGENT else "", 7)
        where = entry.group if entry.kind == AGENT else tr("third.group")
        groups = 16 if width >= NARROW else 0  # how they are is worth more
        room = max(4, width - 8 - groups - 14)
        return row(
            (number + " ", "$strong"),
            fit(entry.name, room - 1) + " ",
            (fit(where, 15) + " " if groups else "", "$dim"),
            (fit(entry.state, 14), entry.style),
        )

    def ways(self, entry: DirectoryEntry) -> list[tuple[str, Command]]:
        """A transfer needs an agent and the group, and is not offered for internal calls."""
        ways: list[tuple[str, Command]] = []
        if entry.kind == AGENT and entry.gid and not self._call.internal:
            ways.append(("transfer", Transfer(entry.gid, entry.callee, entry.name)))
        ways.append(("bring", Threeway(ThirdKind(entry.kind), entry.callee, entry.name)))
        return ways

    def what_happens(self, way: str, entry: DirectoryEntry) -> str:
        """What will happen by that way."""
        id = "party.transfer_happens" if way == "transfer" else "party.bring_happens"
        if way == "bring" and entry.kind == GROUP:
            id = "party.group_happens"
        number = spaced(self._call.number) or tr("call.no_number")
        sentences = [tr(id, name=label_of(entry), number=number)]
        if entry.kind == OUTSIDE:
            sentences.append(tr("party.mobile_hint"))
        elif entry.kind == AGENT and self._call.internal:
            sentences.append(tr("transfer.internal"))
        elif entry.kind == GROUP:
            sentences.append(tr("party.agents_only"))
        return " ".join(sentences)
