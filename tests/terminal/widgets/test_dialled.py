"""The dial field at generation 1: area codes and encrypted numbers, by the screen."""

from __future__ import annotations

import pytest

from tests.terminal import scripted_port as s
from tui.console.actions.registry import find
from tui.console.parts.dial_command import command_of
from tui.port import replace
from tui.port.commands import Dial, Result, SetPhoneMode
from tui.port.events import PhoneModeChanged
from tui.port.values import Capability, Message, PhoneMode, message

ONE = replace(s.ACCOUNT, kind="platform1", can=s.ONE_CAN)
SEEDED = replace(ONE, can=(*s.ONE_CAN, Capability.ENCRYPTED_NUMBERS))
SECRET = "q8Zx-0aB_11cD2eF3gH4iQ=="


@pytest.mark.parametrize(
    ("account", "text", "command"),
    [
        (s.ACCOUNT, "12000000001@110101", Dial("12000000001@110101")),
        (ONE, "12000000001", Dial("12000000001")),
        (ONE, "12000000001@110101", Dial("12000000001", area="110101")),
        (ONE, " 120 0000 0001 @ 110101 ", Dial("120 0000 0001 ", area="110101")),
        (ONE, "12000000001@1101", message("dial.bad_area", n=6)),
        (ONE, "12000000001@", message("dial.bad_area", n=6)),
        (ONE, SECRET, Dial(SECRET)),
        (SEEDED, SECRET, Dial(SECRET, encrypted=True)),
        (SEEDED, f"{SECRET}@110101", Dial(SECRET, encrypted=True, area="110101")),
        (SEEDED, "12000000001,,8001A", Dial("12000000001,,8001A")),
    ],
)
def test_what_is_typed_means(account, text: str, command: Dial | Message) -> None:
    assert command_of(text, account) == command


async def test_with_a_seed_an_encrypted_number_is_dialled_from_the_field(console) -> None:
    async with console(replace(s.IDLE, account=SEEDED)) as c:
        await c.press("f2")
        assert "An encrypted number" in c.screen_text
        await c.press(*SECRET.replace("=", ""), "equals_sign", "equals_sign", "enter")
        assert c.port.sent == [Dial(SECRET, encrypted=True)]


async def test_what_can_be_typed_is_said_beside_a_call_that_is_over_too(console) -> None:
    async with console(replace(s.IDLE, account=SEEDED).with_call(s.ENDED)) as c:
        assert "An area code" not in c.screen_text
        await c.press("f2")
        assert "It lasted" in c.screen_text
        assert "An area code" in c.screen_text
        assert "An encrypted number" in c.screen_text


async def test_an_area_code_is_typed_behind_the_number_and_a_wrong_one_is_said(console) -> None:
    async with console(replace(s.IDLE, account=ONE)) as c:
        await c.press("f2")
        assert "An area code stands behind the number" in c.screen_text
        assert "An encrypted number" not in c.screen_text
        await c.press(*"12000000001", "at", *"1101", "enter")
        assert "An area code has 6 digits." in c.screen_text
        assert c.port.sent == []
        await c.press(*"01", "enter")
        assert c.port.sent == [Dial("12000000001", area="110101")]


async def test_what_is_no_number_when_decrypted_is_shown_and_nothing_is_called(console) -> None:
    async with console(replace(s.IDLE, account=SEEDED)) as c:
        failure = message("dial.decrypted", text="hello")
        c.port.answers[Dial] = lambda command: Result(False, failure)
        await c.press("f2", *"abc", "enter")
        assert "Decrypted, that is no number: hello" in c.screen_text


async def test_the_calls_go_to_a_mobile_phone_and_come_here_again_by_the_screen(console) -> None:
    async with console(replace(s.IDLE, account=ONE)) as c:
        assert find("phone_mode") in c.app.works
        c.app.do("phone_mode")
        await c.settle()
        await c.press(*"12000007001", "enter")
        assert c.port.sent == [SetPhoneMode(PhoneMode.MOBILE, "12000007001")]
        await c.happen(PhoneModeChanged(PhoneMode.MOBILE))
        assert "MOBILE: calls pass by here" in c.screen_text
        c.app.do("phone_mode")
        await c.settle()
        assert c.port.sent[1:] == [SetPhoneMode(PhoneMode.FIXED)]
    async with console() as c:
        assert find("phone_mode") not in c.app.works
