"""Why something ended or was refused, as the wire says it: the Reason header (RFC 3326), the causes
of Q.850, the words of a response."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tui.sip.message.grammar import LWS, TCHAR, unescape
from tui.sip.message.headers import Headers
from tui.sip.message.message import Response
from tui.sip.message.phrases import PHRASES

_reason = re.compile(rf"{LWS}([{TCHAR}]++)").match
_cause = re.compile(rf';{LWS}cause{LWS}={LWS}"?([0-9]{{1,3}}+)', re.I).search
_text = re.compile(
    rf';{LWS}text{LWS}={LWS}(?:"([^"\\]*+(?:\\.[^"\\]*+)*)"?|([^;"]++))', re.I
).search

_warning = re.compile(rf'{LWS}[0-9]{{3}}[ \t]++[^ \t"]++[ \t]++"([^"\\]*+(?:\\.[^"\\]*+)*)"').match
_later = re.compile(rf"{LWS}[0-9]++{LWS}\(([^()]++)\)").match
_enumerator = re.compile(r"[A-Z0-9]++(?:_[A-Z0-9]++)+").fullmatch
_USUAL: Final = frozenset(
    "".join(filter(str.isalnum, each)).casefold()
    for each in (
        *("", *PHRASES.values()),
        *("normal", "normal clearing", "normal call clearing", "normal unspecified"),
        *("normal, unspecified", "unspecified", "unknown", "call completed elsewhere"),
        *("answered elsewhere", "call end", "call ended", "terminated", "hangup", "user hung up"),
        *("user busy", "busy", "no user response", "no user responding", "no answer"),
        *("no answer from user", "user alerting, no answer", "subscriber absent"),
        *("call rejected", "rejected", "number changed", "destination out of order"),
        *("invalid number format", "facility rejected", "network out of order"),
        *("temporary failure", "switching equipment congestion", "circuit congestion"),
        *("no circuit available", "no circuit/channel available", "congestion"),
        *("requested channel not available", "unallocated number", "unallocated"),
        *("unallocated (unassigned) number", "no route to destination", "interworking"),
        *("interworking, unspecified", "incompatible destination", "recovery on timer expiry"),
        *("bearer capability not available", "bearer capability not implemented"),
        *("protocol error", "originator cancel", "request cancelled", "caller cancelled"),
        *("call leg/transaction does not exist", "call leg does not exist", "call does not exist"),
        *("dialog/transaction does not exist", "transaction does not exist", "no such call"),
        *("progress", "in progress", "call progress", "early media", "alerting", "call is queued"),
    )
)
"""What the causes are called: as text of a Reason it says nothing that the cause does not."""
_WARNINGS: Final = 3
"""Texts of one response's Warning that are told, and values of the header that it is about."""
_ABOUT: Final = {
    **dict.fromkeys((300, 301, 302, 305, 380), "Contact"),
    420: "Unsupported",
    421: "Require",
    494: "Security-Server",
}
"""Which header says what a refusal wants: where else, without what, with what (RFC 3261 §21,
RFC 3329 §2.2)."""

Q850: Final[Mapping[int, str]] = {
    1: "unknown_number",
    2: "no_route",
    3: "no_route",
    6: "no_circuit",
    16: "hung_up",
    17: "busy",
    18: "no_answer",
    19: "no_answer",
    20: "not_reachable",
    21: "declined",
    22: "number_changed",
    23: "number_changed",
    25: "network_fault",
    26: "answered_elsewhere",
    27: "not_reachable",
    28: "incomplete_number",
    29: "not_offered",
    31: "hung_up",
    34: "no_circuit",
    38: "network_fault",
    41: "network_fault",
    42: "congestion",
    44: "no_circuit",
    47: "no_circuit",
    50: "not_subscribed",
    52: "not_allowed",
    54: "not_allowed",
    55: "not_allowed",
    57: "not_allowed",
    58: "not_offered",
    63: "not_offered",
    65: "no_common_sound",
    69: "not_offered",
    79: "not_offered",
    88: "no_common_sound",
    102: "timed_out",
    111: "protocol_fault",
    127: "network_fault",
}
"""Cause values of ITU-T Q.850 to what they mean for who called, as an id for a sentence."""
_CLASSES: Final = {cause // 16: Q850[cause] for cause in (47, 63, 79, 111, 127)} | {
    5: "protocol_fault"
}
"""By its first three bits, the class of a cause that is not listed (Q.850 §2.2.6), as the one of
that class that means no more than that: resources, services, messages, protocols, interworking."""
FREESWITCH: Final[Mapping[int, str]] = {
    700: "network_fault",
    701: "network_fault",
    804: "timed_out",
    806: "not_reachable",
    807: "no_answer",
    808: "no_route",
    809: "network_fault",
    810: "unknown_number",
    811: "no_route",
    812: "no_answer",
    813: "no_common_sound",
    815: "busy",
    816: "declined",
    817: "unknown_number",
    818: "no_common_sound",
    819: "declined",
}
"""Causes of FreeSWITCH's own, which it writes as those of SIP, whose statuses end at 699. A phone
that is signed out is 806 there."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One value of a Reason header. `protocol` is in upper case (`SIP`, `Q.850`); `cause` is a SIP
    status or a Q.850 value; `text` comes from the wire: `clean_text()` before it is shown."""

    protocol: str
    cause: int | None = None
    text: str = ""

    @property
    def id(self) -> str:
        """What a cause of Q.850, or of FreeSWITCH, means, one of the values of `Q850`; "" for any
        other reason."""
        if self.cause is None:
            return ""
        if self.protocol == "Q.850":
            return Q850.get(self.cause) or _CLASSES.get(self.cause // 16, "")
        return FREESWITCH.get(self.cause, "") if self.protocol == "SIP" else ""

    @property
    def own(self) -> str:
        """`text`, where it is more than the usual name of a cause or status; else "". A switch's
        own name of a cause that means nothing to us is more."""
        plain = "".join(filter(str.isalnum, self.text)).casefold()
        usual = plain in _USUAL or (bool(self.id) and _enumerator(self.text))
        return "" if usual else self.text

    @property
    def elsewhere(self) -> bool:
        """Somebody else took the call: status 200 (RFC 3326 §3.1), or Q.850 cause 26."""
        return (self.protocol, self.cause) in (("SIP", 200), ("Q.850", 26))


def read_reasons(headers: Headers) -> tuple[Reason, ...]:
    """All that can be read, in order; what cannot is left out."""
    found = []
    for value in headers.get_all("Reason"):
        protocol = _reason(value)
        if protocol is None:
            continue
        cause, text = _cause(value), _text(value)
        found.append(
            Reason(
                protocol[1].upper(),
                int(cause[1]) if cause else None,
                unescape(text[1] or text[2] or "").strip() if text else "",
            )
        )
    return tuple(found)


def reasons_of(response: Response) -> tuple[Reason, ...]:
    """What a refusal says of why: its words, as those of its status, and its Reason headers."""
    said = Reason("SIP", response.status, words_of(response))
    return said, *read_reasons(response.headers)


def words_of(response: Response) -> str:
    """A response's reason phrase, and behind it what its Warning says (RFC 3261 §20.43), why one is
    to come again later (the comment of Retry-After, §20.33), and what the header says that its
    status is about. It came from a wire: `clean_text()` before it is shown."""
    values = response.headers.get_all("Warning")
    texts = [unescape(found[1]).strip() for value in values if (found := _warning(value))]
    later = _later(response.headers.get("Retry-After") or "")
    about = ", ".join(response.headers.get_all(_ABOUT.get(response.status, ""))[:_WARNINGS])
    texts = [response.reason, *texts[:_WARNINGS], later[1].strip() if later else "", about]
    said = dict.fromkeys(text for text in texts if text)
    return ": ".join(said)
