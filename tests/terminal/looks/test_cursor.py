"""The terminal's cursor stands on what has the focus, on the mark, on the caller while it rings."""

from __future__ import annotations

from typing import Any

from tests.terminal import languages, lines
from tests.terminal import scripted_port as s
from tui.console.terminal.cursor import place
from tui.port.events import CallChanged
from tui.port.snapshot import Snapshot


def under(c: Any, cells: int = 13) -> str:
    """What begins where the cursor stands."""
    x, y = place(c.app.screen)
    return str(c.app.screen._compositor.render_strips()[y].crop(x, x + cells).text.strip())


async def test_idle_it_stands_on_the_state_and_ringing_on_the_caller(console) -> None:
    async with console() as c:
        assert under(c, 4) == "IDLE"
        await c.happen(CallChanged(s.RINGING))
        assert under(c) == "120 0000 0001"
        await c.happen(CallChanged(s.TALKING))
        assert under(c) == "120 0000 0001"


async def test_in_a_field_it_stays_while_it_rings(console) -> None:
    async with console() as c:
        await c.press("f2", "1", "2")
        await c.happen(CallChanged(s.RINGING))
        assert place(c.app.screen) == c.app.screen.panel.dial.input.cursor_screen_offset


async def test_a_list_that_has_the_focus_makes_way_for_the_caller(console) -> None:
    port = languages.port("en", s.IDLE)
    async with console(port=port) as c:
        await c.press("f3")
        await c.rest()
        assert under(c, 9) == "Pre-sales"
        await c.press("down")
        assert under(c, 11) == "After-sales"
        await c.happen(CallChanged(s.RINGING))
        assert under(c) == "120 0000 0001"


async def test_the_line_that_rings_has_it_whatever_is_marked(console) -> None:
    async with console(lines.snapshot(lines.TALKING, lines.WAITING)) as c:
        assert under(c) == "120 0000 0001"


async def test_dialogs_the_palette_and_settings(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        c.clock.now += 1
        await c.press("ctrl+q")
        assert "Stay" in under(c)
        await c.press("down")
        assert "Leave" in under(c)
        await c.press("escape", "ctrl+p", "down", "down")
        await c.rest()
        commands = c.app.screen.query_one("CommandList")
        assert (
            place(c.app.screen).y
            == commands.content_region.y + commands._index_to_line[commands.highlighted]
        )
        await c.press("h")
        assert place(c.app.screen) == c.app.screen.focused.cursor_screen_offset
        await c.press("escape", "ctrl+g")
        assert under(c, 1) == "←"


async def test_the_history_has_it_in_the_search_then_on_the_mark(console) -> None:
    port = languages.port("en", s.IDLE)
    async with console(port=port) as c:
        await c.press("f10")
        await c.rest()
        assert place(c.app.screen) == c.app.screen.focused.cursor_screen_offset
        await c.press("down")
        assert under(c, 5) == "13:42"
        await c.press("7")
        await c.rest()
        assert place(c.app.screen) == c.app.screen.focused.cursor_screen_offset


async def test_the_sign_in_has_it_on_the_choice_that_is_made(console) -> None:
    async with console(Snapshot(), prefill=languages.PREFILL) as c:
        await c.press("tab", "tab")
        assert under(c, 15) == "● This computer"
        await c.press("right")
        assert under(c, 11) == "● SIP phone"
