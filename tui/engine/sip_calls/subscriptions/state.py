"""What is known of one address, by one package."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tui.port.values import Message, message
from tui.presence.dialog_info import DialogInfo
from tui.presence.lamp import Lamp
from tui.presence.message_summary import MailboxNews
from tui.presence.pidf import PresenceNews

Document = DialogInfo | PresenceNews | MailboxNews
"""A body that was read. A `DialogInfo` is always whole here: what was told in parts is put
together."""

NO_SUCH: Final = 404
BAD_EVENT: Final = 489
ASKED: Final = ("watch.asking", "watch.lost")
"""Causes that are over as soon as the PBX says anything."""
IDS: Final = (
    *("watch.asking", "watch.lost", "watch.pending", "watch.nothing", "watch.unreadable"),
    *("watch.refused", "watch.no_such", "watch.bad_event", "watch.ended", "watch.too_many"),
    "watch.not_asked",
)
"""Sentences that are chosen here: a catalogue must have them all."""


class WatchPhase(StrEnum):
    """ASKING: nobody has said anything yet, or what was said counts no longer; it is asked for by
    itself. PENDING: somebody there must first allow it. ACTIVE: a NOTIFY has confirmed it. REFUSED:
    nothing more is tried before the next registration."""

    ASKING = "asking"
    PENDING = "pending"
    ACTIVE = "active"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class WatchedState:
    """`document` None: nothing is confirmed, and `why` says in words why not. `status` is that of a
    refusal (RFC 3261), 0 for none; `reason` its words, as the wire had them."""

    phase: WatchPhase = WatchPhase.ASKING
    document: Document | None = None
    status: int = 0
    reason: str = ""
    cause: str = "watch.asking"
    """The sentence of why nothing is known; "" where something is."""

    @property
    def why(self) -> Message | None:
        """Why nothing is known; None where something is."""
        if self.document is not None:
            return None
        return message(self.cause, status=self.status, reason=self.reason)

    @property
    def lamp(self) -> Lamp:
        """What it comes to, for whoever has a phone; a mailbox has none."""
        if isinstance(self.document, DialogInfo | PresenceNews):
            return self.document.lamp
        return Lamp.UNKNOWN


def refused(status: int, reason: str) -> WatchedState:
    """The end for which nothing more is tried."""
    cause = {0: "watch.ended", NO_SUCH: "watch.no_such", BAD_EVENT: "watch.bad_event"}
    return WatchedState(
        WatchPhase.REFUSED, None, status, reason, cause.get(status, "watch.refused")
    )
