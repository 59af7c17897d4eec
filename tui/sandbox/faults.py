"""What is switched off on purpose."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum

EVERYBODY = "*"


class FaultKind(StrEnum):
    """What can be switched off."""

    WEB = "web"
    """HTTP requests get no answer."""
    WEB_ERROR = "web-error"
    """HTTP requests get 500."""
    MESSAGE = "message"
    """A SIP MESSAGE gets no 200, and nothing is done about it."""
    MESSAGE_REPLY = "message-reply"
    """A SIP MESSAGE gets no 200, but is carried out."""
    SIP = "sip"
    """Nothing that an agent sends is read."""
    FREEZE = "freeze"
    """Besides, nothing is sent, not even a pong."""
    CALL = "call"
    """A dial command gets its 200, and then nothing."""
    THREEWAY = "threeway"
    """The same for every three-way request."""
    THREEWAY_END = "threeway-end"
    """The same for type 4."""
    THREEWAY_EVENT = "threeway-event"
    """Type 4 is answered by event 2 alone."""
    TRANSFER = "transfer"
    """A transfer gets its 200, and then nothing."""
    TRANSFER_REPLY = "transfer-reply"
    """No 38 when a transfer is done."""
    TRANSFER_END = "transfer-end"
    """No 105 after the 38."""
    NEXT_STATUS = "next-status"
    """87 gets its 200, and then nothing."""


@dataclass(slots=True)
class Faults:
    """Per kind, for whom it is on: extensions, or `*` for everybody."""

    on: dict[FaultKind, set[str]] = field(
        default_factory=lambda: {kind: set() for kind in FaultKind}
    )
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def hits(self, kind: FaultKind, un: str) -> bool:
        """Whether the fault is on for an agent ("" = somebody not known yet)."""
        return EVERYBODY in self.on[kind] or un in self.on[kind]

    def set(self, kind: FaultKind, un: str, on: bool) -> None:
        """Switch."""
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

    async def over(self, kind: FaultKind, un: str) -> None:
        """Return when the fault is off."""
        while self.hits(kind, un):
            await self._changed.wait()

    def clear(self) -> None:
        """All is well again."""
        for names in self.on.values():
            names.clear()
        self._tell()
