"""What the PBX asks of the sandbox around it: control messages, audio legs, audio switching."""

from __future__ import annotations

from dataclasses import dataclass

from tui.platform.messages import PlatformMessage


@dataclass(frozen=True, slots=True)
class Say:
    """Send a control message to an agent, `copies` times."""

    un: str
    message: PlatformMessage
    copies: int = 1


@dataclass(frozen=True, slots=True)
class OpenLeg:
    """Build the agent's audio leg; report `legs.up` or `legs.failed`."""

    cc: str
    un: str


@dataclass(frozen=True, slots=True)
class CloseLeg:
    """Take the agent's audio leg down; nothing is reported."""

    cc: str
    un: str


@dataclass(frozen=True, slots=True)
class ProbeLeg:
    """Find out whether audio still comes from the agent; if not, report `legs.asked_again`."""

    cc: str
    un: str


@dataclass(frozen=True, slots=True)
class RouteAudio:
    """The call's phase, holds or parties have changed: connect the audio accordingly."""

    cc: str


@dataclass(frozen=True, slots=True)
class Speak:
    """The customer says something else from now on."""

    cc: str
    voice: str


PbxAction = Say | OpenLeg | CloseLeg | ProbeLeg | RouteAudio | Speak
