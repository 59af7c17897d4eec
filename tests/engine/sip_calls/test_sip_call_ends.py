"""How calls at a PBX end, and who is at the other end: nothing that the wire says of it is lost."""

from __future__ import annotations

import pytest

from tests.engine.line_booth import DOMAIN, SDP, Booth, invite
from tui import sip
from tui.config.schema import PopSettings, Profile
from tui.console.i18n import render
from tui.engine.sip_calls.addresses import parse_destination
from tui.engine.sip_calls.events import MOST_TRACES, ROUNDS
from tui.port import commands as c
from tui.port.events import CallOffered, NoticeChanged, SeatChanged
from tui.port.machines.seat_machine import Status
from tui.port.snapshot import SeatStatus
from tui.port.values import Message, message

ELSEWHERE = (
    (sip.Reason("SIP", 200, "Call completed elsewhere"),),
    (sip.Reason("Q.850", 26),),
    (sip.Reason("X"), sip.Reason("Q.850", 16), sip.Reason("SIP", 200)),
)


# ---------------------------------------------------------------- four ends of what rings


@pytest.mark.parametrize("reasons", ELSEWHERE)
async def test_a_call_that_a_colleague_took_is_not_missed_however_it_is_said(
    booth: Booth, reasons: tuple[sip.Reason, ...]
) -> None:
    for number in range(4):
        await booth.rings(f"in{number}")
        await booth.says(sip.InviteCancelled(f"in{number}", reasons))
    assert booth.last_outcome == "line.elsewhere"
    shift = booth.snapshot.shift
    assert (shift.missed, shift.missed_in_a_row, shift.elsewhere) == (0, 0, 4)
    assert booth.snapshot.seat.status is Status.ONLINE
    assert not any(record.missed for record in booth.snapshot.recent)


async def test_a_call_that_went_with_our_line_is_said_so_and_not_missed(booth: Booth) -> None:
    await booth.rings("in1")
    await booth.says(sip.InviteCancelled("in1", flow_lost=True))
    assert booth.last_outcome == "line.lost_ringing"
    shift = booth.snapshot.shift
    assert (shift.missed, shift.line_lost) == (0, 1)


async def test_the_four_ends_of_an_offer_are_four_figures(booth: Booth) -> None:
    await booth.rings("in1", from_=f"<sip:1@{DOMAIN}>")
    await booth.says(sip.InviteCancelled("in1"))
    await booth.rings("in2", from_=f"<sip:2@{DOMAIN}>")
    await booth.says(sip.InviteCancelled("in2", ELSEWHERE[0]))
    await booth.rings("in3", from_=f"<sip:3@{DOMAIN}>")
    await booth.says(sip.InviteCancelled("in3", flow_lost=True))
    await booth.rings("in4", from_=f"<sip:4@{DOMAIN}>")
    await booth.do(c.HangUp())
    said = [record.outcome.id for record in booth.snapshot.recent if record.outcome is not None]
    assert said[::-1] == [
        "line.gave_up",
        "line.elsewhere",
        "line.lost_ringing",
        "line.declined_here",
    ]
    shift = booth.snapshot.shift
    assert (shift.missed, shift.elsewhere, shift.line_lost, shift.declined) == (1, 1, 1, 1)


@pytest.mark.parametrize(
    "event", [sip.InviteCancelled("in", ()), sip.InviteCancelled("in", (), timed_out=True)]
)
async def test_one_caller_whose_queue_rings_in_rounds_is_missed_once(
    booth: Booth, event: sip.InviteCancelled
) -> None:
    for number in range(4):
        await booth.rings("in")
        booth.now += 15
        await booth.says(event)
        booth.now += 5
        assert len(booth.snapshot.recent) == number + 1
    assert booth.snapshot.shift.missed == booth.snapshot.shift.missed_in_a_row == 1
    assert booth.snapshot.seat.status is Status.ONLINE


async def test_another_caller_and_the_same_one_later_are_missed_on_their_own(booth: Booth) -> None:
    for pause, number in ((0.0, "1008"), (0.0, "1009"), (ROUNDS + 1, "1008")):
        booth.now += pause
        await booth.rings("in", from_=f"<sip:{number}@{DOMAIN}>")
        await booth.says(sip.InviteCancelled("in"))
    assert booth.snapshot.shift.missed == 3


async def test_callers_who_withhold_their_number_are_not_taken_for_one(booth: Booth) -> None:
    for _ in range(2):
        await booth.rings("in", from_='"Anonymous" <sip:anonymous@anonymous.invalid>')
        await booth.says(sip.InviteCancelled("in"))
    assert booth.snapshot.shift.missed == 2


@pytest.mark.parametrize("full", [False, True])
async def test_a_call_that_is_refused_while_busy_leaves_a_trace(booth: Booth, full: bool) -> None:
    if full:
        for number in range(4):
            await booth.up(f"200{number}")
    else:
        booth.context.emit(SeatChanged(SeatStatus(Status.BUSY)))
    calls = booth.snapshot.calls
    await booth.says(invite("in1"))
    assert booth.asked("reject") == [("in1", 486)]
    assert booth.snapshot.calls == calls
    assert not [event for event in booth.heard if isinstance(event, CallOffered)]
    trace = booth.snapshot.recent[0]
    assert (trace.number, trace.name, trace.missed) == ("1008", "Zhao Lei", False)
    assert booth.last_outcome == ("line.all_taken" if full else "line.busy_here")
    assert booth.snapshot.shift.missed == 0


async def test_one_caller_whom_a_queue_offers_to_a_busy_seat_again_and_again_is_one_trace(
    booth: Booth,
) -> None:
    booth.context.emit(SeatChanged(SeatStatus(Status.BUSY)))
    for number in range(12):
        await booth.says(invite(f"in{number}"))
        booth.now += 5
    assert len(booth.asked("reject")) == 12
    assert [record.number for record in booth.snapshot.recent] == ["1008"]
    booth.now += ROUNDS
    await booth.says(invite("later"))
    assert len(booth.snapshot.recent) == 2


async def test_callers_who_withhold_their_number_leave_a_trace_each(booth: Booth) -> None:
    booth.context.emit(SeatChanged(SeatStatus(Status.BUSY)))
    for number in range(2):
        anonymous = '"Anonymous" <sip:anonymous@anonymous.invalid>'
        await booth.says(invite(f"in{number}", from_=anonymous))
    assert len(booth.snapshot.recent) == 2


async def test_a_flood_of_callers_leaves_the_calls_of_the_day_in_the_list_and_is_said(
    booth: Booth,
) -> None:
    await booth.rings("customer", from_=f"<sip:5559@{DOMAIN}>")
    await booth.says(sip.InviteCancelled("customer"))
    booth.context.emit(SeatChanged(SeatStatus(Status.BUSY)))
    for number in range(500):
        await booth.says(invite(f"in{number}", from_=f"<sip:9{number}@{DOMAIN}>"))
        booth.now += 0.01
    assert len(booth.snapshot.recent) == MOST_TRACES + 1
    assert booth.snapshot.recent[-1].number == "5559"
    said = [event for event in booth.heard if isinstance(event, NoticeChanged)]
    notices = [event.notice.message.id for event in said if event.notice is not None]
    assert notices.count("line.many_turned_away") == 1
    booth.now += ROUNDS
    await booth.says(invite("after", from_=f"<sip:7777@{DOMAIN}>"))
    assert booth.snapshot.recent[0].number == "7777"


# ---------------------------------------------------------------- what we end, and others do not


@pytest.mark.parametrize(
    ("peer", "number"),
    [
        (f'"Wang" <sip:5559@{DOMAIN}>;tag=x', "5559"),
        ("<sip:5559@x.test>", "5559@x.test"),
        ("<", ""),
    ],
)
@pytest.mark.parametrize(
    ("reason", "info"),
    [("Forbidden", None), ("Forbidden: not from here", "Forbidden: not from here")],
)
async def test_a_hang_up_that_the_pbx_refuses_is_said_as_the_other_side_may_be_there_yet(
    booth: Booth, peer: str, number: str, reason: str, info: str | None
) -> None:
    await booth.says(sip.HangUpRefused("gone", 403, reason, peer))
    notice = booth.snapshot.notice
    assert notice is not None
    values = {"number": number, "status": "403", **({"info": info} if info else {})}
    assert notice.message == message("line.hang_up_refused", **values)


# ---------------------------------------------------------------- why calls of ours came to nothing


async def test_a_call_that_a_realm_refused_which_is_none_of_ours_says_what_lets_it(
    booth: Booth,
) -> None:
    await booth.dial("1008")
    await booth.says(sip.InviteRefused("out1", 407, "Proxy…", realm="aster\x1b[31misk"))
    outcome = booth.snapshot.calls[0].outcome
    assert outcome is not None
    said = render(outcome)
    assert '"aster' in said
    assert "\x1b" not in said
    assert "realms" in said


@pytest.mark.parametrize("cause", sorted(sip.Q850))
async def test_each_cause_of_the_network_is_in_words_and_none_reads_declined_but_that(
    booth: Booth, cause: int
) -> None:
    handle = await booth.dial()
    await booth.says(
        sip.InviteRefused(handle, 603, "Decline", reasons=(sip.Reason("Q.850", cause),))
    )
    assert (booth.last_outcome == "line.declined") is (cause in (16, 21, 31))


async def test_the_cause_of_a_peers_end_is_said_and_an_ordinary_one_is_not(booth: Booth) -> None:
    for cause, said in ((16, "ended.25"), (41, "line.network_fault")):
        handle = await booth.up()
        await booth.says(
            sip.CallEnded(handle, True, 200, "", reasons=(sip.Reason("Q.850", cause),))
        )
        assert booth.last_outcome == said


@pytest.mark.parametrize(
    ("cause", "text", "said"),
    [
        (802, "ALLOTTED_TIMEOUT", message("ended.25", code=25, info="ALLOTTED_TIMEOUT")),
        (804, "MEDIA_TIMEOUT", message("line.timed_out", status=804)),
        (200, "Call completed elsewhere", message("ended.25", code=25)),
    ],
)
async def test_a_cause_of_freeswitchs_own_is_said_or_stands_behind_the_end(
    booth: Booth, cause: int, text: str, said: Message
) -> None:
    handle = await booth.up()
    reasons = (sip.Reason("SIP", cause, text),)
    await booth.says(sip.CallEnded(handle, True, 200, "", reasons=reasons))
    assert booth.snapshot.recent[0].outcome == said


@pytest.mark.parametrize(
    ("cause", "text", "said"),
    [
        (806, "USER_NOT_REGISTERED", message("line.not_reachable", status=806)),
        (803, "USER_CHALLENGE", message("line.no_answer", status=480, info="USER_CHALLENGE")),
    ],
)
async def test_a_phone_that_is_signed_out_did_not_just_not_answer(
    booth: Booth, cause: int, text: str, said: Message
) -> None:
    handle = await booth.dial()
    reasons = (sip.Reason("SIP", cause, text),)
    refused = sip.InviteRefused(handle, 480, "Temporarily Unavailable", reasons=reasons)
    await booth.says(refused)
    assert booth.snapshot.recent[0].outcome == said


# ---------------------------------------------------------------- the PBX's own word


@pytest.mark.parametrize(
    ("from_", "asserted", "number", "name"),
    [
        ('"Zhao Lei" <sip:5559@vm>', "", "5559", "Zhao Lei"),
        ("<sip:5559@vm>", '"Zhao Lei" <sip:5559@vm>', "5559", "Zhao Lei"),
        ('"5559" <sip:+15550100@203.0.113.9:5060>', "", "+15550100", "5559"),
        ("<sip:bob@vm>", "", "bob@vm", ""),
        (f"<sip:bob@{DOMAIN}>", "", "bob", ""),
        ("<tel:+1-555-0100>", "", "+15550100", ""),
        ('"Anonymous" <sip:anonymous@anonymous.invalid>', "", "", ""),
        ("<sip:anonymous@vm>", "<sip:5559@vm>", "5559", ""),
        ("<sip:Restricted@vm>", "", "", ""),
    ],
)
async def test_what_the_pbx_itself_says_of_a_caller_counts_whatever_host_it_writes(
    booth: Booth, from_: str, asserted: str, number: str, name: str
) -> None:
    call = await booth.rings("in1", from_=from_, asserted=asserted, of_registrar=True)
    assert (call.number, call.name, call.verified) == (number, name, True)


AUTO = (("Alert-Info", "Ring Answer"),)


@pytest.mark.parametrize(
    ("trusted_domain", "of_registrar", "asserted", "wanted"),
    [
        ("", True, "", True),
        ("", True, "<sip:5559@vm>", True),
        ("", False, "<sip:5559@vm>", False),
        ("vm", False, "<sip:5559@vm>", True),
        ("vm", False, "<sip:5559@elsewhere.example>", False),
        ("elsewhere.example", True, "<sip:5559@vm>", True),
    ],
)
async def test_the_trusted_domain_is_for_others_than_the_pbx(
    trusted_domain: str, of_registrar: bool, asserted: str, wanted: bool
) -> None:
    booth = Booth(Profile(kind="sip", auto_answer="trusted", trusted_domain=trusted_domain))
    await booth.says(
        invite("in1", "<sip:5559@vm>", asserted, headers=AUTO, of_registrar=of_registrar)
    )
    assert (booth.snapshot.calls[0].auto_answer is not None) is wanted
    await booth.close()


@pytest.mark.parametrize(
    "header",
    [
        ("Alert-Info", "info=RingAnswer"),
        ("Alert-Info", "Auto Answer"),
        ("Alert-Info", "info=Auto Answer"),
        ("P-Auto-Answer", "normal"),
        ("X-Auto-Answer", "yes"),
    ],
)
async def test_every_spelling_of_auto_answer_is_seen(header: tuple[str, str]) -> None:
    booth = Booth(Profile(kind="sip", auto_answer="trusted"))
    await booth.says(invite("in1", headers=(header,), of_registrar=True))
    assert booth.snapshot.calls[0].auto_answer is not None
    await booth.close()


@pytest.mark.parametrize("text", ["tel:+1-555-0100", "tel:+1.555.0100", "tel:+1(555)0100"])
def test_the_separators_of_a_telephone_number_stay_at_home(text: str) -> None:
    found = parse_destination(text, DOMAIN)
    assert (found.uri, found.shown) == (f"sip:+15550100@{DOMAIN};user=phone", "+15550100")


@pytest.mark.parametrize(
    ("uri", "number"),
    [
        (f"sip:7042;phone-context=a.example@{DOMAIN};user=phone", "7042"),
        (f"sip:+4930123456;cpc=ordinary@{DOMAIN}", "+4930123456"),
        (f"sip:+15550100;npdi;rn=+15550000@{DOMAIN};user=phone", "+15550100"),
        (f"sip:%2B15550100;isub=1@{DOMAIN}", "+15550100"),
        ("tel:7042;phone-context=a.example", "7042"),
        (f"sip:jane;day=tuesday@{DOMAIN}", "jane;day=tuesday"),
    ],
)
async def test_what_is_said_of_a_number_behind_it_is_no_part_of_it(
    booth: Booth, uri: str, number: str
) -> None:
    call = await booth.rings("in1", from_=f"<{uri}>")
    assert call.number == number
    await booth.says(sip.InviteCancelled("in1"))
    assert booth.snapshot.recent[0].number == number


async def test_a_caller_whose_side_never_confirms_the_ringing_is_missed_in_words(
    booth: Booth,
) -> None:
    await booth.rings("in1")
    await booth.says(sip.InviteCancelled("in1", unconfirmed=True))
    call = booth.snapshot.calls[0]
    assert call.outcome is not None
    assert call.outcome.id == "line.unconfirmed"
    assert booth.snapshot.shift.missed == 1


# ---------------------------------------------------------------- who is there now

COLLEAGUE = sip.parse_name_addr('"Wang Fang" <sip:1007@vm>')


@pytest.mark.parametrize(
    "event",
    [
        sip.Established("in1", COLLEAGUE),
        sip.ReinviteReceived("in1", SDP, COLLEAGUE),
        sip.ReinviteAccepted("in1", SDP, COLLEAGUE),
        sip.InfoReceived("in1", "message/update_display", b"", COLLEAGUE),
        sip.DialogUpdated("in1", COLLEAGUE),
    ],
)
async def test_whom_the_pbx_puts_in_is_shown_and_kept_in_the_history(
    booth: Booth, event: sip.Event
) -> None:
    await booth.rings("in1", of_registrar=True)
    await booth.do(c.Answer())
    await booth.says(event)
    call = booth.snapshot.calls[0]
    assert (call.number, call.name, call.verified) == ("1007", "Wang Fang", True)
    await booth.says(sip.CallEnded("in1", True, 200, ""))
    last = booth.snapshot.recent[0]
    assert (last.number, last.name) == ("1007", "Wang Fang")


async def test_who_really_calls_is_shown_while_it_rings_and_missed_as_such(booth: Booth) -> None:
    await booth.rings("in1", of_registrar=True)
    await booth.says(sip.DialogUpdated("in1", COLLEAGUE))
    call = booth.snapshot.calls[0]
    assert (call.number, call.name, call.verified) == ("1007", "Wang Fang", True)
    await booth.says(sip.DialogUpdated("in1"), sip.InviteCancelled("in1"))
    assert booth.snapshot.recent[0].number == "1007"


async def test_an_info_that_tells_no_digit_and_no_party_changes_nothing(booth: Booth) -> None:
    before = await booth.rings("in1", of_registrar=True)
    await booth.do(c.Answer())
    await booth.says(sip.InfoReceived("in1", "message/update_display", b""))
    call = booth.snapshot.calls[0]
    assert (call.number, call.name) == (before.number, before.name)
    assert call.tones.received == ""


async def test_the_desk_shows_whom_the_pbx_puts_in() -> None:
    booth = Booth(pop=PopSettings(answered=("crm", "{number}")))
    started: list[tuple[str, ...]] = []
    booth.parts.call_log._pop._start = started.append  # type: ignore[method-assign,assignment]
    await booth.rings("in1", of_registrar=True)
    await booth.do(c.Answer())
    await booth.says(sip.ReinviteReceived("in1", SDP, COLLEAGUE))
    assert started == [("crm", "1008"), ("crm", "1007")]
    await booth.close()


@pytest.mark.parametrize(
    "event",
    [
        sip.Progress("out1", 180, None, asserted=COLLEAGUE),
        sip.InviteAnswered("out1", SDP, "", COLLEAGUE),
    ],
)
async def test_who_took_a_call_of_ours_is_shown(booth: Booth, event: sip.Event) -> None:
    await booth.dial("queue")
    await booth.says(event)
    call = booth.snapshot.calls[0]
    assert (call.number, call.name) == ("1007", "Wang Fang")


@pytest.mark.parametrize(
    ("stated", "number", "name"),
    [
        (None, "1008", "Zhao Lei"),
        (sip.parse_name_addr("<sip:1008@vm>"), "1008", "Zhao Lei"),
        (sip.parse_name_addr("<sip:1007@vm>"), "1007", ""),
        (sip.parse_name_addr("<sip:anonymous@anonymous.invalid>"), "1008", "Zhao Lei"),
    ],
)
async def test_what_tells_nothing_changes_nothing_and_a_name_does_not_pass_to_another(
    booth: Booth, stated: sip.NameAddr | None, number: str, name: str
) -> None:
    await booth.rings("in1", of_registrar=True)
    await booth.do(c.Answer())
    await booth.says(sip.ReinviteReceived("in1", SDP, stated))
    call = booth.snapshot.calls[0]
    assert (call.number, call.name) == (number, name)


async def test_an_identity_that_did_not_count_in_the_invite_does_not_in_the_call(
    booth: Booth,
) -> None:
    await booth.rings("in1")  # by a proxy: what stands here anybody may have written
    await booth.do(c.Answer())
    await booth.says(sip.ReinviteReceived("in1", SDP, COLLEAGUE))
    assert booth.snapshot.calls[0].number == "1008"
    await booth.says(sip.ReinviteReceived("in1", SDP, sip.parse_name_addr(f"<sip:1007@{DOMAIN}>")))
    assert booth.snapshot.calls[0].number == "1007"


@pytest.mark.parametrize("own", [True, False])
async def test_whom_nobody_screened_counts_as_the_pbxs_own_word_alone(
    booth: Booth, own: bool
) -> None:
    await booth.rings("in1", of_registrar=own)
    await booth.do(c.Answer())
    said = sip.parse_name_addr(f'"Li Na" <sip:1007@{DOMAIN}>;party=called;screen=no')
    await booth.says(sip.ReinviteReceived("in1", SDP, said))
    call = booth.snapshot.calls[0]
    assert (call.number, call.name) == (("1007", "Li Na") if own else ("1008", "Zhao Lei"))


@pytest.mark.parametrize(
    ("status", "reason", "cause", "said"),
    [
        (480, "Do Not Disturb", None, "Nobody answered. (Do Not Disturb)"),
        (480, "temporarily UNAVAILABLE", None, "Nobody answered."),
        (403, "Forbidden: no credit left", None, "no credit left"),
        (503, "Our trunk is down", 42, "Our trunk is down"),
        (603, "Decline", 17, "The line is busy."),
        (499, "Odd\x1b[2J", None, "The call failed (499 Odd"),
        (486, "", None, "The line is busy."),
    ],
)
async def test_what_the_pbx_says_in_words_of_its_own_stands_behind_ours(
    booth: Booth, status: int, reason: str, cause: int | None, said: str
) -> None:
    handle = await booth.dial()
    reasons = (sip.Reason("Q.850", cause),) if cause else ()
    await booth.says(sip.InviteRefused(handle, status, reason, reasons=reasons))
    outcome = booth.by_number("1002").outcome
    assert outcome is not None
    text = render(outcome)
    assert said in text
    assert "\x1b" not in text
    assert text.count(reason or "?") <= 1
    if said.endswith("."):
        assert text == said


def told_why(text: str) -> tuple[sip.Reason, ...]:
    return (sip.Reason("X", 1), sip.Reason("SIP", 480, text), sip.Reason("SIP", 480, "later"))


@pytest.mark.parametrize("text", ["Queue closed\x1b[2J", "NORMAL_CLEARING", "Request Terminated"])
async def test_the_words_of_a_reason_stand_behind_every_end_of_a_call(
    booth: Booth, text: str
) -> None:
    reasons = told_why(text) if "\x1b" in text else told_why(text)[:2]
    ended, busy = sip.Reason("Q.850", 17), sip.Reason("SIP", 200)
    refused, up = await booth.dial("1002"), await booth.up("1003")
    for handle, number in (("in1", "1007"), ("in2", "1008")):
        await booth.rings(handle, from_=f"<sip:{number}@{DOMAIN}>")
    await booth.says(
        sip.InviteRefused(refused, 503, "Service Unavailable", reasons=(ended, *reasons)),
        sip.CallEnded(up, True, 200, "", reasons),
        sip.InviteCancelled("in1", reasons),
        sip.InviteCancelled("in2", (busy, *reasons)),
    )
    ends = [booth.by_number(each).outcome for each in ("1002", "1003", "1007", "1008")]
    said = [render(each) for each in ends if each is not None]
    usual = [
        *("The line is busy.", "The customer hung up."),
        *("The caller gave up.", "Answered by someone else."),
    ]
    own = "" if "\x1b" not in text else " (Queue closed)"
    assert said == [f"{each}{own}" for each in usual]


async def test_a_call_of_ours_that_went_with_our_line_was_refused_by_nobody(booth: Booth) -> None:
    handle = await booth.dial()
    await booth.says(sip.InviteRefused(handle, 503, "flow lost", flow_lost=True))
    outcome = booth.by_number("1002").outcome
    assert outcome is not None
    assert outcome.id == "line.lost_dialling"
