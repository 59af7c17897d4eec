"""Where the voice goes, as this front end sees it: the PulseAudio that its `PULSE_SERVER` names is
the one at which the agent sits, and the engine is told of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from tui.text import clean_text

if TYPE_CHECKING:
    from tui.engine.commands import Result
    from tui.engine.port import EnginePort
    from tui.engine.state import Snapshot

PULSE: Final = -2
"""Among the line types of the sign-in: this computer's line, its sound carried by PulseAudio."""


def own_server() -> str:
    """The PulseAudio server that this terminal names, "" for none."""
    return clean_text(os.environ.get("PULSE_SERVER", "").strip())


def is_far() -> bool:
    """Whether that is another computer's, for all one can tell: then it is meant to be used. On a
    computer of one's own, some systems name their only PulseAudio so."""
    far = bool(os.environ.get("SSH_CONNECTION")) or own_server().startswith("tcp")
    return far and bool(own_server())


async def lead(port: EnginePort, server: str, snapshot: Snapshot) -> Result | None:
    """Have the engine carry its sound to `server`, "" to its own machine's devices; None when
    nothing is to be changed."""
    from tui.engine.commands import UsePulseServer

    if not server and not snapshot.voice.server:
        return None
    return await port.execute(UsePulseServer(server))


def follows(snapshot: Snapshot) -> str:
    """After attaching: the server that an engine must be told of, whose sound is carried by that
    of a front end before; "" for none."""
    return own_server() if snapshot.voice.server else ""
