"""A note on disk of the calls that are up, so that an engine which takes over from one that was
killed knows what there is to ask the platform about, the true talk time, and the dialogs of calls
at a PBX, which outlive the engine there.

Instants are `tui.clock.instant()`, which only means something within one boot: the note carries
the boot's identity, and one from another boot is not believed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from msgspec import convert

from tui import sip
from tui.engine.context import log
from tui.port.machines.call_machine import CallState, ThirdState
from tui.port.snapshot import Call, Third
from tui.port.values import ThirdKind

PERIOD: Final = 10.0
"""Seconds after which the note is written again while a call is up: so much talk time is lost at
most with an engine."""
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class RememberedThird:
    """The third party of a platform's call: in it, or rung."""

    kind: ThirdKind
    callee: str
    name: str
    joined: bool


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is known of a call of an engine that died. `answered` None: it was not up."""

    ccnumber: str
    number: str
    outgoing: bool
    internal: bool
    began: float
    answered: float | None
    muted: bool = False
    held: bool = False
    """Mute and hold outlive the engine: a microphone that was cut is not opened by its death."""
    name: str = ""
    verified: bool = True
    seen: float | None = None
    """The last instant at which it is known to have been up."""
    dialog: sip.KeptDialog | None = None
    """Of a call at a PBX, what is needed to go on with it, or to end it."""
    note: str = ""
    """What the agent had typed about it."""
    third: RememberedThird | None = None
    """A hang-up that did not know of it would leave the two together, with no way back."""
    others: tuple[Remembered, ...] = ()
    """Further calls of that engine; of a note's first one only."""

    def talked(self, now: float) -> float | None:
        """Seconds that it was up for, as far as anybody knows; None when it never was."""
        if self.answered is None:
            return None
        return max(0.0, (now if self.seen is None else self.seen) - self.answered)


def _boot() -> str:
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


class CrashNote:
    """The note of one account, in the runtime directory (0600)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._written: Remembered | None = None

    def read(self) -> Remembered | None:
        """The call a dead engine left behind, with its others; None when there was none or the note
        is unusable."""
        try:
            data = json.loads(self.path.read_bytes())
            boot = data.pop("boot")
            remembered = convert(data, Remembered)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            log.warning("the note of the last call cannot be read: ignored")
            return None
        return remembered if boot == _boot() else None

    def keep(
        self,
        call: Call | None,
        *others: Call,
        seen: float | None = None,
        dialogs: Mapping[str, sip.KeptDialog] | None = None,
    ) -> None:
        """Write the note for this call, and the others; None takes it away. Writes only what
        changed, and `seen`, when it is PERIOD later."""
        kept = [
            _of_call(each, seen, (dialogs or {}).get(each.key))
            for each in (call, *others)
            if each is not None and each.live and each.ccnumber
        ]
        wanted = replace(kept[0], others=tuple(kept[1:])) if kept else None
        if _same(wanted, self._written):
            return
        try:
            if wanted is None:
                self.path.unlink(missing_ok=True)
                self._written = None
                return
            fresh = self.path.with_suffix(".new")
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w") as file:
                json.dump({**asdict(wanted), "boot": _boot()}, file)
            fresh.replace(self.path)
            self._written = wanted
        except OSError as error:  # what stands there is not what is so: the next look tries again
            log.warning("the note of the call could not be written: %s", error)


def _of_call(call: Call, seen: float | None, dialog: sip.KeptDialog | None) -> Remembered:
    return Remembered(
        call.ccnumber,
        call.number,
        call.outgoing,
        call.internal,
        call.began,
        call.answered,
        call.muted,
        call.state is CallState.HOLDING,
        call.name,
        call.verified,
        seen,
        dialog,
        call.note,
        _of_third(call.third),
    )


def _of_third(third: Third | None) -> RememberedThird | None:
    if third is None or not third.present:
        return None
    there = ThirdState.JOINED in (third.state, third.before)
    return RememberedThird(third.kind, third.callee, third.name, there)


def _same(wanted: Remembered | None, written: Remembered | None) -> bool:
    """Whether what is written still says it, but for the instant, which may be PERIOD old."""
    if wanted is None or written is None:
        return wanted is written
    if _timeless(wanted) != _timeless(written):
        return False
    return (wanted.seen or 0.0) - (written.seen or 0.0) < PERIOD


def _timeless(note: Remembered) -> Remembered:
    return replace(note, seen=None, others=tuple(replace(each, seen=None) for each in note.others))
