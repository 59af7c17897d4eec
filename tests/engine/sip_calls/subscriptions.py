"""What SIP tells of a subscription."""

from __future__ import annotations

from tui import sip
from tui.engine.sip_calls.subscriptions.documents import DIALOG


def active(handle: str, *, pending: bool = False) -> sip.SubscriptionActive:
    return sip.SubscriptionActive(handle, DIALOG, 3600, pending=pending)


def ended(
    handle: str, status: int = 0, reason: str = "", *, final: bool, retry: float | None = None
) -> sip.SubscriptionEnded:
    return sip.SubscriptionEnded(handle, DIALOG, reason, status, final, retry)
