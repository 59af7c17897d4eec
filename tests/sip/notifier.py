"""A notifier made by hand: it hears SUBSCRIBE, answers what it is told to, and sends NOTIFYs."""

from __future__ import annotations

from typing import Any

from tests.sip.agents import config
from tests.sip.registrar import Desk, answer
from tests.sip.ua.requests import ask
from tui.sip import Request, Response, SubscriptionActive, SubscriptionEnded, parse_message

COLLEAGUE = "sip:1002@example.test"
CONTACT = ("Contact", "<sip:notifier@pbx.invalid;transport=ws>")


class Notifier:
    """We are the agent at `desk`; the test plays whoever tells of 1002."""

    def __init__(self, package: str = "dialog", expires: int = 600, **changes: Any) -> None:
        values: dict[str, Any] = {"register": False, "trusted": (), **changes}
        self.desk = Desk(config(**values))
        self.agent = self.desk.side.agent
        self.number = 0
        self.package = package
        self.handle = self.agent.subscribe(COLLEAGUE, package, self.desk.now, expires=expires)
        self.asked: Any = None

    def hear(self) -> Request:
        """The SUBSCRIBE that the agent sends now."""
        request = self.desk.request()
        assert request.method == "SUBSCRIBE"
        self.asked = request
        return request

    def say(self, status: int, *lines: tuple[str, str], to: Any = None) -> None:
        """Answer the SUBSCRIBE that was heard last."""
        wire = answer(to or self.asked, status, CONTACT, *lines)
        self.agent.receive_data(wire, self.desk.now)

    def notify(
        self,
        state: str | None = "active",
        body: bytes = b"",
        *,
        tag: str = "srv",
        event: str = "",
        kind: str = "",
        lines: tuple[tuple[str, str], ...] = (CONTACT,),
        about: Any = None,
        **more: Any,
    ) -> int:
        """Send a NOTIFY; its status."""
        self.number += 1
        asked = about or self.asked
        said = (("Subscription-State", state),) if state is not None else ()
        values: dict[str, Any] = {
            "uri": "sip:1001_00011170@aaaa.invalid;transport=ws",
            "from_": f"<{COLLEAGUE}>;tag={tag}",
            "to": asked.headers.get("From"),
            "call_id": asked.call_id,
            "cseq": str(self.number),
            "branch": f"z9hG4bKnotify{self.number}",
            "lines": (("Event", event or self.package), *said, *lines),
            "body": body,
            "content_type": kind,
            **more,
        }
        self.agent.receive_data(ask("NOTIFY", **values), self.desk.now)
        wires = self.desk.side.take()
        (reply,) = [each for each in map(parse_message, wires) if isinstance(each, Response)]
        return reply.status

    def active(self, expires: int = 600) -> None:
        """Through SUBSCRIBE, 200 and the first NOTIFY."""
        self.hear()
        self.say(200, ("Expires", str(expires)))
        assert self.notify() == 200

    def go(self, seconds: float) -> None:
        """Let time go by, with what is due in it."""
        end = self.desk.now + seconds
        while (due := self.agent.next_deadline()) is not None and due <= end:
            self.desk.now = due
            self.agent.handle_timeout(due)
        self.desk.now = end

    def ends(self) -> list[tuple[str, int, bool]]:
        """Reason, status, and whether it was the last, of each end that was told."""
        told = self.desk.side.all(SubscriptionEnded)
        return [(each.reason, each.status, each.final) for each in told]

    def times_active(self) -> int:
        return len(self.desk.side.all(SubscriptionActive))

    def left(self) -> int:
        """How many subscriptions the agent still has."""
        return len(self.agent._subscriptions._all)
