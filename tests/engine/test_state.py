"""The seat and call tables, cell by cell; the snapshot and `apply`."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine import events as e
from tui.engine.state import (
    CALL_TABLE,
    SEAT_TABLE,
    THIRD_TABLE,
    Account,
    Call,
    CallInput,
    CallRecord,
    CallState,
    Check,
    Group,
    Levels,
    Line,
    LineState,
    Message,
    Notice,
    Phase,
    Quality,
    Question,
    SeatInput,
    SeatState,
    SeatStatus,
    Shift,
    Snapshot,
    Status,
    Third,
    ThirdInput,
    ThirdState,
    Voice,
    VoiceState,
    message,
    seat_state,
    step_call,
    step_seat,
    step_third,
)


def a_call(state: CallState = CallState.TALKING, key: str = "1", **values: object) -> Call:
    return Call(key=key, state=state, outgoing=False, number="12000000001", since=1.0, began=0.5,
                **values)  # fmt: skip


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("given_", SeatInput)
def test_every_cell_of_the_seat_table_leads_where_it_says_or_nowhere(
    status: Status, given_: SeatInput
) -> None:
    assert step_seat(status, given_) is SEAT_TABLE.get((status, given_), status)


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


@pytest.mark.parametrize("state", CallState)
@pytest.mark.parametrize("given_", CallInput)
def test_every_cell_of_the_call_table_leads_where_it_says_or_nowhere(
    state: CallState, given_: CallInput
) -> None:
    assert step_call(state, given_) is CALL_TABLE.get((state, given_), state)


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
    assert seat_state(Status.ONLINE, (a_call(state),)) is seat


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


@pytest.mark.parametrize("state", ThirdState)
@pytest.mark.parametrize("given_", ThirdInput)
def test_every_cell_of_the_third_partys_table_leads_where_it_says_or_nowhere(
    state: ThirdState, given_: ThirdInput
) -> None:
    assert step_third(state, given_) is THIRD_TABLE.get((state, given_), state)


@pytest.mark.parametrize("state", ThirdState)
def test_a_third_party_is_present_from_the_invitation_until_it_is_out(state: ThirdState) -> None:
    third = Third(state, 1, "1002", "Wang Fang", 0.0)
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
    (e.LineChanged(Line(LineState.OK)), "line", Line(LineState.OK)),
    (e.VoiceChanged(Voice(VoiceState.OK)), "voice", Voice(VoiceState.OK)),
    (e.LevelsChanged(Levels(1, 2)), "levels", Levels(1, 2)),
    (e.NextStatusChanged(2), "next_status", 2),
    (e.WrapUpChanged(None), "wrapup", None),
    (e.ShiftChanged(Shift(talked=1)), "shift", Shift(talked=1)),
    (e.PhoneModeChanged("mobile"), "phone_mode", "mobile"),
    (e.NoticeChanged(Notice(message("n"), 1.0)), "notice", Notice(message("n"), 1.0)),
    (e.MarkMoved("2"), "marked", "2"),
    (e.QualityChanged(Quality(mos=4.2)), "quality", Quality(mos=4.2)),
    (e.QuestionChanged(Question("refer", "1", "2")), "question", Question("refer", "1", "2")),
    (e.ChecksChanged((Check("disk", "ok"),)), "checks", (Check("disk", "ok"),)),
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


def record(ccnumber: str, number: str = "1") -> CallRecord:
    return CallRecord(number, False, 1.0, None, None, ccnumber=ccnumber)


def test_the_newest_record_comes_first_and_the_list_is_bounded() -> None:
    snapshot = Snapshot()
    for index in range(e.RECENT_LIMIT + 5):
        snapshot = e.apply(snapshot, e.CallRecorded(record(str(index))))
    assert len(snapshot.recent) == e.RECENT_LIMIT
    assert snapshot.recent[0].ccnumber == str(e.RECENT_LIMIT + 4)


def test_a_call_that_was_offered_again_has_one_line_in_the_list() -> None:
    snapshot = e.apply(Snapshot(), e.CallRecorded(record("a")))
    snapshot = e.apply(snapshot, e.CallRecorded(record("", "2")))
    snapshot = e.apply(snapshot, e.CallRecorded(record("a", "3")))
    assert [r.number for r in snapshot.recent] == ["3", "2"]


@given(st.sampled_from([e.StatusChanged(1), e.KickedOffline(895), e.CallinFailed("c")]))
def test_a_fact_leaves_the_snapshot_as_it_is(fact: e.Event) -> None:
    snapshot = Snapshot(calls=(a_call(),))
    assert e.apply(snapshot, fact) is snapshot
