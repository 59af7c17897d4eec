"""What an engine that was killed leaves behind, and what the next one makes of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.engine.desk import CC, CUSTOMER, Desk
from tui.engine.core import Limits
from tui.engine.marker import Marker
from tui.engine.recovery import Recovery
from tui.engine.state import Call, CallState
from tui.platform import control as m


@pytest.fixture
async def desks() -> AsyncIterator[tuple[Desk, Desk]]:
    """The engine that dies, and the one that takes over."""
    both = Desk(Limits()), Desk(Limits())
    yield both
    for desk in both:
        await desk.core.close()


async def up(desk: Desk) -> Call:
    desk.says(m.NewCall(CC, CUSTOMER))
    await desk.calls.answer("")
    desk.now += 3
    desk.says(m.Answered(CC, CUSTOMER))
    return desk.call


def taken_over(new: Desk, path: Path) -> Call:
    """What the next engine shows of the note, before the platform has said a word."""
    remembered = Marker(path).read()
    assert remembered is not None
    Recovery(new.calls, new.reports, new.audio).engine_died(remembered)  # type: ignore[arg-type]
    return new.call


async def test_the_next_engine_shows_the_call_with_its_true_talk_time_and_asks(
    desks: tuple[Desk, Desk], tmp_path: Path
) -> None:
    old, new = desks
    call = await up(old)
    Marker(tmp_path / "note").keep(call)
    found = taken_over(new, tmp_path / "note")
    assert found.state is CallState.TALKING
    assert (found.answered, found.began, found.number) == (call.answered, call.began, CUSTOMER)
    assert found.recovered
    assert ("expect", found.key) in new.audio.asked
    async with asyncio.timeout(5):
        while m.QueryCall() not in new.sent:
            await asyncio.sleep(0)


async def test_a_microphone_that_was_muted_stays_muted(
    desks: tuple[Desk, Desk], tmp_path: Path
) -> None:
    old, new = desks
    await up(old)
    old.calls.mute("", True)
    Marker(tmp_path / "note").keep(old.call)
    assert taken_over(new, tmp_path / "note").muted


async def test_a_call_that_was_held_is_still_held_and_the_platforms_104_is_a_repeat(
    desks: tuple[Desk, Desk], tmp_path: Path
) -> None:
    old, new = desks
    await up(old)
    await old.calls.hold("", True)
    Marker(tmp_path / "note").keep(old.call)
    assert taken_over(new, tmp_path / "note").state is CallState.HOLDING
    new.says(m.Answered(CC, CUSTOMER))
    assert new.call.state is CallState.HOLDING


async def test_a_call_that_still_rang_rings_again_and_opens_nothing(
    desks: tuple[Desk, Desk], tmp_path: Path
) -> None:
    old, new = desks
    old.says(m.NewCall(CC, CUSTOMER))
    Marker(tmp_path / "note").keep(old.call)
    found = taken_over(new, tmp_path / "note")
    assert found.state is CallState.RINGING
    assert ("expect", found.key) not in new.audio.asked


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"boot": "x", "ccnumber": "c"}', '{"boot": "x", "more": 1}'],
)
async def test_a_note_that_cannot_be_read_is_no_call(tmp_path: Path, text: str) -> None:
    (tmp_path / "note").write_text(text)
    assert Marker(tmp_path / "note").read() is None


async def test_a_note_of_another_boot_is_not_believed(
    desks: tuple[Desk, Desk], tmp_path: Path
) -> None:
    path = tmp_path / "note"
    Marker(path).keep(await up(desks[0]))
    assert Marker(path).read() is not None
    note = json.loads(path.read_text())
    path.write_text(json.dumps({**note, "boot": "another"}))
    assert Marker(path).read() is None


async def test_the_note_is_for_its_owner_alone_and_goes_with_the_call(
    desks: tuple[Desk, Desk], tmp_path: Path
) -> None:
    marker = Marker(tmp_path / "note")
    marker.keep(await up(desks[0]))
    assert (tmp_path / "note").stat().st_mode & 0o777 == 0o600
    marker.keep(None)
    assert not (tmp_path / "note").exists()
