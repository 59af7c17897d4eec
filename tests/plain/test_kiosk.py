"""A desk for whoever comes, in lines: what is not asked, what is shut, what is forgotten."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plain.conftest import lines
from tests.terminal.scripted_port import IDLE
from tests.waiting import until
from tui.config.kiosk import KioskSettings, hashed
from tui.config.schema import Config, Profile
from tui.console.pin_lock import PAUSE, TRIES
from tui.console.sign_in_defaults import SignInPrefill
from tui.console.view import SIGNED_OUT
from tui.plain.words import WORDS
from tui.port import replace
from tui.port.commands import SignIn, SignOut
from tui.port.snapshot import Snapshot
from tui.port.values import Phase, message

PIN = hashed("4711", bytes(16))
DESK = Profile(name="desk", backend="https://cc.example.com", switchnumber="02500001234")
CONFIG = replace(Config(), kiosk=KioskSettings(pin=PIN), profiles=(DESK,))
SHUT = {"export", "read_in", "log", "messages"}


def desk(snapshot: Snapshot = IDLE, config: Config = CONFIG, **options: Any) -> Any:
    return lines(snapshot, config, kiosk=True, **options)


async def test_only_who_it_is_and_the_password_are_asked() -> None:
    async with desk(Snapshot()) as d:
        await d.asks("Extension:")
        d.say("1001")
        await d.asks("Password:")
        d.say("demo-1001")
        await until(lambda: d.port.sent)
        (sent,) = (command for command in d.port.sent if isinstance(command, SignIn))
        assert (sent.un, sent.backend, sent.switchnumber) == (
            "1001",
            DESK.backend,
            DESK.switchnumber,
        )


@pytest.mark.parametrize(
    ("profile", "asked"),
    [
        (replace(DESK, kind="sip", backend="wss://pbx.example.com", switchnumber=""), "Address:"),
        (replace(DESK, switchnumber=""), "Extension:"),
    ],
    ids=["PBX", "no switch number"],
)
async def test_what_the_config_leaves_open_is_asked(profile: Profile, asked: str) -> None:
    async with desk(Snapshot(), replace(CONFIG, profiles=(profile,))) as d:
        await d.asks(asked)
        if profile.kind == "sip":
            d.say("1001")
            await d.asks(asked)  # no address
            d.say("1001@pbx.example.com")
        else:
            d.say("1001")
            await d.asks("Switch number:")
            d.say("02500001234")
        await d.asks("Password:")


async def test_what_would_be_taken_along_is_no_word_here() -> None:
    async with desk() as d:
        await d.asks("idle>")
        assert not {word.id for word in WORDS if word.when(d.desk.view)} & SHUT
        d.say("log")
        await d.shows("Not now: log.")


async def test_three_wrong_pins_shut_the_settings_for_a_minute() -> None:
    async with desk() as d:
        await d.asks("idle>")
        for _ in range(TRIES):
            d.say("settings")
            await d.asks("PIN:")
            d.say("1")
            await d.shows("That is not the PIN.")
            await d.asks("idle>")
        d.say("settings")
        await d.shows("Too many wrong PINs.")
        d.now += PAUSE
        d.say("settings")
        await d.asks("PIN:")
        d.say("4711")
        await d.shows("1 Microphone")
        assert "4711" not in d.text


async def test_without_a_pin_the_settings_are_shut() -> None:
    async with desk(config=replace(CONFIG, kiosk=KioskSettings())) as d:
        await d.asks("idle>")
        d.say("settings")
        await d.shows("The settings are shut at this desk.")


async def test_what_is_half_typed_is_forgotten_when_nobody_comes_back() -> None:
    config = replace(CONFIG, kiosk=KioskSettings(blank=0.001))
    async with desk(Snapshot(), config) as d:
        await d.asks("Extension:")
        d.talk.typing = d.desk.typing
        d.type("10")
        assert await d.running == SIGNED_OUT
        assert d.port.sent == [SignOut(end=True)]


async def test_whoever_is_signed_in_is_not_forgotten() -> None:
    config = replace(CONFIG, kiosk=KioskSettings(blank=0.001))
    async with desk(config=config) as d:
        await d.asks("idle>")
        d.talk.typing = d.desk.typing
        d.type("sta")
        guests = d.desk.guests
        assert guests is not None
        first = guests._waiting
        await until(lambda: guests._waiting is not first)  # it looked, and looks again
        assert not d.running.done()


async def test_after_a_kick_the_next_agent_begins_anew() -> None:
    kicked = replace(IDLE, phase=Phase.KICKED, failure=message("kicked.501"))
    async with desk(kicked) as d:
        await d.shows("1 Sign in again")
        assert "Quit" not in d.text
        d.say("")
        await d.shows("1 Sign in again")  # an Enter for something else wipes no reason
        d.say("1")
        assert await d.running == SIGNED_OUT


async def test_leaving_the_choice_of_a_group_is_the_next_agents_turn() -> None:
    choosing = replace(IDLE, phase=Phase.CHOOSING_GROUP)
    async with desk(choosing, prefill=SignInPrefill()) as d:
        await until(lambda: d.talk.paper.open)
        d.type("\x04")
        assert await d.running == SIGNED_OUT
