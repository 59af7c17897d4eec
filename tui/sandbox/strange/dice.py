"""Decisions that are the same in every run with the same seed.

A decision is named by what it is about and how often that came up, not by when: two runs whose
events come in another order still decide each of them alike.
"""

from __future__ import annotations

import random
from collections import Counter


class Dice:
    """`roll` gives a generator for one decision."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._counts: Counter[tuple[str, ...]] = Counter()

    def roll(self, *name: str) -> random.Random:
        """The generator of this decision; the next one of that name has another."""
        count = self.count(*name)
        return random.Random(f"{self._seed}/{'/'.join(name)}/{count}")

    def once(self, *name: str) -> random.Random:
        """The generator of a decision that is taken once for all."""
        return random.Random(f"{self._seed}/{'/'.join(name)}")

    def count(self, *name: str) -> int:
        """How often that name came up before; this time is counted."""
        self._counts[name] += 1
        return self._counts[name] - 1
