"""What follows the end of a subscription: how long to wait for the next one, or that there is none.

what ended it                                     the next one
deactivated, timeout, 481 to a refresh            at once; when it repeats, after 2–30 s
probation, giveup, a reason that nobody knows     after retry-after, else 15 s–10 min, growing
rejected, noresource, invariant                   none (RFC 6665 §4.1.3)
any refusal with Retry-After                      after that time
408 480 500 502 503 504, no NOTIFY at all         15 s–10 min, growing
401, 407 in spite of ours                         none
any other refusal of one that has never worked    none; of one that has: 15 s–10 min, growing
"""

from __future__ import annotations

import random
from typing import Final

from tui.sip.backoff import wait_before, wait_slowly
from tui.sip.message.subscription_state import SubscriptionState

_AT_ONCE: Final = frozenset({"deactivated", "timeout"})
_FOR_GOOD: Final = frozenset({"rejected", "noresource", "invariant"})
_PASSING: Final = frozenset({408, 480, 500, 502, 503, 504})
_UNPROVED: Final = frozenset({401, 407})
_SHORTEST: Final = 1.0
_LONGEST: Final = 3600.0
"""Seconds at least and at most, whatever retry-after says."""


def wait_after_end(said: SubscriptionState, endings: int, rng: random.Random) -> float | None:
    """Seconds after a NOTIFY `terminated`, the `endings`-th end in a row (1 or more), or None."""
    if said.reason in _FOR_GOOD:
        return None
    if said.reason in _AT_ONCE:
        return wait_before(endings, rng)
    return wait_slowly(endings, rng) if said.retry_after is None else _within(said.retry_after)


def wait_after_refusal(
    status: int, retry_after: int | None, endings: int, rng: random.Random, *, proved: bool
) -> float | None:
    """Seconds after a refusal of SUBSCRIBE; None: none. `proved`: it has worked before, so that
    it is the server's trouble."""
    if retry_after is not None:
        return _within(retry_after)
    if status == 481 and proved:
        return wait_before(endings, rng)
    if status in _PASSING or (proved and status not in _UNPROVED):
        return wait_slowly(endings, rng)
    return None


def _within(seconds: int) -> float:
    return max(_SHORTEST, min(float(seconds), _LONGEST))
