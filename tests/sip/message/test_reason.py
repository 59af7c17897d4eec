"""Why a call ended, as the wire says it (RFC 3326, Q.850), up to the events."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sip.registrar import Desk
from tests.sip.ua.calls import Called, Caller
from tests.sip.ua.requests import ask, give
from tui.sip import (
    Q850,
    CallEnded,
    Headers,
    InviteCancelled,
    InviteRefused,
    Reason,
    RegistrationFailed,
    read_reasons,
)

ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ((ELSEWHERE,), (Reason("SIP", 200, "Call completed elsewhere"),)),
        (("Q.850;cause=26",), (Reason("Q.850", 26),)),
        (("q.850 ; Cause = 16 ; Text = bye now",), (Reason("Q.850", 16, "bye now"),)),
        (
            ('Q.850;cause=17;text="a, b", SIP;cause=486',),
            (Reason("Q.850", 17, "a, b"), Reason("SIP", 486)),
        ),
        ((";cause=1", "SIP"), (Reason("SIP"),)),
        (('SIP;text="say \\"no\\""',), (Reason("SIP", None, 'say "no"'),)),
        (('SIP;cause="603";text="never closed',), (Reason("SIP", 603, "never closed"),)),
        (("SIP;cause=many",), (Reason("SIP"),)),
        (("SIP;text=",), (Reason("SIP"),)),
        ((), ()),
    ],
)
def test_a_reason_is_protocol_cause_and_text(
    values: tuple[str, ...], found: tuple[Reason, ...]
) -> None:
    assert read_reasons(Headers([("Reason", value) for value in values])) == found


@pytest.mark.parametrize(
    ("text", "own"),
    [
        *[("Normal call clearing", ""), ("NORMAL_CLEARING", ""), ("user busy", "")],
        *[("Unallocated (unassigned) number", ""), ("Request Terminated", ""), ("", "")],
        *[("ORIGINATOR_CANCEL", ""), ("MEDIA_TIMEOUT_2", "")],
        *[("No credit left", "No credit left"), ("队列已关闭", "队列已关闭"), ("SIP", "SIP")],
    ],
)
def test_a_text_that_says_no_more_than_its_cause_is_no_word_of_the_peers(
    text: str, own: str
) -> None:
    assert Reason("Q.850", 16, text).own == own


@given(
    st.text(
        st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f"), max_size=60
    )
)
def test_any_text_is_a_reason_or_none(text: str) -> None:
    for reason in read_reasons(Headers([("Reason", text)])):
        assert reason.protocol
        assert isinstance(reason.id, str)


@pytest.mark.parametrize("cause", [6, 16, 17, 18, 19, 20, 21, 22, 23, 25, 26, 27, 28, 29, 31, 34,
    38, 41, 42, 44, 47, 50, 52, 54, 55, 57, 58, 63, 65, 69, 79, 88, 102, 111, 127])  # fmt: skip
def test_every_cause_that_pbxs_send_has_a_meaning(cause: int) -> None:
    assert Q850[cause]
    assert Reason("Q.850", cause).id == Q850[cause]


@pytest.mark.parametrize(
    ("cause", "id"),
    [(43, "no_circuit"), (60, "not_offered"), (66, "not_offered"), (81, "protocol_fault"),
     (99, "protocol_fault"), (120, "network_fault"), (8, ""), (30, ""), (128, ""), (999, "")],
)  # fmt: skip
def test_a_cause_that_is_not_listed_means_what_its_class_does(cause: int, id: str) -> None:
    assert cause not in Q850
    assert Reason("Q.850", cause).id == id


@pytest.mark.parametrize(
    ("said", "id"),
    [
        ('SIP;cause=806;text="USER_NOT_REGISTERED"', "not_reachable"),
        ('SIP;cause=804;text="MEDIA_TIMEOUT"', "timed_out"),
        ('SIP;cause=701;text="SYSTEM_SHUTDOWN"', "network_fault"),
        ('SIP;cause=802;text="ALLOTTED_TIMEOUT"', ""),
        ('SIP;cause=487;text="ORIGINATOR_CANCEL"', ""),
    ],
)
def test_what_freeswitch_writes_as_a_cause_of_sip_has_its_meaning(said: str, id: str) -> None:
    assert [reason.id for reason in read_reasons(Headers([("Reason", said)]))] == [id]


@pytest.mark.parametrize(
    "reason", [Reason("SIP", 16), Reason("Q.850"), Reason("SIP"), Reason("X.Y", 806)]
)
def test_any_other_reason_has_no_meaning_of_ours(reason: Reason) -> None:
    assert reason.id == ""


@pytest.mark.parametrize("cause", [41, 50, 55, 57, 65, 79, 88, 102])
def test_a_fault_on_the_way_is_not_told_as_declined(cause: int) -> None:
    assert Q850[cause] != Q850[21] == "declined"


@pytest.mark.parametrize(
    ("reason", "elsewhere"),
    [(ELSEWHERE, True), ("Q.850;cause=26", True), ("Q.850;cause=16, SIP;cause=200", True),
     ("Q.850;cause=16", False), ("SIP;cause=487", False), ("", False)],
)  # fmt: skip
@pytest.mark.parametrize("how", ["CANCEL", "early BYE"])
def test_why_a_ringing_call_is_over_is_told(reason: str, elsewhere: bool, how: str) -> None:
    callee = Called(trusted=())
    call = callee.invite()
    lines = (("Reason", reason),) if reason else ()
    if how == "CANCEL":
        statuses = give(callee.us, ask("CANCEL", lines=lines))
    else:
        callee.us.agent.ring(call, 0.0)
        callee.tag = callee.us.only().to.tag
        statuses = callee.inside("BYE", lines=lines)
    assert statuses == [200, 487]
    told = callee.us.one(InviteCancelled)
    assert told == InviteCancelled(call, read_reasons(Headers(lines)))
    assert told.elsewhere is elsewhere


def test_a_lost_flow_is_told_as_one_and_not_as_a_caller_who_gave_up() -> None:
    callee = Called(trusted=())
    call = callee.invite()
    callee.us.agent.connection_lost(1.0)
    assert callee.us.one(InviteCancelled) == InviteCancelled(call, flow_lost=True)


@pytest.mark.parametrize(("expires", "seconds"), [("30", 30.0), ("", 600.0), ("9000", 600.0)])
def test_a_call_that_nobody_answers_is_told_as_such(expires: str, seconds: float) -> None:
    callee = Called(trusted=())
    call = callee.invite(lines=(("Expires", expires),) if expires else ())
    callee.us.agent.handle_timeout(seconds - 0.1)
    assert callee.us.messages() == []
    callee.us.agent.handle_timeout(seconds)
    assert callee.us.only().status == 480
    assert callee.us.one(InviteCancelled) == InviteCancelled(call, timed_out=True)


def test_a_call_that_rings_says_so_every_minute() -> None:
    callee = Called(trusted=())
    call = callee.invite()
    callee.us.agent.ring(call, 0.0)
    callee.us.agent.ring(call, 10.0, b"v=0")
    callee.us.take()
    for now in (70.0, 130.0):
        assert callee.us.agent.next_deadline() == now
        callee.us.agent.handle_timeout(now)
        assert callee.us.only().status == 183


def test_a_refusal_and_a_bye_bring_their_reasons() -> None:
    caller = Caller()
    caller.hear(480, ("Reason", "Q.850;cause=27"), ("Reason", "SIP;cause=480"))
    refused = caller.side.one(InviteRefused)
    assert refused.reasons == (Reason("Q.850", 27), Reason("SIP", 480))
    callee = Called(trusted=())
    callee.up()
    callee.inside("BYE", lines=(("Reason", "Q.850;cause=31"),))
    assert callee.us.one(CallEnded).reasons == (Reason("Q.850", 31),)


def test_a_refusal_says_what_the_header_that_it_is_about_says() -> None:
    for status, name, value in (
        (420, "Unsupported", "timer, outbound"),
        (421, "Require", "precondition"),
        (494, "Security-Server", "ipsec-3gpp;q=0.1"),
        (305, "Contact", "<sip:edge.example.test>"),
        (380, "Contact", "<tel:112>"),
    ):
        desk = Desk()
        desk.reply(desk.request(), status, (name, value), ("Warning", '399 a "not so"'))
        assert desk.side.one(RegistrationFailed).reason == f"Because: not so: {value}"
        desk = Desk()
        desk.reply(desk.request(), 403, (name, value))  # which that status is not about
        assert desk.side.one(RegistrationFailed).reason == "Because"


@pytest.mark.parametrize(
    ("warnings", "words"),
    [
        ((), "Because"),
        (('399 pbx.example "Device not provisioned"',), "Because: Device not provisioned"),
        (('399 a "one, two", 370 b "say \\"no\\""',), 'Because: one, two: say "no"'),
        (('399 a "Because"', "399 bare words", "", '399 "no agent"'), "Because"),
        (tuple(f'399 a "{each}"' for each in "abcdef"), "Because: a: b: c"),
    ],
)
def test_a_refusal_says_what_the_peers_warnings_say(warnings: tuple[str, ...], words: str) -> None:
    lines = [("Warning", value) for value in warnings]
    caller = Caller()
    caller.reply(caller.invite, 403, *lines)
    assert caller.side.one(InviteRefused).reason == words
    desk = Desk()
    desk.reply(desk.request(), 403, *lines)
    assert desk.side.one(RegistrationFailed).reason == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("3600 (maintenance until six);duration=60", "Because: maintenance until six"),
        ("18000;duration=3600", "Because"),
        ("60 ( )", "Because"),
        ("soon (or later)", "Because"),
        ("60 (not closed", "Because"),
    ],
)
def test_a_refusal_says_why_one_is_to_come_again_later(value: str, words: str) -> None:
    caller = Caller()
    caller.reply(caller.invite, 503, ("Retry-After", value))
    assert caller.side.one(InviteRefused).reason == words
