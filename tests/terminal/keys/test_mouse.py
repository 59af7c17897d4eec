"""What looks like a button is one; no move of the mouse is asked for; numbers are copied."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from textual import events

from tests.terminal import languages
from tests.terminal import scripted_port as s
from tui.console.terminal.driver import TerminalDriver
from tui.port.commands import Answer, Dial, HangUp
from tui.port.events import CallChanged
from tui.port.snapshot import Snapshot


async def click(c: Any, words: str, line: int | None = None) -> None:
    """Press the left button on the first of these words, and let it go."""
    rows = c.screen_text.splitlines()
    y = next(y for y, row in enumerate(rows) if words in row and line in (None, y, y - len(rows)))
    x = c.app.screen._compositor.render_strips()[y].text.index(words)
    for kind in (events.MouseDown, events.MouseUp):
        event = kind(None, x, y, 0, 0, 1, False, False, False, screen_x=x, screen_y=y)
        event.set_sender(c.app)
        c.app._driver.send_message(event)
        await c.settle()


async def test_the_choices_while_it_rings_are_buttons(console) -> None:
    async with console(s.with_call(s.RINGING)) as c:
        c.clock.now += 1
        await click(c, "F5 Answer")
        assert c.port.sent == [Answer()]
        await click(c, "Decline")
        assert c.port.sent == [Answer()]  # within the moment after the answer
        c.clock.now += 1
        await click(c, "Decline")
        assert c.port.sent == [Answer(), HangUp()]


async def test_the_keys_in_the_bar_are_buttons(console) -> None:
    async with console() as c:
        await click(c, "F2 Dial", -1)
        assert c.app.view.dialling
        await c.press(*"1002")
        await click(c, "Enter Call", -1)
        assert c.port.sent == [Dial("1002")]
        await click(c, "Help", -1)
        assert "Show the keys" in c.screen_text


async def test_the_ways_out_of_a_dialog_are_buttons(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        await c.press("ctrl+q")
        await click(c, "Stay")
        assert "You are in a call." not in c.screen_text


async def test_a_click_marks_a_row_of_the_history(console) -> None:
    async with console(port=languages.port("en", s.IDLE)) as c:
        await c.press("f10")
        await c.rest()
        await click(c, "120 0000 0003")
        assert "120 0000 0003" in c.line("▸")


async def test_a_click_chooses_in_a_form(console) -> None:
    async with console(Snapshot(), prefill=languages.PREFILL) as c:
        await click(c, "Callback phone")
        assert "● Callback phone" in c.screen_text


def test_the_terminal_is_asked_for_clicks_and_for_no_move() -> None:
    class Written(TerminalDriver):
        def __init__(self, mouse: bool) -> None:
            self._mouse, self.data = mouse, ""

        def write(self, data: str) -> None:
            self.data += data

        def flush(self) -> None: ...

    asked = Written(True)
    asked._enable_mouse_support()
    assert asked.data == "\x1b[?1000h\x1b[?1006h"
    left = Written(False)  # [ui] mouse = false
    left._enable_mouse_support()
    left._disable_mouse_support()
    assert left.data == ""


@pytest.mark.parametrize("call", [s.RINGING, s.TALKING, s.ENDED], ids=lambda c: c.state.value)
async def test_the_number_is_copied_by_osc_52(console, call, monkeypatch) -> None:
    async with console() as c:
        await c.happen(CallChanged(call))
        written: list[str] = []
        monkeypatch.setattr(c.app._driver, "write", written.append)
        await c.press("alt+n")
        (data,) = [each for each in written if each.startswith("\x1b]52;c;")]
        text = base64.b64decode(data.removeprefix("\x1b]52;c;").removesuffix("\a"))
        assert text == b"12000000001"
        monkeypatch.undo()
        assert "120 0000 0001 is on the clipboard." in c.screen_text


async def test_within_gnu_screen_what_is_copied_goes_through_it(console, monkeypatch) -> None:
    monkeypatch.setenv("STY", "1.pts-0.host")
    async with console(s.with_call(s.TALKING)) as c:
        written: list[str] = []
        monkeypatch.setattr(c.app._driver, "write", written.append)
        await c.press("alt+n")
        assert [each for each in written if each.startswith("\x1bP\x1b]52;c;")]
        monkeypatch.undo()


async def test_the_note_of_the_marked_call_is_copied(console) -> None:
    async with console(port=languages.port("en", s.IDLE)) as c:
        await c.press("f10")
        await c.rest()
        c.app.do("copy_note")
        await c.settle()
        assert c.app.clipboard == "wants the invoice"
        await c.press("down")
        c.app.do("copy_note")
        await c.settle()
        assert "There is no note to copy." in c.screen_text
