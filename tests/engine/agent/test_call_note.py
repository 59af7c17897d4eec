"""The note of a call, from its first letter on, and the countdown that waits for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.engine.desk import CC, CUSTOMER
from tests.engine.shop import Shop, opened
from tui.engine.agent.wrapup import NOTE_LIMIT, TYPING
from tui.platform import control as m
from tui.port.commands import Result
from tui.port.values import WrapUp, WrapUpMode


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with opened(tmp_path / "history.sqlite3") as shop:
        yield shop


async def answered(shop: Shop) -> None:
    shop.desk.says(m.NewCall(CC, CUSTOMER))
    await shop.commands.answer("")
    shop.desk.says(m.Answered(CC, CUSTOMER))


async def dialled(shop: Shop) -> None:
    await shop.commands.dial(CUSTOMER)
    shop.desk.says(m.CalloutResponse(200, CC, CUSTOMER))


def wrapup(shop: Shop) -> WrapUp:
    found = shop.context.snapshot.wrapup
    assert found is not None
    return found


async def notes(shop: Shop) -> list[str]:
    await shop.context.settle()
    assert shop.workday.history is not None
    return [entry.note for entry in (await shop.workday.history.search()).entries]


# ---------------------------------------------------------------- the note


async def test_what_is_typed_in_a_call_stands_in_its_write_up(shop: Shop) -> None:
    await answered(shop)
    assert shop.workday.edit_note("wants the  invoice\x1b[2J ", "").ok
    assert shop.desk.call.note == "wants the invoice"
    shop.desk.says(m.Ended(CC, 25, 30))
    assert (wrapup(shop).note, wrapup(shop).call) == ("wants the invoice", shop.desk.call.key)
    assert await notes(shop) == ["wants the invoice"]


async def test_a_note_that_is_longer_than_is_kept_is_said_to_be(shop: Shop) -> None:
    def said(result: Result) -> str:
        assert result.ok
        return "" if result.message is None else result.message.id

    await answered(shop)
    assert said(shop.workday.edit_note("x" * NOTE_LIMIT, "")) == ""
    assert said(shop.workday.edit_note("x" * (NOTE_LIMIT + 1), "")) == "note.cut"
    assert len(shop.desk.call.note) == NOTE_LIMIT
    shop.desk.says(m.Ended(CC, 25, 30))
    assert said(shop.workday.edit_note("y" * 3000, shop.desk.call.key)) == "note.cut"
    entry = wrapup(shop).entry
    assert said(await shop.workday.mend(entry, "z" * 3000)) == "note.cut"


async def test_a_call_that_rings_has_no_note_yet(shop: Shop) -> None:
    shop.desk.says(m.NewCall(CC, CUSTOMER))
    refused = shop.workday.edit_note("x", "")
    assert refused.message is not None
    assert refused.message.id == "note.not_yet"
    assert shop.desk.call.note == ""


async def test_what_was_typed_while_nobody_answered_is_in_the_history(shop: Shop) -> None:
    await dialled(shop)
    assert shop.workday.edit_note("engaged twice", "").ok
    shop.desk.says(m.Ended(CC, 20))
    assert shop.context.snapshot.wrapup is None
    assert await notes(shop) == ["engaged twice"]


async def test_the_last_keys_of_a_call_that_is_just_over_are_in_its_write_up(shop: Shop) -> None:
    await answered(shop)
    key = shop.desk.call.key
    shop.workday.edit_note("wants", key)
    shop.desk.says(m.Ended(CC, 25, 30))
    assert shop.workday.edit_note("wants it all", key).ok
    assert wrapup(shop).note == "wants it all"


async def test_without_a_write_up_the_last_keys_are_in_the_history(shop: Shop) -> None:
    shop.wrapup.mode = WrapUpMode.OFF
    await answered(shop)
    key = shop.desk.call.key
    shop.desk.says(m.Ended(CC, 25, 30))
    assert shop.workday.edit_note("wants it all", key).ok
    assert await notes(shop) == ["wants it all"]
    record = shop.context.snapshot.recent[0]
    assert (record.note, record.outcome) == ("wants it all", shop.desk.call.outcome)


async def test_a_call_that_nobody_knows_has_no_note(shop: Shop) -> None:
    for key in ("", "99"):
        refused = shop.workday.edit_note("x", key)
        assert refused.message is not None
        assert refused.message.id == "note.no_call"


@pytest.mark.parametrize(("later", "why"), [(1, "ended.kicked"), (60, "ended.26_unasked")])
async def test_a_call_that_a_kick_ended_says_so_on_the_screen_and_in_the_history(
    shop: Shop, later: int, why: str
) -> None:
    await answered(shop)
    shop.desk.says(m.Ended(CC, 26, 30))
    shop.desk.now += later
    shop.workday.kicked()
    await shop.context.settle()
    assert shop.workday.history is not None
    (entry,) = (await shop.workday.history.search()).entries
    (record,) = shop.context.snapshot.recent
    for said in (shop.desk.call.outcome, record.outcome):
        assert said is not None
        assert said.id == why
    assert entry.reason == why


# ---------------------------------------------------------------- the countdown


async def test_a_key_in_the_note_stops_the_countdown(shop: Shop) -> None:
    await shop.call()
    shop.wrapup.edit("Resolved", None)
    assert wrapup(shop).until is not None  # an outcome alone does not
    shop.wrapup.edit(None, "w")
    assert wrapup(shop).until is None
    assert "wrapup" not in shop.context.timers


async def test_a_strict_countdown_waits_for_the_last_key_and_no_longer(shop: Shop) -> None:
    shop.wrapup.mode = WrapUpMode.TIMED_STRICT
    await shop.call()
    until = wrapup(shop).until
    assert until is not None
    shop.wrapup.edit(None, "w")
    assert wrapup(shop).until == until
    shop.desk.now = until - 1
    shop.wrapup.edit(None, "wa")
    assert wrapup(shop).until == until - 1 + TYPING
    assert "wrapup" in shop.context.timers
