"""Tones from end to end: one INFO each, at the pace that a receiver needs, and a menu that listens.

The sandbox hears digits as a real receiver does: one that begins less than 60 ms after the one
before it is over is dropped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.box import Box, Desk
from tests.e2e.talking import desk_hears, talking
from tests.waiting import until
from tui.config.schema import DtmfSettings
from tui.port import commands as c
from tui.port.machines.call_machine import CallState

MENU = "12000000030"
MENU_TONE, THROUGH_TONE = 620, 480


async def keys(box: Box, cc: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await box.control(f"calls/{cc}"))["digits"]
    return found


async def typed(desk: Desk, digits: str) -> None:
    await until(lambda: desk.call.tones.sent == digits)


async def test_each_digit_is_one_info_paced_so_that_none_is_dropped_and_shown_as_sent(
    box: Box, desk: Desk
) -> None:
    cc = await talking(box, desk)
    before = (await box.control("agents/1001"))["counts"].get("INFO", 0)
    assert (await desk.engine.execute(c.SendDigits("80*1#"))).ok
    await typed(desk, "80*1#")
    heard = await keys(box, cc)
    assert "".join(key["digit"] for key in heard if key["taken"]) == "80*1#"
    assert {key["ms"] for key in heard} == {160}
    assert (await box.control("agents/1001"))["counts"]["INFO"] - before == 5
    # A tone of 160 ms and 250 ms of silence between the first digit and the last, four times over.
    assert heard[-1]["at"] - heard[0]["at"] > 4 * 0.41 - 0.1


async def test_a_number_with_digits_behind_it_dials_waits_for_the_answer_and_types_them(
    box: Box, desk: Desk
) -> None:
    assert (await desk.engine.execute(c.Dial(f"{MENU},8001#"))).ok
    await desk.state(CallState.TALKING)
    assert desk.call.number == MENU
    await typed(desk, "8001#")
    assert (await box.control("calls/last"))["through"]
    await desk_hears(desk, THROUGH_TONE)


async def test_a_menu_hums_on_until_its_code_is_typed(box: Box, desk: Desk) -> None:
    await desk.engine.execute(c.Dial(MENU))
    await desk.state(CallState.TALKING)
    await desk_hears(desk, MENU_TONE)
    await desk.engine.execute(c.SendDigits("8002#"))
    await typed(desk, "8002#")
    assert not (await box.control("calls/last"))["through"]
    await desk.engine.execute(c.SendDigits("8001#"))
    await until(lambda: desk.call.tones.sent.endswith("8001#"))
    await desk_hears(desk, THROUGH_TONE)


async def test_digits_without_a_pause_between_are_dropped_by_the_receiver(
    box: Box, tmp_path: Path
) -> None:
    desk = Desk(box, tmp_path, dtmf=DtmfSettings(tone=160, gap=20))
    try:
        await desk.sign_in()
        cc = await talking(box, desk)
        await desk.engine.execute(c.SendDigits("123456"))
        await typed(desk, "123456")
        assert not all(key["taken"] for key in await keys(box, cc))
    finally:
        await desk.engine.close()


async def test_a_comma_waits_between_two_digits(box: Box, tmp_path: Path) -> None:
    desk = Desk(box, tmp_path, dtmf=DtmfSettings(pause=900))
    try:
        await desk.sign_in()
        cc = await talking(box, desk)
        await desk.engine.execute(c.SendDigits("1,2"))
        await typed(desk, "12")
        first, second = await keys(box, cc)
        assert second["at"] - first["at"] > 0.41 + 0.9 - 0.1
    finally:
        await desk.engine.close()


async def test_a_hang_up_ends_the_row_of_digits(box: Box, desk: Desk) -> None:
    cc = await talking(box, desk)
    await desk.engine.execute(c.SendDigits("1234567890" * 3))
    await until(lambda: len(desk.call.tones.sent) >= 2)
    assert (await desk.engine.execute(c.HangUp())).ok
    await desk.state(CallState.ENDED)
    sent = len(await keys(box, cc))
    assert sent < 30
    assert desk.snapshot.notice is None, "that the rest was not sent is no failure"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("12a", "digits.not_tones"), ("", "digits.empty"), ("1" * 65, "digits.too_long")],
)
async def test_what_is_no_tone_is_refused_in_words(
    box: Box, desk: Desk, text: str, sentence: str
) -> None:
    cc = await talking(box, desk)
    refused = await desk.engine.execute(c.SendDigits(text))
    if text == "12a":  # A to D are tones, in either case
        assert refused.ok
        refused = await desk.engine.execute(c.SendDigits("12e"))
        await typed(desk, "12A")
    assert refused.message is not None
    assert refused.message.id == sentence
    expected = "12A" if text == "12a" else ""
    assert "".join(key["digit"] for key in await keys(box, cc)) == expected


async def test_without_a_call_that_is_up_no_digit_is_sent(box: Box, desk: Desk) -> None:
    refused = await desk.engine.execute(c.SendDigits("1"))
    assert refused.message is not None
    assert refused.message.id == "digits.no_call"
