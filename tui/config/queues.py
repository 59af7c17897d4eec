"""The settings of an agent's queues at a PBX: what is dialled, and what confirms it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Final

from tui.config.frozen import frozen
from tui.config.setting import setting

MOST_QUEUES: Final = 16
"""Queues of one profile."""
WRITE_UP: Final = "write-up"
"""The reason of a write-up, among the names of breaks."""
CODE: Final = r"|[0-9*#+]{1,32}|[0-9A-Za-z][0-9A-Za-z._+~-]{0,63}"
"""What can be dialled, or subscribed to, without a domain: digits, or a name."""


@frozen
class QueueSettings:
    """[[profiles.NAME.queues]]: a queue of the PBX. What is left out is not there: without log_in
    the PBX itself says who is in the queue."""

    name: str = setting("", "What the queue is called on the screen.", like=r"[^\x00-\x1f]{1,40}")
    log_in: str = setting("", "What is dialled to be in the queue.", like=CODE)
    log_out: str = setting("", "What is dialled to be out of it.", like=CODE)
    pause: str = setting("", "What is dialled to get no calls of it for a while.", like=CODE)
    unpause: str = setting("", "What is dialled to get them again.", like=CODE)
    in_hint: str = setting(
        "", "The hint (BLF) that is on while you are in the queue: it confirms log_in.", like=CODE
    )
    paused_hint: str = setting(
        "", "The hint (BLF) that is on while you are paused: it confirms pause.", like=CODE
    )
    free_hint: str = setting(
        "", "The queue's own lamp, off while somebody in it is free, where it has one.", like=CODE
    )
    pauses: Mapping[str, str] = field(default_factory=dict)
    """What is dialled in place of `pause`, by the name or code of a break, or WRITE_UP."""

    @property
    def whole(self) -> bool:
        """Whether it has a name, and each code a way back and a hint that confirms it."""
        logs = bool(self.log_in), bool(self.log_out), bool(self.in_hint)
        pauses = bool(self.pause), bool(self.unpause), bool(self.paused_hint)
        both = (any(logs), all(logs)), (any(pauses), all(pauses))
        steered = any(asked for asked, _ in both)
        return bool(self.name) and steered and all(not some or every for some, every in both)
