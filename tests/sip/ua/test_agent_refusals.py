"""A refused REGISTER, judged by what went before (RFC 3261 §10.3, §20.33), and the credentials of
several hops (§22.3)."""

from __future__ import annotations

import pytest

from tests.sip.registrar import Desk, field
from tui.sip import (
    InviteRefused,
    Registered,
    RegistrationFailed,
    RegistrationRefreshed,
    Request,
    Unregistered,
)

OF_A_REFRESH = [400, 403, 404, 405, 410, 423, 429, 480, 486, 488, 491, 500, 503, 600, 603, 606]


def refreshing() -> Desk:
    desk = Desk()
    desk.registered()
    desk.wake()
    return desk


@pytest.mark.parametrize("status", OF_A_REFRESH)
def test_a_refused_refresh_is_tried_again_slowly_for_as_long_as_it_takes(status: int) -> None:
    desk = refreshing()
    waits = []
    for _ in range(8):
        desk.reply(desk.request(), status)
        failed = desk.side.last(RegistrationFailed)
        assert not failed.final
        waits.append(desk.wake())
        assert failed.retry_after == pytest.approx(waits[-1])
    assert all(2.0 <= wait <= 600.0 for wait in waits)
    desk.reply(desk.request(), 200)
    assert len(desk.side.all(Registered)) + len(desk.side.all(RegistrationRefreshed)) == 2


@pytest.mark.parametrize("status", [404, 410, 486, 603])
def test_a_refusal_that_does_not_pass_is_asked_about_less_and_less(status: int) -> None:
    desk = refreshing()
    waits = []
    for _ in range(9):
        desk.reply(desk.request(), status)
        waits.append(desk.wake())
    assert waits[0] <= 30.0
    assert waits[-1] >= 300.0
    assert desk.side.all(Registered) == [Registered(600, desk.side.one(Registered).headers)]


@pytest.mark.parametrize("proved", [False, True])
@pytest.mark.parametrize("status", [400, 403, 404, 410, 480, 486, 503, 600, 603])
def test_retry_after_is_obeyed_with_any_status(status: int, proved: bool) -> None:
    desk = refreshing() if proved else Desk()
    desk.reply(desk.request(), status, ("Retry-After", "77"))
    held = proved and status in (480, 503)
    failed = RegistrationFailed(status, "Because", False, 77.0, held)
    assert desk.side.one(RegistrationFailed) == failed
    assert desk.wake() == 77.0
    assert desk.request().method == "REGISTER"


@pytest.mark.parametrize("status", OF_A_REFRESH)
def test_a_refusal_says_whether_the_binding_of_before_is_held_until_the_next_try(
    status: int,
) -> None:
    desk = refreshing()
    desk.reply(desk.request(), status)
    assert desk.side.one(RegistrationFailed).held == (status in (480, 500, 503))


@pytest.mark.parametrize("after", [None, "3000"])
def test_a_registrar_that_is_away_for_longer_than_the_bindings_life_holds_nothing(
    after: str | None,
) -> None:
    desk = refreshing()
    lines = (("Retry-After", after),) if after else ()
    start = desk.now
    desk.reply(desk.request(), 503, *lines)
    while desk.side.last(RegistrationFailed).held:
        desk.wake()
        desk.reply(desk.request(), 503)
    assert desk.now - start < 300.0
    desk.wake()
    desk.reply(desk.request(), 200)
    assert len(desk.side.all(Registered)) == 2  # told as new: all that it held of us is told again


@pytest.mark.parametrize("status", OF_A_REFRESH)
@pytest.mark.parametrize("last", [200, 403, 503])
def test_leaving_takes_back_what_may_be_bound_still(status: int, last: int) -> None:
    desk = refreshing()
    desk.reply(desk.request(), status)
    desk.side.agent.unregister(desk.now)
    request = desk.request()
    assert (request.method, request.headers.get("Expires")) == ("REGISTER", "0")
    desk.reply(request, last)
    assert desk.side.all(Unregistered)
    assert desk.side.agent.next_deadline() is None


def test_a_yes_that_keeps_no_binding_is_no_registration() -> None:
    for desk, told in ((Desk(), 0), (refreshing(), 1)):
        waits = []
        for _ in range(5):
            request = desk.request()
            gone = (request.headers.get("Contact") or "").replace("expires=600", "expires=0")
            desk.reply(request, 200, ("Contact", gone))
            assert not desk.side.last(RegistrationFailed).held
            waits.append(desk.wake())
        assert waits[-1] > waits[0] >= 2.0
        desk.reply(desk.request(), 200)
        assert len(desk.side.all(Registered)) == told + 1


def test_a_yes_that_keeps_no_binding_lets_us_leave() -> None:
    desk = Desk()
    request = desk.request()
    desk.side.agent.unregister(desk.now)
    gone = (request.headers.get("Contact") or "").replace("expires=600", "expires=0")
    desk.reply(request, 200, ("Contact", gone))
    desk.reply(desk.request(), 200)
    assert desk.side.all(Unregistered)


def test_a_retry_after_of_no_time_at_all_is_a_second() -> None:
    desk = Desk()
    desk.reply(desk.request(), 503, ("Retry-After", "0"))
    assert desk.wake() == 1.0


def test_401_in_spite_of_our_credentials_is_final_and_a_new_flow_deserves_a_try() -> None:
    desk = refreshing()
    desk.reply(desk.request(), 401, desk.challenge(nonce="n2"))
    desk.reply(desk.request(), 401, desk.challenge(nonce="n3"))
    assert desk.side.one(RegistrationFailed).final
    assert desk.side.agent.next_deadline() is None
    desk.side.agent.connection_lost(desk.now)
    desk.connect()
    desk.reply(desk.request(), 200)
    assert len(desk.side.all(Registered)) == 2


def test_a_new_flow_registers_again_after_any_refusal_of_what_worked() -> None:
    desk = refreshing()
    desk.reply(desk.request(), 410)
    desk.side.agent.connection_lost(desk.now)
    desk.connect()
    desk.reply(desk.request(), 403)
    assert not desk.side.last(RegistrationFailed).final
    desk.wake()
    desk.reply(desk.request(), 200)
    assert len(desk.side.all(Registered)) == 2


@pytest.mark.parametrize("status", [403, 404, 410, 603])
def test_an_account_that_is_refused_at_first_is_not_tried_again_by_a_new_flow(status: int) -> None:
    desk = Desk()
    desk.reply(desk.request(), status)
    assert desk.side.one(RegistrationFailed).final
    desk.side.agent.connection_lost(desk.now)
    desk.connect()
    desk.quiet()


def test_signing_out_forgets_that_it_once_worked() -> None:
    desk = Desk()
    desk.registered()
    desk.side.agent.unregister(desk.now)
    desk.reply(desk.request(), 200)
    desk.side.agent.register(desk.now)
    desk.reply(desk.request(), 403)
    assert desk.side.one(RegistrationFailed).final


# ---------------------------------------------------------------- credentials of several hops


def proxy(desk: Desk, realm: str, nonce: str = "p1") -> tuple[str, str]:
    return "Proxy-Authenticate", desk.challenge(realm=realm, nonce=nonce)[1]


def credentials(request: Request) -> list[tuple[str, str]]:
    """(header, realm) of every credential in a request."""
    return [
        (name, field(value, "realm"))
        for name in ("Proxy-Authorization", "Authorization")
        for value in request.headers.get_all(name)
    ]


@pytest.mark.parametrize("realms", [("edge", "home"), ("same", "same")])
def test_a_proxy_and_a_registrar_each_get_theirs_in_the_same_request(
    realms: tuple[str, str],
) -> None:
    desk = Desk()
    desk.reply(desk.request(), 407, proxy(desk, realms[0]))
    desk.reply(desk.request(), 401, desk.challenge(realm=realms[1]))
    both = desk.request()
    held = [("Proxy-Authorization", realms[0]), ("Authorization", realms[1])]
    assert credentials(both) == held
    desk.reply(both, 200)
    desk.wake()
    assert credentials(desk.request()) == held  # the next one brings them unasked


@pytest.mark.parametrize("status", [401, 407])
def test_a_fork_puts_both_kinds_of_challenge_into_one_response_and_each_gets_its_own(
    status: int,
) -> None:
    desk = Desk()
    desk.reply(desk.request(), status, desk.challenge(realm="core"), proxy(desk, "edge"))
    both = desk.request()
    assert set(credentials(both)) == {("Authorization", "core"), ("Proxy-Authorization", "edge")}
    desk.reply(both, 200)
    assert len(desk.side.all(Registered)) == 1


@pytest.mark.parametrize("status", [401, 407])
def test_a_challenge_under_the_other_header_is_met_there(status: int) -> None:
    desk = Desk()
    asks = proxy(desk, "pbx") if status == 401 else desk.challenge(realm="pbx")
    header = "Proxy-Authorization" if status == 401 else "Authorization"
    desk.reply(desk.request(), status, asks)
    assert credentials(desk.request()) == [(header, "pbx")]


def test_of_two_headers_the_one_that_can_be_met_counts() -> None:
    desk = Desk()
    unknown = ("Proxy-Authenticate", "Negotiate")
    desk.reply(desk.request(), 407, unknown, desk.challenge(realm="core"))
    assert credentials(desk.request()) == [("Authorization", "core")]
    desk = Desk()
    desk.reply(desk.request(), 401, unknown, ("WWW-Authenticate", "Basic realm=x"))
    assert "Basic" in desk.side.one(RegistrationFailed).reason


def test_two_proxies_each_get_theirs_and_both_realms_are_ours_from_then_on() -> None:
    desk = Desk()
    desk.reply(desk.request(), 407, proxy(desk, "edge"), proxy(desk, "core"))
    both = desk.request()
    assert credentials(both) == [("Proxy-Authorization", "edge"), ("Proxy-Authorization", "core")]
    desk.reply(both, 200)
    desk.side.agent.invite("sip:1002@example.test", None, desk.now)
    for realm in ("edge", "core"):
        desk.reply(desk.side.messages()[-1], 407, proxy(desk, realm, "p2"))  # type: ignore[arg-type]
    ack, third = desk.side.messages()
    assert ack.method == "ACK"  # type: ignore[union-attr]
    assert len(credentials(third)) == 2  # type: ignore[arg-type]
    desk.reply(third, 407, proxy(desk, "stranger", "p3"))  # type: ignore[arg-type]
    assert desk.side.one(InviteRefused).status == 407


def test_each_hop_that_refuses_its_credential_is_answered_once_more_only_when_stale() -> None:
    desk = Desk()
    desk.reply(desk.request(), 407, proxy(desk, "edge"))
    desk.reply(desk.request(), 401, desk.challenge())
    stale = ("WWW-Authenticate", desk.challenge(nonce="n2", stale="true")[1])
    desk.reply(desk.request(), 401, stale)
    desk.reply(desk.request(), 407, proxy(desk, "edge", "p2"))
    assert desk.side.one(RegistrationFailed).final
