"""Supervisors at the PBX by itself: what they are told, and what they may do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.pbx_bench import Bench
from tui.platform import messages as m
from tui.platform.messages import SuperviseAct as Act
from tui.sandbox.audio.switching import CUSTOMER, SCRIPTED, plan_of
from tui.sandbox.fixtures import SALES, SUPPORT
from tui.sandbox.pbx.actions import CloseLeg, OpenLeg, PbxAction, Say
from tui.sandbox.pbx.dialplan import Behaviour

BOSS, AGENT, SCRIPTED_AGENT = "1003", "1001", "1090"
EID = "61234"


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.pbx.seats[BOSS].generation = 1
    bench.sign_in(AGENT, SUPPORT)
    bench.sign_in(BOSS, SUPPORT)
    return bench


def group_calls(bench: Bench, un: str = BOSS) -> list[m.GroupCallReport]:
    return [each for each in bench.said(un) if isinstance(each, m.GroupCallReport)]


def asks(bench: Bench, act: Act, cc: str, un: str = BOSS) -> tuple[Any, list[PbxAction]]:
    """The platform's answer, and all that it did."""
    bench.tell(un, m.Supervise(cc, act))
    done = bench.drain()
    (answer,) = (
        each.message
        for each in done
        if isinstance(each, Say) and isinstance(each.message, m.SuperviseResponse)
    )
    assert (answer.ccnumber, answer.act) == (cc, act)
    return (answer.result, answer.info), done


def listening(bench: Bench) -> str:
    cc = bench.up(AGENT)
    assert asks(bench, Act.LISTEN, cc)[0] == ("0", "")
    bench.pbx.legs.up(cc, BOSS, bench.now)
    bench.drain()
    return cc


def test_a_call_of_the_group_is_told_twice_when_it_is_up_and_twice_when_it_is_over(
    bench: Bench,
) -> None:
    cc = bench.pbx.queue.ring("12000000001", Behaviour(), bench.now, target=AGENT)
    assert group_calls(bench) == [], "it only rings"
    bench.tell(AGENT, m.Answer(cc))
    bench.pbx.legs.up(cc, AGENT, bench.now)
    began = m.GroupCallReport(cc, "12000000001", AGENT, "1800000000", "", "", EID)
    assert group_calls(bench) == [began] * 2
    bench.tell(AGENT, m.HangUp(cc))
    first, second = group_calls(bench)
    assert first == second
    assert (first.ccnumber, first.call_time, bool(first.end_time)) == (cc, "1800000000", True)


def test_an_outgoing_call_has_the_agent_as_its_caller(bench: Bench) -> None:
    bench.tell(AGENT, m.DialOutside("02500001234", "1", "12000000021"))
    bench.wait(0.1)
    (cc,) = bench.pbx.calls
    bench.pbx.legs.up(cc, AGENT, bench.now)
    bench.wait(0.1)
    told = group_calls(bench)
    assert (told[0].caller, told[0].caller_eid) == (AGENT, EID)
    assert (told[0].callee, told[0].callee_eid) == ("12000000021", "")


def test_a_call_from_before_the_sign_in_is_not_told_nor_its_end() -> None:
    bench = Bench()
    bench.pbx.seats[BOSS].generation = 1
    bench.sign_in(AGENT, SUPPORT)
    cc = bench.up(AGENT)
    bench.sign_in(BOSS, SUPPORT)
    bench.tell(AGENT, m.HangUp(cc))
    assert group_calls(bench) == []


def test_other_groups_and_who_has_no_right_are_told_nothing(bench: Bench) -> None:
    bench.sign_in("1002", SALES)
    bench.up("1002")
    assert group_calls(bench) == []
    bench.up(AGENT)
    assert group_calls(bench, "1002") == []


def test_listening_opens_a_leg_and_the_supervisor_is_told_as_if_it_were_hers(
    bench: Bench,
) -> None:
    cc = bench.up(AGENT)
    answer, done = asks(bench, Act.LISTEN, cc)
    assert answer == ("0", "")
    assert OpenLeg(cc, BOSS) in done
    assert not [each for each in done if isinstance(each, Say) and each.un == AGENT], "unnoticed"
    bench.pbx.legs.up(cc, BOSS, bench.now)
    assert m.Answered(cc, "12000000001") in bench.said(BOSS)
    bench.tell(AGENT, m.HangUp(cc))
    done = bench.drain()
    assert CloseLeg(cc, BOSS) in done
    assert [s.message.r for s in done if isinstance(s, Say) and s.un == BOSS
            and isinstance(s.message, m.Ended)] == ["26"]  # fmt: skip


def test_who_listens_is_heard_by_nobody_and_who_joined_by_all(bench: Bench) -> None:
    cc = listening(bench)
    call, ends = bench.pbx.calls[cc], (CUSTOMER, AGENT, BOSS)
    plan = plan_of(call, ends)
    assert plan[BOSS].sources == (CUSTOMER, AGENT)
    assert plan[CUSTOMER].sources == (AGENT,)
    assert plan[AGENT].sources == (CUSTOMER,)
    assert asks(bench, Act.JOIN, cc)[0] == ("0", "")
    plan = plan_of(call, ends)
    assert plan[CUSTOMER].sources == (AGENT, BOSS)
    assert plan[AGENT].sources == (CUSTOMER, BOSS)
    call.parties[AGENT].holding = True
    assert plan_of(call, ends)[CUSTOMER].held
    assert not plan_of(call, ends)[BOSS].held


@pytest.mark.parametrize("joined", [False, True])
def test_she_leaves_and_the_call_goes_on(bench: Bench, joined: bool) -> None:
    cc = listening(bench)
    if joined:
        assert asks(bench, Act.JOIN, cc)[0] == ("0", "")
    answer, done = asks(bench, Act.LEAVE if joined else Act.STOP, cc)
    assert answer == ("0", "")
    assert CloseLeg(cc, BOSS) in done
    assert bench.pbx.calls[cc].listeners == {}
    assert bench.pbx.seats[BOSS].call == ""
    assert bench.pbx.calls[cc].phase == "up"


@pytest.mark.parametrize("first", [(), (Act.LISTEN,), (Act.LISTEN, Act.JOIN)])
def test_she_ends_the_call_for_all_from_every_state(bench: Bench, first: tuple[Act, ...]) -> None:
    cc = bench.up(AGENT)
    for act in first:
        assert asks(bench, act, cc)[0] == ("0", "")
    answer, done = asks(bench, Act.END, cc)
    assert answer == ("0", "")
    assert bench.pbx.calls[cc].phase == "ended"
    assert any(isinstance(e, Say) and e.un == AGENT and isinstance(e.message, m.Ended)
               for e in done)  # fmt: skip


def test_what_may_not_be_is_refused_with_its_reason(bench: Bench) -> None:
    cc = bench.up(AGENT)
    assert asks(bench, Act.JOIN, cc)[0] == ("1", "not listening")
    assert asks(bench, Act.STOP, cc)[0] == ("1", "not listening")
    assert asks(bench, Act.LISTEN, cc, AGENT)[0] == ("1", "no right")
    assert asks(bench, Act.LISTEN, "1conf_1")[0] == ("1", "no such call in your group")
    bench.sign_in("1002", SALES)
    other = bench.up("1002")
    assert asks(bench, Act.LISTEN, other)[0] == ("1", "no such call in your group")
    assert asks(bench, Act.LISTEN, cc)[0] == ("0", "")
    assert asks(bench, Act.LISTEN, cc)[0] == ("1", "already in that call")
    second = bench.pbx.scripted.begin(SCRIPTED_AGENT, "12000000001", bench.now)
    bench.drain()
    assert asks(bench, Act.LISTEN, second)[0] == ("1", "not idle")


def test_in_a_call_of_her_own_she_listens_to_none(bench: Bench) -> None:
    cc = bench.up(AGENT)
    bench.up(BOSS)
    assert asks(bench, Act.LISTEN, cc)[0] == ("1", "not idle")


def test_while_she_listens_she_is_not_rung_and_afterwards_she_is(bench: Bench) -> None:
    cc = listening(bench)
    waiting = bench.pbx.queue.ring("12000000002", Behaviour(), bench.now, target=BOSS)
    assert not [each for each in bench.said(BOSS) if isinstance(each, m.NewCall)]
    asks(bench, Act.STOP, cc)
    bench.wait(0.1)
    assert m.NewCall(waiting, "12000000002") in bench.said(BOSS)


def test_a_leg_that_does_not_come_ends_listening_and_not_the_call(bench: Bench) -> None:
    cc = bench.up(AGENT)
    asks(bench, Act.LISTEN, cc)
    bench.wait(13)
    bench.drain()
    assert bench.pbx.calls[cc].listeners == {}
    assert bench.pbx.calls[cc].phase == "up"


def test_signing_out_takes_her_out_of_the_call(bench: Bench) -> None:
    cc = listening(bench)
    bench.pbx.presence.unregistered(BOSS, bench.now)
    assert bench.pbx.calls[cc].listeners == {}
    assert CloseLeg(cc, BOSS) in bench.drain()


def test_a_scripted_call_is_told_and_shown_in_the_directory_until_it_is_over(
    bench: Bench,
) -> None:
    states = bench.pbx.scripted._state.fixtures.states
    cc = bench.pbx.scripted.begin(SCRIPTED_AGENT, "12000000001", bench.now, lasts=5)
    told = group_calls(bench)
    assert (told[0].caller, told[0].callee, told[0].callee_eid) == (
        *("12000000001", SCRIPTED_AGENT, EID),
    )
    assert states[SCRIPTED_AGENT] == "talking"
    plan = plan_of(bench.pbx.calls[cc], (CUSTOMER, SCRIPTED))
    assert plan[CUSTOMER].sources == (SCRIPTED,)
    bench.wait(5.1)
    assert [bool(each.end_time) for each in group_calls(bench)] == [True, True]
    assert states[SCRIPTED_AGENT] == "idle"


def test_calls_begin_by_themselves_while_a_supervisor_is_signed_in() -> None:
    bench = Bench(auto_call=1000.0)
    bench.pbx.seats[BOSS].generation = 1
    bench.sign_in(BOSS, SUPPORT)
    bench.wait(30)
    told = {each.ccnumber for each in group_calls(bench)}
    assert len(told) == 2
    bench.pbx.presence.unregistered(BOSS, bench.now)
    bench.wait(300)
    assert len(bench.pbx.calls) == 2
    assert all(call.phase == "ended" for call in bench.pbx.calls.values())
