"""Where the voice goes, chosen at sign-in; and the page on which the sound is tried."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.terminal import scripted_port as s
from tests.terminal.accounts import FULL, OUT, SIGN_IN
from tui.console.sign_in_defaults import SignInMemory
from tui.port import replace
from tui.port.commands import (
    JoinGroup,
    ListDevices,
    Result,
    TrySound,
    UsePulseServer,
)
from tui.port.events import CallChanged, LevelsChanged, PhaseChanged, VoiceChanged
from tui.port.values import Devices, Levels, Phase, Voice, VoiceState, message

FAR = "unix:/tmp/pulse-li-77"
CARRIED = replace(s.IDLE, voice=Voice(VoiceState.OK, "pulse", server="unix:/tmp/old", delay=21))


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULSE_SERVER", raising=False)
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.7 50000 192.0.2.1 22")


# ---------------------------------------------------------------- at sign-in


async def test_a_terminal_that_names_a_pulse_server_offers_it_first(
    console: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULSE_SERVER", FAR)
    async with console(OUT, prefill=FULL) as c:
        assert "● PulseAudio" in c.line("Callback phone")
        assert FAR in c.screen_text
        await c.press("enter")
        assert c.port.sent == [SIGN_IN, UsePulseServer(FAR)]


async def test_this_computers_sound_can_be_chosen_all_the_same(
    console: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULSE_SERVER", FAR)
    async with console(OUT, prefill=FULL) as c:
        await c.press("tab", "tab", "right")
        assert "● Local" in c.line("Callback phone")
        assert FAR not in c.screen_text
        await c.press("enter")
        assert c.port.sent == [SIGN_IN]


async def test_on_a_computer_of_ones_own_its_only_pulse_server_is_left_to_it(
    console: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULSE_SERVER", "unix:/mnt/own/PulseServer")
    monkeypatch.delenv("SSH_CONNECTION")
    async with console(OUT, prefill=FULL) as c:
        assert "● Local" in c.line("Callback phone")
        await c.press("enter")
        assert c.port.sent == [SIGN_IN]


async def test_without_one_there_are_three_lines_and_nothing_is_carried(console: Any) -> None:
    async with console(OUT, prefill=FULL) as c:
        assert "PulseAudio" not in c.screen_text
        await c.press("enter")
        assert c.port.sent == [SIGN_IN]


async def test_an_engine_that_still_carries_elsewhere_is_brought_back(console: Any) -> None:
    port = s.ScriptedPort(replace(OUT, voice=CARRIED.voice))
    async with console(prefill=FULL, port=port) as c:
        await c.press("enter")
        assert c.port.sent == [SIGN_IN, UsePulseServer("")]


async def test_a_server_that_does_not_answer_is_said_and_stops_nothing(
    console: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULSE_SERVER", FAR)
    async with console(OUT, prefill=FULL) as c:
        wrong = message("pulse.nothing-listens", address=FAR, why="No such file or directory")
        c.port.answers[UsePulseServer] = lambda command: Result(False, wrong)
        await c.press("enter")
        assert "No PulseAudio at" in c.screen_text
        await c.happen(PhaseChanged(Phase.CHOOSING_GROUP))
        assert JoinGroup("0") in c.port.sent


# ---------------------------------------------------------------- attached again


async def test_another_terminal_hands_its_own_server_over(
    console: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULSE_SERVER", FAR)
    async with console(CARRIED, resuming=True) as c:
        assert c.port.sent == [UsePulseServer(FAR)]
        assert "PulseAudio 21 ms" in c.screen_text
        gone = replace(CARRIED.voice, state=VoiceState.SERVER_GONE)
        await c.happen(VoiceChanged(gone))
        assert "PulseAudio gone" in c.screen_text


async def test_a_voice_on_this_machine_is_not_moved_by_whoever_looks(
    console: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with console(CARRIED, resuming=True) as c:
        assert c.port.sent == []  # this terminal names no server
    monkeypatch.setenv("PULSE_SERVER", FAR)
    async with console(s.IDLE, resuming=True) as c:
        assert c.port.sent == []  # the voice is not carried anywhere


async def test_a_new_engine_after_one_that_died_carries_the_voice_again(console: Any) -> None:
    session = SignInMemory(sign_in=SIGN_IN, gid="1000000001", server=FAR)
    async with console(OUT, session=session, resuming=True) as c:
        assert c.port.sent == [SIGN_IN, UsePulseServer(FAR), JoinGroup("1000000001")]


# ---------------------------------------------------------------- the page


async def test_the_page_shows_devices_levels_and_what_a_try_found(console: Any) -> None:
    async with console(CARRIED) as c:
        devices = Devices(("USB Headset",), ("USB Headset",), "USB Headset", "", "")
        c.port.answers[ListDevices] = lambda command: Result(True, value=devices)
        done = asyncio.Event()
        execute = c.port.execute

        async def slow(command: Any) -> Result:
            if isinstance(command, TrySound):
                await done.wait()
                return Result(True, message("sound.measured", delay=84))
            result: Result = await execute(command)
            return result

        c.port.execute = slow
        c.app.do("sound")
        await c.settle()
        assert "USB Headset" in c.line("Microphone")
        assert "as the system says" in c.line("Speaker")
        assert "where you hear" in c.line("Rings")
        assert "unix:/tmp/old · 21 ms there and back" in c.line("Goes to")
        await c.press("enter")
        assert "Opening the devices" in c.screen_text
        await c.happen(VoiceChanged(replace(CARRIED.voice, trial="record")))
        assert "Speak now" in c.screen_text
        c.clock.now += 1
        await c.happen(LevelsChanged(Levels(7, 0)))
        assert c.line("you   ").count("▮") == 7
        done.set()
        await c.happen(VoiceChanged(CARRIED.voice))
        assert "84" in c.screen_text
        assert c.line("you   ").count("▮") == 0
        await c.press("escape")
        assert "back into the microphone" not in c.screen_text


async def test_the_page_says_why_a_try_is_refused_and_goes_when_it_rings(console: Any) -> None:
    async with console() as c:
        no = Result(False, message("sound.silent"))
        c.port.answers[TrySound] = lambda command: no
        c.app.do("sound")
        await c.settle()
        await c.press("enter")
        assert "nothing but silence" in c.screen_text
        await c.happen(CallChanged(s.RINGING))
        assert "nothing but silence" not in c.screen_text


async def test_the_settings_lead_to_the_page(console: Any) -> None:
    async with console() as c:
        await c.press("ctrl+g")
        c.app.screen.sound.focus()
        await c.press("space")
        assert "hear yourself" in c.screen_text
