"""The numbers of a leg, over all the connections it has had."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Statistics:
    """Packets since the leg began; times in milliseconds unless they say otherwise."""

    sent: int = 0
    received: int = 0
    lost: int = 0
    """Missing in the peer's stream, whatever was done about it."""
    jitter: float = 0.0
    rtt: float | None = None
    """Round trip; None before the peer's first report."""
    dropped: int = 0
    """Datagrams from strangers, and broken ones."""
    repaired: float = 0.0
    """Share (0 to 1) of what was heard that came from forward error correction."""
    concealed: float = 0.0
    """Share (0 to 1) of what was heard that was made up."""
    delay: float = 0.0
    """Of the playout, now."""
    remote_loss: float = 0.0
    """Share (0 to 1) of our packets that the peer missed, by its last report."""
    codec: str = ""
    """What we send, as SDP spells it; "" before it is agreed."""
    silence_in: float | None = None
    """Seconds since the peer was last audible; None when it never was."""
    silence_out: float | None = None
    """Seconds since our source, before the mute, last gave anything; None when it never did."""
    unheard: float | None = None
    """For how many seconds the peer's reports have told of no new packet of ours, by the last
    of them; None without a report. A peer that stops reporting says nothing new."""
    last_packet_age: float | None = None
    """Seconds since the peer's last packet; None before the first."""
    path_age: float | None = None
    """Seconds since the peer last sent anything over the path in force, a check of ICE included;
    these come about every five seconds (RFC 7675 §5.1), also where no sound does. None before the
    first."""
    failures: int = 0
    """Datagrams of the connection in force that could not be sent ("unreachable")."""
