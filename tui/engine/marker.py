"""A note on disk of the call that is up, so that an engine which takes over from one that was
killed knows that there is something to ask the platform about, and the true talk time.

Instants are `time.monotonic()`, which only means something within one boot: the note carries
the boot's identity, and one from another boot is not believed.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from tui.engine.core import log
from tui.engine.state import Call, CallState

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is known of the call of an engine that died. `answered` None: it was not up."""

    ccnumber: str
    number: str
    outgoing: bool
    internal: bool
    began: float
    answered: float | None
    muted: bool = False
    held: bool = False
    """Mute and hold outlive the engine: a microphone that was cut is not opened by its death."""


def _boot() -> str:
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


class Marker:
    """The note of one account, in the runtime directory (0600)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._written: Remembered | None = None

    def read(self) -> Remembered | None:
        """The call a dead engine left behind; None when there was none or the note is unusable."""
        try:
            data = json.loads(self.path.read_text())
            boot = data.pop("boot")
            remembered = Remembered(**data)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            log.warning("the note of the last call cannot be read: ignored")
            return None
        return remembered if boot == _boot() else None

    def keep(self, call: Call | None) -> None:
        """Write the note for this call; None takes it away. Writes only what changed."""
        wanted = None
        if call is not None and call.live and call.ccnumber:
            wanted = Remembered(
                call.ccnumber,
                call.number,
                call.outgoing,
                call.internal,
                call.began,
                call.answered,
                call.muted,
                call.state is CallState.HOLDING,
            )
        if wanted == self._written:
            return
        self._written = wanted
        try:
            if wanted is None:
                self.path.unlink(missing_ok=True)
                return
            fresh = self.path.with_suffix(".new")
            data = {name: getattr(wanted, name) for name in Remembered.__slots__}
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w") as file:
                json.dump({**data, "boot": _boot()}, file)
            fresh.replace(self.path)
        except OSError as error:
            log.warning("the note of the call could not be written: %s", error)
