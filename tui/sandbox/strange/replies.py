"""The 200 to a control message: on time, late, or lost."""

from __future__ import annotations

from tui.platform import messages as m
from tui.sandbox.pbx.calls import PbxSeatStatus
from tui.sandbox.strange.dice import Dice

LATE = 1.5
"""Seconds by which a 200 is late at most."""
NEVER_LOST = (m.Hold, m.Resume)
"""Their 200 is the only sign that they were carried out."""
LOST_ONCE = (m.SetSeatMode, m.JoinGroup)
"""The same, but a client says these again at every registration: the first may be lost."""


class StrangeReplies:
    """Decides about each 200."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice

    def delay(self, un: str, message: m.AgentMessage) -> float | None:
        """Seconds until the 200 goes out; None = it is lost, and the message carried out."""
        kind = type(message)
        earlier = self._dice.count("reply", un, kind.__name__)
        rng = self._dice.once("reply", un, kind.__name__, str(earlier))
        lost = rng.random() < 0.15
        if kind in NEVER_LOST or (kind in LOST_ONCE and earlier):
            lost = False
        if lost:
            return None
        return rng.choice((0.0, 0.0, 0.0, rng.uniform(0, LATE)))

    def instead(self, message: m.AgentMessage) -> m.PlatformMessage | None:
        """What takes the place of a 200 that is lost and that nothing else confirms."""
        if not isinstance(message, m.SetStatus):
            return None
        busy = message.status == PbxSeatStatus.BUSY
        return m.StatusChanged(PbxSeatStatus.BUSY if busy else PbxSeatStatus.IDLE)
