"""The PBX by itself: messages, reports and instants in, actions out."""

from __future__ import annotations

import pytest

from tests.sandbox.pbx_bench import Bench
from tui.platform import messages as m
from tui.sandbox.fixtures import SALES
from tui.sandbox.pbx.actions import CloseLeg, OpenLeg, ProbeLeg, RouteAudio, Say
from tui.sandbox.pbx.calls import PbxPhase
from tui.sandbox.pbx.dialplan import OUTSIDE, REFUSALS, Behaviour, dial_plan_text, look_up


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.sign_in("1001")
    return bench


def test_online_comes_shortly_after_registration_not_with_it() -> None:
    bench = Bench()
    bench.pbx.presence.registered("1001", bench.now, fresh=True)
    assert bench.said("1001") == []
    bench.wait(0.3)
    assert bench.said("1001") == [m.StatusChanged(1)]


def test_a_refresh_of_the_registration_says_nothing(bench: Bench) -> None:
    bench.pbx.presence.registered("1001", bench.now, fresh=False)
    bench.wait(5)
    assert bench.said("1001") == []


def test_an_incoming_call_is_offered_twice_answered_and_ended_by_the_customer(
    bench: Bench,
) -> None:
    cc = bench.pbx.queue.ring("12000000001", Behaviour(), bench.now, target="1001")
    assert bench.said("1001") == [m.NewCall(cc, "12000000001")] * 2
    bench.tell("1001", m.Answer(cc))
    assert bench.drain() == [OpenLeg(cc, "1001")]
    bench.pbx.legs.up(cc, "1001", bench.now)
    assert bench.drain() == [Say("1001", m.Answered(cc, "12000000001")), RouteAudio(cc)]
    bench.wait(7.5)
    assert bench.pbx.endings.customer_hangs_up(cc, bench.now)
    assert bench.drain() == [
        Say("1001", m.Ended(cc, "25", 7)),
        CloseLeg(cc, "1001"),
        Say("1001", m.StatusChanged(1)),
        RouteAudio(cc),
    ]


def test_the_agents_hang_up_is_26_and_idle_follows(bench: Bench) -> None:
    cc = bench.up()
    bench.wait(3)
    bench.tell("1001", m.HangUp(cc))
    assert bench.said("1001") == [m.Ended(cc, "26", 3), m.StatusChanged(1)]


def test_busy_after_the_call_takes_the_place_of_idle(bench: Bench) -> None:
    cc = bench.up()
    bench.tell("1001", m.StatusAfterCall(cc, True))
    assert bench.said("1001") == [m.StatusAfterCallResponse("200", cc)]
    bench.tell("1001", m.HangUp(cc))
    assert bench.said("1001")[-1] == m.StatusChanged(2)


def test_a_decline_by_the_only_agent_brings_the_call_straight_back(bench: Bench) -> None:
    cc = bench.pbx.queue.ring("12000000001", Behaviour(), bench.now, gid=SALES)
    bench.drain()
    bench.tell("1001", m.HangUp(cc))
    assert bench.said("1001") == [m.CancelCall(cc)] * 2
    bench.wait(0.25)
    assert bench.said("1001") == [m.NewCall(cc, "12000000001")] * 2
    assert bench.pbx.calls[cc].offers == 2


def test_a_decline_goes_to_another_idle_agent_first(bench: Bench) -> None:
    bench.sign_in("1002")
    cc = bench.pbx.queue.ring("12000000001", Behaviour(), bench.now, gid=SALES)
    bench.drain()
    bench.tell("1001", m.HangUp(cc))
    bench.wait(0.25)
    assert bench.said("1002") == [m.NewCall(cc, "12000000001")] * 2


def test_a_caller_who_gives_up_is_a_cancel_and_no_end(bench: Bench) -> None:
    cc = bench.pbx.queue.ring("12000000001", Behaviour(give_up_after=3), bench.now, target="1001")
    bench.drain()
    bench.wait(3)
    assert bench.said("1001") == [m.CancelCall(cc)] * 2
    assert bench.pbx.calls[cc].phase is PbxPhase.ENDED


def test_an_offer_nobody_answers_is_cancelled_and_comes_back(bench: Bench) -> None:
    cc = bench.pbx.queue.ring("12000000001", Behaviour(), bench.now, target="1001")
    bench.drain()
    bench.wait(30.5)
    new = m.NewCall(cc, "12000000001")
    assert bench.said("1001") == [m.CancelCall(cc), m.CancelCall(cc), new, new]


def test_a_customer_waits_until_somebody_is_idle() -> None:
    bench = Bench()
    cc = bench.pbx.queue.ring("12000000001", Behaviour(), bench.now, target="1001")
    bench.pbx.presence.registered("1001", bench.now, fresh=True)
    bench.wait(0.3)
    new = m.NewCall(cc, "12000000001")
    assert bench.said("1001") == [m.StatusChanged(1), new, new]


def test_a_busy_agent_is_not_rung(bench: Bench) -> None:
    bench.tell("1001", m.SetStatus(2))
    cc = bench.pbx.queue.ring("12000000001", Behaviour(), bench.now, target="1001")
    assert bench.said("1001") == []
    bench.tell("1001", m.SetStatus(1))
    assert bench.said("1001") == [m.NewCall(cc, "12000000001")] * 2


def dial(bench: Bench, number: str) -> str:
    bench.tell("1001", m.DialOutside("02500001234", "1", number))
    return next(reversed(bench.pbx.calls))


def test_an_outside_call_rings_in_the_leg_and_is_answered(bench: Bench) -> None:
    cc = dial(bench, "12000000001")
    assert bench.drain() == [
        Say("1001", m.CalloutResponse("200", cc, "12000000001")),
        OpenLeg(cc, "1001"),
    ]
    bench.pbx.legs.up(cc, "1001", bench.now)
    assert bench.pbx.calls[cc].phase is PbxPhase.RINGING
    assert bench.drain() == [RouteAudio(cc)]
    bench.wait(2)
    assert bench.drain() == [Say("1001", m.Answered(cc, "12000000001")), RouteAudio(cc)]


def test_whoever_answers_can_be_made_to_do_so_sooner(bench: Bench) -> None:
    bench.pbx.times.answering = 0.1
    cc = dial(bench, "12000000001")
    bench.pbx.legs.up(cc, "1001", bench.now)
    bench.wait(0.19)
    assert bench.pbx.calls[cc].phase is PbxPhase.RINGING
    bench.wait(0.02)
    assert bench.pbx.calls[cc].phase is PbxPhase.UP
    bench.tell("1001", m.Threeway(cc, 3, "12000000002"))
    bench.drain()
    bench.wait(0.19)
    assert bench.said("1001") == []
    bench.wait(0.02)
    assert bench.said("1001") == [m.ThreewayResult(cc, "0")]


@pytest.mark.parametrize("code", sorted(REFUSALS))
def test_every_refusal_has_a_number_outside(bench: Bench, code: str) -> None:
    cc = dial(bench, f"1299999{int(code):04d}")
    assert bench.said("1001") == [
        m.CalloutResponse(code, cc, f"1299999{int(code):04d}", REFUSALS[code])
    ]
    assert bench.pbx.seats["1001"].call == ""


def test_nobody_answers_is_20_after_the_time_out(bench: Bench) -> None:
    cc = dial(bench, "12000000005")
    bench.pbx.legs.up(cc, "1001", bench.now)
    bench.drain()
    bench.wait(29)
    assert bench.said("1001") == []
    bench.wait(1)
    assert bench.said("1001") == [m.Ended(cc, "20", 1_800_000_000), m.StatusChanged(1)]


def test_hanging_up_before_the_answer_is_20(bench: Bench) -> None:
    cc = dial(bench, "12000000005")
    bench.pbx.legs.up(cc, "1001", bench.now)
    bench.drain()
    bench.tell("1001", m.HangUp(cc))
    assert bench.said("1001")[0] == m.Ended(cc, "20", 1_800_000_000)


def test_a_platform_that_does_not_reply_says_nothing_at_all(bench: Bench) -> None:
    bench.tell("1001", m.DialOutside("02500001234", "1", "12000000009"))
    bench.wait(60)
    assert bench.drain() == []
    assert bench.pbx.seats["1001"].call == ""


def test_a_late_reply_comes_late(bench: Bench) -> None:
    cc = dial(bench, "12000000010")
    bench.wait(19)
    assert bench.drain() == []
    bench.wait(1)
    assert bench.said("1001") == [m.CalloutResponse("200", cc, "12000000010")]


def test_a_second_call_while_in_one_is_refused_as_wrong_state(bench: Bench) -> None:
    bench.up()
    cc = dial(bench, "12000000001")
    assert bench.said("1001") == [m.CalloutResponse("502", cc, "12000000001", "wrong state")]


def test_a_leg_that_never_comes_ends_the_call_with_20(bench: Bench) -> None:
    cc = dial(bench, "12000000011")
    assert OpenLeg(cc, "1001") not in bench.drain()
    bench.wait(12)
    assert bench.said("1001")[0] == m.Ended(cc, "20", 1_800_000_000)


def inside(bench: Bench, number: str) -> str:
    bench.tell("1001", m.DialExtension("02500001234", "1", number, "61234"))
    return next(reversed(bench.pbx.calls))


def test_two_agents_are_connected_and_the_other_side_hears_25(bench: Bench) -> None:
    bench.sign_in("1002")
    cc = inside(bench, "1002")
    assert bench.said("1001") == [m.CallinResponse("200", cc, "1002", "", "61234")]
    bench.pbx.legs.up(cc, "1001", bench.now)
    assert bench.said("1002") == [m.NewCall(cc, "1001", "61234")] * 2
    bench.tell("1002", m.Answer(cc))
    bench.pbx.legs.up(cc, "1002", bench.now)
    acts = bench.drain()
    assert Say("1001", m.Answered(cc, "1002", "61234")) in acts
    assert Say("1002", m.Answered(cc, "1001", "61234")) in acts
    bench.wait(4)
    bench.tell("1002", m.HangUp(cc))
    acts = bench.drain()
    assert Say("1002", m.Ended(cc, "26", 4)) in acts
    assert Say("1001", m.Ended(cc, "25", 4)) in acts
    assert {CloseLeg(cc, "1001"), CloseLeg(cc, "1002")} <= set(acts)


def test_an_extension_that_does_not_answer_is_309_then_20(bench: Bench) -> None:
    bench.sign_in("1002")
    cc = inside(bench, "1002")
    bench.pbx.legs.up(cc, "1001", bench.now)
    bench.drain()
    bench.wait(20)
    acts = bench.drain()
    mine = [each.message for each in acts if isinstance(each, Say) and each.un == "1001"]
    theirs = [each.message for each in acts if isinstance(each, Say) and each.un == "1002"]
    assert mine[:2] == [m.CallinFailed(cc), m.Ended(cc, "20", 1_800_000_000)]
    assert theirs == [m.CancelCall(cc)]
    assert Say("1002", m.CancelCall(cc), 2) in acts


@pytest.mark.parametrize(
    ("number", "r"),
    [("1099", "1000"), ("1003", "502"), ("1470", "470"), ("1512", "512"), ("1777", "404")],
)
def test_extensions_are_refused_by_the_plan(bench: Bench, number: str, r: str) -> None:
    cc = inside(bench, number)
    (said,) = bench.said("1001")
    assert isinstance(said, m.CallinResponse)
    assert (said.r, said.ccnumber) == (r, cc)


def test_a_busy_extension_is_503(bench: Bench) -> None:
    bench.sign_in("1002")
    bench.up("1002")
    cc = inside(bench, "1002")
    assert bench.said("1001") == [m.CallinResponse("503", cc, "1002", "busy", "61234")]


def test_hold_is_kept_with_the_call_and_routed(bench: Bench) -> None:
    cc = bench.up()
    bench.tell("1001", m.Hold(cc, "1001_0000ef32"))
    assert bench.pbx.calls[cc].held
    assert bench.drain() == [RouteAudio(cc)]
    bench.tell("1001", m.Resume(cc, "1001_0000ef32"))
    assert not bench.pbx.calls[cc].held


def test_a_kick_ends_the_call_first(bench: Bench) -> None:
    cc = bench.up()
    bench.pbx.presence.kick("1001", "895", bench.now)
    said = bench.said("1001")
    assert said[0] == m.Ended(cc, "26", 0)
    assert said[-1] == m.Kicked("1001", "Li Ming", "895", "61234")
    assert not bench.pbx.seats["1001"].registered


def test_a_query_without_a_call_says_so(bench: Bench) -> None:
    bench.tell("1001", m.QueryCall())
    assert bench.said("1001") == [m.NoCall()]


def test_a_query_in_a_call_repeats_its_last_message_and_probes_the_leg(bench: Bench) -> None:
    cc = bench.up()
    bench.tell("1001", m.QueryCall())
    assert bench.drain() == [Say("1001", m.Answered(cc, "12000000001")), ProbeLeg(cc, "1001")]
    bench.pbx.legs.asked_again(cc, "1001", bench.now)
    assert bench.drain() == [CloseLeg(cc, "1001"), RouteAudio(cc), OpenLeg(cc, "1001")]
    bench.pbx.legs.up(cc, "1001", bench.now)
    bench.wait(120)
    assert bench.pbx.calls[cc].phase is PbxPhase.UP


def test_a_query_while_it_rings_offers_it_again(bench: Bench) -> None:
    cc = bench.pbx.queue.ring("12000000001", Behaviour(), bench.now, target="1001")
    bench.drain()
    bench.tell("1001", m.QueryCall())
    assert bench.said("1001") == [m.NewCall(cc, "12000000001")]


def test_a_call_whose_agent_never_comes_back_ends(bench: Bench) -> None:
    cc = bench.up()
    bench.pbx.legs.lost(cc, "1001", bench.now)
    bench.wait(61)
    assert bench.pbx.calls[cc].phase is PbxPhase.ENDED
    assert bench.said("1001")[0] == m.Ended(cc, "26", 60)


def test_signing_out_frees_the_customer(bench: Bench) -> None:
    cc = bench.up()
    bench.pbx.presence.unregistered("1001", bench.now)
    assert bench.pbx.calls[cc].reason == "26"
    assert CloseLeg(cc, "1001") in bench.drain()


def test_a_customer_calls_by_itself_once_when_asked_to() -> None:
    bench = Bench(auto_call=4.0)
    bench.sign_in("1001")
    bench.wait(3.5)
    assert not bench.pbx.calls
    bench.wait(0.5)
    assert len(bench.pbx.calls) == 1
    cc = next(iter(bench.pbx.calls))
    bench.pbx.endings.customer_hangs_up(cc, bench.now)
    bench.wait(60)
    assert len(bench.pbx.calls) == 1


def test_the_one_who_is_busy_calls_back(bench: Bench) -> None:
    dial(bench, "12000000020")
    bench.drain()
    bench.wait(3)
    said = bench.said("1001")
    assert [type(each) for each in said] == [m.NewCall, m.NewCall]


def test_the_plan_that_is_printed_names_every_number() -> None:
    text = dial_plan_text()
    assert all(number in text for number in OUTSIDE)
    assert all(f"1299999{int(code):04d}" in text for code in REFUSALS)
    assert look_up("12020000440").voice == "tone:440"


@pytest.mark.parametrize(
    ("dial", "answer"),
    [
        (m.DialOutside("02500009999", "1", "12000000001"), m.CalloutResponse),
        (m.DialExtension("02500009999", "1", "1090", "61234"), m.CallinResponse),
        (m.DialExtension("02500009999", "1", "1002", "61234"), m.CallinResponse),
    ],
)
def test_a_call_from_another_switch_number_is_511(
    bench: Bench, dial: m.AgentMessage, answer: type[m.CallinResponse | m.CalloutResponse]
) -> None:
    bench.tell("1001", dial)
    (said,) = bench.said("1001")
    assert isinstance(said, answer)
    assert (said.r, said.info) == ("511", REFUSALS["511"])
    assert bench.pbx.seats["1001"].call == ""


def test_a_dial_that_is_carried_out_late_does_not_hold_the_seat_until_then(bench: Bench) -> None:
    bench.pbx.times.dial = 10
    bench.tell("1001", m.DialOutside("02500001234", "1", "12000000001"))
    bench.wait(5)
    assert bench.said("1001") == []
    bench.pbx.times.dial = 0
    second = dial(bench, "12000000002")
    assert bench.said("1001") == [m.CalloutResponse("200", second, "12000000002")]
    bench.tell("1001", m.HangUp(second))
    bench.wait(6)
    late = next(reversed(bench.pbx.calls))
    assert late != second
    assert m.CalloutResponse("200", late, "12000000001") in bench.said("1001")


def test_a_late_dial_to_an_extension_is_carried_out_too(bench: Bench) -> None:
    bench.pbx.times.dial = 1
    bench.tell("1001", m.DialExtension("02500001234", "1", "1090", "61234"))
    bench.wait(1)
    (said,) = bench.said("1001")
    assert isinstance(said, m.CallinResponse)
    assert said.r == "200"


def test_a_seat_rings_until_the_call_is_up_and_talks_or_holds_after_that(bench: Bench) -> None:
    def state() -> int:
        return bench.pbx.presence.seat_state("1001")

    assert (state(), bench.pbx.presence.seat_state("1002")) == (1, 0)
    bench.tell("1001", m.SetStatus(2))
    assert state() == 2
    bench.tell("1001", m.SetStatus(1))
    cc = dial(bench, "12000000001")
    bench.pbx.legs.up(cc, "1001", bench.now)
    assert state() == 3
    bench.wait(2)
    assert state() == 4
    bench.tell("1001", m.Hold(cc, "x"))
    assert state() == 5


def test_a_kick_of_another_enterprise_signs_nobody_out(bench: Bench) -> None:
    bench.pbx.presence.kick_elsewhere("1001", "895", "70000")
    assert bench.said("1001") == [m.Kicked("1001", "Li Ming", "895", "70000")]
    assert bench.pbx.seats["1001"].registered
