"""SIP as values and tables: no asyncio, no sockets, no clock (`websocket.py` apart).

Bytes go in, messages and events come out. Two kinds of error leave this package:
`RemoteProtocolError` when the peer broke the protocol, `LocalProtocolError` when we would.
"""

from __future__ import annotations

from tui.sip.agent import UserAgent
from tui.sip.config import AgentConfig
from tui.sip.credentials import Challenge, parse_challenge
from tui.sip.digest import DigestClient, DigestRefused, DigestServer, Refusal, Verdict
from tui.sip.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from tui.sip.events import (
    AckWithSdp,
    Answered,
    CallEnded,
    Established,
    Event,
    FlowFailed,
    Ignored,
    InfoReceived,
    InviteCancelled,
    InviteReceived,
    InviteRefused,
    MessageReceived,
    Progress,
    ReferReceived,
    Registered,
    RegistrationFailed,
    RegistrationRefreshed,
    ReinviteAccepted,
    ReinviteReceived,
    ReinviteRefused,
    RequestOutcome,
    RequestReceived,
    TransferProgress,
    Unregistered,
)
from tui.sip.fields import CSeq, NameAddr, Via, parse_cseq, parse_name_addr, parse_via
from tui.sip.headers import Headers
from tui.sip.message import Message, Request, Response, parse_message
from tui.sip.uri import Uri, escape_user, parse_uri

__all__ = [
    "AckWithSdp",
    "AgentConfig",
    "Answered",
    "CSeq",
    "CallEnded",
    "Challenge",
    "DigestClient",
    "DigestRefused",
    "DigestServer",
    "Established",
    "Event",
    "FlowFailed",
    "Headers",
    "Ignored",
    "InfoReceived",
    "InviteCancelled",
    "InviteReceived",
    "InviteRefused",
    "LocalProtocolError",
    "Message",
    "MessageReceived",
    "NameAddr",
    "Progress",
    "ProtocolError",
    "ReferReceived",
    "Refusal",
    "Registered",
    "RegistrationFailed",
    "RegistrationRefreshed",
    "ReinviteAccepted",
    "ReinviteReceived",
    "ReinviteRefused",
    "RemoteProtocolError",
    "Request",
    "RequestOutcome",
    "RequestReceived",
    "Response",
    "TransferProgress",
    "Unregistered",
    "Uri",
    "UserAgent",
    "Verdict",
    "Via",
    "escape_user",
    "parse_challenge",
    "parse_cseq",
    "parse_message",
    "parse_name_addr",
    "parse_uri",
    "parse_via",
]
