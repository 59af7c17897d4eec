"""A terminal that `yimi headset` opened: its headset is offered, used, followed, and keeps its own
devices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.terminal import scripted_port as s
from tests.terminal.accounts import FULL, OUT, SIGN_IN
from tui.console.parts.remote_pulse import HEADSET_SECRET, HEADSET_SOCKET
from tui.console.sign_in_defaults import SignInMemory
from tui.launcher.engine_process import engine_environment
from tui.port import replace
from tui.port.commands import JoinGroup, ListDevices, Result, SetDevices, UseHeadset, UsePulseServer
from tui.port.events import VoiceChanged
from tui.port.values import HEADSET, Devices, Voice, VoiceState, message
from tui.secrets import Secret

SOCKET = "/run/user/1000/yimi/yimi-far-1/s"
USED = UseHeadset(SOCKET, Secret("a secret of this login"))
CARRIED = replace(s.IDLE, voice=Voice(VoiceState.OK, "USB Headset", server=HEADSET, delay=21))


@pytest.fixture(autouse=True)
def login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_SERVER", "unix:/tmp/another")
    monkeypatch.setenv(HEADSET_SOCKET, SOCKET)
    monkeypatch.setenv(HEADSET_SECRET, "a secret of this login")


async def test_the_headset_is_offered_first_and_used(console: Any) -> None:
    async with console(OUT, prefill=FULL) as c:
        assert "● Headset" in c.line("Callback phone")
        assert "headset of the computer you sit at" in c.screen_text
        await c.press("enter")
        assert c.port.sent == [SIGN_IN, USED]
        assert SOCKET not in c.screen_text


async def test_the_machines_own_sound_can_be_chosen_all_the_same(console: Any) -> None:
    async with console(OUT, prefill=FULL) as c:
        await c.press("tab", "tab", "right")
        assert "● Local" in c.line("Callback phone")
        await c.press("enter")
        assert c.port.sent == [SIGN_IN]


async def test_whoever_logs_in_with_a_headset_takes_the_voice_along(console: Any) -> None:
    async with console(s.IDLE, resuming=True) as c:
        assert c.port.sent == [USED]
    async with console(CARRIED, resuming=True) as c:
        assert c.port.sent == [USED]
        assert "headset 21 ms" in c.screen_text
        gone = replace(CARRIED.voice, state=VoiceState.HEADSET_GONE)
        await c.happen(VoiceChanged(gone))
        assert "headset gone" in c.screen_text


async def test_a_terminal_without_one_leaves_it_where_it_is(
    console: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (HEADSET_SOCKET, HEADSET_SECRET, "PULSE_SERVER"):
        monkeypatch.delenv(name)
    async with console(CARRIED, resuming=True) as c:
        assert c.port.sent == []
    port = s.ScriptedPort(replace(OUT, voice=CARRIED.voice))
    async with console(prefill=FULL, port=port) as c:
        await c.press("enter")
        assert c.port.sent == [SIGN_IN, UsePulseServer("")]


async def test_a_new_engine_after_one_that_died_has_the_headset_again(console: Any) -> None:
    session = SignInMemory(sign_in=SIGN_IN, gid="1000000001", server=HEADSET)
    async with console(OUT, session=session, resuming=True) as c:
        assert c.port.sent == [SIGN_IN, USED, JoinGroup("1000000001")]


async def test_what_is_wrong_with_it_is_said_and_stops_nothing(console: Any) -> None:
    async with console(OUT, prefill=FULL) as c:
        wrong = Result(False, message("headset.version", here="1.0", there="2.0"))
        c.port.answers[UseHeadset] = lambda command: wrong
        await c.press("enter")
        assert "yimi 1.0 here, 2.0 there" in " ".join(c.screen_text.split())


async def test_its_devices_are_listed_chosen_and_not_written_down_here(
    console: Any, tmp_path: Path
) -> None:
    settings = tmp_path / "settings.toml"
    async with console(CARRIED, settings=settings) as c:
        there = Devices(("USB Headset", "Camera"), ("USB Headset",), "USB Headset", "", "")
        c.port.answers[ListDevices] = lambda command: Result(True, value=there)
        await c.press("ctrl+g")
        await c.settle()
        pick = c.app.screen.devices.picks["input"]
        assert c.app.screen.devices.chosen["input"] == "device:USB Headset"
        pick.focus()
        await c.press("right")
        assert SetDevices(input="device:Camera") in c.port.sent
        await c.press("enter")
        assert not settings.exists() or "Camera" not in settings.read_text()


async def test_the_page_names_it(console: Any) -> None:
    async with console(CARRIED) as c:
        c.app.do("sound")
        await c.settle()
        assert "your headset, through ssh · 21 ms there and back" in c.line("Goes to")
        await c.happen(VoiceChanged(replace(CARRIED.voice, delay=None)))
        assert "your headset, through ssh" in c.line("Goes to")


def test_an_engine_knows_nothing_of_the_login_that_starts_it() -> None:
    login = {HEADSET_SOCKET: SOCKET, HEADSET_SECRET: "x", "PATH": "/bin"}
    assert engine_environment(login) == {"PATH": "/bin"}
