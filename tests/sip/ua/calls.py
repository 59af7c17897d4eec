"""Calls of an agent: one that it makes, one that it gets, one that is up."""

from __future__ import annotations

from tests.sip.agents import AGENT, ANSWER, OFFER, Pair, Side, config, pbx_config
from tests.sip.registrar import Desk, answer
from tests.sip.ua.requests import ask, give, side
from tui.sip import (
    InviteReceived,
    Request,
    Response,
)

CONTACT = ("Contact", "<sip:callee@far.invalid;transport=ws>")
SDP = ("Content-Type", "application/sdp")


class Caller(Desk):
    """Us calling, the test answering."""

    def __init__(self, **changes: object) -> None:
        super().__init__(config(register=False, session_expires=0, **changes))
        self.call = self.side.agent.invite("sip:1002@example.test", OFFER, self.now)
        self.invite = self.request()

    def hear(
        self, status: int, *lines: tuple[str, str], tag: str = "far", body: bytes = b""
    ) -> None:
        wire = answer(self.invite, status, *lines, tag=tag, body=body)
        self.side.agent.receive_data(wire, self.now)

    def hear_ok(self, tag: str = "far") -> None:
        self.hear(200, CONTACT, SDP, tag=tag, body=ANSWER)

    def sends(self) -> list[Request]:
        return [message for message in self.side.messages() if isinstance(message, Request)]

    def methods(self) -> list[str]:
        return [request.method for request in self.sends()]


class Called:
    """The test calls us; we are `us`."""

    def __init__(self, **changes: object) -> None:
        self.us: Side = side(**changes)
        self.number = 0

    def invite(self, **more: object) -> str:
        """A new call; its handle."""
        self.us.agent.receive_data(ask("INVITE", **more), 0.0)  # type: ignore[arg-type]
        assert self.us.only().status == 100
        return self.us.last(InviteReceived).call

    def up(self, **more: object) -> str:
        """A call that is answered and ACKed."""
        call = self.invite(**more)
        self.us.agent.accept(call, ANSWER, 0.0)
        self.tag = self.us.only().to.tag
        self.inside("ACK", cseq="1")
        return call

    def inside(self, method: str, cseq: str = "", now: float = 0.0, **more: object) -> list[int]:
        """A request in the call; the statuses that come back."""
        self.number += 1
        values: dict[str, object] = {
            "to": f"<{AGENT}>;tag={self.tag}",
            "cseq": cseq or str(self.number + 1),
            "branch": f"z9hG4bKin{self.number}",
            "uri": "sip:1001_00011170@aaaa.invalid;transport=ws",
        }
        return give(self.us, ask(method, **{**values, **more}), now)  # type: ignore[arg-type]


HOLD = b"v=0\r\na=sendonly\r\n"
HELD = b"v=0\r\na=recvonly\r\n"


class Up(Caller):
    """A call of ours that is up; the test is the other side."""

    def __init__(self, **changes: object) -> None:
        super().__init__(**changes)
        self.hear_ok()
        self.sends()

    def reinvite(self, sdp: bytes = HOLD) -> Request:
        self.side.agent.reinvite(self.call, sdp, self.now)
        return self.request()

    def theirs(self, cseq: int = 1, body: bytes = OFFER, branch: str = "z9hG4bKre") -> None:
        """A re-INVITE of the other side."""
        request = Request(
            "INVITE",
            "sip:1001_00011170@aaaa.invalid;transport=ws;ob",
            [
                ("Via", f"SIP/2.0/WS far.invalid;branch={branch}{cseq}"),
                ("From", "<sip:1002@example.test>;tag=far"),
                ("To", self.invite.headers.get("From") or ""),
                ("Call-ID", self.invite.call_id),
                ("CSeq", f"{cseq} INVITE"),
                ("Contact", "<sip:moved@far.invalid;transport=ws>"),
                *([SDP] if body else []),
            ],
            body,
        )
        self.side.agent.receive_data(request.to_bytes(), self.now)

    def statuses(self) -> list[int]:
        return [m.status for m in self.side.messages() if isinstance(m, Response)]


def pair() -> Pair:
    """Two agents that both know transfers."""
    plain = {"trusted": (), "transfers": True, "session_expires": 0}
    return Pair(config(register=False, **plain), pbx_config(**plain))
