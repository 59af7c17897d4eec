"""The numbers of a leg, over all the connections it has had."""

from __future__ import annotations

from dataclasses import dataclass

from tui.media.peer import Peer


@dataclass(frozen=True, slots=True)
class Statistics:
    """Packets since the leg began; times in milliseconds, `rtt` None before the peer's first
    report."""

    sent: int = 0
    received: int = 0
    lost: int = 0
    jitter: float = 0.0
    rtt: float | None = None
    dropped: int = 0
    """Datagrams from strangers, and broken ones."""


def added(past: Statistics, peer: Peer) -> Statistics:
    """What was before, and what this connection has counted; its own jitter and round trip."""
    rtt = peer.rtt
    return Statistics(
        sent=past.sent + peer.packets_sent,
        received=past.received + peer.reception.packets,
        lost=past.lost + peer.reception.lost,
        jitter=peer.reception.jitter * 1000,
        rtt=past.rtt if rtt is None else rtt * 1000,
        dropped=past.dropped + peer.doorman.dropped,
    )
