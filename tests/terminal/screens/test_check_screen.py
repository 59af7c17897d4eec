"""The check before the shift on the screen: live, what to do, once more, and the way it makes."""

from __future__ import annotations

from tests.terminal import scripted_port as s
from tui.console.screens.shift_check import CheckScreen, folded
from tui.port import replace
from tui.port.commands import Result, RunChecks
from tui.port.events import CallChanged, ChecksChanged, NoticeChanged
from tui.port.snapshot import Snapshot
from tui.port.values import Check, CheckState, Notice, Phase, message

LONG = "The certificate of cc.example.com is not to be trusted"
DONE = (
    Check(
        "disk", CheckState.OK, message("check.disk.ok", path="/home/li/.local/state/yimi", mb=900)
    ),
    Check("names", CheckState.WARN, message("check.names.nothing")),
    Check(
        "tls",
        CheckState.FAIL,
        message("check.tls.refused", host="cc.example.com", why="self-signed"),
    ),
)


def under_way(at: int) -> tuple[Check, ...]:
    """The first `at` are done, the next is looked at."""
    rest = [Check(check.id, CheckState.WAITING) for check in DONE[at:]]
    rest[0] = Check(rest[0].id, CheckState.RUNNING)
    return (*DONE[:at], *rest)


async def test_the_key_opens_it_and_begins(console) -> None:
    async with console() as c:
        await c.press("ctrl+t")
        assert c.port.sent == [RunChecks(None)]
        await c.happen(ChecksChanged(under_way(1)))
        assert "1 of 3" in c.line("Check before the shift")
        assert "ok" in c.line("Disk")
        assert c.line("TLS").split() == ["│", "TLS", "│"]
        await c.happen(ChecksChanged(DONE))
        assert "fail" in c.line("TLS")
        assert LONG[:30] in c.line("TLS")
        assert "One check failed." in c.screen_text


async def test_enter_checks_again_and_not_twice_at_once(console) -> None:
    async with console(replace(s.IDLE, checks=DONE)) as c:
        await c.press("ctrl+t")
        assert not c.port.sent
        await c.press("enter")
        assert c.port.sent == [RunChecks(None)]
        await c.happen(ChecksChanged(under_way(0)))
        await c.press("enter")
        assert len(c.port.sent) == 1
        await c.press("escape")
        assert not isinstance(c.app.screen, CheckScreen)


async def test_before_the_sign_in_it_is_about_what_stands_in_the_form(console) -> None:
    async with console(Snapshot(phase=Phase.SIGNED_OUT)) as c:
        await c.press(*"1001", "tab", *"secret")
        await c.press("ctrl+t")
        (asked,) = c.port.sent
        assert asked.sign_in.un == "1001"
        assert asked.sign_in.pwd.reveal() == "secret"


async def test_a_call_that_rings_takes_the_screen_back(console) -> None:
    async with console(replace(s.IDLE, checks=DONE)) as c:
        await c.press("ctrl+t")
        await c.happen(CallChanged(s.RINGING))
        assert not isinstance(c.app.screen, CheckScreen)
        await c.press("ctrl+t")
        assert not isinstance(c.app.screen, CheckScreen)


async def test_what_cannot_be_done_is_said_in_it(console) -> None:
    port = s.ScriptedPort()
    port.answers[RunChecks] = lambda _: Result(False, message("check.in_call"))
    async with console(port=port) as c:
        await c.press("ctrl+t")
        assert "Not during a call" in c.screen_text


async def test_a_refused_idle_names_the_key(console) -> None:
    async with console() as c:
        await c.happen(NoticeChanged(Notice(message("check.demanded"), s.NOW)))
        assert "The check before the shift comes first: ^T." in c.screen_text


def test_lines_fold_at_spaces_and_chinese_anywhere() -> None:
    assert folded("one two three", 7) == ["one two", "three"]
    assert folded("证书不可信", 4) == ["证书", "不可", "信"]
    assert folded("", 4) == [""]
