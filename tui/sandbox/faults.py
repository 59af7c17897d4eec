"""What is switched off on purpose, and the journal of what agents did."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

EVERYBODY = "*"
KINDS = (
    *("web", "web-error", "message", "sip", "freeze", "call"),
    *("threeway", "threeway-end", "threeway-event", "transfer", "transfer-reply", "transfer-end"),
    "next-status",
)
"""`web`: HTTP requests get no answer; `web-error`: they get 500; `message`: no 200 to a SIP
MESSAGE, and nothing is done about it; `sip`: nothing that an agent sends is read; `freeze`:
besides, nothing is sent, not even a pong; `call`: a dial command gets its 200, and then nothing.

The same for `threeway`: every three-way request; `threeway-end`: type 4; `transfer`: a transfer;
`next-status`: 87. `threeway-event`: type 4 is answered by event 2 alone; `transfer-reply`: no 38
when a transfer is done; `transfer-end`: no 105 after the 38."""


@dataclass(slots=True)
class Faults:
    """Per kind, for whom it is on: extensions, or `*` for everybody."""

    on: dict[str, set[str]] = field(default_factory=lambda: {kind: set() for kind in KINDS})
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def hits(self, kind: str, un: str) -> bool:
        """Whether the fault is on for an agent ("" = somebody not known yet)."""
        return EVERYBODY in self.on[kind] or un in self.on[kind]

    def set(self, kind: str, un: str, on: bool) -> None:
        """Switch; KeyError when there is no such kind."""
        if on:
            self.on[kind].add(un or EVERYBODY)
        elif un:
            self.on[kind].discard(un)
        else:
            self.on[kind].clear()
        self._tell()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def over(self, kind: str, un: str) -> None:
        """Return when the fault is off."""
        while self.hits(kind, un):
            await self._changed.wait()

    def clear(self) -> None:
        """All is well again."""
        for names in self.on.values():
            names.clear()
        self._tell()


@dataclass(frozen=True, slots=True)
class Entry:
    """Something an agent sent: `at` by time.monotonic(), `what` a method or a web call."""

    at: float
    what: str
    detail: str = ""


class Journal:
    """What each agent sent, the last of it with its times, all of it counted."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._entries: dict[str, deque[Entry]] = {}
        self._counts: dict[str, Counter[str]] = {}

    def note(self, un: str, what: str, detail: str = "") -> None:
        """Write one line. Secrets never come here: `detail` is a message's type or a code."""
        self._entries.setdefault(un, deque(maxlen=200)).append(Entry(self._clock(), what, detail))
        self._counts.setdefault(un, Counter())[what] += 1

    def entries(self, un: str) -> list[Entry]:
        """The last lines, oldest first."""
        return list(self._entries.get(un, ()))

    def counts(self, un: str) -> dict[str, int]:
        """How often each thing came, since the start."""
        return dict(self._counts.get(un, {}))
