"""How late the sound should be: the playout's target, from what arrived when.

A longer delay costs milliseconds, a shorter one costs concealed packets; the target is where the
sum is least. A price weighs the two, and that alone tells the cases apart: jitter makes
many packets a little late, so the delay grows to cover them; a stall makes a few packets very
late, which is cheaper to sit out than to carry for the rest of the call; a lost packet was never
late and moves nothing, unless the next one holds a copy of it: then waiting for that one is
bought, when enough is lost to be worth it.

Lateness is arrival minus position (see `playout`), in samples of 48 kHz; only differences count.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque

MS = 48
WINDOW = 500
"""Packets looked back on: ten seconds."""
FEW = 250
"""Before there are so many, a late one counts as one of so many: one stall at the start of a
call is still a stall."""
WORTH = 2500 * MS
"""What concealing everything costs: 25 ms of delay for each packet in a hundred."""
STAY = 3 * MS
"""A change has to be better by that much."""
MOST = 400 * MS
"""More delay than that is no conversation."""


class Target:
    """The lateness that is to be waited for, in `value`."""

    def __init__(self) -> None:
        self.value = 0
        self._window: deque[int] = deque()
        self._counts: dict[int, int] = {}
        self.least = 0
        """The lateness of the quickest packet in the window."""

    def __len__(self) -> int:
        return len(self._window)

    def add(self, lateness: int) -> None:
        """One packet came that late."""
        lateness = -(-lateness // MS) * MS
        window, counts = self._window, self._counts
        self.least = min(self.least, lateness) if window else lateness
        window.append(lateness)
        counts[lateness] = counts.get(lateness, 0) + 1
        if len(window) > WINDOW:
            old = window.popleft()
            if counts[old] == 1:
                del counts[old]
                if old == self.least:
                    self.least = min(counts)
            else:
                counts[old] -= 1

    def update(self, repairable: float, length: int) -> int:
        """Find the best delay, and keep it in `value`. `repairable`: the share of packets that
        are missing and have a copy in the next one, which is `length` samples later."""
        counts = self._counts
        if not counts:
            return self.value
        values = sorted(counts)
        least = values[0]
        above = [0]  # above[i]: how many packets are later than values[-1 - i]
        for value in reversed(values):
            above.append(above[-1] + counts[value])
        size = len(values)
        number, total = max(above[-1], FEW), above[-1]

        def cost(delay: int) -> float:
            price = WORTH * above[size - bisect_right(values, delay)] / number
            if repairable:
                missed = above[size - bisect_right(values, delay - length)]
                price += WORTH * repairable * missed / total
            return delay - least + price

        options = {one for one in values if one - least <= MOST}
        if repairable:
            options |= {one + length for one in options}
        best, price = self.value, cost(self.value) - STAY
        if self.value > least + MOST:
            price = float("inf")
        for option in options:
            if (asked := cost(option)) < price:
                best, price = option, asked
        self.value = best
        return best
