"""The seat and call tables, cell by cell; the snapshot and `apply`."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.port import events as e
from tui.port import replace
from tui.port.colleagues import (
    Colleague,
    Lamp,
    Mailbox,
    ParkingSlot,
    parked,
    ringing_first,
    with_colleague,
    with_slot,
)
from tui.port.machines.call_machine import (
    JOINED_SOUNDS,
    PEER_HOLDS_SOUNDS,
    CallInput,
    CallState,
    HoldInput,
    HoldRequest,
    LineSound,
    LineSoundInput,
    ThirdState,
    step_beneath,
    step_call,
    step_hold,
    step_line_sound,
)
from tui.port.machines.seat_machine import SeatInput, SeatState, Status, step_seat
from tui.port.queues import AgentQueue
from tui.port.snapshot import RECENT_LIMIT, Call, SeatStatus, Snapshot, Third, seat_state
from tui.port.supervision import (
    MAY_ASK,
    GroupCall,
    SuperviseHow,
    SuperviseInput,
    SuperviseState,
    Supervision,
    step_supervise,
)
from tui.port.values import (
    Account,
    CallRecord,
    Capability,
    Check,
    CheckState,
    Connection,
    ConnectionState,
    Group,
    Levels,
    Message,
    NextStatus,
    Notice,
    Phase,
    PhoneMode,
    Quality,
    Question,
    QuestionKind,
    Shift,
    Standing,
    ThirdKind,
    Voice,
    VoiceState,
    message,
)
from tui.port.work import Callbacks

REFER = Question(QuestionKind.REFER, "1", "2")


def a_call(state: CallState = CallState.TALKING, key: str = "1", **values: Any) -> Call:
    return Call(key=key, state=state, outgoing=False, number="12000000001", since=1.0, began=0.5,
                **values)  # fmt: skip


def test_an_idle_confirmed_by_a_200_does_not_bring_an_offline_seat_online() -> None:
    assert step_seat(Status.OFFLINE, SeatInput.IDLE_CONFIRMED) is Status.OFFLINE
    assert step_seat(Status.OFFLINE, SeatInput.PLATFORM_ONLINE) is Status.ONLINE


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (SeatInput.PLATFORM_OFFLINE, Status.OFFLINE),
        (SeatInput.PLATFORM_ONLINE, Status.ONLINE),
        (SeatInput.PLATFORM_BUSY, Status.BUSY),
        (SeatInput.SIGNED_OUT, Status.OFFLINE),
    ],
)
def test_what_the_platform_says_of_the_seat_overrides_every_status(
    said: SeatInput, status: Status
) -> None:
    assert {step_seat(before, said) for before in Status} == {status}


def test_the_end_and_the_end_of_the_session_end_a_call_in_every_state() -> None:
    for state in CallState:
        assert step_call(state, CallInput.ENDED) is CallState.ENDED
        assert step_call(state, CallInput.SESSION_ENDED) is CallState.ENDED


def test_only_another_offer_brings_an_ended_call_back() -> None:
    alive = [i for i in CallInput if step_call(CallState.ENDED, i) is not CallState.ENDED]
    assert alive == [CallInput.OFFERED]


def test_every_state_of_a_call_is_reached_from_an_offer_or_a_dialled_call() -> None:
    reached = {CallState.RINGING, CallState.DIALING}
    while True:
        more = {step_call(state, given_) for state in reached for given_ in CallInput} - reached
        if not more:
            break
        reached |= more
    assert reached == set(CallState)


def test_a_call_being_hung_up_goes_on_beneath_but_never_ends_there() -> None:
    assert step_beneath(CallState.DIALING, CallInput.ACCEPTED) is CallState.PROCEEDING
    assert step_beneath(CallState.PROCEEDING, CallInput.ANSWERED) is CallState.TALKING
    for state in set(CallState) - {CallState.ENDED}:
        for given_ in CallInput:
            after = step_call(state, given_)
            assert step_beneath(state, given_) is (state if after is CallState.ENDED else after)


def test_what_was_asked_about_holding_is_settled_before_anything_else_is_asked() -> None:
    for request_ in HoldRequest:
        assert step_hold(request_, HoldInput.SETTLED) is HoldRequest.NONE
        for given_ in (HoldInput.HOLD_SENT, HoldInput.RESUME_SENT):
            assert request_ is HoldRequest.NONE or step_hold(request_, given_) is request_


def test_the_mix_and_the_peers_hold_know_nothing_of_each_other() -> None:
    for sound in set(LineSound) - {LineSound.EARLY}:
        for given_, joined in ((LineSoundInput.JOINED, True), (LineSoundInput.PARTED, False)):
            after = step_line_sound(sound, given_)
            assert (after in JOINED_SOUNDS) is joined
            assert (after in PEER_HOLDS_SOUNDS) is (sound in PEER_HOLDS_SOUNDS)
        for given_, holds in (
            (LineSoundInput.PEER_HELD, True),
            (LineSoundInput.PEER_RESUMED, False),
            (LineSoundInput.REPLACED, False),
        ):
            after = step_line_sound(sound, given_)
            assert (after in PEER_HOLDS_SOUNDS) is holds
            assert (after in JOINED_SOUNDS) is (sound in JOINED_SOUNDS)


def test_a_call_reads_the_sound_of_its_line() -> None:
    shown = [
        (call.early, call.joined, call.peer_holds)
        for call in (a_call(line_sound=sound) for sound in LineSound)
    ]
    assert shown == [
        (False, False, False),
        (True, False, False),
        (False, True, False),
        (False, False, True),
        (False, True, True),
    ]


@pytest.mark.parametrize(
    ("state", "seat"),
    [
        (CallState.DIALING, SeatState.RINGING),
        (CallState.PROCEEDING, SeatState.RINGING),
        (CallState.RINGING, SeatState.RINGING),
        (CallState.ANSWERING, SeatState.RINGING),
        (CallState.DECLINING, SeatState.RINGING),
        (CallState.TALKING, SeatState.TALKING),
        (CallState.HOLDING, SeatState.HOLDING),
        (CallState.ENDING, SeatState.TALKING),
    ],
)
def test_a_live_call_decides_the_seat_state(state: CallState, seat: SeatState) -> None:
    answered = 1.0 if seat in (SeatState.TALKING, SeatState.HOLDING) else None
    assert seat_state(Status.ONLINE, (a_call(state, answered=answered),)) is seat


def test_a_dial_that_is_hung_up_unanswered_still_rings() -> None:
    assert seat_state(Status.ONLINE, (a_call(CallState.ENDING),)) is SeatState.RINGING


@pytest.mark.parametrize(
    ("status", "seat"),
    [
        (Status.OFFLINE, SeatState.OFFLINE),
        (Status.ONLINE, SeatState.IDLE),
        (Status.BUSY, SeatState.BUSY),
    ],
)
def test_without_a_live_call_the_status_decides_the_seat_state(
    status: Status, seat: SeatState
) -> None:
    assert seat_state(status, ()) is seat
    assert Snapshot(seat=SeatStatus(status), calls=(a_call(CallState.ENDED),)).seat_state is seat


def test_a_supervisor_listens_before_joining_and_everything_leads_back_to_none() -> None:
    S, G = SuperviseState, SuperviseInput
    assert [int(state) for state in S] == [0, 1, 2, 3]
    assert step_supervise(S.NONE, G.JOINS) is S.NONE
    assert step_supervise(step_supervise(S.NONE, G.LISTENS), G.JOINS) is S.JOINED
    assert step_supervise(step_supervise(S.LISTENING, G.WHISPERS), G.JOINS) is S.JOINED
    assert step_supervise(S.NONE, G.WHISPERS) is S.NONE
    for given_ in set(G) - {G.LISTENS, G.WHISPERS, G.JOINS}:
        assert {step_supervise(state, given_) for state in S} == {S.NONE}
    assert MAY_ASK[S.NONE] == (SuperviseHow.LISTEN, SuperviseHow.END)
    assert SuperviseHow.JOIN not in MAY_ASK[S.JOINED]


def test_what_may_be_asked_is_what_the_other_side_takes() -> None:
    assert SuperviseHow.WHISPER not in Supervision(SuperviseState.LISTENING).may_ask
    ways = (SuperviseHow.LISTEN, SuperviseHow.WHISPER, SuperviseHow.LEAVE)
    listening = Supervision(SuperviseState.LISTENING, "1", ways=ways)
    assert listening.may_ask == (SuperviseHow.WHISPER, SuperviseHow.LEAVE)


def test_a_call_of_the_group_is_put_in_place_of_the_one_of_its_key() -> None:
    first, second = GroupCall("1", "12000000001", "1002", 1.0), GroupCall("2", "1003", "1004", 2.0)
    snapshot = Snapshot().with_group_call(first).with_group_call(second)
    changed = replace(first, certain=False)
    assert snapshot.with_group_call(changed).group_calls == (changed, second)


@pytest.mark.parametrize("state", ThirdState)
def test_a_third_party_is_present_from_the_invitation_until_it_is_out(state: ThirdState) -> None:
    third = Third(state, ThirdKind.AGENT, "1002", "Wang Fang", 0.0)
    assert third.present is (state not in {ThirdState.FAILED, ThirdState.LEFT})


def test_the_call_to_show_is_the_live_one_else_the_last() -> None:
    over, live = a_call(CallState.ENDED, "1"), a_call(CallState.RINGING, "2")
    assert Snapshot().call is None
    assert Snapshot(calls=(over,)).call is over
    assert Snapshot(calls=(over, live, replace(over, key="3"))).call is live


def test_the_call_shown_is_the_marked_one_where_lines_are_marked() -> None:
    first, second = a_call(key="1"), a_call(key="2")
    assert Snapshot(calls=(first, second), marked="2").call is second
    assert Snapshot(calls=(first, second), marked="3").call is first


def test_a_call_is_put_in_place_of_the_one_of_its_key() -> None:
    first, second = a_call(key="1"), a_call(key="2")
    snapshot = Snapshot().with_call(first).with_call(second)
    changed = replace(first, muted=True)
    assert snapshot.with_call(changed).calls == (changed, second)


def test_a_message_holds_its_values_as_sorted_strings() -> None:
    assert message("refused.503", code=503, b="x") == Message(
        "refused.503", (("b", "x"), ("code", "503"))
    )


CHANGES = [
    (e.PhaseChanged(Phase.SIGNED_OUT, message("x")), "failure", message("x")),
    (e.AccountChanged(Account("1001", "02500001234", "b"), (Group("1", "A"),)), "groups",
     (Group("1", "A"),)),
    (e.SeatChanged(SeatStatus(Status.BUSY)), "seat", SeatStatus(Status.BUSY)),
    (e.CallChanged(a_call()), "calls", (a_call(),)),
    (e.CallRemoved("1"), "calls", ()),
    (e.ConnectionChanged(Connection(ConnectionState.OK)), "connection",
     Connection(ConnectionState.OK)),
    (e.VoiceChanged(Voice(VoiceState.OK)), "voice", Voice(VoiceState.OK)),
    (e.LevelsChanged(Levels(1, 2)), "levels", Levels(1, 2)),
    (e.NextStatusChanged(NextStatus(2)), "next_status", 2),
    (e.WrapUpChanged(None), "wrapup", None),
    (e.ShiftChanged(Shift(talked=1)), "shift", Shift(talked=1)),
    (e.PhoneModeChanged(PhoneMode.MOBILE), "phone_mode", "mobile"),
    (e.NoticeChanged(Notice(message("n"), 1.0)), "notice", Notice(message("n"), 1.0)),
    (e.MarkMoved("2"), "marked", "2"),
    (e.QualityChanged(Quality(mos=4.2)), "quality", Quality(mos=4.2)),
    (e.QuestionChanged(REFER), "question", REFER),
    (e.GroupCallChanged(GroupCall("1", "12000000001", "1002", 1.0)), "group_calls",
     (GroupCall("1", "12000000001", "1002", 1.0),)),
    (e.GroupCallRemoved("1"), "group_calls", ()),
    (e.SupervisionChanged(Supervision(SuperviseState.JOINED, "1")), "supervision",
     Supervision(SuperviseState.JOINED, "1")),
    (e.QueuesChanged((AgentQueue("Support"),)), "queues", (AgentQueue("Support"),)),
    (e.ColleaguesChanged((Colleague("1007"),)), "colleagues", (Colleague("1007"),)),
    (e.ColleagueChanged(Colleague("1007", lamp=Lamp.IDLE)), "colleagues", ()),
    (e.MailboxChanged(Mailbox(True, 2)), "mailbox", Mailbox(True, 2)),
    (e.ParkingChanged((ParkingSlot("701"),)), "parking", (ParkingSlot("701"),)),
    (e.ParkingSlotChanged(ParkingSlot("701", True)), "parking", ()),
    (e.CallbacksChanged(Callbacks(due=1)), "callbacks", Callbacks(due=1)),
    (e.WatchersChanged(("boss",)), "watchers", ("boss",)),
    (e.ChecksChanged((Check("disk", CheckState.OK),)), "checks", (Check("disk", CheckState.OK),)),
]  # fmt: skip


@pytest.mark.parametrize(("event", "field", "value"), CHANGES, ids=lambda v: type(v).__name__)
def test_a_change_puts_its_value_into_the_snapshot(
    event: e.Event, field: str, value: object
) -> None:
    before = Snapshot(calls=(a_call(muted=True),)) if field == "calls" else Snapshot()
    assert getattr(e.apply(before, event), field) == value


def test_every_kind_of_change_is_applied() -> None:
    tested = {type(event) for event, _, _ in CHANGES} | {e.CallRecorded}
    assert tested == set(get_args(e.Change))


def test_a_colleague_and_a_slot_take_the_place_of_what_was_known_of_them() -> None:
    known = (Colleague("1002"), Colleague("1007"))
    rings = Colleague("1007", lamp=Lamp.RINGING, since=5.0, pick_up=True)
    assert with_colleague(known, rings) == (known[0], rings)
    slots = (ParkingSlot("701"), ParkingSlot("702"))
    assert with_slot(slots, ParkingSlot("701", True)) == (ParkingSlot("701", True), slots[1])


def test_who_rings_longest_is_picked_up_first_and_ones_own_newest_call_fetched() -> None:
    longest = Colleague("1", lamp=Lamp.RINGING, since=1.0, pick_up=True)
    later = Colleague("2", lamp=Lamp.RINGING, since=2.0, pick_up=True)
    not_ours = Colleague("3", lamp=Lamp.RINGING, since=0.5)
    assert ringing_first((later, not_ours, longest, Colleague("4"))) == [longest, later]
    old = ParkingSlot("701", True, 1.0, "5559", True)
    new = ParkingSlot("702", True, 2.0, "5560", True)
    other = ParkingSlot("703", True, 3.0)
    assert parked((old, other, new, ParkingSlot("704", False))) == [new, old, other]


def record(ccnumber: str, number: str = "1") -> CallRecord:
    return CallRecord(number, False, 1.0, None, None, ccnumber=ccnumber)


def test_the_newest_record_comes_first_and_the_list_is_bounded() -> None:
    snapshot = Snapshot()
    for index in range(RECENT_LIMIT + 5):
        snapshot = e.apply(snapshot, e.CallRecorded(record(str(index))))
    assert len(snapshot.recent) == RECENT_LIMIT
    assert snapshot.recent[0].ccnumber == str(RECENT_LIMIT + 4)


def test_a_call_that_was_offered_again_has_one_line_in_the_list() -> None:
    snapshot = e.apply(Snapshot(), e.CallRecorded(record("a")))
    snapshot = e.apply(snapshot, e.CallRecorded(record("", "2")))
    snapshot = e.apply(snapshot, e.CallRecorded(record("a", "3")))
    assert [r.number for r in snapshot.recent] == ["3", "2"]


@given(st.sampled_from([e.StatusChanged(Status(1)), e.KickedOffline(895), e.CallinFailed("c")]))
def test_a_fact_leaves_the_snapshot_as_it_is(fact: e.Event) -> None:
    snapshot = Snapshot(calls=(a_call(),))
    assert e.apply(snapshot, fact) is snapshot


def test_who_is_not_signed_in_can_do_nothing() -> None:
    assert Snapshot().can == frozenset()
    account = Account("1001", "02500001234", "", can=(Capability.LINES,))
    assert Snapshot(account=account).can == {Capability.LINES}


@pytest.mark.parametrize("line", ConnectionState)
def test_what_is_held_of_us_is_claimed_only_while_the_line_is_there(line: ConnectionState) -> None:
    open_ones = SeatStatus(Status.ONLINE, unconfirmed=(Standing.GROUP,))
    snapshot = Snapshot(connection=Connection(line), seat=open_ones)
    assert snapshot.holds(Standing.STATUS) is (line is ConnectionState.OK)
    assert not snapshot.holds(Standing.GROUP)
