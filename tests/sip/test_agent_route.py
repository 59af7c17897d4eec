"""The outbound proxy: requests outside of dialogs go by it, those inside by their own route."""

from __future__ import annotations

import pytest

from tests.sip.agents import OFFER, PBX, Pair, config
from tui.sip import Request, parse_message


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("sip:edge.example.test", "<sip:edge.example.test;lr>"),
        ("sip:edge.example.test;lr", "<sip:edge.example.test;lr>"),
    ],
)
def test_requests_outside_of_dialogs_go_by_the_outbound_proxy(given: str, sent: str) -> None:
    pair = Pair(a=config(outbound_proxy=given, trusted=()))
    at_a = pair.a.agent.invite(PBX, OFFER, pair.now)
    pair.a.agent.options(PBX, pair.now)
    pair.pump()
    at_b = next(event.call for event in pair.b.events if hasattr(event, "call"))
    pair.b.agent.accept(at_b, OFFER, pair.now)
    pair.pump()
    pair.a.agent.bye(at_a, pair.now)
    pair.pump()
    routes = {
        message.method: message.headers.get("Route")
        for message in map(parse_message, pair.a.sent)
        if isinstance(message, Request)
    }
    assert routes["REGISTER"] == routes["INVITE"] == routes["OPTIONS"] == sent
    assert routes["BYE"] is None


def test_without_an_outbound_proxy_nothing_is_routed() -> None:
    pair = Pair()
    pair.a.agent.options(PBX, pair.now)
    pair.pump()
    assert all(b"\r\nRoute:" not in data for data in pair.a.sent)
