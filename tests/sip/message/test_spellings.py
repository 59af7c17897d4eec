"""What PBXs write beside a call in many ways: auto-answer, and telephone numbers (RFC 3966)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sip.agents import OFFER, config
from tests.sip.registrar import Desk
from tests.sip.ua.calls import Called
from tui.sip import Headers, LocalProtocolError, parse_uri, phone_uri, wants_auto_answer

AUTO = [
    ("Answer-Mode", "Auto"),
    ("Answer-Mode", "auto;require"),
    ("Priv-Answer-Mode", "Auto"),
    ("P-Auto-Answer", "normal"),
    ("X-Auto-Answer", "true"),
    ("X-Auto-Answer", "yes"),
    ("Alert-Info", "Ring Answer"),
    ("Alert-Info", "Auto Answer"),
    ("Alert-Info", "<http://h/>;info=RingAnswer"),
    ("Alert-Info", "<http://h/>;info=Ring Answer"),
    ("Alert-Info", "info=Auto Answer"),
    ("Alert-Info", '<sip:h>;info="Auto Answer";delay=0'),
    ("Alert-Info", "info=alert-autoanswer"),
    ("Alert-Info", "<http://www.notused.com>;info=alert-autoanswer;delay=0"),
    ("Alert-Info", "auto-answer"),
    ("Alert-Info", "AutoAnswer"),
    ("Alert-Info", "<urn:x>, <sip:h>;answer-after=0"),
    ("Alert-Info", "intercom=true"),
    ("Call-Info", "<sip:h>;answer-after=0"),
    ("Call-Info", "<sip:h>; Answer-After = 2"),
    ("Call-Info", "<sip:h>;info=auto answer"),
]
ASKED = [
    ("Answer-Mode", "Manual"),
    ("Answer-Mode", "automatic"),
    ("P-Auto-Answer", "no"),
    ("X-Auto-Answer", "0"),
    ("X-Auto-Answer", "false"),
    ("X-Auto-Answer", ""),
    ("Alert-Info", "<urn:alert:service:normal>"),
    ("Alert-Info", "info=internal"),
    ("Alert-Info", "Bellcore-dr3"),
    ("Alert-Info", "<http://h/string-answering.wav>"),
    ("Call-Info", "<http://h/auto.png>;purpose=icon"),
    ("Subject", "auto answer"),
]


@pytest.mark.parametrize(("name", "value"), AUTO)
def test_every_spelling_of_auto_answer_is_seen(name: str, value: str) -> None:
    for written in (value, value.upper(), value.lower()):
        assert wants_auto_answer(Headers([(name, written)]))


@pytest.mark.parametrize(("name", "value"), ASKED)
def test_what_asks_for_something_else_is_no_auto_answer(name: str, value: str) -> None:
    assert not wants_auto_answer(Headers([(name, value)]))


@given(st.text(max_size=200))
def test_any_text_asks_for_it_or_not(text: str) -> None:
    for name in ("Alert-Info", "Call-Info", "Answer-Mode", "X-Auto-Answer"):
        assert wants_auto_answer(Headers([(name, text)])) in (True, False)


@pytest.mark.parametrize(
    ("dialled", "uri"),
    [
        ("tel:+1-555-0100", "sip:+15550100@example.test;user=phone"),
        ("tel:+1.555.(01)00", "sip:+15550100@example.test;user=phone"),
        ("tel:0100;phone-context=example.test", "sip:0100@example.test;user=phone"),
        ("tel:*21*(30)#", "sip:*21*30#@example.test;user=phone"),
        ("sip:+1-555@example.test", "sip:+1-555@example.test"),
        ("sip:+1-5.55@elsewhere.test;user=phone", "sip:+1555@elsewhere.test;user=phone"),
        ("sip:jane-doe@example.test;user=ip", "sip:jane-doe@example.test;user=ip"),
        (
            "sip:70-42;phone-context=a.test@example.test;user=phone",
            "sip:7042;phone-context=a.test@example.test;user=phone",
        ),
    ],
)
def test_a_telephone_number_goes_out_without_what_is_for_the_eye(dialled: str, uri: str) -> None:
    assert str(phone_uri(parse_uri(dialled), "example.test")) == uri
    desk = Desk(config(register=False))
    desk.side.agent.invite(dialled, OFFER, desk.now)
    invite = desk.request()
    assert (invite.uri, str(invite.to.uri)) == (uri, uri)


def test_a_peer_is_sent_on_to_a_number_in_the_same_form() -> None:
    callee = Called(transfers=True, session_expires=0)
    call = callee.up()
    callee.us.agent.refer(call, "tel:+1-555-0100", 0.0)
    refer_to = callee.us.only().headers.get("Refer-To")
    assert refer_to == "<sip:+15550100@example.test;user=phone>"


@pytest.mark.parametrize("target", ["tel:", "tel:abc-x y", "nobody"])
def test_what_is_no_number_is_not_called(target: str) -> None:
    desk = Desk(config(register=False))
    with pytest.raises(LocalProtocolError):
        desk.side.agent.invite(target, OFFER, desk.now)
