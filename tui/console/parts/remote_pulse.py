"""Where the voice goes, as this front end sees it: to the headset of whoever logged in by `yimi
headset`, or else to the PulseAudio that its `PULSE_SERVER` names, the one at which the agent sits;
and the engine is told of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from tui.text import clean_text

if TYPE_CHECKING:
    from tui.port.commands import Result
    from tui.port.engine_port import EnginePort
    from tui.port.snapshot import Snapshot

PULSE: Final = -2
"""Among the line types of the sign-in: this computer's line, its sound carried elsewhere."""
HEADSET_SOCKET: Final = "YIMI_HEADSET"
"""The variable that names the socket of this login's headset."""
HEADSET_SECRET: Final = "YIMI_HEADSET_SECRET"  # noqa: S105 - its name
"""The one that holds what this login knows, and no other."""


def own_server() -> str:
    """What carries the voice of this terminal: `HEADSET`, the PulseAudio server that it names, or
    "" for neither."""
    if os.environ.get(HEADSET_SOCKET):
        from tui.port.values import HEADSET

        return HEADSET
    return clean_text(os.environ.get("PULSE_SERVER", "").strip())


def is_far() -> bool:
    """Whether that is another computer's, for all one can tell: then it is meant to be used. On a
    computer of one's own, some systems name their only PulseAudio so."""
    if os.environ.get(HEADSET_SOCKET):
        return True
    far = bool(os.environ.get("SSH_CONNECTION")) or own_server().startswith("tcp")
    return far and bool(own_server())


async def lead(port: EnginePort, server: str, snapshot: Snapshot) -> Result | None:
    """Have the engine carry its sound to `server`, "" to its own machine's devices; None when
    nothing is to be changed."""
    from tui.port.commands import UseHeadset, UsePulseServer
    from tui.port.values import HEADSET
    from tui.secrets import Secret

    if server == HEADSET:
        secret = Secret(os.environ.get(HEADSET_SECRET, ""))
        return await port.execute(UseHeadset(os.environ.get(HEADSET_SOCKET, ""), secret))
    if not server and not snapshot.voice.server:
        return None
    return await port.execute(UsePulseServer(server))


def follows(snapshot: Snapshot) -> str:
    """After attaching: what an engine must be told of, whose sound was carried by what a front end
    before named; "" for nothing. Whoever logged in with a headset wants to be heard by it."""
    server = own_server()
    signed_in = snapshot.account is not None and bool(os.environ.get(HEADSET_SOCKET))
    return server if snapshot.voice.server or signed_in else ""
