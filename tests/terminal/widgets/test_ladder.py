"""The last messages both ways, as a page over the console."""

from __future__ import annotations

from typing import Any

import pytest
from rich.cells import cell_len

from tests.terminal import scripted_port as s
from tui.console.widgets.formats import Clocks
from tui.console.widgets.glyphs import use_ascii
from tui.console.widgets.ladder import head_of, lines_of
from tui.port.commands import GetLadder, Result
from tui.port.events import CallChanged
from tui.port.ladder import LONGEST, Ladder, Rung, RungKind, control_line, sip_line
from tui.port.values import message

RUNGS = (
    Rung(s.NOW - 9, False, RungKind.SIP, "MESSAGE sip:1001@pbx.invalid"),
    Rung(s.NOW - 8.5, True, RungKind.SIP, "200 OK (MESSAGE)"),
    Rung(s.NOW - 8, True, RungKind.CONTROL, 'Answer <cc ccNumber="1"/>'),
)


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (120, 40)])
async def test_the_messages_stand_between_us_and_them_at_any_size(
    console: Any, size: tuple[int, int]
) -> None:
    async with console(s.with_call(s.TALKING), size=size) as c:
        c.port.answers[GetLadder] = lambda command: Result(True, value=Ladder(RUNGS))
        await c.press("alt+l")
        await c.shows("MESSAGE sip:1001@")
        assert "▶│" in c.line("Answer <cc")
        assert "│◀" in c.line("MESSAGE sip:1001@")
        assert "14:01:51" in c.line("MESSAGE sip:1001@")
        await c.press("escape")
        assert "Answer <cc" not in c.screen_text


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (120, 40)])
async def test_more_messages_than_there_are_lines_stand_a_line_each(
    console: Any, size: tuple[int, int]
) -> None:
    async with console(size=size) as c:
        c.port.answers[GetLadder] = lambda command: Result(True, value=Ladder(RUNGS * 30))
        c.app.do("ladder")
        await c.shows("Answer <cc")
        rungs = [line for line in c.screen_text.splitlines() if "◀" in line or "▶" in line]
        assert len(rungs) > 5
        assert all(":" in line and line.count("│") == 4 for line in rungs), c.screen_text


async def test_it_is_read_again_when_the_call_goes_on(console: Any) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        known = list(RUNGS[:1])
        c.port.answers[GetLadder] = lambda command: Result(True, value=Ladder(tuple(known)))
        c.app.do("ladder")
        await c.shows("MESSAGE sip:1001@")
        known.append(Rung(s.NOW, False, RungKind.SIP, "BYE sip:1001@pbx.invalid"))
        await c.happen(CallChanged(s.ENDED))
        await c.shows("BYE sip:1001@pbx.invalid")


async def test_it_goes_when_a_call_begins_to_ring(console: Any) -> None:
    async with console() as c:
        c.port.answers[GetLadder] = lambda command: Result(True, value=Ladder(RUNGS))
        c.app.do("ladder")
        await c.shows("Answer <cc")
        await c.happen(CallChanged(s.RINGING))
        assert "Answer <cc" not in c.screen_text
        assert "120 0000 0001" in c.screen_text


async def test_what_the_engine_refuses_is_said_in_its_place(console: Any) -> None:
    async with console() as c:
        refused = Result(False, message("watch.read_only"))
        c.port.answers[GetLadder] = lambda command: refused
        c.app.do("ladder")
        await c.rest()
        assert "look" in c.screen_text


@pytest.mark.parametrize("width", [30, 38, 56, 78, 118])
def test_every_step_fills_its_line_whatever_it_holds(width: int) -> None:
    texts = ("", "BYE", "座席 " * 60, "x" * 300)
    rungs = [Rung(1.0, sent, kind, text) for sent in (True, False) for kind in RungKind
             for text in texts]  # fmt: skip
    for ascii_signs in (False, True):
        use_ascii(ascii_signs)
        try:
            lines = lines_of(rungs, width, Clocks())
            assert {cell_len(line) for line in (*lines, head_of(width))} == {width}
            assert not ascii_signs or all("│" not in line for line in lines)
        finally:
            use_ascii(False)


def test_a_message_is_one_line_and_an_answer_names_what_it_answers() -> None:
    assert sip_line("INVITE sip:a@b SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n") == "INVITE sip:a@b"
    assert sip_line("SIP/2.0 180 Ringing\r\ncseq : 7 INVITE\r\n\r\n") == "180 Ringing (INVITE)"
    assert sip_line("SIP/2.0 200 OK\r\n\r\n") == "200 OK"
    assert sip_line("\r\n\r\n") == ""
    assert sip_line("BYE sip:\x1b[2Ja SIP/2.0\r\n") == "BYE sip:a"
    assert control_line("Answer", '<?xml version="1.0"?>\n<cc a="1"/>') == 'Answer <cc a="1"/>'
    assert len(control_line("", "<cc>" * 999)) == LONGEST
