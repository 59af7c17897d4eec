"""`[ui] calm`: no meters, the clock by the minute, no boxes."""

from __future__ import annotations

from tests.terminal import scripted_port as s
from tui.config.schema import Config, UiSettings
from tui.port import replace
from tui.port.events import CallChanged, LevelsChanged
from tui.port.values import Levels

CALM = Config(ui=UiSettings(calm=True))
BOXES = set("─│┌┐└┘═║╔╗╚╝▮▯")


async def test_a_call_has_no_meters_and_its_clock_goes_by_the_minute(console) -> None:
    async with console(s.with_call(s.TALKING), config=CALM) as c:
        assert "TALKING 3 min" in c.screen_text
        assert not {"▮", "▯"} & set(c.screen_text)
        before = c.screen_text
        await c.happen(LevelsChanged(Levels(5, 5)))
        c.clock.now += 30
        c.app.drawing.draw()
        await c.settle()
        assert c.screen_text == before
        c.clock.now += 10
        c.app.drawing.draw()
        await c.settle()
        assert "TALKING 4 min" in c.screen_text


async def test_muted_and_the_caller_are_said_as_ever(console) -> None:
    async with console(s.with_call(replace(s.TALKING, muted=True)), config=CALM) as c:
        assert "MUTED" in c.line("TALKING")
        await c.happen(CallChanged(replace(s.RINGING, auto_answer=s.NOW + 5)))
        assert "120 0000 0001" in c.screen_text
        assert "answers by itself" in c.screen_text


async def test_there_are_no_boxes(console) -> None:
    async with console(s.with_call(s.TALKING), config=CALM) as c:
        c.clock.now += 1
        for key in ("ctrl+q", "f1", "ctrl+g"):
            await c.press(key)
            assert not BOXES & set(c.screen_text), key
            await c.press("escape")


async def test_the_clock_ticks_once_a_minute(console) -> None:
    async with console(s.with_call(s.TALKING), config=CALM) as c:
        (timer,) = c.app._timers
        assert 35 < timer._interval < 60  # of 3:21 the next whole minute is 39 s away
