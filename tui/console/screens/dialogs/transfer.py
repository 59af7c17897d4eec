"""Who can be given a call, where the platform transfers and knows no three-way call."""

from __future__ import annotations

from tui.console.screens.dialogs.target import TargetWords
from tui.console.screens.dialogs.threeway import ThreewayChoices
from tui.console.screens.directory.model import AGENT, DirectoryEntry, DirectoryModel
from tui.console.view import View
from tui.console.widgets.rows import Row
from tui.port.commands import Command
from tui.port.snapshot import Call


class TransferChoices:
    """Agents alone: groups and outside numbers could only be brought in."""

    words = TargetWords("transfer.whom", "transfer.nobody", "transfer.hint")

    def __init__(self, own: str, call: Call) -> None:
        """`own` is the agent's extension, which is not offered."""
        self._every = ThreewayChoices(own, call)

    def follow(self, view: View, call: Call) -> bool:
        """The call goes on; those who can be chosen stay the same."""
        return self._every.follow(view, call)

    def candidates(self, model: DirectoryModel, words: str) -> list[DirectoryEntry]:
        """The agents who match, the idle ones first."""
        return [entry for entry in self._every.candidates(model, words) if self.ways(entry)]

    def row(self, entry: DirectoryEntry, width: int) -> Row:
        """Number, name, group, state."""
        return self._every.row(entry, width)

    def ways(self, entry: DirectoryEntry) -> list[tuple[str, Command]]:
        """The transfer, where there is one."""
        if entry.kind != AGENT:
            return []
        return [way for way in self._every.ways(entry) if way[0] == "transfer"]

    def what_happens(self, way: str, entry: DirectoryEntry) -> str:
        """What will happen by that way."""
        return self._every.what_happens(way, entry)
