"""What a line does to packets, by script: the same for the same seed, in simulated time and in the
relay alike.

A condition says for each packet how long it takes to arrive; once for each copy that arrives at
all. It is asked in the order of sending, with the time since the line began, and knows nothing of
what is in a packet.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

Fate = tuple[float, ...]
"""Seconds from sending to arrival, for each copy; () = lost."""


@dataclass
class Condition:
    """A line. Rates are shares of packets, times are seconds.

    `loss`: each packet for itself. `burst`: of every `burst_every` seconds, so much at a random
    place is lost as a whole. `delay`: each packet; `jitter`: and up to so much more, evenly
    spread; with `order` a packet never overtakes another (it waits for that one), without it may.
    `duplicate`, `reorder`: shares of packets that come twice, or `reorder_by` later. `stalls`:
    (begin, length): what is sent in it, or would arrive in it, arrives at its end, in order.
    """

    loss: float = 0.0
    burst: float = 0.0
    burst_every: float = 1.0
    delay: float = 0.0
    jitter: float = 0.0
    order: bool = False
    duplicate: float = 0.0
    reorder: float = 0.0
    reorder_by: float = 0.03
    stalls: tuple[tuple[float, float], ...] = ()
    seed: int = 1
    _rng: random.Random = field(init=False, repr=False)
    _last: float = field(default=0.0, init=False, repr=False)
    _period: int = field(default=-1, init=False, repr=False)
    _lost_from: float = field(default=0.0, init=False, repr=False)

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)

    def fate(self, at: float) -> Fate:
        """What becomes of the packet sent then."""
        rng = self._rng
        if self.burst:
            if int(at / self.burst_every) != self._period:
                self._period = int(at / self.burst_every)
                room = self.burst_every - self.burst
                self._lost_from = self._period * self.burst_every + rng.random() * room
            if self._lost_from <= at < self._lost_from + self.burst:
                return ()
        if self.loss and rng.random() < self.loss:
            return ()
        arrival = at + self.delay + (rng.random() * self.jitter if self.jitter else 0.0)
        if self.reorder and rng.random() < self.reorder:
            arrival += self.reorder_by
        stalled = False
        for begin, length in self.stalls:
            if begin <= arrival < begin + length:
                arrival, stalled = begin + length, True
        if self.order or stalled:
            arrival = max(arrival, self._last)
        self._last = max(self._last, arrival)
        if self.duplicate and rng.random() < self.duplicate:
            return (arrival - at, arrival - at)
        return (arrival - at,)


CONDITIONS: dict[str, Callable[[int], Condition]] = {
    "clean": lambda seed: Condition(seed=seed),
    "1 % loss": lambda seed: Condition(loss=0.01, seed=seed),
    "5 % loss": lambda seed: Condition(loss=0.05, seed=seed),
    "60 ms bursts": lambda seed: Condition(burst=0.06, seed=seed),
    "10 % bursts": lambda seed: Condition(burst=0.06, burst_every=0.6, seed=seed),
    "30 ms jitter": lambda seed: Condition(jitter=0.03, seed=seed),
    "60 ms jitter": lambda seed: Condition(jitter=0.06, seed=seed),
    "300 ms stall": lambda seed: Condition(stalls=((8.0, 0.3),), seed=seed),
}
"""The lines of the bench, by name; made anew for each run, for a seed."""
