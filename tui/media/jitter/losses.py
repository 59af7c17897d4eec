"""Which of the last packets are missing, and which of these the next one had a copy of."""

from __future__ import annotations

from typing import Final

from tui.media.jitter.delay import WINDOW

FEW = 100
"""With fewer packets known, a lost one counts as one of so many."""
HERE: Final = 0
LOST: Final = 1
COPIED: Final = 2


class Losses:
    """What became of the last packets, by number."""

    def __init__(self) -> None:
        self._outcomes: dict[int, int] = {}
        self._counts = [0, 0, 0]

    @property
    def repairable(self) -> float:
        """The share of packets that are missing and had a copy in the next."""
        return self._counts[COPIED] / max(len(self._outcomes), FEW)

    def passed(self, number: int, outcome: int = HERE) -> int:
        """The time of that packet is over, or is known to be lost time. By how many more packets
        are missing than before: one, none, or one fewer."""
        outcomes = self._outcomes
        before = outcomes.pop(number, None)
        if before is not None:
            self._counts[before] -= 1
        outcomes[number] = outcome
        self._counts[outcome] += 1
        if len(outcomes) > WINDOW:
            oldest = next(iter(outcomes))
            self._counts[outcomes.pop(oldest)] -= 1
        return (outcome != HERE) - (before not in (None, HERE))

    def came(self, number: int) -> bool:
        """A packet came after its time; whether it had been counted as missing."""
        outcome = self._outcomes.get(number, HERE)
        if outcome == HERE:
            return False
        self._outcomes[number] = HERE
        self._counts[outcome] -= 1
        self._counts[HERE] += 1
        return True

    def clear(self) -> None:
        """Another stream."""
        self._outcomes.clear()
        self._counts = [0, 0, 0]
