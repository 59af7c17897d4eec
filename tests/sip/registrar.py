"""A registrar made by hand for transcripts: it answers what it is told to answer."""

from __future__ import annotations

from collections.abc import Sequence

from tests.sip.agents import Side, config
from tui.sip import AgentConfig, DigestServer, Headers, Request, Response

REALM = "example.test"


def answer(
    request: Request,
    status: int,
    *lines: tuple[str, str],
    tag: str = "srv",
    body: bytes = b"",
    reason: str = "Because",
) -> bytes:
    """A response to `request` as it goes over the wire."""
    headers = Headers()
    for name in ("Via", "From", "To", "Call-ID", "CSeq"):
        for value in request.headers.get_all(name):
            if name == "To" and status > 100 and tag and ";tag=" not in value:
                value = f"{value};tag={tag}"
            headers.add(name, value)
    for name, value in lines:
        headers.add(name, value)
    return Response(status, reason, headers, body).to_bytes()


class Desk:
    """An agent that registers, and us as its registrar, at a time that the test sets."""

    def __init__(self, settings: AgentConfig | None = None, *, connect: bool = True) -> None:
        self.now = 500.0
        self.side = Side(settings or config(), 7, "aaaa.invalid")
        self.digest: DigestServer | None = None
        if connect:
            self.connect()

    def connect(self) -> None:
        self.side.agent.connection_made(self.now)

    def request(self) -> Request:
        """The one request that the agent sends now."""
        request = self.side.only()
        assert isinstance(request, Request)
        return request

    def reply(
        self, request: Request, status: int, *lines: tuple[str, str], body: bytes = b""
    ) -> None:
        self.side.agent.receive_data(answer(request, status, *lines, body=body), self.now)

    def quiet(self) -> None:
        """The agent has nothing to say."""
        assert self.side.take() == []

    def challenge(self, *, realm: str = REALM, nonce: str = "n1", **more: str) -> tuple[str, str]:
        extra = "".join(f", {name}={value}" for name, value in more.items())
        algorithm = "" if "algorithm" in more else ", algorithm=MD5"
        value = f'Digest realm="{realm}", nonce="{nonce}", qop="auth"{algorithm}{extra}'
        return "WWW-Authenticate", value

    def wake(self) -> float:
        """Go to the next deadline; the seconds that it took."""
        deadline = self.side.agent.next_deadline()
        assert deadline is not None
        waited = deadline - self.now
        self.now = deadline
        self.side.agent.handle_timeout(self.now)
        return waited

    def registered(self, *lines: tuple[str, str]) -> Request:
        """Through 401 to 200; the request that was accepted."""
        self.reply(self.request(), 401, self.challenge())
        request = self.request()
        self.reply(request, 200, *(lines or (("Expires", "600"),)))
        return request


def field(header: str, name: str) -> str:
    """One parameter of an Authorization header, unquoted."""
    for part in header.removeprefix("Digest ").split(", "):
        key, _, value = part.partition("=")
        if key == name:
            return value.strip('"')
    return ""


def names(values: Sequence[object]) -> list[str]:
    return [type(value).__name__ for value in values]
