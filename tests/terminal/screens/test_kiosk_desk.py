"""A desk for whoever comes: dark when nobody is there, and shut where it would leak."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from tests.terminal import scripted_port as s
from tests.waiting import until
from tui.config.kiosk import KioskSettings, hashed
from tui.config.schema import Config
from tui.console.pin_lock import PAUSE, TRIES
from tui.console.screens.blank import BlankScreen
from tui.console.screens.dialogs.text_prompt import TextPrompt
from tui.port.snapshot import Snapshot

SHUT = ("export", "read_in", "copy", "themes", "debug", "copy_number", "copy_note", "sandbox")
CONFIG = replace(Config(), kiosk=KioskSettings(pin=hashed("4711", bytes(16))))


async def test_what_would_be_taken_along_cannot_be_done(console) -> None:
    async with console(config=CONFIG) as c:
        c.app.change(kiosk=True, history=True)
        ids = {action.id for action in c.app.works}
        assert not ids & set(SHUT)
        assert {"leave", "settings", "help", "status"} <= ids


async def test_textual_s_own_ways_out_are_shut_too(console) -> None:
    async with console(Snapshot(), config=CONFIG) as c:
        c.app.change(kiosk=True)
        await c.press("ctrl+q", "ctrl+c", "ctrl+z")
        assert c.app.is_running
        assert c.app.return_value is None


async def test_a_free_desk_is_dark_and_the_first_key_only_lights_it(console) -> None:
    async with console(Snapshot(), config=CONFIG) as c:
        c.app.change(kiosk=True)
        c.app.kiosk.touched()
        assert c.app.kiosk._dark is not None
        await c.press("4", "2")
        assert "42" in c.screen_text
        c.app.kiosk.darken()
        await c.settle()
        assert isinstance(c.app.screen, BlankScreen)
        assert c.screen_text.strip() == ""
        await c.press("7")
        assert "Password" in c.screen_text
        assert "7" not in c.screen_text
        assert "42" not in c.screen_text, "what was half typed is gone"


async def test_a_desk_where_somebody_is_signed_in_is_never_dark(console) -> None:
    async with console(config=CONFIG) as c:
        c.app.change(kiosk=True)
        c.app.kiosk.touched()
        assert c.app.kiosk._dark is None
        c.app.kiosk.darken()
        await c.settle()
        assert not isinstance(c.app.screen, BlankScreen)


def counted(c, wrong: int) -> bool:
    return bool(c.app.kiosk._lock.wrong == wrong)


async def test_after_three_wrong_pins_none_is_taken_for_a_minute(console) -> None:
    async with console(config=CONFIG) as c:
        c.app.change(kiosk=True)
        for tried in range(1, TRIES + 1):
            await c.press("ctrl+g", "1", "enter")
            await until(partial(counted, c, tried % TRIES))
            await c.settle()
            assert "That is not the PIN." in c.screen_text
        await c.press("ctrl+g")
        assert not isinstance(c.app.screen, TextPrompt)
        assert "Too many wrong PINs." in c.screen_text
        c.clock.now += PAUSE
        await c.press("ctrl+g")
        assert isinstance(c.app.screen, TextPrompt)


async def test_without_a_pin_the_settings_are_shut(console) -> None:
    async with console(config=Config()) as c:
        c.app.change(kiosk=True)
        await c.press("ctrl+g")
        assert "The settings are shut at this desk." in c.screen_text


async def test_after_a_kick_the_next_agent_begins_anew(console) -> None:
    async with console(s.IDLE, config=CONFIG) as c:
        c.app.change(kiosk=True)
        c.app.session._after_kick("sign-in")
        await c.settle()
        assert c.app._exit
