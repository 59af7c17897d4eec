"""The agent's day in lines: `yimi --plain` as a process, without a single control sequence."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.box import AGENT_TONE, Box
from tests.e2e.plain_day import PASSWORD_SHOWN, PlainPty, configure
from tests.e2e.pty_console import PROJECT, child_of, end_engines, environment, is_stopped
from tests.waiting import until
from tui.port.wire import sockets

F5, F6, F7, F8 = b"\x1b[15~", b"\x1b[17~", b"\x1b[18~", b"\x1b[19~"


class Day:
    """Opens desks of one folder, and ends what they started."""

    def __init__(self, box: Box, folder: Path) -> None:
        self.box, self.folder = box, folder
        self.desks: list[PlainPty] = []

    def open(self, *arguments: str, shell: bool = False) -> PlainPty:
        desk = PlainPty(self.box, self.folder, *arguments, shell=shell)
        self.desks.append(desk)
        return desk


@pytest.fixture
async def day(box: Box, tmp_path: Path) -> AsyncIterator[Day]:
    configure(box, tmp_path)
    day = Day(box, tmp_path)
    yield day
    for desk in day.desks:
        await desk.console.close()
    await end_engines(tmp_path)


@pytest.mark.long
async def test_the_agents_day_holds_no_escape(box: Box, day: Day, tmp_path: Path) -> None:
    await box.hurry()
    desk = day.open()
    await desk.sign_in()

    cc = await box.ring("1001")
    await desk.see("CALL from 120 0000 0001, for Sales, first call today. a answers, d declines")
    desk.say("a")
    await desk.see("Talking to 120 0000 0001.")
    await desk.see("talking> $")
    await box.is_heard(cc, AGENT_TONE)

    desk.say("hold")
    await desk.see("On hold: 120 0000 0001.")
    await desk.see("on hold> $")
    desk.key(F6)
    await desk.see("Talking to 120 0000 0001 again.")
    desk.key(F7)
    await desk.see("MUTED: they do not hear you.")
    await desk.see("talking muted> $")
    desk.say("unmute")
    await desk.see("Microphone open.")
    desk.say("12#")
    await desk.see("Tones: 12#.")
    desk.say("wants a call at ten")
    await desk.see("Noted for the write-up.")

    desk.say("transfer mei")
    await desk.see(r"1090 Mei \(always answers\): 1 transfer, you leave. 2 three-way. Enter")
    desk.say("2")
    await desk.see(r"Mei \(always answers\) joined. Three-way. If you hang up they stay together.")
    await desk.see("three-way> $")
    desk.say("hang")
    await desk.see(r"Who stays\? 1 end for all. 2 drop Mei .* Enter: nobody leaves.")
    desk.say("2")
    await desk.see(r"Mei \(always answers\) dropped. Talking to 120 0000 0001.")
    await desk.see("talking> $")

    await box.post(f"calls/{cc}/hangup")
    await desk.see("The customer hung up after .* second")
    await desk.see("Write-up, 30 seconds: 1 Resolved 2 Call back 3 Complaint 4 Wrong number. Text")
    desk.say("2 about the invoice")
    await desk.see("Call back. Note kept. Countdown stopped.")
    desk.say("ready")
    await desk.see("Idle.")
    await desk.see("idle> $")

    desk.say("history ten")
    await desk.see("1 call. 1 120 0000 0001, .*, Call back. Enter: nothing.")
    desk.say("1")
    await desk.see("Note: wants a call at ten about the invoice.")
    await desk.see("1 change the note. 2 call 120 0000 0001 again. Enter: nothing.")
    desk.say("1")
    await desk.see("Note: $")
    desk.say("wants a call at eleven")
    await desk.see("Note kept.")

    desk.say("find wang")
    await desk.see("1 1002 Wang Fang, Sales")
    desk.say("")
    desk.say("settings")
    await desk.see("4 Volume %: 100")
    desk.say("4")
    await desk.see("Volume %: Enter: 100.")
    desk.say("80")
    await desk.see("The settings are saved.")
    assert "volume = 80" in (tmp_path / "config" / "settings.toml").read_text()
    desk.say("busy")
    await desk.see("busy> $")
    desk.say("idle")
    await desk.see("idle> $")

    desk.say("1090")
    await desk.see("Calling 1090.")
    await desk.see("Talking to 1090")
    desk.key(F8)
    await desk.see(r"Hang up on 1090.*\? 1 yes. Enter: nothing.")
    desk.say("1")
    await desk.see("You hung up after")
    await desk.see("Write-up")
    desk.say("ready")
    await desk.see("idle> $")

    desk.say("sign out")
    await desk.see("1 yes")
    desk.say("1")
    await desk.see("Signed out.")
    assert await desk.console.ended() == 0
    assert b"\x1b" not in desk.written
    assert PASSWORD_SHOWN not in desk.written
    assert desk.console.left_behind() == {}


async def test_a_call_is_transferred_by_words_in_chinese(
    box: Box, day: Day, tmp_path: Path
) -> None:
    configure(box, tmp_path, '[ui]\nlanguage = "zh"\n')
    await box.hurry()
    desk = day.open()
    await desk.sign_in("空闲>")
    await box.ring("1001")
    await desk.see("来电：120 0000 0001，.*，今天首次来电。 a 接听，d 拒接，c 暂不便接听。")
    desk.say("接听")
    await desk.see("正在与 120 0000 0001 通话。")
    desk.say("转接 mei")
    await desk.see("1 转接，您退出。 2 三方通话")
    desk.say("１")
    await desk.see("转接给 Mei|话后处理")
    await desk.see("话后处理> $")
    desk.say("要求十点回电")
    await desk.see("备注已保存。 倒计时已暂停。")
    desk.say("结束话后")
    await desk.see("空闲> $")
    desk.say("签出")
    await desk.see("1 是")
    desk.say("1")
    await desk.see("已签出。")
    assert b"\x1b" not in desk.written


async def test_an_event_waits_for_the_line_that_is_being_typed(box: Box, day: Day) -> None:
    desk = day.open()
    await desk.sign_in()
    desk.key(b"find wa")
    await desk.see("idle> find wa$")
    await box.ring("1001")
    await until(lambda: desk.written.endswith(b"\a"), what="the bell, and nothing else")
    desk.key(b"ng\r")
    await desk.see("CALL from")
    text = desk.written.decode().replace("\a", "")
    assert "idle> find wang\r\nCALL from" in text


async def test_what_is_left_half_typed_stands_again_under_the_event(box: Box, day: Day) -> None:
    desk = day.open()
    await desk.sign_in()
    desk.key("find 王".encode())
    await desk.see("idle> find 王$")
    await box.ring("1001")
    await desk.see("CALL from 120")
    await desk.see("ringing> find 王$")
    desk.key(b"\x7f\x7f\x7f\x7f\x7f\x7fa\r")
    await desk.see("Talking to 120 0000 0001.")


async def test_f5_and_f8_in_one_burst_answer_and_do_not_hang_up(box: Box, day: Day) -> None:
    desk = day.open()
    await desk.sign_in()
    await box.ring("1001")
    await desk.see("CALL from")
    desk.key(F5 + F8 + F8)
    await desk.see("Talking to 120 0000 0001.")
    await desk.see(r"Hang up on 120 0000 0001\?")
    desk.say("1")
    await desk.see("You hung up after")


async def test_a_question_that_went_by_itself_takes_no_late_digit(box: Box, day: Day) -> None:
    desk = day.open()
    await desk.sign_in()
    cc = await box.ring("1001")
    await desk.see("CALL from")
    desk.say("a")
    await desk.see("talking> $")
    desk.say("hang")
    await desk.see("1 yes")
    desk.key(b"1")
    await box.post(f"calls/{cc}/hangup")
    await desk.see("That question is over. Nothing was done.")
    desk.key(b"\r")
    await desk.see("That question is over. Nothing was done.")
    desk.say("outcome")
    await desk.see("1 Resolved. 2 Call back")


async def test_leaving_leaves_the_phone_and_coming_back_finds_the_call(box: Box, day: Day) -> None:
    desk = day.open()
    await desk.sign_in()
    await box.ring("1001")
    await desk.see("CALL from")
    desk.say("a")
    await desk.see("talking> $")
    desk.key(b"\x04")
    await desk.see("1 Leave: the phone and a call go on. 2 Sign out")
    desk.say("1")
    assert await desk.console.ended() == 0
    again = day.open()
    await again.see("Talking to 120 0000 0001. Sales. Line ok.")
    await again.see("talking> $")


async def piped(place: Path) -> asyncio.subprocess.Process:
    """A console in lines between two pipes."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tui.cli.main", "--plain"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=PROJECT,
        env=environment(place),
    )


async def test_lines_from_a_pipe_are_taken_in_order(box: Box, day: Day, tmp_path: Path) -> None:
    desk = day.open()
    await desk.sign_in()
    process = await piped(tmp_path)
    written, _ = await process.communicate(b"busy\nidle\nstate\nleave\n1\n")
    assert process.returncode == 0, written
    said = written.decode()
    lines = said.splitlines()
    assert lines.index("Busy.") < lines.index("Idle.") < lines.index("Idle. Sales. Line ok.", 1)
    assert "\x1b" not in said
    assert "\a" not in said


@pytest.mark.parametrize("lines", [b"", b"state\n", b"hang up"])
async def test_the_end_of_a_pipe_leaves_and_the_phone_goes_on(
    box: Box, day: Day, tmp_path: Path, lines: bytes
) -> None:
    desk = day.open()
    await desk.sign_in()
    process = await piped(tmp_path)
    written, _ = await asyncio.wait_for(process.communicate(lines), 30)
    assert process.returncode == 0, written
    assert written.decode().endswith("You are still signed in. Come back with: yimi\n")
    desk.say("state")
    await desk.see("Idle. Sales. Line ok.")


def test_plain_mode_loads_no_screen_library() -> None:
    code = (
        "import json, sys, tui.launcher.plain_front, tui.plain.verbs;"
        "print(json.dumps(sorted(set(sys.modules))))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    loaded = json.loads(told.stdout)
    assert not [name for name in loaded if name.partition(".")[0] in ("textual", "aiohttp", "av")]


async def test_a_phone_that_dies_comes_back_signed_in(box: Box, day: Day, tmp_path: Path) -> None:
    desk = day.open()
    await desk.sign_in()
    desk.say("state")
    await desk.see("idle> $")
    desk.say("who")
    (path,) = sockets.live(tmp_path / "runtime")
    with sockets.connect(path) as connection:
        found = sockets.peer(connection)
    assert found is not None
    os.kill(found[0], signal.SIGKILL)
    await desk.see("The phone behind the screen has stopped|stopped")
    await desk.see("Idle. Sales. Line ok.|Your group is Sales now.")
    await desk.see("idle> $")


async def test_a_signal_gives_the_terminal_back_and_the_phone_goes_on(box: Box, day: Day) -> None:
    desk = day.open()
    await desk.sign_in()
    desk.key(b"half a li")
    await desk.see("half a li$")
    os.kill(desk.console.process.pid, signal.SIGTERM)
    assert await desk.console.ended() == 128 + signal.SIGTERM
    assert desk.console.left_behind() == {}
    again = day.open()
    await again.see("Idle. Sales. Line ok.")


@pytest.mark.parametrize("shell", [True, False])
async def test_a_key_stops_it_where_a_shell_can_let_it_go_on_and_nowhere_else(
    day: Day, shell: bool
) -> None:
    desk = day.open(shell=shell)
    await desk.see("Enter: sign in")
    started = desk.console.process.pid
    pid = child_of(started) if shell else started
    for _ in range(2):
        desk.key(b"\x1a")
        if shell:
            await until(lambda: is_stopped(pid))
            desk.key(b"fg\r")
        await desk.see("Enter: sign in")
        assert not is_stopped(pid)
