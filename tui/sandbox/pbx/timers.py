"""The PBX's timers: what they are for, and which of them has passed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TimerKind(StrEnum):
    """What a timer is for. Each is named by its kind and a ccNumber or an extension."""

    ONLINE = "online"
    """The platform's own "online" after a registration."""
    AUTO_CALL = "auto-call"
    CALL_BACK = "call-back"
    ORPHAN = "orphan"
    """An agent whose leg is lost has not come back."""
    SCRIPTED = "scripted"
    """The next call between a simulated member and a customer."""
    LISTENER = "listener"
    """A supervisor's audio leg."""
    FREED = "freed"
    """A supervisor has left a call: customers who wait can be rung through."""
    HANDOVER = "handover"
    """From 38 to the 105 of the agent who handed the call over."""
    DISTRIBUTE = "distribute"
    OFFER = "offer"
    GIVE_UP = "give-up"
    QUEUE = "queue"
    LEG = "leg"
    PICK_UP = "pick-up"
    """An agent's own telephone is picked up by itself."""
    DIAL = "dial"
    """A dial command is carried out late."""
    REPLY = "reply"
    ANSWER = "answer"
    RING = "ring"
    HANG_UP = "hang-up"
    GUEST_RING = "guest-ring"
    GUEST_ANSWER = "guest-answer"
    GUEST_HANG_UP = "guest-hang-up"
    LEFT = "left"
    """Two simulated ends were left together."""


GUEST_TIMERS = (
    TimerKind.GUEST_RING,
    TimerKind.GUEST_ANSWER,
    TimerKind.GUEST_HANG_UP,
    TimerKind.LEFT,
)
"""Those that end with the third party."""
CALL_TIMERS = (
    TimerKind.OFFER,
    TimerKind.GIVE_UP,
    TimerKind.QUEUE,
    TimerKind.LEG,
    TimerKind.PICK_UP,
    TimerKind.REPLY,
    TimerKind.ANSWER,
    TimerKind.RING,
    TimerKind.HANG_UP,
    TimerKind.ORPHAN,
    TimerKind.LISTENER,
    *GUEST_TIMERS,
)
"""Those that end with their call."""


@dataclass(slots=True)
class Times:
    """The PBX's patience, in seconds."""

    online: float = 0.3
    """From the registration to the platform's own "online"."""
    offer: float = 30.0
    """An offer that nobody answers goes on to the next agent."""
    reoffer: float = 0.2
    """From a decline to the next offer."""
    queue: float = 180.0
    """How long a customer waits in all."""
    ring: float = 30.0
    """An outside line that does not answer."""
    ring_inside: float = 20.0
    """An extension that does not answer."""
    leg: float = 12.0
    """The audio leg's set-up."""
    orphan: float = 60.0
    """A call that is up and whose agent has lost the leg or the registration."""
    phone: float = 1.0
    """After this the agent's own telephone is picked up by itself (line types 4 and 5)."""
    phone_ring: float = 30.0
    """A telephone of an agent's that nobody picks up."""
    answering: float = 1.0
    """No patience: what the dial plan's seconds until a party answers are multiplied by."""
    dial: float = 0.0
    """From a dial command to the moment when it is carried out, and answered."""
    handover: float = 0.2
    """From 38, the transfer is done, to the 105 for the agent who handed the call over."""
    left: float = 120.0
    """How long two who were left together talk on when neither is an agent."""


class PbxTimers:
    """Deadlines by kind and subject. `due` takes those that have passed off, in their order."""

    def __init__(self) -> None:
        self._deadlines: dict[tuple[TimerKind, tuple[str, ...]], float] = {}

    def set(self, when: float, kind: TimerKind, *subject: str) -> None:
        """Arm, or arm anew."""
        self._deadlines[kind, subject] = when

    def drop(self, kind: TimerKind, *subject: str) -> None:
        """Disarm every timer of the kind whose subject begins so."""
        for name in list(self._deadlines):
            if name[0] is kind and name[1][: len(subject)] == subject:
                del self._deadlines[name]

    def clear(self) -> None:
        """Disarm all."""
        self._deadlines.clear()

    def next(self) -> float | None:
        """The earliest deadline."""
        return min(self._deadlines.values(), default=None)

    def due(self, now: float) -> tuple[TimerKind, tuple[str, ...]] | None:
        """The earliest timer that has passed, taken off; None when there is none."""
        name = min(self._deadlines, key=self._deadlines.__getitem__, default=None)
        if name is None or self._deadlines[name] > now:
            return None
        del self._deadlines[name]
        return name
