"""What a colleague's lamp shows."""

from __future__ import annotations

from enum import StrEnum


class Lamp(StrEnum):
    """UNKNOWN: nothing is confirmed. AWAY: there is nobody, as presence says."""

    UNKNOWN = "unknown"
    IDLE = "idle"
    RINGING = "ringing"
    TALKING = "talking"
    AWAY = "away"
