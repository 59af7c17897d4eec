"""Tones, offers that are refused or answered by themselves, the agent's own phone."""

from __future__ import annotations

import pytest

from tests.terminal import scripted_port as s
from tui.config.schema import Config, Policies
from tui.port import replace
from tui.port.commands import CannotTake, Dial, Result, SendDigits, StopAutoAnswer
from tui.port.events import AccountChanged, CallChanged, CallRemoved
from tui.port.machines.call_machine import CallState
from tui.port.snapshot import Tones
from tui.port.values import Leg, VoiceState, message


async def test_digits_in_a_call_are_tones(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        assert "0-9*# Tones" in c.keys
        await c.press("8", "0", "asterisk", "number_sign")
        assert c.port.sent == [SendDigits(digit) for digit in "80*#"]


async def test_tones_are_shown_as_they_are_sent(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        assert "Tones sent" not in c.screen_text
        await c.happen(CallChanged(replace(s.TALKING, tones=Tones("80"))))
        assert c.line("Tones sent").rstrip().endswith("80")
        await c.happen(CallChanged(replace(s.TALKING, tones=Tones("1234567890" * 3))))
        assert "…12345678901234567890" in c.screen_text


async def test_tones_that_come_are_shown_beside_those_sent(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        await c.happen(CallChanged(replace(s.TALKING, tones=Tones("80", "12#"))))
        assert "Tones sent: 80   They typed: 12#" in c.screen_text
        await c.happen(CallChanged(replace(s.TALKING, tones=Tones(received="1"))))
        assert c.line("They typed").rstrip().endswith("1")


async def test_full_width_digits_of_an_input_method_are_tones_too(console) -> None:
    from textual import events

    async with console(s.with_call(s.TALKING)) as c:
        c.app.post_message(events.Key("５", "５"))
        await c.settle()
        assert c.port.sent == [SendDigits("5")]


async def test_a_row_with_commas_is_typed_in_a_field(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        await c.press("comma", *"8001", "comma", "number_sign")
        assert "8001,#" in c.line("Tones ")
        assert c.port.sent == []
        await c.press("enter")
        assert c.port.sent == [SendDigits("8001,#")]
        await c.press("5")
        assert c.port.sent[1:] == [SendDigits("5")]


async def test_escape_closes_the_field_and_hangs_up_nothing(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        await c.press("comma", "8", "escape", "9")
        assert c.port.sent == [SendDigits("9")]


async def test_the_field_goes_with_the_call(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        await c.press("comma", "8")
        await c.happen(CallChanged(s.ENDED), CallRemoved("1"))
        assert not c.app.screen.panel.tones.display
        await c.press("f2", "1", "enter")
        assert c.port.sent == [Dial("1")]


async def test_without_a_call_digits_begin_a_number_and_do_nothing_while_it_rings(console) -> None:
    async with console() as c:
        await c.press("5", "6", "enter")
        assert c.port.sent == [Dial("56")]
        await c.happen(CallChanged(s.RINGING))
        await c.press("5")
        assert c.port.sent == [Dial("56")]
        assert c.app.screen.focused is None


async def test_tones_that_are_none_are_said(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        c.port.answers[SendDigits] = lambda command: Result(
            False, message("digits.not_tones", found="x")
        )
        await c.press("comma", "x", "enter")
        assert '"x" is no tone' in c.screen_text


async def test_a_number_with_tones_behind_it_is_dialled_as_it_is_typed(console) -> None:
    async with console() as c:
        await c.press("f2", *"02500001234", "comma", "comma", *"8001", "number_sign", "enter")
        assert c.port.sent == [Dial("02500001234,,8001#")]


async def test_f12_cannot_take_it(console) -> None:
    async with console(s.with_call(s.RINGING)) as c:
        assert "F12 Can't take it (busy, then decline)" in c.line("F5 Answer")
        await c.press("f12")
        assert c.port.sent == []  # the call has only just begun to ring
        c.clock.now += 1
        await c.press("f12")
        assert c.port.sent == [CannotTake()]


async def test_where_declining_is_not_allowed_neither_is_not_taking(console) -> None:
    config = Config(policies=Policies(decline=False))
    async with console(s.with_call(s.RINGING), config=config) as c:
        c.clock.now += 1
        await c.press("f12")
        assert c.port.sent == []
        assert "F12" not in c.screen_text


async def test_an_offer_that_is_answered_by_itself_counts_down(console) -> None:
    call = replace(s.RINGING, auto_answer=s.NOW + 5)
    async with console(s.with_call(call)) as c:
        assert "Answered by itself in 5 s   ^R Let it ring" in c.screen_text
        c.clock.now += 2
        await c.happen(CallChanged(replace(call, offers=3)))
        assert "in 3 s" in c.screen_text
        await c.press("ctrl+r")
        assert c.port.sent == [StopAutoAnswer()]
        await c.happen(CallChanged(replace(call, auto_answer=None)))
        assert "by itself" not in c.screen_text
        assert "RINGING" in c.screen_text


@pytest.mark.parametrize(
    ("kind", "which"), [(4, "callback phone 120 0000 0055"), (5, "SIP phone 8001")]
)
async def test_the_agents_own_phone_is_named(console, kind, which) -> None:
    number = "12000000055" if kind == 4 else "8001"
    account = replace(s.ACCOUNT, callintype=kind, number=number)
    voice = replace(s.IDLE.voice, state=VoiceState.OFF)
    async with console(replace(s.IDLE, account=account, voice=voice)) as c:
        assert f"voice: {which}" in c.screen_text.splitlines()[0]
        dialling = replace(s.TALKING, state=CallState.PROCEEDING, leg=Leg.NONE, outgoing=True)
        for call in (replace(s.RINGING, leg=Leg.NONE), dialling):
            await c.happen(CallChanged(call))
            assert f"Pick up your {which} when it rings." in c.screen_text
        await c.happen(CallChanged(replace(s.TALKING, leg=Leg.NONE)))
        assert "Pick up" not in c.screen_text
        assert "The sound is on your own phone." in c.screen_text
        assert "▯" not in c.screen_text
        await c.happen(AccountChanged(s.ACCOUNT, s.GROUPS))
        assert "voice: –" in c.screen_text.splitlines()[0]
