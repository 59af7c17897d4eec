"""How the work grows with its input: a ratio within one run, for what must not be quadratic."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import TypeVar

Input = TypeVar("Input")

LINEAR = 3.0
"""At most so much more than in proportion; what is quadratic has 8 from eight times the input."""
FLOOR = 0.0005
"""Seconds of the processor below which a measurement is noise."""
ROUNDS = 5


def growth(work: Callable[[Input], object], small: Input, large: Input, times: int) -> float:
    """How much more than `times` as long the large input takes, which is `times` the small one.
    The best of some rounds each: another process may hold the caches."""
    return _least(work, large) / max(_least(work, small), FLOOR) / times


def _least(work: Callable[[Input], object], given: Input) -> float:
    least = float("inf")
    collecting = gc.isenabled()
    gc.disable()  # a collection looks through all that this process has, and not at the input
    try:
        for _ in range(ROUNDS):
            began = time.process_time()
            work(given)
            least = min(least, time.process_time() - began)
            if least < FLOOR:
                break
    finally:
        if collecting:
            gc.enable()
    return least
