"""The outbound proxy: requests outside of dialogs go by it, those inside by their own route."""

from __future__ import annotations

import pytest

from tests.sip.agents import OFFER, PBX, Pair, config
from tests.sip.registrar import Desk
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


HOPS = ("<sip:edge.example.test;lr>", '"Core, two" <sips:core.example.test:5061;transport=ws;lr>')


def registered(given: str, proxy: str = "") -> Desk:
    desk = Desk(config(trusted=(), outbound_proxy=proxy))
    desk.reply(desk.request(), 200, ("Service-Route", given))
    return desk


def way(desk: Desk) -> list[str]:
    desk.side.agent.options(PBX, desk.now)
    return desk.request().headers.get_all("Route")


@pytest.mark.parametrize(
    ("proxy", "behind"),
    [
        ("", [*HOPS]),
        ("sip:edge.example.test", [*HOPS]),
        ("sip:near.example.test;lr", ["<sip:near.example.test;lr>", *HOPS]),
    ],
)
def test_what_we_begin_goes_by_the_registrars_service_route(proxy: str, behind: list[str]) -> None:
    desk = registered(", ".join(HOPS), proxy)
    assert way(desk) == behind
    desk.side.agent.invite(PBX, OFFER, desk.now)
    assert desk.request().headers.get_all("Route") == behind
    desk.side.agent.register(desk.now)
    assert desk.request().headers.get_all("Route") == (behind[:1] if proxy else [])


@pytest.mark.parametrize(
    "given",
    [
        "<sip:edge.example.test>",
        "<sip:edge.example.test;lr>, <sip:core.example.test",
        "<http://edge.example.test;lr>",
        ", ".join(["<sip:edge.example.test;lr>"] * 9),
        "",
    ],
)
def test_a_service_route_that_cannot_be_followed_whole_is_none(given: str) -> None:
    assert way(registered(given)) == []
    assert way(registered(given, "sip:near.example.test")) == ["<sip:near.example.test;lr>"]


def test_a_service_route_counts_as_long_as_its_registration() -> None:
    desk = registered(HOPS[0])
    desk.side.agent.register(desk.now)
    desk.reply(desk.request(), 200)
    assert way(desk) == []
    desk = registered(HOPS[0])
    desk.side.agent.connection_lost(desk.now)
    desk.connect()
    assert desk.request().headers.get_all("Route") == []
    assert way(desk) == []
    desk = registered(HOPS[0])
    desk.side.agent.unregister(desk.now)
    desk.reply(desk.request(), 200)
    assert way(desk) == []


def test_a_platform_that_trusts_itself_alone_says_where_all_goes() -> None:
    desk = Desk()
    desk.reply(desk.request(), 200, ("Service-Route", HOPS[0]))
    assert way(desk) == []
