"""Third parties, transfers, telephones and tones at the PBX by itself: every way in and out."""

from __future__ import annotations

import random

import pytest

from tests.waiting import until
from tui.platform import messages as m
from tui.sandbox.faults import FaultKind
from tui.sandbox.fixtures import LOAD_GROUP, SALES, SUPPORT, Fixtures
from tui.sandbox.pbx.actions import CloseLeg, PbxAction, Say, Speak
from tui.sandbox.pbx.calls import PbxPhase, PhoneState
from tui.sandbox.pbx.dialplan import Behaviour
from tui.sandbox.pbx.digits import heard
from tui.sandbox.pbx.pbx import Pbx
from tui.sandbox.signalling.dtmf import read_relay
from tui.sandbox.web.load import SIZE, STATES, LoadGroup

EID = "61234"


class Bench:
    """A PBX whose clock the test moves, with 1001 and 1002 idle in Sales."""

    def __init__(self) -> None:
        self.pbx = Pbx(Fixtures(), rng=random.Random(1), wall=lambda: 1_800_000_000_000)
        self.now = 100.0
        self.done: list[PbxAction] = []
        for un in ("1001", "1002"):
            self.pbx.presence.registered(un, self.now, fresh=True)
            for message in (m.SetStatus(1), m.SetSeatMode(True), m.JoinGroup(SALES, EID)):
                self.tell(un, message)
        self.wait(0.3)
        self.drain()

    def drain(self) -> list[PbxAction]:
        new = list(self.pbx.actions())
        self.done += new
        return new

    def said(self, un: str) -> list[object]:
        """What an agent was told since the last look at anything, repeats left out."""
        return [each.message for each in self.drain() if isinstance(each, Say) and each.un == un]

    def told(self) -> dict[str, list[object]]:
        """What each of the two was told since the last look, repeats left out."""
        new = [each for each in self.drain() if isinstance(each, Say)]
        return {un: [each.message for each in new if each.un == un] for un in ("1001", "1002")}

    def wait(self, seconds: float) -> None:
        end = self.now + seconds
        while (due := self.pbx.next_deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            self.pbx.handle_timeout(self.now)
        self.now = end

    def tell(self, un: str, message: m.AgentMessage) -> None:
        self.pbx.commands.receive(un, message, self.now)

    def up(self) -> str:
        """A customer's call to 1001 that is up."""
        cc = self.pbx.queue.ring("12000000001", Behaviour(), self.now, target="1001")
        self.tell("1001", m.Answer(cc))
        self.pbx.legs.up(cc, "1001", self.now)
        self.drain()
        return cc

    def joined(self) -> str:
        """The same with 1002 as the third party."""
        cc = self.up()
        self.tell("1001", m.Threeway(cc, 1, "1002"))
        self.tell("1002", m.Answer(cc))
        self.pbx.legs.up(cc, "1002", self.now)
        self.drain()
        return cc


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_an_agent_is_rung_twice_over_and_tied_in_once_the_leg_is_up(bench: Bench) -> None:
    cc = bench.up()
    bench.tell("1001", m.Threeway(cc, 1, "1002"))
    told = bench.told()
    assert told["1001"] == [m.ThreewayResponse(cc, "0")]
    assert told["1002"] == [m.NewCall(cc, "12000000001")]
    bench.tell("1002", m.Answer(cc))
    assert bench.told() == {"1001": [], "1002": []}
    bench.pbx.legs.up(cc, "1002", bench.now)
    told = bench.told()
    assert told["1002"] == [m.Answered(cc, "12000000001")]
    assert told["1001"] == [m.ThreewayResult(cc, "0")]


@pytest.mark.parametrize("who", ["declines", "is-late", "signs-out", "gets-no-leg"])
def test_an_agent_who_does_not_join_is_a_failure_and_is_free_again(bench: Bench, who: str) -> None:
    cc = bench.up()
    bench.tell("1001", m.Threeway(cc, 1, "1002"))
    bench.drain()
    match who:
        case "declines":
            bench.tell("1002", m.HangUp(cc))
        case "is-late":
            bench.wait(21)
        case "signs-out":
            bench.pbx.presence.unregistered("1002", bench.now)
        case _:
            bench.tell("1002", m.Answer(cc))
            bench.pbx.legs.failed(cc, "1002", bench.now)
    told = bench.told()
    assert told["1001"] == [m.ThreewayResult(cc, "1")]
    ending = m.Ended if who == "gets-no-leg" else m.CancelCall
    assert isinstance(told["1002"][0], ending)
    assert bench.pbx.seats["1002"].call == ""
    assert bench.pbx.calls[cc].guest is None
    assert list(bench.pbx.calls[cc].parties) == ["1001"]


def test_type_4_takes_an_agent_out_with_25_and_cancels_one_who_is_rung(bench: Bench) -> None:
    cc = bench.joined()
    bench.tell("1001", m.Threeway(cc, 4))
    told = bench.told()
    assert told["1001"] == [m.ThreewayResponse(cc, "0")]
    assert told["1002"] == [m.Ended(cc, "25", 0), m.StatusChanged(1)]
    bench.tell("1001", m.Threeway(cc, 1, "1002"))
    bench.drain()
    bench.tell("1001", m.Threeway(cc, 4))
    told = bench.told()
    assert told["1001"] == [m.ThreewayResponse(cc, "0")]
    assert told["1002"] == [m.CancelCall(cc)]
    bench.tell("1001", m.Threeway(cc, 4))
    assert bench.said("1001") == [m.ThreewayResponse(cc, "1", "there is no third party")]


def test_the_agent_who_was_left_with_the_customer_has_the_call(bench: Bench) -> None:
    cc = bench.joined()
    bench.tell("1001", m.HangUp(cc))
    told = bench.told()
    assert told["1001"] == [m.Ended(cc, "26", 0), m.StatusChanged(1)]
    assert told["1002"] == []
    bench.tell("1002", m.Threeway(cc, 1, "1001"))  # who left may be asked in again
    assert bench.told()["1001"] == [m.NewCall(cc, "12000000001")]
    bench.tell("1002", m.HangUp(cc))
    assert bench.pbx.calls[cc].phase is PbxPhase.UP, (
        "the third who is rung is left with the customer"
    )
    bench.tell("1001", m.HangUp(cc))
    assert bench.pbx.calls[cc].phase is PbxPhase.ENDED


def test_the_customer_ends_it_for_all_whoever_else_is_there(bench: Bench) -> None:
    cc = bench.joined()
    bench.pbx.endings.customer_hangs_up(cc, bench.now)
    told = bench.told()
    assert told["1001"][0] == told["1002"][0] == m.Ended(cc, "25", 0)
    cc = bench.up()
    bench.tell("1001", m.Threeway(cc, 1, "1002"))
    bench.drain()
    bench.pbx.endings.customer_hangs_up(cc, bench.now)
    told = bench.told()
    assert told["1001"][0] == m.Ended(cc, "25", 0)
    assert told["1002"] == [m.CancelCall(cc)]


def test_two_agents_and_a_third_who_is_simulated(bench: Bench) -> None:
    bench.tell("1001", m.DialExtension("02500001234", "1", "1002", EID))
    cc = next(reversed(bench.pbx.calls))
    bench.pbx.legs.up(cc, "1001", bench.now)
    bench.tell("1002", m.Answer(cc))
    bench.pbx.legs.up(cc, "1002", bench.now)
    bench.tell("1001", m.Threeway(cc, 3, "12000000004"))
    bench.wait(2.1)
    bench.drain()
    bench.tell("1001", m.HangUp(cc))
    assert isinstance(bench.told()["1001"][0], m.Ended)
    assert bench.pbx.calls[cc].phase is PbxPhase.UP
    bench.wait(5)  # the third hangs up, and nobody else is left with 1002
    assert bench.told()["1002"][0] == m.Ended(cc, "25", 7)


def test_two_simulated_ends_that_were_left_alone_do_not_talk_for_ever(bench: Bench) -> None:
    cc = bench.up()
    bench.tell("1001", m.Threeway(cc, 3, "12000000001"))
    bench.wait(2.1)
    bench.tell("1001", m.HangUp(cc))
    assert bench.pbx.calls[cc].phase is PbxPhase.UP
    bench.wait(bench.pbx.times.left + 1)
    assert bench.pbx.calls[cc].phase is PbxPhase.ENDED


def test_what_is_no_three_way_call_is_refused(bench: Bench) -> None:
    bench.tell("1001", m.Threeway("1conf_1", 1, "1002"))
    assert bench.said("1001") == [m.ThreewayResponse("1conf_1", "1", "no such call")]
    cc = bench.joined()
    bench.tell("1001", m.Threeway(cc, 3, "12000000001"))
    refused = bench.said("1001")
    assert refused == [m.ThreewayResponse(cc, "1", "there is a third party already")]


def test_a_group_without_anybody_idle_takes_a_simulated_member_or_refuses(bench: Bench) -> None:
    cc = bench.up()
    bench.tell("1001", m.Threeway(cc, 2, SUPPORT))
    assert bench.said("1001") == [m.ThreewayResponse(cc, "0")]
    bench.wait(2.1)
    assert bench.said("1001") == [m.ThreewayResult(cc, "0")]
    bench.tell("1001", m.Threeway(cc, 4))
    bench.tell("1002", m.SetStatus(2))
    bench.drain()
    bench.tell("1001", m.Threeway(cc, 2, SALES))
    assert bench.said("1001") == [m.ThreewayResponse(cc, "1", "agent not idle")]


def test_a_transfer_tells_38_then_the_end_and_leaves_the_call_to_the_second(bench: Bench) -> None:
    cc = bench.up()
    bench.tell("1001", m.Transfer(cc, SALES, "1002", EID))
    bench.tell("1002", m.Answer(cc))
    bench.pbx.legs.up(cc, "1002", bench.now)
    assert bench.told()["1001"] == [m.TransferSucceeded(cc)]
    bench.wait(0.3)
    new = bench.drain()
    assert CloseLeg(cc, "1001") in new
    assert Say("1001", m.Ended(cc, "26", 0)) in new
    assert list(bench.pbx.calls[cc].parties) == ["1002"]
    assert bench.pbx.calls[cc].guest is None


def test_a_transfer_whose_first_agent_hangs_up_meanwhile_is_off(bench: Bench) -> None:
    cc = bench.up()
    bench.tell("1001", m.Transfer(cc, SALES, "1002", EID))
    bench.drain()
    bench.tell("1001", m.HangUp(cc))
    told = bench.told()
    assert told["1002"] == [m.CancelCall(cc)]
    assert told["1001"][0] == m.Ended(cc, "26", 0)
    assert bench.pbx.calls[cc].phase is PbxPhase.ENDED


def test_faults_leave_each_of_the_answers_out(bench: Bench) -> None:
    faults = bench.pbx.faults
    cc = bench.up()
    for kind in (FaultKind.THREEWAY, FaultKind.TRANSFER, FaultKind.NEXT_STATUS):
        faults.set(kind, "1001", True)
    bench.tell("1001", m.Threeway(cc, 1, "1002"))
    bench.tell("1001", m.Transfer(cc, SALES, "1002", EID))
    bench.tell("1001", m.StatusAfterCall(cc, True))
    assert bench.told() == {"1001": [], "1002": []}
    faults.clear()
    for kind in (FaultKind.TRANSFER_REPLY, FaultKind.TRANSFER_END):
        faults.set(kind, "1001", True)
    bench.tell("1001", m.Transfer(cc, SUPPORT, "1090", EID))
    bench.wait(2.5)
    assert bench.said("1001") == [m.StatusChanged(1)]
    assert bench.pbx.seats["1001"].call == ""


# ---------------------------------------------------------------- telephones


def test_a_telephone_rings_with_the_offer_and_is_quiet_after_the_decline(bench: Bench) -> None:
    bench.pbx.phones.bind("1001", 5, "7001")
    cc = bench.pbx.queue.ring("12000000001", Behaviour(), bench.now, target="1001")
    assert bench.pbx.phones.phone_of("1001") is PhoneState.RINGING
    bench.wait(10)
    assert bench.pbx.phones.phone_of("1001") is PhoneState.RINGING, (
        "nobody picks an offer up for you"
    )
    bench.tell("1001", m.HangUp(cc))
    assert bench.pbx.phones.phone_of("1001") is PhoneState.ON_HOOK
    assert not bench.pbx.phones.hang_up("1001", bench.now)
    assert not bench.pbx.phones.pick_up("1001", bench.now)


def test_a_query_of_a_telephones_call_builds_no_leg(bench: Bench) -> None:
    bench.pbx.phones.bind("1001", 4, "12000007001")
    cc = bench.pbx.queue.ring("12000000001", Behaviour(), bench.now, target="1001")
    bench.pbx.phones.pick_up("1001", bench.now)
    bench.drain()
    bench.tell("1001", m.QueryCall())
    assert bench.drain() == [Say("1001", m.Answered(cc, "12000000001"))]


def test_hold_on_the_telephone_names_the_agents_own_line(bench: Bench) -> None:
    bench.pbx.phones.bind("1001", 4, "12000007001")
    cc = bench.pbx.queue.ring("12000000001", Behaviour(), bench.now, target="1001")
    bench.pbx.phones.pick_up("1001", bench.now)
    bench.drain()
    assert bench.pbx.phones.hold("1001", True)
    assert not bench.pbx.phones.hold("1001", True)
    assert bench.said("1001") == [m.Held(cc, "912000007001")]
    bench.pbx.seats["1001"].line = 5
    assert bench.pbx.phones.hold("1001", False)
    assert bench.said("1001") == [m.Resumed(cc, "1001_0000ef32")]


def test_a_telephone_in_trouble_cannot_be_answered_with(bench: Bench) -> None:
    bench.pbx.phones.bind("1001", 5, "70471")
    cc = bench.pbx.queue.ring("12000000001", Behaviour(), bench.now, target="1001")
    assert bench.pbx.phones.phone_of("1001") is PhoneState.ON_HOOK
    bench.tell("1001", m.Answer(cc))
    assert m.Ended(cc, "20", 1_800_000_000) in bench.said("1001")


# ---------------------------------------------------------------- tones


@pytest.mark.parametrize(
    ("kind", "body", "found"),
    [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n", ("5", 160)),
        ("Application/DTMF-Relay; x=y", b"signal = #\nduration = 90", ("#", 90)),
        ("application/dtmf-relay", b"Signal=d", ("D", 160)),
        ("application/dtmf-relay", b"Signal=12\r\nDuration=160", None),
        ("application/dtmf-relay", b"Signal=1\r\nDuration=-1", None),
        ("application/dtmf-relay", b"\xff", None),
        ("application/xml", b"Signal=5\r\nDuration=160\r\n", None),
        (None, b"Signal=5", None),
    ],
)
def test_a_tones_info_is_read(kind: str | None, body: bytes, found: tuple[str, int] | None) -> None:
    assert read_relay(kind, body) == found


def test_a_digit_too_close_after_the_one_before_is_dropped() -> None:
    first = heard([], "1001", "1", 160, 10.0)
    assert first.taken
    assert not heard([first], "1001", "2", 160, 10.21).taken
    assert heard([first], "1001", "2", 160, 10.22).taken
    assert heard([first], "1002", "2", 160, 10.01).taken, "another agent's keys are another row"
    dropped = heard([first], "1001", "2", 160, 10.1)
    assert heard([first, dropped], "1001", "3", 160, 10.23).taken, "a dropped digit sounds nothing"


def test_a_menu_lets_through_who_types_its_code_and_only_digits_that_were_heard_count(
    bench: Bench,
) -> None:
    how = Behaviour(voice="tone:620", code="12#", then="tone:480")
    cc = bench.pbx.queue.ring("12000000001", how, bench.now, target="1001")
    bench.tell("1001", m.Answer(cc))
    bench.pbx.legs.up(cc, "1001", bench.now)
    for digit in "12#":
        bench.pbx.commands.digit(cc, "1001", digit, 160, bench.now)
        bench.now += 0.1
    assert not bench.pbx.calls[cc].through
    bench.now += 1
    bench.drain()
    for digit in "12#":
        bench.pbx.commands.digit(cc, "1001", digit, 160, bench.now)
        bench.now += 0.4
    assert bench.pbx.calls[cc].through
    assert bench.drain() == [Speak(cc, "tone:480")]
    bench.pbx.commands.digit("nothing", "1001", "1", 160, bench.now)


# ---------------------------------------------------------------- the load_group


def test_the_group_of_ten_thousand_is_there_only_when_asked_for() -> None:
    fixtures = Fixtures()
    assert LOAD_GROUP not in fixtures.groups
    LoadGroup(fixtures, random.Random(1)).arrive()
    members = fixtures.members(LOAD_GROUP)
    assert len(members) == SIZE
    assert [members[0].un, members[-1].un] == ["20000", "29999"]
    assert {fixtures.states[seed.un] for seed in members} == set(STATES)
    assert fixtures.is_extension("29999")
    assert not fixtures.is_extension("30000")
    assert members is fixtures.members(LOAD_GROUP), "looked for once"


async def test_so_many_members_change_state_as_are_asked_for() -> None:
    fixtures = Fixtures()
    load_group = LoadGroup(fixtures, random.Random(1))
    load_group.arrive()
    before = dict(fixtures.states)
    load_group.set_rate(500)
    states = fixtures.states
    await until(lambda: sum(states[un] != state for un, state in before.items()) >= 100, 10)
    await load_group.leave()
    still = dict(fixtures.states)
    assert load_group._task is None, "nobody is left who could change one"
    assert fixtures.states == still


def test_a_transfer_that_names_an_agent_and_group_0_reaches_one_who_is_in_no_group(
    bench: Bench,
) -> None:
    bench.pbx.presence.registered("1004", bench.now, fresh=True)
    bench.tell("1004", m.SetStatus(1))
    cc = bench.up()
    bench.tell("1001", m.Transfer(cc, "0", "1004", EID))
    assert m.NewCall(cc, "12000000001") in bench.said("1004")
