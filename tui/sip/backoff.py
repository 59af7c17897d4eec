"""How long to wait before the next try: full jitter with a floor, so that a thousand phones that
lost one server do not come back in one second."""

from __future__ import annotations

import random
from typing import Final

LIMIT: Final = 30.0
"""The longest wait in seconds."""
SLOW_LIMIT: Final = 600.0
"""The longest wait in seconds after a refusal that may pass."""
FLOOR: Final = 2.0
"""The shortest wait after a failure in seconds."""


def wait_after(failures: int, rng: random.Random) -> float:
    """Seconds to wait after `failures` failures in a row, 1 or more: anything between the floor
    and min(30, 2ⁿ)."""
    limit = min(LIMIT, 2.0 ** min(failures, 10))
    return rng.uniform(FLOOR, limit)


def wait_before(attempt: int, rng: random.Random) -> float:
    """Seconds before a new connection, the first (1) soon: 0–1 s; later ones as `wait_after`."""
    return rng.uniform(0.0, 1.0) if attempt <= 1 else wait_after(attempt - 1, rng)


def wait_slowly(failures: int, rng: random.Random) -> float:
    """Seconds to wait after `failures` refusals in a row, 1 or more, of something that has worked
    before: 15–30 s at first, doubling up to 5–10 min."""
    limit = min(SLOW_LIMIT, 15.0 * 2.0 ** min(failures, 10))
    return rng.uniform(limit / 2, limit)
