"""Tones: one digit per INFO, paced, in order; what stands behind a comma is typed after the
answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.engine.desk import CC, CUSTOMER, Desk
from tests.waiting import until
from tui.engine.audio.dtmf import CONTENT_TYPE, Digits, relay_body
from tui.engine.context import Limits
from tui.engine.numbers import NumberError, parse_digits, split_number
from tui.platform import control as m


class Line:
    """Takes INFOs and lets time pass without waiting."""

    def __init__(self) -> None:
        self.log: list[object] = []
        self.taken = True
        self.answers = asyncio.Event()
        self.answers.set()

    def digit_waits(self, key: str) -> bool:
        return False

    def send_digit(self, key: str, digit: str, seconds: float) -> bool:
        return False

    async def send_info(self, key: str, content_type: str, body: bytes) -> bool:
        self.log.append((content_type, body))
        await self.answers.wait()
        return self.taken

    async def sleep(self, seconds: float) -> None:
        self.log.append(seconds)
        await asyncio.sleep(0)


Trio = tuple[Desk, Digits, Line]


@pytest.fixture
async def trio() -> AsyncIterator[Trio]:
    desk, line = Desk(Limits()), Line()
    digits = Digits(desk.calls, line, sleep=line.sleep)
    desk.type_when_answered = digits.type_when_answered
    desk.calls.listen(digits.call_changed)
    yield desk, digits, line
    await desk.context.close()


async def up(desk: Desk, number: str = CUSTOMER) -> None:
    await desk.commands.dial(number)
    desk.says(m.CalloutResponse(200, CC, CUSTOMER), m.Answered(CC, CUSTOMER))


async def shown(desk: Desk, digits: str) -> None:
    await until(lambda: desk.call.tones.sent == digits)


async def test_each_digit_is_one_info_with_tone_and_gap_between(trio: Trio) -> None:
    desk, digits, line = trio
    await up(desk)
    assert digits.type("1#", "").ok
    await shown(desk, "1#")
    pace = (digits.pace.tone + digits.pace.gap) / 1000
    sent = [(CONTENT_TYPE, relay_body(digit, 160)) for digit in "1#"]
    assert [entry for entry in line.log if isinstance(entry, tuple)] == sent
    assert [entry for entry in line.log if isinstance(entry, float)] == [pace, pace]


async def test_the_pause_begins_when_the_digit_has_arrived(trio: Trio) -> None:
    """What a line that stood still lets go of at once arrives at once, too."""
    desk, digits, line = trio
    line.answers.clear()
    await up(desk)
    digits.type("12", "")
    await until(lambda: line.log)
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(line.log) == 1
    line.answers.set()
    await shown(desk, "12")
    assert [isinstance(entry, tuple) for entry in line.log] == [True, False, True, False]


def test_the_body_is_what_a_relay_reads() -> None:
    assert relay_body("5", 160) == b"Signal=5\r\nDuration=160\r\n"


async def test_a_comma_pauses_and_is_not_sent(trio: Trio) -> None:
    desk, digits, line = trio
    await up(desk)
    digits.type(",9", "")
    await shown(desk, "9")
    assert line.log[0] == digits.pace.pause / 1000


async def test_what_stands_behind_the_number_is_typed_once_it_is_answered(trio: Trio) -> None:
    desk, _, line = trio
    await desk.commands.dial("02500001234,,8001#")
    assert desk.sent[-1].number == "02500001234"  # type: ignore[union-attr]
    desk.says(m.CalloutResponse(200, CC, ""))
    assert line.log == []
    desk.says(m.Answered(CC, ""))
    await shown(desk, "8001#")


async def test_digits_typed_while_others_are_sent_come_behind_them(trio: Trio) -> None:
    desk, digits, _ = trio
    await up(desk)
    digits.type("12", "")
    digits.type("34", "")
    await shown(desk, "1234")


async def test_a_digit_that_is_not_taken_ends_the_row_and_is_said(trio: Trio) -> None:
    desk, digits, line = trio
    await up(desk)
    line.taken = False
    digits.type("12", "")
    notice = await until(lambda: desk.context.snapshot.notice)
    assert notice is not None
    assert notice.message.id == "digits.not_taken"
    assert desk.call.tones.sent == ""


async def test_the_end_of_the_call_ends_the_row(trio: Trio) -> None:
    desk, digits, line = trio
    await up(desk)
    digits.type("12345", "")
    desk.says(m.Ended(CC, 25, 1))
    await desk.context.settle()
    assert len([entry for entry in line.log if isinstance(entry, tuple)]) <= 1


@pytest.mark.parametrize("typed", ["", "x", "1;2", "12p"])
async def test_anything_but_tones_is_refused(trio: Trio, typed: str) -> None:
    desk, digits, line = trio
    await up(desk)
    assert not digits.type(typed, "").ok
    assert line.log == []


async def test_tones_need_a_call(trio: Trio) -> None:
    result = trio[1].type("1", "")
    assert result.message is not None
    assert result.message.id == "digits.no_call"


async def test_a_row_without_end_is_refused(trio: Trio) -> None:
    desk, digits, _ = trio
    await up(desk)
    assert not digits.type("1" * 65, "").ok
    assert digits.type("1" * 64, "").ok
    assert not digits.type("1", "").ok


@pytest.mark.parametrize(
    ("text", "number", "tones"),
    [
        ("1001", "1001", ""),
        ("02500001234,,8001#", "02500001234", ",,8001#"),
        ("1001，1", "1001", ",1"),
    ],
)
def test_a_number_is_split_at_its_first_comma(text: str, number: str, tones: str) -> None:
    assert split_number(text) == (number, tones)


def test_small_letters_and_full_width_digits_are_tones_too() -> None:
    assert parse_digits("a １２ b") == "A12B"
    with pytest.raises(NumberError):
        parse_digits("e")
