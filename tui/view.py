"""All that a screen is drawn from, in one value."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from tui.engine.state import Message, Snapshot


class Place(StrEnum):
    """Which screen is shown."""

    ACCOUNTS = "accounts"
    SIGN_IN = "sign-in"
    GROUPS = "groups"
    CONSOLE = "console"


@dataclass(frozen=True, slots=True)
class View:
    """All that a screen is drawn from."""

    snapshot: Snapshot = field(default_factory=Snapshot)
    place: Place = Place.SIGN_IN
    connected: bool = False
    """An engine answers."""
    dialling: bool = False
    """The dial field is open."""
    typing: bool = False
    """The field for a row of tones is open."""
    directory: bool = False
    """The directory is open."""
    history: bool = False
    """The history of calls is open."""
    figures: bool = False
    """The figures of the call's sound are open."""
    failed: bool = False
    """There was a failure, which can be looked at again."""
    sandbox_offered: bool = False
    may_decline: bool = True
    """The policy: whether an offered call may be declined."""
    notice: Message | None = None
    """What to say in the notice line."""
