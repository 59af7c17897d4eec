"""The dialog where the platform has transfers alone: generation 1 knows no three-way call."""

from __future__ import annotations

from typing import ClassVar

from tui.engine.commands import Command
from tui.screens.book import AGENT, Target
from tui.screens.party import PartyDialog


class TransferDialog(PartyDialog):
    """To which agent. Groups and outside numbers could only be brought in: they are not there."""

    WORDS: ClassVar = {
        "whom": "transfer.whom",
        "nobody": "transfer.nobody",
        "hint": "transfer.hint",
    }

    def _candidates(self, words: str) -> list[Target]:
        return [target for target in super()._candidates(words) if self.ways(target)]

    def ways(self, target: Target) -> list[tuple[str, Command]]:
        if target.kind != AGENT:
            return []
        return [way for way in super().ways(target) if way[0] == "transfer"]
