"""What an agent can show to whoever helps: the log page, and the last failure with what to do."""

from __future__ import annotations

import base64
from pathlib import Path

import tui.console.parts.drawing
from tests.terminal import scripted_port as s
from tests.terminal.conftest import Console
from tui import __version__
from tui.config.schema import Paths
from tui.console.screens.log_page import LINES, log_tail
from tui.platform.not_understood import SkippedKind
from tui.port.commands import GetNotUnderstood, Hold, Result
from tui.port.events import CallChanged
from tui.port.values import NotUnderstood, NotUnderstoodReport, message


def paths(folder: Path) -> Paths:
    return Paths(folder / "config", folder, folder / "run", folder / "data")


def copied(c: Console) -> str:
    return c.app.clipboard


async def test_the_log_page_shows_versions_paths_the_line_and_the_log(
    console, tmp_path: Path
) -> None:
    (tmp_path / "yimi.log").write_text("2026-01-02 14:02:00.000 INFO tui.engine[1] listens\n")
    async with console(s.with_call(s.TALKING), paths=paths(tmp_path), size=(120, 40)) as c:
        await c.press("ctrl+l")
        assert __version__ in c.line("yimi  ")
        assert str(tmp_path / "config")[:60] in c.screen_text
        assert "round trip 12 ms" in c.line("│ line")
        assert "tui.engine[1] listens" in c.screen_text
        assert "025" in c.line("account")
        assert "02500001234" not in c.screen_text
        assert "TALKING" in c.screen_text
        await c.press("c")
        assert "listens" in copied(c)
        assert "12000000001" not in copied(c)
        assert "copied" in c.screen_text
        await c.press("escape")
        assert "round trip" not in c.screen_text


async def test_the_log_page_shows_what_was_not_understood_and_the_setting(
    console, tmp_path: Path
) -> None:
    item = NotUnderstood(
        1_767_362_520.0,
        SkippedKind.ATTRIBUTE,
        *("stamp", "cc 100", "[messages] more_attributes", '<cc a="100" stamp="••58"/>'),
    )
    known = NotUnderstoodReport((item,), ((SkippedKind.ATTRIBUTE, 7), (SkippedKind.REFUSED, 0)))
    async with console(paths=paths(tmp_path), size=(120, 40)) as c:
        c.port.answers[GetNotUnderstood] = lambda _: Result(True, value=known)
        await c.press("ctrl+l")
        assert "7 attribute" in c.line("not understood")
        assert "refused" not in c.line("not understood")
        assert "stamp in cc 100, set [messages] more_attributes: <cc" in c.line("stamp")
        await c.press("c")
        assert "more_attributes" in copied(c)


async def test_the_log_page_makes_way_for_a_call(console, tmp_path: Path) -> None:
    async with console(paths=paths(tmp_path)) as c:
        await c.press("ctrl+l")
        await c.happen(CallChanged(s.RINGING))
        assert "120 0000 0001" in c.line("▶")


async def test_it_is_copied_by_osc_52(console, tmp_path: Path, monkeypatch) -> None:
    async with console(paths=paths(tmp_path)) as c:
        written: list[str] = []
        await c.press("ctrl+l")
        monkeypatch.setattr(c.app._driver, "write", written.append)
        c.app.screen.action_copy()
        data = next(each for each in written if each.startswith("\x1b]52;c;"))
        text = base64.b64decode(data.removeprefix("\x1b]52;c;").removesuffix("\a")).decode()
        assert text == c.app.screen.text
        monkeypatch.undo()


def test_only_the_end_of_a_long_log_is_read(tmp_path: Path) -> None:
    log = tmp_path / "yimi.log"
    log.write_bytes(b"".join(b"line %d \x1b[31m\xff\n" % number for number in range(100_000)))
    lines = log_tail(log)
    assert len(lines) == LINES
    assert lines[-1].startswith("line 99999")
    assert "\x1b" not in "".join(lines)


def test_a_log_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    assert log_tail(tmp_path / "none") == ["No such file or directory"]


async def test_the_last_failure_is_kept_with_what_to_do_after_it_went_from_the_screen(
    console, monkeypatch
) -> None:
    monkeypatch.setattr(tui.console.parts.drawing, "NOTICE_SECONDS", 0.1)
    async with console(s.with_call(s.TALKING)) as c:
        c.port.answers[Hold] = lambda command: Result(False, message("unconfirmed.hold"))
        await c.press("f6")
        await c.rest()
        assert "unconfirmed" not in c.screen_text
        c.app.do("failure")
        await c.settle()
        assert "The last failure" in c.screen_text
        assert "Try again." in c.screen_text
        assert "(unconfirmed.hold)" in c.screen_text
        await c.press("c")
        assert "(unconfirmed.hold)" in copied(c)
        assert "Try again." in copied(c)
        await c.press("enter")
        assert "The last failure" not in c.screen_text


async def test_without_a_failure_there_is_none_to_show(console) -> None:
    async with console() as c:
        assert "failure" not in {action.id for action in c.app.works}
