"""What an engine that was killed leaves behind, and what the next one makes of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.desk import CC, CUSTOMER, Desk
from tests.waiting import until
from tui.engine.context import Limits
from tui.engine.platform_calls import recovery
from tui.engine.platform_calls.recovery import take_over
from tui.engine.session.crash_note import CrashNote, Remembered
from tui.platform import control as m
from tui.port.events import ConnectionChanged
from tui.port.machines.call_machine import CallState, ThirdState
from tui.port.snapshot import Call, Third
from tui.port.values import Connection, ConnectionState, ThirdKind


@pytest.fixture
async def desks() -> AsyncIterator[tuple[Desk, Desk]]:
    """The engine that dies, and the one that takes over."""
    both = Desk(Limits()), Desk(Limits())
    yield both
    for desk in both:
        await desk.context.close()


async def up(desk: Desk) -> Call:
    desk.says(m.NewCall(CC, CUSTOMER))
    await desk.commands.answer("")
    desk.now += 3
    desk.says(m.Answered(CC, CUSTOMER))
    return desk.call


def taken_over(new: Desk, path: Path) -> Call:
    """What the next engine shows of the note, before the platform has said a word."""
    remembered = CrashNote(path).read()
    assert remembered is not None
    take_over(new.calls, new.audio, remembered)
    new.query.ask()
    return new.call


async def test_the_next_engine_shows_the_call_with_its_true_talk_time_and_asks(
    desks: tuple[Desk, Desk], tmp_path: Path
) -> None:
    old, new = desks
    call = await up(old)
    CrashNote(tmp_path / "note").keep(call)
    found = taken_over(new, tmp_path / "note")
    assert found.state is CallState.TALKING
    assert (found.answered, found.began, found.number) == (call.answered, call.began, CUSTOMER)
    assert found.recovered
    assert ("expect", found.key) in new.audio.asked
    await until(lambda: m.QueryCall() in new.sent)


async def test_a_microphone_that_was_muted_stays_muted(
    desks: tuple[Desk, Desk], tmp_path: Path
) -> None:
    old, new = desks
    await up(old)
    old.commands.mute("", True)
    CrashNote(tmp_path / "note").keep(old.call)
    assert taken_over(new, tmp_path / "note").muted


async def test_what_was_typed_in_the_call_is_still_there(
    desks: tuple[Desk, Desk], tmp_path: Path
) -> None:
    old, new = desks
    call = old.calls.put(await up(old), note="wants the invoice")
    CrashNote(tmp_path / "note").keep(call)
    assert taken_over(new, tmp_path / "note").note == "wants the invoice"


async def test_a_call_that_was_held_is_still_held_and_the_platforms_104_is_a_repeat(
    desks: tuple[Desk, Desk], tmp_path: Path
) -> None:
    old, new = desks
    await up(old)
    await old.commands.hold("", True)
    CrashNote(tmp_path / "note").keep(old.call)
    assert taken_over(new, tmp_path / "note").state is CallState.HOLDING
    new.says(m.Answered(CC, CUSTOMER))
    assert new.call.state is CallState.HOLDING


async def test_a_call_that_still_rang_rings_again_and_opens_nothing(
    desks: tuple[Desk, Desk], tmp_path: Path
) -> None:
    old, new = desks
    old.says(m.NewCall(CC, CUSTOMER))
    CrashNote(tmp_path / "note").keep(old.call)
    found = taken_over(new, tmp_path / "note")
    assert found.state is CallState.RINGING
    assert ("expect", found.key) not in new.audio.asked


@pytest.mark.parametrize(
    ("state", "before", "found"),
    [
        (ThirdState.JOINED, None, ThirdState.JOINED),
        (ThirdState.LEAVING, ThirdState.JOINED, ThirdState.JOINED),
        (ThirdState.LEAVING, ThirdState.INVITED, ThirdState.INVITED),
        (ThirdState.INVITED, None, ThirdState.INVITED),
        (ThirdState.ASKED, None, ThirdState.INVITED),
        (ThirdState.LEFT, None, None),
        (ThirdState.FAILED, None, None),
    ],
)
async def test_the_next_engine_knows_of_the_third_party_and_hangs_up_on_nobody_by_accident(
    desks: tuple[Desk, Desk],
    tmp_path: Path,
    state: ThirdState,
    before: ThirdState | None,
    found: ThirdState | None,
) -> None:
    old, new = desks
    call = await up(old)
    third = Third(state, ThirdKind.AGENT, "1002", "Wang Fang", old.now, before=before)
    CrashNote(tmp_path / "note").keep(old.calls.put(call, third=third))
    there = taken_over(new, tmp_path / "note").third
    assert (there and there.state) is found
    result = await new.commands.hang_up("")
    assert (result.message and result.message.id) == ("threeway.ask" if found else None)
    assert (m.HangUp(CC) in new.sent) is (found is None)
    if there is not None:
        assert (there.callee, there.name) == ("1002", "Wang Fang")


async def test_a_note_that_could_not_be_written_or_taken_away_is_tried_again_at_the_next_look(
    desks: tuple[Desk, Desk], tmp_path: Path
) -> None:
    old, _ = desks
    call = await up(old)
    folder = tmp_path / "full"
    note = CrashNote(folder / "note")
    note.keep(call)
    folder.mkdir()
    note.keep(call)
    assert CrashNote(folder / "note").read() is not None
    gone = folder.rename(tmp_path / "away")
    folder.write_text("no directory for a while")
    note.keep(None)
    folder.unlink()
    gone.rename(folder)
    note.keep(None)
    assert CrashNote(folder / "note").read() is None


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"boot": "x", "ccnumber": "c"}', '{"boot": "x", "more": 1}'],
)
async def test_a_note_that_cannot_be_read_is_no_call(tmp_path: Path, text: str) -> None:
    (tmp_path / "note").write_text(text)
    assert CrashNote(tmp_path / "note").read() is None


_LEAF = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4)),
    st.lists(st.none(), max_size=2),
    st.dictionaries(st.sampled_from(["boot", "ccnumber", "others"]), st.none(), max_size=2),
)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sampled_from([each.name for each in fields(Remembered)]), _LEAF)
async def test_a_note_with_anything_in_it_is_no_call_or_one_that_can_be_taken_over(
    tmp_path: Path, name: str, value: object
) -> None:
    path = tmp_path / "note"
    good = {"ccnumber": CC, "number": "1", "outgoing": False, "internal": False, "began": 1.0}
    good |= {"answered": 2.0, "boot": Path("/proc/sys/kernel/random/boot_id").read_text().strip()}
    path.write_text(json.dumps({**good, name: value}))
    remembered = CrashNote(path).read()
    if remembered is not None:
        desk = Desk(Limits())
        take_over(desk.calls, desk.audio, remembered)
        assert desk.call.ccnumber == remembered.ccnumber
        await desk.context.close()


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[" * 100_000, b'{"boot": ' + b"9" * 5000])
async def test_a_note_that_no_json_is_is_no_call(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "note").write_bytes(content)
    assert CrashNote(tmp_path / "note").read() is None


async def test_a_note_of_another_boot_is_not_believed(
    desks: tuple[Desk, Desk], tmp_path: Path
) -> None:
    path = tmp_path / "note"
    CrashNote(path).keep(await up(desks[0]))
    assert CrashNote(path).read() is not None
    note = json.loads(path.read_text())
    path.write_text(json.dumps({**note, "boot": "another"}))
    assert CrashNote(path).read() is None


async def test_the_note_is_for_its_owner_alone_and_goes_with_the_call(
    desks: tuple[Desk, Desk], tmp_path: Path
) -> None:
    marker = CrashNote(tmp_path / "note")
    marker.keep(await up(desks[0]))
    assert (tmp_path / "note").stat().st_mode & 0o777 == 0o600
    marker.keep(None)
    assert not (tmp_path / "note").exists()


@pytest.mark.parametrize("spoken_of", [False, True])
async def test_talk_time_goes_to_the_last_instant_that_is_known_of(
    desks: tuple[Desk, Desk], tmp_path: Path, spoken_of: bool
) -> None:
    old, new = desks
    call = await up(old)
    assert call.answered is not None
    CrashNote(tmp_path / "note").keep(call, seen=call.answered + 13)
    remembered = CrashNote(tmp_path / "note").read()
    assert remembered is not None
    new.now = call.answered + 804  # the next sign-in comes minutes later
    take_over(new.calls, new.audio, remembered)
    new.query.last_seen(remembered)
    new.query.ask()
    if spoken_of:
        new.query.told(CC)
    new.query.no_call()
    assert new.call.end.talk_time == (804 if spoken_of else 13)


# ---------------------------------------------------------------- what the platform does not say


@pytest.fixture
async def asking() -> AsyncIterator[Desk]:
    desk = Desk(Limits(recover=0.01))
    yield desk
    await desk.context.close()


async def test_a_call_is_not_taken_off_because_the_platform_says_nothing(
    asking: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "AGAIN", (0.01,))
    await up(asking)
    asking.query.ask()
    await until(lambda: asking.sent.count(m.QueryCall()) >= 3)
    assert asking.call.state is CallState.TALKING
    notice = asking.context.snapshot.notice
    assert notice is not None
    assert notice.message.id == "recover.silent"
    asking.query.no_call()
    assert asking.call.outcome is not None
    assert asking.call.outcome.id == "ended.forgotten"


async def test_an_answer_counts_that_comes_later_than_is_waited_for(
    asking: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "AGAIN", (3600.0,))
    await up(asking)
    asking.query.ask()
    await until(lambda: not asking.query.running)
    asking.query.no_call()
    assert asking.call.state is CallState.ENDED


@pytest.mark.parametrize("lost", [False, True])
async def test_that_a_call_ended_while_the_line_was_gone_is_said_where_it_was(
    asking: Desk, lost: bool
) -> None:
    asking.says(m.NewCall(CC, CUSTOMER))
    if lost:
        asking.now += 5
        for state in (ConnectionState.LOST, ConnectionState.OK):
            asking.context.emit(ConnectionChanged(Connection(state, asking.now)))
    asking.query.ask()
    asking.query.no_call()
    call = asking.call
    assert call.outcome is not None
    assert call.outcome.id == ("ended.in_gap" if lost else "ended.forgotten")
    assert call.end.missed is not lost, "a line that is lost is no fault of whoever was rung"


async def test_while_the_line_is_gone_nothing_is_concluded_and_nothing_asked(asking: Desk) -> None:
    await up(asking)
    asking.query.ask()
    asking.context.emit(ConnectionChanged(Connection(ConnectionState.LOST)))
    await until(lambda: not asking.query.running)
    assert asking.call.state is CallState.TALKING
    assert "ask again" not in asking.context.timers


async def test_an_offer_that_the_platform_does_not_speak_of_twice_rings_no_more(
    asking: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "AGAIN", (0.01,))
    asking.query.ask()
    asking.query.no_call()  # it answers such questions
    asking.says(m.NewCall(CC, CUSTOMER))
    asking.query.ask()
    await until(lambda: asking.call.state is CallState.ENDED)
    assert asking.call.end.missed


async def test_a_platform_that_answers_no_such_question_is_given_the_time_an_offer_may_ring(
    asking: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "AGAIN", (0.01,))
    asking.says(m.NewCall(CC, CUSTOMER))
    asking.query.ask()
    await until(lambda: asking.sent.count(m.QueryCall()) >= 4)
    assert asking.call.state is CallState.RINGING
    asking.now += asking.context.limits.rings
    await until(lambda: asking.call.state is CallState.ENDED)


async def test_no_call_says_nothing_of_a_dial_that_went_out_meanwhile(asking: Desk) -> None:
    asking.query.ask()
    await asking.commands.dial(CUSTOMER)
    asking.query.no_call()
    assert asking.call.state is CallState.DIALING


async def test_a_call_that_the_agent_hung_up_is_told_so_though_the_platform_forgot_it(
    asking: Desk,
) -> None:
    await up(asking)
    asking.now += 7
    assert (await asking.commands.hang_up("")).ok
    assert asking.call.state is CallState.ENDING
    asking.query.ask()
    asking.query.no_call()
    assert asking.call.outcome is not None
    assert (asking.call.outcome.id, asking.call.end.reason) == ("ended.26", 26)
    assert asking.call.end.talk_time == 7
