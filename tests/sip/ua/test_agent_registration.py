"""REGISTER, as transcripts with injected time (RFC 3261 §10, RFC 5626, sip.md's timing)."""

from __future__ import annotations

import re

import pytest

from tests.sip.agents import AGENT, UUID, config
from tests.sip.registrar import Desk, field, names
from tui.sip import (
    FlowFailed,
    Ignored,
    Registered,
    RegistrationFailed,
    RegistrationRefreshed,
    Unregistered,
)


def test_a_register_says_who_what_and_how_to_come_back() -> None:
    request = Desk().request()
    assert request.method == "REGISTER"
    assert request.uri == "sip:example.test"
    assert re.fullmatch(
        r"SIP/2\.0/WS aaaa\.invalid;branch=z9hG4bK[0-9a-f]{24};rport",
        request.headers.get("Via") or "",
    )
    assert request.headers.get("Contact") == (
        f'<sip:1001_00011170@aaaa.invalid;transport=ws>;+sip.instance="<{UUID}>"'
        ";reg-id=1;expires=600"
    )
    assert str(request.to) == f"<{AGENT}>"
    assert request.from_.tag
    assert set(request.headers.get_all("Supported")) == {"outbound", "path"}
    assert request.headers.get("Expires") == "600"
    assert re.fullmatch(r"[0-9a-f]{32}", request.call_id)


def test_over_tls_the_via_says_wss_and_the_contact_still_ws() -> None:
    request = Desk(config(transport="wss")).request()
    assert (request.headers.get("Via") or "").startswith("SIP/2.0/WSS ")
    assert "transport=ws>" in (request.headers.get("Contact") or "")


def test_without_outbound_there_is_no_reg_id() -> None:
    request = Desk(config(outbound=False)).request()
    assert "reg-id" not in (request.headers.get("Contact") or "")
    assert "outbound" not in request.headers.get_all("Supported")


def test_a_401_is_answered_once_in_the_same_call_with_the_next_cseq() -> None:
    desk = Desk()
    first = desk.request()
    desk.reply(first, 401, desk.challenge())
    second = desk.request()
    assert second.call_id == first.call_id
    assert second.from_.tag == first.from_.tag
    assert second.cseq.number == first.cseq.number + 1
    assert second.branch != first.branch
    authorization = second.headers.get("Authorization") or ""
    assert field(authorization, "nc") == "00000001"
    assert field(authorization, "uri") == "sip:example.test"
    desk.reply(second, 200, ("Expires", "600"))
    assert desk.side.one(Registered).expires == 600
    desk.quiet()


def test_a_challenge_that_we_do_not_answer_says_what_it_asked_for() -> None:
    desk = Desk()
    desk.reply(desk.request(), 401, ("WWW-Authenticate", "Basic realm=pbx"))
    said = "Because: no challenge that we know (Basic)"
    failed = RegistrationFailed(401, said, True, None, unmet=True)
    assert desk.side.one(RegistrationFailed) == failed


def test_a_second_401_is_final_and_nothing_is_tried_again() -> None:
    desk = Desk()
    desk.reply(desk.request(), 401, desk.challenge(nonce="n1"))
    desk.reply(desk.request(), 401, desk.challenge(nonce="n2"))
    assert desk.side.one(RegistrationFailed) == RegistrationFailed(401, "Because", True, None)
    desk.quiet()
    assert desk.side.agent.next_deadline() is None
    desk.side.agent.connection_lost(desk.now)
    desk.connect()
    desk.quiet()
    desk.side.agent.register(desk.now)
    assert desk.request().method == "REGISTER"


def test_a_stale_nonce_is_answered_once_more_without_a_word() -> None:
    desk = Desk()
    desk.reply(desk.request(), 401, desk.challenge(nonce="n1"))
    desk.reply(desk.request(), 401, desk.challenge(nonce="n2", stale="true"))
    third = desk.request()
    assert field(third.headers.get("Authorization") or "", "nonce") == "n2"
    assert field(third.headers.get("Authorization") or "", "nc") == "00000001"
    desk.reply(third, 200)
    assert names(desk.side.all(object)) == ["Registered"]


def test_stale_for_ever_ends_after_two_answers() -> None:
    desk = Desk()
    for nonce in ("n1", "n2", "n3"):
        desk.reply(desk.request(), 401, desk.challenge(nonce=nonce, stale="true"))
    assert desk.side.one(RegistrationFailed).final


def test_a_407_then_a_401_are_both_answered() -> None:
    desk = Desk()
    _, value = desk.challenge(nonce="p1")
    desk.reply(desk.request(), 407, ("Proxy-Authenticate", value))
    second = desk.request()
    assert "Proxy-Authorization" in second.headers
    desk.reply(second, 401, desk.challenge(nonce="n1"))
    assert "Authorization" in desk.request().headers


def test_423_is_answered_with_the_registrars_own_minimum() -> None:
    desk = Desk()
    first = desk.request()
    desk.reply(first, 423, ("Min-Expires", "1200"))
    second = desk.request()
    assert second.headers.get("Expires") == "1200"
    assert second.cseq.number == first.cseq.number + 1
    desk.reply(second, 423, ("Min-Expires", "2400"))
    assert desk.side.one(RegistrationFailed).status == 423
    desk.quiet()


def test_a_way_that_has_no_outbound_is_registered_over_without_it() -> None:
    desk = Desk()
    first = desk.request()
    assert ";reg-id=1" in (first.headers.get("Contact") or "")
    desk.reply(first, 439)
    second = desk.request()
    contact = second.headers.get("Contact") or ""
    assert ";reg-id" not in contact
    assert "+sip.instance" in contact
    assert second.headers.get_all("Supported") == ["path"]
    desk.reply(second, 200, ("Contact", contact))
    assert desk.side.one(Registered).expires == 600
    desk.wake()
    assert ";reg-id" not in (desk.request().headers.get("Contact") or "")
    desk.side.agent.connection_lost(desk.now)  # another flow may be another way
    desk.connect()
    assert ";reg-id=1" in (desk.request().headers.get("Contact") or "")


def test_a_way_that_wants_outbound_of_nobody_and_refuses_is_a_refusal() -> None:
    desk = Desk()
    for _ in range(2):
        desk.reply(desk.request(), 439)
    assert desk.side.one(RegistrationFailed).status == 439
    desk.quiet()


@pytest.mark.parametrize("lines", [(), (("Min-Expires", "60"),), (("Min-Expires", "soon"),)])
def test_a_423_that_does_not_say_more_is_final(lines: tuple[tuple[str, str], ...]) -> None:
    desk = Desk()
    desk.reply(desk.request(), 423, *lines)
    assert desk.side.one(RegistrationFailed).final


def test_503_waits_as_long_as_it_says() -> None:
    desk = Desk()
    desk.reply(desk.request(), 503, ("Retry-After", "17 (maintenance);duration=60"))
    said = "Because: maintenance"
    assert desk.side.one(RegistrationFailed) == RegistrationFailed(503, said, False, 17.0)
    desk.quiet()
    assert desk.wake() == 17.0
    desk.reply(desk.request(), 200)
    assert desk.side.one(Registered).expires == 600


def test_a_retry_after_of_years_is_an_hour() -> None:
    desk = Desk()
    desk.reply(desk.request(), 503, ("Retry-After", "4000000000"))
    assert desk.wake() == 3600.0


def test_503_that_says_nothing_is_retried_with_a_growing_jittered_wait() -> None:
    desk = Desk()
    waits = []
    for _ in range(8):
        desk.reply(desk.request(), 503)
        waits.append(desk.wake())
    assert all(2.0 <= wait <= min(30.0, 2.0 ** (n + 1)) for n, wait in enumerate(waits))
    assert len(set(waits)) > 4


def test_403_is_final() -> None:
    desk = Desk()
    desk.reply(desk.request(), 403)
    assert desk.side.one(RegistrationFailed) == RegistrationFailed(403, "Because", True, None)


def test_a_registrar_that_says_nothing_for_32_seconds_has_a_dead_flow() -> None:
    desk = Desk()
    desk.request()
    assert desk.wake() == 32.0
    assert desk.side.one(RegistrationFailed).status == 408
    assert desk.side.one(FlowFailed).reason == "the registrar does not answer"


def test_a_provisional_changes_nothing() -> None:
    desk = Desk()
    request = desk.request()
    desk.reply(request, 100)
    desk.quiet()
    desk.reply(request, 200)
    assert names(desk.side.all(object)) == ["Registered"]


def test_it_is_refreshed_between_half_and_nine_tenths_of_its_life_with_rising_cseq() -> None:
    desk = Desk()
    last = desk.registered()
    waits = []
    for count in range(2, 12):
        waits.append(desk.wake())
        request = desk.request()
        assert request.call_id == last.call_id
        assert request.cseq.number == last.cseq.number + 1
        assert field(request.headers.get("Authorization") or "", "nc") == f"{count:08x}"
        desk.reply(request, 200, ("Expires", "600"))
        last = request
    assert all(300.0 <= wait <= 540.0 for wait in waits)
    assert len(set(waits)) == len(waits)
    assert names(desk.side.all(object)) == ["Registered"] + ["RegistrationRefreshed"] * 10
    assert desk.side.last(RegistrationRefreshed).expires == 600


def test_a_refresh_whose_nonce_went_stale_is_repeated_silently() -> None:
    desk = Desk()
    desk.registered()
    desk.wake()
    desk.reply(desk.request(), 401, desk.challenge(nonce="n2", stale="true"))
    request = desk.request()
    assert field(request.headers.get("Authorization") or "", "nonce") == "n2"
    assert field(request.headers.get("Authorization") or "", "nc") == "00000001"
    desk.reply(request, 200)
    assert names(desk.side.all(object)) == ["Registered", "RegistrationRefreshed"]


def test_the_life_is_that_of_our_own_contact() -> None:
    desk = Desk()
    others = "<sip:x@other.invalid>;expires=5, <sip:1001_00011170@AAAA.invalid>;expires=120"
    desk.registered(("Contact", others), ("Expires", "3600"))
    assert desk.side.one(Registered).expires == 120


@pytest.mark.parametrize("expires", ["", "often", "٣"])
def test_a_life_that_cannot_be_read_falls_back(expires: str) -> None:
    desk = Desk()
    contact = f'<sip:1001_00011170@aaaa.invalid>;expires="{expires}"'
    desk.registered(("Contact", contact), ("Expires", "240"))
    assert desk.side.one(Registered).expires == 240


def test_after_a_loss_it_registers_again_in_the_same_call() -> None:
    desk = Desk()
    before = desk.registered()
    desk.side.agent.connection_lost(desk.now)
    assert desk.side.agent.next_deadline() is None
    desk.connect()
    after = desk.request()
    assert after.call_id == before.call_id
    assert after.cseq.number > before.cseq.number
    desk.reply(after, 200)
    assert names(desk.side.all(object)) == ["Registered", "Registered"]


def test_a_loss_while_asking_is_forgotten_when_the_flow_is_back() -> None:
    desk = Desk()
    desk.request()
    desk.side.agent.connection_lost(desk.now)
    desk.connect()
    desk.reply(desk.request(), 200)
    assert names(desk.side.all(object)) == ["Registered"]


def test_register_waits_for_the_flow() -> None:
    desk = Desk(config(register=False), connect=False)
    desk.side.agent.register(desk.now)
    desk.quiet()
    desk.connect()
    assert desk.request().method == "REGISTER"
    desk.side.agent.register(desk.now)
    desk.quiet()


def test_register_when_registered_refreshes_now() -> None:
    desk = Desk()
    desk.registered()
    desk.side.agent.register(desk.now)
    assert desk.request().method == "REGISTER"


# ---------------------------------------------------------------- un-REGISTER


def test_unregister_takes_the_binding_back_with_expires_0() -> None:
    desk = Desk()
    before = desk.registered()
    desk.side.agent.unregister(desk.now)
    request = desk.request()
    assert request.headers.get("Expires") == "0"
    assert (request.headers.get("Contact") or "").endswith(";expires=0")
    assert request.call_id == before.call_id
    desk.side.agent.unregister(desk.now)
    desk.quiet()
    desk.reply(request, 200)
    assert desk.side.all(Unregistered) == [Unregistered()]
    assert desk.side.agent.next_deadline() is None


def test_unregister_is_over_even_without_an_answer() -> None:
    desk = Desk()
    desk.registered()
    desk.side.agent.unregister(desk.now)
    desk.request()
    assert desk.wake() == 32.0
    assert desk.side.one(Unregistered) == Unregistered()


def test_unregister_while_asking_is_done_as_soon_as_the_answer_came() -> None:
    desk = Desk()
    request = desk.request()
    desk.side.agent.unregister(desk.now)
    desk.reply(request, 200)
    leaving = desk.request()
    assert leaving.headers.get("Expires") == "0"
    desk.reply(leaving, 200)
    assert names(desk.side.all(object)) == ["Unregistered"]


@pytest.mark.parametrize("status", [403, 503])
def test_unregister_while_asking_and_refused_is_over(status: int) -> None:
    desk = Desk()
    request = desk.request()
    desk.side.agent.unregister(desk.now)
    desk.reply(request, status)
    assert names(desk.side.all(object)) == ["Unregistered"]
    assert desk.side.agent.next_deadline() is None


def test_unregister_while_asking_and_unanswered_is_over() -> None:
    desk = Desk()
    desk.request()
    desk.side.agent.unregister(desk.now)
    desk.wake()
    assert names(desk.side.all(object)) == ["Unregistered", "FlowFailed"]


def test_unregister_while_asking_and_the_flow_lost_is_over() -> None:
    desk = Desk()
    desk.request()
    desk.side.agent.unregister(desk.now)
    desk.side.agent.connection_lost(desk.now)
    assert names(desk.side.all(object)) == ["Unregistered"]


def test_unregister_without_a_binding_is_over_at_once() -> None:
    desk = Desk(config(register=False))
    desk.side.agent.unregister(desk.now)
    desk.quiet()
    assert desk.side.one(Unregistered) == Unregistered()


def test_register_after_leaving_or_a_final_refusal_is_told_as_new() -> None:
    desk = Desk()
    desk.registered()
    desk.side.agent.unregister(desk.now)
    desk.reply(desk.request(), 200)
    desk.side.agent.register(desk.now)
    desk.reply(desk.request(), 200)
    desk.wake()
    desk.reply(desk.request(), 403)
    desk.side.agent.register(desk.now)
    desk.reply(desk.request(), 200)
    assert names(desk.side.all(object)) == [
        "Registered", "Unregistered", "Registered", "RegistrationFailed", "Registered",
    ]  # fmt: skip


def test_register_while_leaving_comes_after_it() -> None:
    desk = Desk()
    desk.registered()
    desk.side.agent.unregister(desk.now)
    leaving = desk.request()
    desk.side.agent.register(desk.now)
    desk.quiet()
    desk.reply(leaving, 200)
    assert desk.request().headers.get("Expires") == "600"


# ---------------------------------------------------------------- digest


def test_another_realm_than_the_first_success_gets_nothing() -> None:
    desk = Desk()
    desk.registered()
    desk.wake()
    desk.reply(desk.request(), 401, desk.challenge(realm="elsewhere.test"))
    assert desk.side.one(RegistrationFailed).final
    assert "realm" in desk.side.one(Ignored).what


def test_a_weaker_algorithm_than_before_gets_nothing() -> None:
    desk = Desk()
    desk.reply(desk.request(), 401, desk.challenge(algorithm="SHA-256"))
    desk.reply(desk.request(), 200)
    desk.wake()
    desk.reply(desk.request(), 401, desk.challenge(nonce="n2", stale="true"))
    assert desk.side.one(RegistrationFailed).final
    assert "weaker" in desk.side.one(Ignored).what


def test_a_weaker_algorithm_is_taken_where_the_profile_allows_it() -> None:
    desk = Desk(config(allow_weaker_digest=True))
    desk.reply(desk.request(), 401, desk.challenge(algorithm="SHA-256"))
    desk.reply(desk.request(), 200)
    desk.wake()
    desk.reply(desk.request(), 401, desk.challenge(nonce="n2", stale="true"))
    assert "Authorization" in desk.request().headers


# ---------------------------------------------------------------- keep-alive


def test_a_double_crlf_is_answered_with_one_crlf() -> None:
    desk = Desk()
    desk.request()
    desk.side.agent.receive_data(b"\r\n\r\n", desk.now)
    assert desk.side.take() == [b"\r\n"]
    desk.side.agent.receive_data("\r\n\r\n", desk.now)
    assert desk.side.take() == [b"\r\n"]


@pytest.mark.parametrize("frame", [b"", b"\r\n", b"\n\n", b"\0", b"\0\0\0\0", b" ", b"\r\n\0"])
def test_other_empty_frames_are_not_and_are_nobodys_fault(frame: bytes) -> None:
    desk = Desk()
    desk.request()
    desk.side.agent.receive_data(frame, desk.now)
    desk.quiet()
    assert desk.side.all(Ignored) == []


def test_two_questions_in_one_frame_have_an_answer() -> None:
    desk = Desk()
    desk.request()
    desk.side.agent.receive_data(b"\r\n\r\n\r\n\r\n", desk.now)
    assert desk.side.take() == [b"\r\n"]


def test_flow_timer_is_obeyed_with_jitter() -> None:
    desk = Desk()
    desk.registered(("Expires", "600"), ("Flow-Timer", "60"))
    waits = []
    for _ in range(4):
        waits.append(desk.wake())
        assert desk.side.take() == [b"\r\n\r\n"]
        desk.side.agent.receive_data(b"\r\n", desk.now)
    assert all(48.0 <= wait <= 60.0 for wait in waits)
    assert len(set(waits)) == 4


def test_a_keep_alive_without_an_answer_in_10_seconds_fails_the_flow() -> None:
    desk = Desk()
    desk.registered(("Expires", "600"), ("Flow-Timer", "60"))
    desk.wake()
    assert desk.wake() == 10.0
    assert desk.side.one(FlowFailed).reason == "the keep-alive was not answered"


def test_a_keep_alive_faster_than_its_answer_waits_for_the_first_answer() -> None:
    desk = Desk()
    desk.registered(("Expires", "600"), ("Flow-Timer", "5"))
    desk.wake()
    begun = desk.now
    while not desk.side.all(FlowFailed):
        desk.wake()
    assert desk.now - begun == pytest.approx(10.0)


def test_a_flow_that_is_lost_stops_the_keep_alive() -> None:
    desk = Desk()
    desk.registered(("Expires", "600"), ("Flow-Timer", "60"))
    desk.side.agent.connection_lost(desk.now)
    assert desk.side.agent.next_deadline() is None
