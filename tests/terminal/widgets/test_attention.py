"""What the app tells an agent who looks elsewhere, and for how long a failure is said."""

from __future__ import annotations

import tui.console.parts.drawing
from tests.terminal import scripted_port as s
from tests.terminal.conftest import Console
from tui.config.schema import Config, NoticeSettings
from tui.port import replace
from tui.port.commands import Hold, Result
from tui.port.events import CallChanged, CallRecorded, NoticeChanged, ShiftChanged
from tui.port.values import Notice, message


def listen(c: Console) -> list[str]:
    written: list[str] = []
    c.app.attention._write = written.append
    return written


async def test_a_call_and_a_missed_call_are_notified(console, monkeypatch) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    async with console(config=Config(notices=NoticeSettings(osc777=True))) as c:
        written = listen(c)
        await c.happen(CallChanged(s.RINGING))
        assert "\x1b]9;" in written[0]
        assert "\x1b]777;notify;yimi;" in written[0]
        missed = replace(s.RECENT[3], number="12000000001", ccnumber="1conf_1")
        shift = replace(s.IDLE.shift, missed=2)
        await c.happen(CallRecorded(missed), ShiftChanged(shift))
        assert any("Missed call: 120 0000 0001" in each for each in written)


async def test_what_was_missed_before_is_not_notified_again(console) -> None:
    async with console() as c:
        written = listen(c)
        shift = replace(s.IDLE.shift, began=s.NOW, missed=7)
        await c.happen(ShiftChanged(shift))
        assert written == []


async def test_a_failure_is_said_for_a_while_and_then_goes(console, monkeypatch) -> None:
    monkeypatch.setattr(tui.console.parts.drawing, "NOTICE_SECONDS", 0.2)
    async with console(s.with_call(s.TALKING)) as c:
        noted: list[object] = []
        c.app.noted = noted.append
        c.port.answers[Hold] = lambda command: Result(False, message("unconfirmed.hold"))
        await c.press("f6")
        assert noted == [message("unconfirmed.hold")]
        await c.rest()
        assert "! " not in c.screen_text
        await c.happen(NoticeChanged(Notice(message("unconfirmed.status"), s.NOW)))
        assert "did not confirm" in c.screen_text
        await c.rest()
        assert "did not confirm" not in c.screen_text
