"""All that a screen is drawn from, in one value."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from tui.port import replace
from tui.port.snapshot import Snapshot
from tui.port.values import ConnectionState, Levels, Message

LEFT, QUIT, SIGNED_OUT = "left", "quit", "signed-out"
"""How the app ended, its return value: left running, without a session, signed out."""


class ScreenName(StrEnum):
    """Which screen is shown."""

    ACCOUNTS = "accounts"
    SIGN_IN = "sign-in"
    GROUPS = "groups"
    CONSOLE = "console"


class View(msgspec.Struct, frozen=True):
    """All that a screen is drawn from."""

    snapshot: Snapshot = Snapshot()
    screen: ScreenName = ScreenName.SIGN_IN
    connected: bool = False
    """An engine is there."""
    silent: bool = False
    """It does not answer."""
    watching: bool = False
    """It is another user's desk, which one only looks at."""
    replay: str = ""
    """Which moment of a recording it is, in words; "" for a desk that lives."""
    kiosk: bool = False
    """It is a desk for whoever comes: nobody leaves it, and nothing is taken along."""
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
    tour: int = 0
    """Which sentence of the tour is shown; 0: none."""
    calm: bool = False
    """No meters, no seconds, no boxes."""
    sandbox: bool = False
    """This is a platform in a box, not a real one."""
    sandbox_offered: bool = False
    scripts: bool = False
    """The config has scripts for calls."""
    may_decline: bool = True
    """The policy: whether an offered call may be declined."""
    notice: Message | None = None
    """What to say in the notice line."""


def unheard(snapshot: Snapshot) -> Snapshot:
    """The snapshot of an engine that does not answer: whether its line is there nobody knows, nor
    what is heard, and so neither is claimed, nor anything that hangs on it."""
    connection = snapshot.connection
    if connection.state is ConnectionState.OK:
        connection = replace(connection, state=ConnectionState.LOST)
    return replace(snapshot, connection=connection, levels=Levels(), quality=None)
