"""Two user agents joined in memory: what one sends, the other receives, at a time that the test
sets. Nothing sleeps and nothing is random twice."""

from __future__ import annotations

import random
from typing import Any, TypeVar

from tui.secrets import Secret
from tui.sip import AgentConfig, Request, Response, UserAgent, parse_message
from tui.sip.events import Event

T = TypeVar("T")

DOMAIN = "example.test"
AGENT = f"sip:1001_00011170@{DOMAIN}"
PBX = f"sip:PBX@{DOMAIN}"
UUID = "urn:uuid:00000000-0000-4000-8000-000000000001"
OFFER = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
ANSWER = b"v=0\r\no=- 2 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
XML = "application/pidf+xml"


def config(**changes: Any) -> AgentConfig:
    """The agent's side: it registers, and trusts the PBX alone."""
    values: dict[str, Any] = {
        "aor": AGENT,
        "username": "1001_00011170",
        "password": Secret("correct horse"),
        "registrar": f"sip:{DOMAIN}",
        "instance_id": UUID,
        "trusted": (PBX,),
    }
    return AgentConfig(**{**values, **changes})


def pbx_config(**changes: Any) -> AgentConfig:
    """The platform's side."""
    values: dict[str, Any] = {
        "aor": PBX,
        "username": "",
        "password": Secret(),
        "registrar": f"sip:{DOMAIN}",
        "instance_id": "urn:uuid:00000000-0000-4000-8000-000000000002",
        "register": False,
        "outbound": False,
        "registrar_role": True,
    }
    return AgentConfig(**{**values, **changes})


class Side:
    """One user agent with all it ever said and heard."""

    def __init__(self, config: AgentConfig, seed: int = 1, via_host: str | None = None) -> None:
        self.agent = UserAgent(config, rng=random.Random(seed), via_host=via_host)
        self.events: list[Event] = []
        self.sent: list[bytes] = []

    def take(self) -> list[bytes]:
        """Drain: what it sends now; events are kept."""
        out = self.agent.data_to_send()
        self.sent += out
        self.events += self.agent.events()
        return out

    def messages(self) -> list[Request | Response]:
        """Drain, read as messages (keep-alives left out)."""
        return [parse_message(data) for data in self.take() if data.strip()]

    def only(self) -> Any:
        """Drain: the one message that it sends now."""
        (message,) = self.messages()
        return message

    def all(self, kind: type[T]) -> list[T]:
        self.take()
        return [event for event in self.events if isinstance(event, kind)]

    def one(self, kind: type[T]) -> T:
        """The one event of this kind so far."""
        (event,) = self.all(kind)
        return event

    def last(self, kind: type[T]) -> T:
        return self.all(kind)[-1]


class Pair:
    """An agent (`a`) and a platform (`b`), connected. `drop` may hold messages back: it is asked
    with the side's letter and the bytes, and says True for what is lost."""

    def __init__(self, a: AgentConfig | None = None, b: AgentConfig | None = None) -> None:
        self.now = 1000.0
        self.a = Side(a or config(register=False), 1, "aaaa.invalid")
        self.b = Side(b or pbx_config(), 2, "bbbb.invalid")
        self.wire: list[tuple[str, bytes]] = []
        self.drop: Any = lambda side, data: False
        self.a.agent.connection_made(self.now)
        self.b.agent.connection_made(self.now)
        self.pump()

    def pump(self) -> None:
        """Carry messages both ways until neither side has more to say."""
        while True:
            moved = False
            for name, side, other in (("a", self.a, self.b), ("b", self.b, self.a)):
                for data in side.take():
                    moved = True
                    self.wire.append((name, data))
                    if not self.drop(name, data):
                        other.agent.receive_data(data, self.now)
            if not moved:
                break
        self.a.take()
        self.b.take()

    def advance(self, seconds: float) -> None:
        """Let time go by, waking each side exactly when it asked to be woken."""
        end = self.now + seconds
        while True:
            deadlines = [
                when
                for side in (self.a, self.b)
                if (when := side.agent.next_deadline()) is not None and when <= end
            ]
            if not deadlines:
                break
            self.now = max(self.now, min(deadlines))
            for side in (self.a, self.b):
                side.agent.handle_timeout(self.now)
            self.pump()
        self.now = end

    def starts(self) -> list[str]:
        """`a INVITE`, `b 180`, … of all that went over the wire."""
        lines = []
        for name, data in self.wire:
            if data.strip():
                first = data.split(b"\r\n", 1)[0].decode()
                words = first.split(" ")
                lines.append(f"{name} {words[1] if words[0] == 'SIP/2.0' else words[0]}")
        return lines

    def call(self) -> tuple[str, str]:
        """The platform calls the agent, who answers. The handles at (a, b)."""
        at_b = self.b.agent.invite(AGENT, OFFER, self.now)
        self.pump()
        from tui.sip import InviteReceived

        at_a = self.a.last(InviteReceived).call
        self.a.agent.accept(at_a, ANSWER, self.now)
        self.pump()
        return at_a, at_b
