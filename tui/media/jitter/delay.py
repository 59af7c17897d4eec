"""How late the sound should be: the playout's target, from what arrived when.

How it works. The lateness of a packet is arrival minus position (see `playout`), in samples of
48 kHz; only differences count. A histogram holds that of the last WINDOW packets. For each lateness
in it a cost is computed, and the cheapest is the target:

    cost = delay beyond the quickest packet + WORTH * share of packets that would be concealed

So jitter, which makes many packets a little late, raises the delay until it covers them. A stall,
which makes a few packets very late, does not: concealing those once costs less than a long delay
for the rest of the call. A lost packet was never late and changes nothing, unless the next packet
holds a copy of it (RFC 6716 §2.1.6): then waiting for the next one has its own price.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from itertools import islice

MS = 48
WINDOW = 500
"""How many packets are looked back on: ten seconds of 20 ms packets."""
FEW = 250
"""With fewer packets in the window a late one counts as one of so many: one stall at the start of
a call is still a stall."""
COPIES_FEW = 100
"""FEW where packets bring copies of others. A peer that sends them knows that its line loses, so
what is missing is no single stall."""
WORTH = 5000 * MS
"""The cost of concealing every packet. One packet in a hundred costs 50 ms of delay; by the
E-model (ITU-T G.107) it costs more than a hundred."""
SECOND = 50
"""When all of the last so many packets were quicker than ALL before them, by EARLIER or more, the
path is another one: what was before says nothing of it, and is forgotten."""
EARLIER = 20 * MS
ALL = 0.9
"""The share of them that counts as all."""
STAY = 3 * MS
"""The target is kept unless another one costs less by so much."""
MOST = 400 * MS
"""The longest delay beyond the quickest packet: with more, people talk over each other."""


class DelayTarget:
    """The lateness that is to be waited for, in `value`."""

    def __init__(self, worth: int = WORTH) -> None:
        """`worth` is the cost of concealing every packet, in samples of delay."""
        self.value = 0
        self._worth = worth
        self._few = FEW
        self._window: deque[int] = deque()
        self._counts: dict[int, int] = {}
        self.least = 0
        """The lateness of the quickest packet in the window."""

    def __len__(self) -> int:
        return len(self._window)

    def expect_copies(self) -> None:
        """Packets bring copies of others from now on."""
        self._few = COPIES_FEW

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

    def _forget_another_path(self) -> None:
        """Keep the last second only, where that came by a quicker path than all before."""
        older = len(self._window) - SECOND
        if older <= 0:
            return
        recent = list(islice(reversed(self._window), SECOND))
        slowest = max(recent)
        slower = sum(n for one, n in self._counts.items() if one >= slowest + EARLIER)
        if slower >= ALL * older:
            recent.reverse()
            self._window = deque(recent)
            self._counts = {one: recent.count(one) for one in recent}
            self.least = min(recent)

    def update(self, repairable: float, length: int) -> int:
        """Find the best delay, and keep it in `value`. `repairable`: the share of packets that
        are missing and have a copy in the next one, which is `length` samples later."""
        if not self._counts:
            return self.value
        self._forget_another_path()
        counts = self._counts
        values = sorted(counts)
        least = values[0]
        above = [0]  # above[i]: how many packets are later than values[-1 - i]
        for value in reversed(values):
            above.append(above[-1] + counts[value])
        size = len(values)
        number, total = max(above[-1], self._few), above[-1]

        def cost(delay: int) -> float:
            price = self._worth * above[size - bisect_right(values, delay)] / number
            if repairable:
                missed = above[size - bisect_right(values, delay - length)]
                price += self._worth * repairable * missed / total
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
