"""When a strange platform says what it says: late, twice, crossed, among other things."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field

from tui.platform import control
from tui.platform import messages as m
from tui.sandbox.fixtures import Fixtures
from tui.sandbox.pbx.calls import GuestState, PbxCall, PbxPhase
from tui.sandbox.pbx.pbx import Pbx
from tui.sandbox.signalling.manner import Send
from tui.sandbox.strange.bodies import content_type, dress, not_for_the_agent
from tui.sandbox.strange.dice import Dice

log = logging.getLogger(__name__)

LATE = 0.3
"""Seconds by which a message is late at most, besides those before it."""
REPEAT = 0.15
"""Seconds within which a repeat follows at once."""
AFTER_AN_END = 0.7
"""Seconds from an agent's 105 to the next 100 of the same call, at least."""
REPEATED_AT_ONCE = (m.NewCall, m.CancelCall, m.Answered, m.Ended, m.StatusChanged)
REPEATED_LATER = (m.NewCall, m.Answered, m.Ended)
CROSSING = {
    (m.Ended, m.StatusChanged),
    (m.CallinFailed, m.Ended),
    (m.TransferSucceeded, m.Ended),
    (m.StatusAfterCallResponse, m.StatusChanged),
}
"""Two that follow each other and may change places."""


@dataclass(slots=True)
class _Parcel:
    message: m.PlatformMessage | None
    body: bytes
    content_type: str
    due: float


@dataclass(slots=True)
class _Outbox:
    parcels: list[_Parcel] = field(default_factory=list)
    timer: asyncio.TimerHandle | None = None
    free_at: float = 0.0
    """When the last parcel is due: none is sent before it."""


class StrangeDelivery:
    """Sends each agent's messages. `send(un, body, content type)` puts one on the wire."""

    def __init__(self, dice: Dice, fixtures: Fixtures, pbx: Pbx, send: Send) -> None:
        self._dice = dice
        self._fixtures = fixtures
        self._pbx = pbx
        self._send = send
        self._outboxes: dict[str, _Outbox] = {}
        self._later: set[asyncio.TimerHandle] = set()
        self._ended: dict[tuple[str, str], float] = {}
        self._sent_at = 0.0

    def said(self, since: float) -> bool:
        """Whether all has been said, the last of it so many seconds ago at least."""
        waiting = any(box.parcels for box in self._outboxes.values())
        return not waiting and time.monotonic() - self._sent_at >= since

    def say(self, un: str, message: m.PlatformMessage, copies: int) -> None:
        """Send a message, soon; `copies` is how often a plain platform says it."""
        kind, now = type(message), time.monotonic()
        rng = self._dice.roll("say", un, kind.__name__)
        box = self._outboxes.setdefault(un, _Outbox())
        cc = str(getattr(message, "ccnumber", ""))
        due = max(now, box.free_at) + rng.choice((0.0, 0.0, rng.uniform(0, LATE)))
        if kind is m.NewCall:
            due = max(due, self._ended.get((un, cc), 0.0) + AFTER_AN_END)
        at = len(box.parcels)
        if box.parcels and rng.random() < 0.5 and self._may_cross(box.parcels[-1], kind):
            other = box.parcels[-1].message
            at = next(i for i, each in enumerate(box.parcels) if each.message is other)
            due = box.parcels[at].due
        if rng.random() < 0.25:
            body = not_for_the_agent(un, cc, self._fixtures.eid16, rng)
            box.parcels.insert(at, _Parcel(None, body, content_type(rng), due))
            at += 1
        times = rng.choice((1, 2, 2, 3)) if copies > 1 else 1
        if copies == 1 and kind in REPEATED_AT_ONCE:
            times = rng.choice((1, 1, 2))
        for _ in range(times):
            box.parcels.insert(at, self._parcel(message, due, rng.getrandbits(32)))
            at, due = at + 1, due + rng.uniform(0, REPEAT)
        box.free_at = max(box.free_at, due)
        if kind in REPEATED_LATER and rng.random() < 0.4:
            self._repeat_later(un, message, rng.uniform(0.5, 1.5) + due - now)
        self._arm(un, box)

    def _may_cross(self, before: _Parcel, kind: type[m.PlatformMessage]) -> bool:
        return before.message is not None and (type(before.message), kind) in CROSSING

    def _parcel(self, message: m.PlatformMessage, due: float, number: int) -> _Parcel:
        rng = self._dice.once("dress", type(message).__name__, str(number))
        return _Parcel(message, dress(control.encode(message), rng), content_type(rng), due)

    # ------------------------------------------------------------ sent

    def _arm(self, un: str, box: _Outbox) -> None:
        if box.timer is not None:
            box.timer.cancel()
        box.timer = None
        if box.parcels:
            wait = max(0.0, box.parcels[0].due - time.monotonic())
            box.timer = asyncio.get_running_loop().call_later(wait, self._tick, un, box)

    def _tick(self, un: str, box: _Outbox) -> None:
        now = time.monotonic()
        box.timer = None
        while box.parcels and box.parcels[0].due <= now:
            parcel = box.parcels.pop(0)
            self._send(un, parcel.body, parcel.content_type)
            self._sent_at = now
            if isinstance(parcel.message, m.Ended):
                self._ended[un, parcel.message.ccnumber] = now
        self._arm(un, box)

    # ------------------------------------------------------------ once more, later

    def _repeat_later(self, un: str, message: m.PlatformMessage, wait: float) -> None:
        def again() -> None:
            self._later.discard(timer)
            box = self._outboxes.setdefault(un, _Outbox())
            if not box.parcels and self._still_true(un, message):
                parcel = self._parcel(message, 0.0, 0)
                self._send(un, parcel.body, parcel.content_type)
                if isinstance(message, m.Ended):
                    self._ended[un, message.ccnumber] = time.monotonic()

        timer = asyncio.get_running_loop().call_later(wait, again)
        self._later.add(timer)

    def _still_true(self, un: str, message: m.PlatformMessage) -> bool:
        call = self._pbx.calls.get(str(getattr(message, "ccnumber", "")))
        if call is None:
            return False
        match message:
            case m.NewCall():
                return _rings(call, un)
            case m.Answered():
                return call.phase is PbxPhase.UP and un in call.parties and not _rings(call, un)
            case _:
                return un not in call.parties or call.phase is PbxPhase.ENDED

    def forget_all(self) -> None:
        """What was not said yet never will be."""
        for box in self._outboxes.values():
            if box.timer is not None:
                box.timer.cancel()
        self._outboxes.clear()
        for timer in self._later:
            timer.cancel()
        self._later.clear()
        self._ended.clear()


def _rings(call: PbxCall, un: str) -> bool:
    guest = call.guest
    if guest is not None and guest.un == un:
        return guest.state is GuestState.RINGING
    return call.phase is PbxPhase.OFFERED and call.callee == un
