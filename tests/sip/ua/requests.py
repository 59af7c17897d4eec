"""Requests from outside to an agent, and what it says to them."""

from __future__ import annotations

from tests.sip.agents import AGENT, OFFER, PBX, XML, Side, config
from tui.sip import (
    Headers,
    Request,
    Response,
)


def ask(
    method: str = "MESSAGE",
    *,
    uri: str = AGENT,
    from_: str = f"<{PBX}>;tag=b",
    to: str = f"<{AGENT}>",
    call_id: str = "call",
    cseq: str = "1",
    branch: str = "z9hG4bKone",
    lines: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
    content_type: str = "",
) -> bytes:
    headers = Headers()
    via = "SIP/2.0/WS pbx.invalid" + (f";branch={branch}" if branch else "")
    headers.add("Via", via)
    headers.add("From", from_)
    headers.add("To", to)
    headers.add("Call-ID", call_id)
    headers.add("CSeq", f"{cseq} {method}")
    kind = content_type or {"MESSAGE": XML, "INVITE": "application/sdp"}.get(method, "")
    if kind:
        headers.add("Content-Type", kind)
    if method == "INVITE":
        headers.add("Contact", "<sip:PBX@pbx.invalid;transport=ws>")
        body = body or OFFER
    for name, value in lines:
        headers.add(name, value)
    return Request(method, uri, headers, body).to_bytes()


def side(**changes: object) -> Side:
    made = Side(config(register=False, **changes), via_host="aaaa.invalid")
    made.agent.connection_made(0.0)
    return made


def give(to: Side, wire: bytes, now: float = 0.0) -> list[int]:
    """The statuses that come back."""
    to.agent.receive_data(wire, now)
    return [message.status for message in to.messages() if isinstance(message, Response)]
