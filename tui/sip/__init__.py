"""SIP as values and tables: no asyncio, no sockets, no clock (`websocket.py` apart).

Bytes go in, messages and events come out. Two kinds of error leave this package:
`RemoteProtocolError` when the peer broke the protocol, `LocalProtocolError` when we would.
"""

from __future__ import annotations

from tui.sip.auth.credentials import Challenge, parse_challenge
from tui.sip.auth.digest import (
    DigestClient,
    DigestRefused,
    DigestServer,
    Refusal,
    Verdict,
)
from tui.sip.config import AgentConfig
from tui.sip.dialog.dialog import KeptDialog
from tui.sip.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from tui.sip.events import (
    AckWithSdp,
    CallEnded,
    DialogUpdated,
    Established,
    Event,
    FlowFailed,
    HangUpRefused,
    Ignored,
    InfoReceived,
    InviteAnswered,
    InviteCancelled,
    InviteReceived,
    InviteRefused,
    MessageReceived,
    Notified,
    Overloaded,
    Progress,
    ReferReceived,
    Refused,
    Registered,
    RegistrationFailed,
    RegistrationRefreshed,
    ReinviteAccepted,
    ReinviteReceived,
    ReinviteRefused,
    RequestOutcome,
    RequestReceived,
    Rule,
    SubscriptionActive,
    SubscriptionEnded,
    TransferProgress,
    Unregistered,
)
from tui.sip.message.body import read_sdp
from tui.sip.message.header_values import (
    CSeq,
    NameAddr,
    Via,
    parse_cseq,
    parse_name_addr,
    parse_via,
)
from tui.sip.message.headers import Headers
from tui.sip.message.identity import asserted, is_unscreened, is_withheld, wants_auto_answer
from tui.sip.message.message import Request, Response, SipMessage, parse_message
from tui.sip.message.phrases import phrase
from tui.sip.message.reason import Q850, Reason, read_reasons
from tui.sip.message.uri import Uri, escape_user, parse_uri, phone_uri
from tui.sip.ua.user_agent import UserAgent

__all__ = [
    "Q850",
    "AckWithSdp",
    "AgentConfig",
    "CSeq",
    "CallEnded",
    "Challenge",
    "DialogUpdated",
    "DigestClient",
    "DigestRefused",
    "DigestServer",
    "Established",
    "Event",
    "FlowFailed",
    "HangUpRefused",
    "Headers",
    "Ignored",
    "InfoReceived",
    "InviteAnswered",
    "InviteCancelled",
    "InviteReceived",
    "InviteRefused",
    "KeptDialog",
    "LocalProtocolError",
    "MessageReceived",
    "NameAddr",
    "Notified",
    "Overloaded",
    "Progress",
    "ProtocolError",
    "Reason",
    "ReferReceived",
    "Refusal",
    "Refused",
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
    "Rule",
    "SipMessage",
    "SubscriptionActive",
    "SubscriptionEnded",
    "TransferProgress",
    "Unregistered",
    "Uri",
    "UserAgent",
    "Verdict",
    "Via",
    "asserted",
    "escape_user",
    "is_unscreened",
    "is_withheld",
    "parse_challenge",
    "parse_cseq",
    "parse_message",
    "parse_name_addr",
    "parse_uri",
    "parse_via",
    "phone_uri",
    "phrase",
    "read_reasons",
    "read_sdp",
    "wants_auto_answer",
]
