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
ROUNDS = 40
"""At most so many looks. What is linear shows it in one or two where nothing runs beside it; what
is quadratic has eight in each."""


def growth(work: Callable[[Input], object], small: Input, large: Input, times: int) -> float:
    """How much more than `times` as long the large input takes, which is `times` the small one.
    The best of some rounds each, in turn: another process may hold the core, or the caches."""
    least_large = least_small = float("inf")
    ratio = LINEAR
    for _ in range(ROUNDS):
        least_large = min(least_large, _seconds(work, large))
        least_small = min(least_small, _seconds(work, small))
        ratio = least_large / max(least_small, FLOOR) / times
        if ratio < LINEAR:
            break
    return ratio


def _seconds(work: Callable[[Input], object], given: Input) -> float:
    collecting = gc.isenabled()
    gc.disable()  # a collection looks through all that this process has, and not at the input
    try:
        began = time.process_time()
        work(given)
        return time.process_time() - began
    finally:
        if collecting:
            gc.enable()
