"""Subscription-State (RFC 6665 §8.2.3): what a NOTIFY says of the subscription itself."""

from __future__ import annotations

import re
from dataclasses import dataclass

_parameter = re.compile(r";[ \t]*+([A-Za-z\-]++)[ \t]*+=[ \t]*+\"?([A-Za-z0-9.\-_]++)").findall
_seconds = re.compile(r"[0-9]{1,10}+").fullmatch


@dataclass(frozen=True, slots=True)
class SubscriptionState:
    """`state` is in lower case, `active` where nothing is said: a state that nobody knows counts as
    that one (§4.1.3). `expires` and `retry_after` are seconds, None where they are not said."""

    state: str = "active"
    reason: str = ""
    expires: int | None = None
    retry_after: int | None = None

    @property
    def terminated(self) -> bool:
        """It is over, and nothing more is told (RFC 6665 §4.1.3)."""
        return self.state == "terminated"

    @property
    def pending(self) -> bool:
        """It is asked for, and nobody has decided yet."""
        return self.state == "pending"


def read_subscription_state(value: str | None) -> SubscriptionState:
    """The header's value; what cannot be read in it is not said."""
    text = value or ""
    said: dict[str, str] = {}
    for name, what in _parameter(text):
        said.setdefault(name.lower(), what)
    return SubscriptionState(
        text.partition(";")[0].strip().lower() or "active",
        said.get("reason", "").lower(),
        _number(said.get("expires", "")),
        _number(said.get("retry-after", "")),
    )


def _number(text: str) -> int | None:
    return int(text) if _seconds(text) else None


def event_package(value: str | None) -> str:
    """The package that an Event header names, in lower case, without parameters."""
    return (value or "").partition(";")[0].strip().lower()
