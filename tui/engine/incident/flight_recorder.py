"""Keeps what an engine said, heard and told in the last hour, in memory and within bounds.

How it works: everything is one row in one queue, by the instant at which it happened. The oldest
rows go when the queue is older, longer or larger than its bounds. Events change the snapshot, so a
row that goes is applied to the snapshot of the beginning first: that and the events that are left
always make the screen of any instant between. Older rows are packed together (`packed_rows`).
Nothing is masked here; nothing leaves here but through `bundle.py`, which masks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tui import sip
from tui.engine.incident.packed_rows import TOGETHER, PackedRows
from tui.engine.session.control_messages import Overheard, Sent
from tui.port.events import Event, LevelsChanged, apply
from tui.port.snapshot import Snapshot
from tui.port.values import Quality

PERIOD: Final = 3600.0
"""Seconds that are kept."""
MOST_ROWS: Final = 40_000
MOST_BYTES: Final = 3 * 1024 * 1024
"""Of SIP messages and bodies, in all."""
LONGEST: Final = 16 * 1024
"""Bytes of one SIP message that are kept."""


@dataclass(frozen=True, slots=True)
class OnWire:
    """A SIP message as it crossed the connection; `cut` when it was longer than is kept."""

    sent: bool
    data: bytes
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Sound:
    """How one call sounded in one second. `call` is the engine's key."""

    call: str
    quality: Quality


Kept = Event | Overheard | OnWire | Sound


@dataclass(frozen=True, slots=True)
class Row:
    """Something that happened at `at`, on the engine's clock in seconds."""

    at: float
    what: Kept


@dataclass(frozen=True, slots=True)
class Recording:
    """What is kept at one moment: `begin` is the snapshot before the first row."""

    begin: Snapshot
    rows: tuple[Row, ...]
    began: float


class FlightRecorder:
    """Keeps rows. `snapshot` is the truth now, `clock` in seconds."""

    def __init__(
        self,
        snapshot: Snapshot,
        clock: Callable[[], float],
        *,
        period: float = PERIOD,
        most_rows: int = MOST_ROWS,
        most_bytes: int = MOST_BYTES,
        together: int = TOGETHER,
    ) -> None:
        self._begin = snapshot
        self._clock = clock
        self._period = period
        self._most_rows = most_rows
        self._most_bytes = most_bytes
        self._rows: PackedRows[Row] = PackedRows(together)
        self._oldest = 0.0
        self._bytes = 0
        self._began = clock()

    def event(self, event: Event) -> None:
        """An event of the port. Levels are left out: there are two a second in a call."""
        if not isinstance(event, LevelsChanged):
            self._keep(event)

    def overhear(self, said: Overheard) -> None:
        """A control message of either side, or a request that was refused."""
        self._keep(said)

    def wire(self, sent: bool, data: bytes) -> None:
        """A SIP message on the connection."""
        self._keep(OnWire(sent, data[:LONGEST], len(data) > LONGEST))

    def sound(self, call: str, quality: Quality) -> None:
        """How a call sounds, once a second."""
        self._keep(Sound(call, quality))

    def recording(self) -> Recording:
        """All that is kept now."""
        self._forget()
        return Recording(self._begin, tuple(self._rows), self._began)

    def _keep(self, what: Kept) -> None:
        at = self._clock()
        if not self._rows:
            self._oldest = at
        self._rows.append(Row(at, what))
        self._bytes += _size(what)
        self._forget()

    def _forget(self) -> None:
        rows, oldest = self._rows, self._clock() - self._period
        while rows and (
            self._oldest < oldest or len(rows) > self._most_rows or self._bytes > self._most_bytes
        ):
            row = rows.popleft()
            self._began = row.at
            self._bytes -= _size(row.what)
            if not isinstance(row.what, OnWire | Sound | Sent | sip.MessageReceived | sip.Ignored):
                self._begin = apply(self._begin, row.what)
            if rows:
                self._oldest = rows.first().at


def _size(what: Kept) -> int:
    """Bytes of the row that count: what others wrote."""
    match what:
        case OnWire(data=data):
            return len(data)
        case Sent(body=body) | sip.MessageReceived(body=body):
            return len(body)
        case sip.Ignored(refused=refused) if refused is not None:
            return len(refused.body)
    return 0
