"""What goes into the playout, and what is counted there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class RtpPacket:
    """One RTP packet, its SRTP taken off."""

    sequence: int
    timestamp: int
    payload_type: int
    marker: bool
    ssrc: int
    payload: bytes
    copies: tuple[tuple[int, bytes], ...] = ()
    """Copies of packets before it (RFC 2198): by how many ticks of its clock, and the payload."""


@dataclass(slots=True)
class PlayoutFigures:
    """What went on since the beginning. Counts of packets, of 48 kHz samples, and seconds."""

    received: int = 0
    lost: int = 0
    """Packets that were missing when their time had passed, and have not come since."""
    late: int = 0
    """Packets that came after their time, or with so many others that they were left out."""
    duplicate: int = 0
    played: int = 0
    """Samples handed out since the first packet, all of them."""
    repaired: int = 0
    """Samples made from the copy in a later packet (FEC, RFC 2198)."""
    concealed: int = 0
    """Samples made up; the sender's silence is none of them."""
    shed: int = 0
    """Samples taken out to come down to the target."""
    inserted: int = 0
    """Samples put in to come up to it."""
    jitter: float = 0.0
    """Inter-arrival jitter (RFC 3550 §6.4.1), seconds."""
    delay: float = 0.0
    """From arrival to handing out, of late, seconds."""
    target: float = 0.0
    """What is aimed at, beyond the quickest packet's, seconds."""
