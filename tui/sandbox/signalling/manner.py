"""How the platform behaves where the specification leaves it open: the plain manner, and what any
other has to answer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from tui.platform import control
from tui.platform import messages as m
from tui.sip.message.header_values import NameAddr

log = logging.getLogger(__name__)

Send = Callable[[str, bytes, str], bool]
"""`send(un, body, content type)` puts a control message on the wire; False when the agent is not
there."""


class Manner(Protocol):
    """What the switchboard and the registrar ask. Times in seconds."""

    def say(self, un: str, message: m.PlatformMessage, copies: int) -> None:
        """Send a control message; `copies` is how often a plain platform says it."""

    def reply_delay(self, un: str, message: m.AgentMessage) -> float | None:
        """How late the 200 to a control message is; None = it is lost."""

    def reply_lost(self, un: str, message: m.AgentMessage) -> None:
        """The 200 was lost, and the message carried out."""

    def granted(self, un: str, asked: int) -> tuple[int, int]:
        """How long a binding lives, as the agent is told and as it is kept."""

    def contact_lines(self, un: str, contact: NameAddr, expires: int) -> list[tuple[str, str]]:
        """What the 200 to a REGISTER says of the bindings."""

    def outgoing(self, un: str, frame: bytes) -> list[bytes]:
        """What goes out in the place of a SIP message to the agent ("" before it registered)."""

    def incoming(self, frame: bytes) -> bytes:
        """What the platform gets of a SIP message from an agent."""

    def registering(self, un: str) -> None:
        """An agent's REGISTER came."""

    def registered(self, un: str) -> None:
        """An agent's REGISTER was answered with 200."""

    def stepped(self) -> None:
        """The PBX has done something."""

    def restarted(self) -> None:
        """The platform began anew: what was to come is forgotten."""

    def close(self) -> None:
        """Nothing comes any more."""


class PlainManner:
    """At once, as often as the PBX says, and nothing besides."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def say(self, un: str, message: m.PlatformMessage, copies: int) -> None:
        """Send it at once."""
        try:
            body = control.encode(message)
        except control.ControlError as error:
            log.warning("%s cannot be written: %s", type(message).__name__, error)
            return
        for _ in range(copies):
            self._send(un, body, control.CONTENT_TYPE)

    def reply_delay(self, un: str, message: m.AgentMessage) -> float | None:
        """At once."""
        return 0.0

    def reply_lost(self, un: str, message: m.AgentMessage) -> None:
        """None is."""

    def granted(self, un: str, asked: int) -> tuple[int, int]:
        """What was asked for."""
        return asked, asked

    def contact_lines(self, un: str, contact: NameAddr, expires: int) -> list[tuple[str, str]]:
        """The agent's own binding, as it was asked for."""
        return [("Contact", f"<{contact.uri}>;expires={expires}")]

    def outgoing(self, un: str, frame: bytes) -> list[bytes]:
        """As it is."""
        return [frame]

    def incoming(self, frame: bytes) -> bytes:
        """As it is."""
        return frame

    def registering(self, un: str) -> None:
        """Nothing to do."""

    def registered(self, un: str) -> None:
        """Nothing to do."""

    def stepped(self) -> None:
        """Nothing to do."""

    def restarted(self) -> None:
        """Nothing was to come."""

    def close(self) -> None:
        """Nothing was to come."""
