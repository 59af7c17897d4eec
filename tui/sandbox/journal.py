"""The journal of what agents sent, for the control API."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """Something an agent sent: `at` by time.monotonic(), `what` a method or a web call."""

    at: float
    what: str
    detail: str = ""


class AgentJournal:
    """What each agent sent, the last of it with its times, all of it counted."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._entries: dict[str, deque[JournalEntry]] = {}
        self._counts: dict[str, Counter[str]] = {}

    def note(self, un: str, what: str, detail: str = "") -> None:
        """Write one line. Secrets never come here: `detail` is a message's type or a code."""
        self._entries.setdefault(un, deque(maxlen=200)).append(
            JournalEntry(self._clock(), what, detail)
        )
        self._counts.setdefault(un, Counter())[what] += 1

    def entries(self, un: str) -> list[JournalEntry]:
        """The last lines, oldest first."""
        return list(self._entries.get(un, ()))

    def counts(self, un: str) -> dict[str, int]:
        """How often each thing came, since the start."""
        return dict(self._counts.get(un, {}))
