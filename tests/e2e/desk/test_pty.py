"""The call survives the terminal: `yimi` as processes, in terminals that die in every way."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.box import AGENT_TONE, Box
from tests.e2e.crashing_console import CRASH
from tests.e2e.desk.station import ENTER, F1, F2, F5, F7, F8, Station
from tests.e2e.pty_console import PtyConsole, end_engines, is_stopped
from tests.waiting import until

CRASHING = "tests.e2e.crashing_console"
ROUNDS = 20
STILL = 6.0
"""Seconds for which an engine is stopped."""
LATE = 100
"""Milliseconds that the agent's sound may be late at the platform: what a busy machine costs."""


@pytest.fixture
async def station(box: Box, tmp_path: Path) -> AsyncIterator[Station]:
    station = Station(box, tmp_path)
    yield station
    for console in station.consoles:
        await console.close()
    await end_engines(tmp_path)


async def end_by_signal(console: PtyConsole, number: int) -> None:
    os.kill(console.process.pid, number)
    assert await console.ended() == 128 + number
    assert console.left_behind() == {}


async def end_by_kill(console: PtyConsole) -> None:
    console.process.kill()
    assert await console.ended() == -signal.SIGKILL


async def end_by_closing(console: PtyConsole) -> None:
    console.hang_up()
    assert await console.ended() == 128 + signal.SIGHUP


async def end_by_bad_bytes(console: PtyConsole) -> None:
    """They end nothing, and are no keys."""
    screens = console.screens
    console.press(b"\xff\xfe\x9b\xc3(\x1b[M\xff\xff\xff")
    await console.see("does not send UTF-8")
    assert console.screens == screens
    await end_by_crash(console)


async def end_by_crash(console: PtyConsole) -> None:
    """The screen comes back by itself, in the call; then it is left in order."""
    screens = console.screens
    console.press(CRASH)
    await until(lambda: console.screens > screens)
    await console.see(r"TALKING \d+:\d\d", console.output.rindex(b"\x1b[?1049h"))
    await end_by_signal(console, signal.SIGTERM)


@pytest.mark.long
async def test_a_call_survives_its_terminal_twenty_times_in_a_row(station: Station) -> None:
    station.module = CRASHING
    console = await station.sign_in()
    cc = await station.call(console)
    engine = (await station.status())["pid"]

    async def said() -> list[int]:
        """How much the engine has told the platform about calls and their sound."""
        counts = (await station.box.control("agents/1001"))["counts"]
        return [counts.get(method, 0) for method in ("INVITE", "MESSAGE", "BYE")]

    before = await said()
    late: list[float] = []
    looked = time.monotonic()
    ways = (
        lambda c: end_by_signal(c, signal.SIGTERM),
        lambda c: end_by_signal(c, signal.SIGHUP),
        end_by_kill,
        end_by_closing,
        end_by_bad_bytes,
    )
    for number in range(ROUNDS):
        await ways[number % len(ways)](console)
        console = station.open()
        found = await console.see(r"TALKING (\d+):(\d\d)")
        call = await station.box.control(f"calls/{cc}")
        state = await station.box.control("state")
        assert call["phase"] == "up"
        talked = state["now"] - call["up_at"]
        shown = int(found[1]) * 60 + int(found[2])
        assert talked - 3 < shown <= talked + 1  # the true talk time, not the screen's own
        since, looked = looked, time.monotonic()
        ms = round(1000 * (looked - since)) + 20
        late += (await station.box.control(f"calls/{cc}/late?ms={ms}"))["1001"]
    assert (await station.status())["pid"] == engine
    assert await said() == before  # no new leg, and nothing asked
    assert 0 < max(late) <= LATE
    assert await station.box.heard(cc, AGENT_TONE) > 0.5
    console.press(F8)
    await until(lambda: "TALKING" not in console.text(console.mark()))
    await station.script("signout")


async def test_sigterm_to_the_engine_says_bye_and_unregisters(station: Station) -> None:
    console = await station.sign_in()
    cc = await station.call(console)
    os.kill((await station.status())["pid"], signal.SIGTERM)
    mark = console.mark()
    await console.see("ended from elsewhere", mark)
    agent = await station.box.control("agents/1001")
    assert agent["counts"]["BYE"] == 1
    assert agent["counts"]["un-REGISTER"] == 1
    assert agent["counts"]["check-out"] == 1
    assert not agent["registered"]
    assert (await station.box.control(f"calls/{cc}"))["phase"] == "ended"
    await station.script("status", code=3)


async def test_an_engine_that_was_killed_is_replaced_and_the_call_taken_up(
    station: Station,
) -> None:
    console = await station.sign_in()
    cc = await station.call(console)
    old = await station.status()
    mark = console.mark()
    os.kill(old["pid"], signal.SIGKILL)
    await console.see("has stopped", mark)
    await console.see("Taken over", mark)
    new = await station.status()
    assert new["pid"] != old["pid"]
    assert new["calls"][0]["ccnumber"] == cc
    assert new["calls"][0]["state"] == "talking"
    assert new["calls"][0]["talk_time"] > old["calls"][0]["talk_time"]
    await station.box.is_heard(cc, AGENT_TONE)


async def test_a_microphone_that_was_muted_stays_cut_when_the_engine_was_killed(
    station: Station,
) -> None:
    console = await station.sign_in()
    cc = await station.call(console)
    console.press(F7)
    await console.see("MUTED")
    mark = console.mark()
    os.kill((await station.status())["pid"], signal.SIGKILL)
    await console.see("Taken over", mark)

    async def connected() -> bool:
        return bool((await station.status())["calls"][0]["audio"] == "connected")

    await until(connected, 20)
    assert (await station.status())["calls"][0]["muted"]
    assert await station.box.heard(cc, AGENT_TONE) < 0.1
    console.press(F7)  # the same leg, opened: so it was not merely silent
    await station.box.is_heard(cc, AGENT_TONE)


async def test_a_stopped_screen_and_a_hung_connection_block_nobody(station: Station) -> None:
    console = await station.sign_in()
    cc = await station.call(console)
    hung = station.open()
    await hung.see("TALKING")
    hung.stop_reading()
    os.kill(console.process.pid, signal.SIGSTOP)
    for _ in range(3):
        await station.script("hold")
        await station.script("resume")
    await station.script("mute")
    call = await station.box.control(f"calls/{cc}")
    assert call["phase"] == "up"
    mark = console.mark()
    os.kill(console.process.pid, signal.SIGCONT)
    await console.see("MUTED", mark)
    hung.resume_reading()
    await hung.see("MUTED")
    await station.script("hangup")
    await console.see("IDLE|WRAP-UP", mark)


async def test_a_console_that_the_shell_stops_goes_on_where_it_was(station: Station) -> None:
    console = await station.sign_in()
    console.press(F2)
    await console.see("Number")
    console.press(b"1002")
    await console.see("Number +1002")
    pid = console.process.pid
    for stop in (signal.SIGTSTP, signal.SIGSTOP, signal.SIGTSTP):
        os.kill(pid, stop)
        await until(lambda: is_stopped(pid))
        mark = console.mark()
        os.kill(pid, signal.SIGCONT)
        await console.see("Number +1002", mark)
    console.press(b"7")
    await console.see("Number +10027")
    logged = "".join(path.read_text() for path in station.folder.rglob("*.log"))
    assert "the screen failed" not in logged
    console.press(b"\x1b")
    console.press(b"\x11")
    await console.see("Leave")
    console.press(b"2")
    assert await console.ended() == 0
    assert console.left_behind() == {}


async def test_a_second_console_attaches_to_the_engine_that_runs(station: Station) -> None:
    first = await station.sign_in()
    engine = (await station.status())["pid"]
    second = station.open()
    await second.see("IDLE")
    cc = await station.box.ring("1001")
    await first.see("RINGING")
    await second.see("RINGING")
    mark = first.mark()
    second.press(F5)
    await first.see("TALKING", mark)
    assert (await station.status())["pid"] == engine
    assert (await station.box.control(f"calls/{cc}"))["phase"] in ("up", "connecting")


async def test_signing_in_to_an_account_that_another_engine_has_attaches_to_that(
    station: Station,
) -> None:
    first = await station.sign_in()
    engine = (await station.status())["pid"]
    # An account that is not in the way: so this console starts with a sign-in of its own.
    second = station.open("--profile", "box", "--account", "9999")
    await second.see("Sign in")
    second.press(station.box.agent("1001")["pwd"].encode() + ENTER)
    await second.see("IDLE")
    assert (await station.status())["pid"] == engine
    os.kill(first.process.pid, signal.SIGTERM)
    await first.ended()
    cc = await station.box.ring("1001")
    await second.see("RINGING")
    assert cc


async def test_a_signal_before_anything_is_shown_leaves_a_clean_terminal(station: Station) -> None:
    for delay in (0.15, 0.3, 0.5):
        console = station.open()
        await asyncio.sleep(delay)
        console.process.terminate()
        assert await console.ended() in (128 + signal.SIGTERM, -signal.SIGTERM)
        assert console.left_behind() == {}


def _is_told(log: Path, line: str) -> bool:
    return line in log.read_text()


async def test_a_signal_that_means_nothing_here_ends_no_screen_and_no_call(
    station: Station,
) -> None:
    console = await station.sign_in()
    cc = await station.call(console)
    engine = (await station.status())["pid"]
    log = station.folder / "state" / "yimi.log"
    for name in ("SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGPOLL", "SIGPWR", "SIGUSR1"):
        # One at a time: Python has room for four handlers within one another.
        for pid in (console.process.pid, engine):
            os.kill(pid, getattr(signal, name))
            told = f"[{pid}] {name}: nothing done"
            if (name, pid) == ("SIGUSR1", console.process.pid):
                told = f"[{pid}] said themes.read"
            await until(partial(_is_told, log, told), what=told)
    mark = console.mark()
    console.press(F1)
    await console.see("Keys", mark)
    assert (await station.status())["pid"] == engine
    assert (await station.box.control(f"calls/{cc}"))["phase"] == "up"
    await end_by_signal(console, signal.SIGQUIT)
    assert (await station.status())["pid"] == engine


async def test_a_terminal_that_is_taken_away_ends_a_screen_that_no_signal_tells_of_it(
    station: Station,
) -> None:
    first = await station.sign_in()
    engine = (await station.status())["pid"]
    await end_by_signal(first, signal.SIGTERM)
    second = station.open(controls=False)
    await second.see("IDLE")
    await end_by_closing(second)
    assert (await station.status())["pid"] == engine


def _has_drawn_again(console: PtyConsole, screens: int) -> bool:
    return console.screens > screens or console.process.poll() is not None


async def test_a_screen_that_cannot_stay_up_says_so_and_leaves_a_clean_terminal_and_the_call(
    station: Station,
) -> None:
    station.module = CRASHING
    console = await station.sign_in()
    cc = await station.call(console)
    for _ in range(6):
        screens = console.screens
        console.press(CRASH)
        # The next screen reads what is typed once it has drawn; before, it may be thrown away.
        await until(partial(_has_drawn_again, console, screens))
        await console.see("TALKING|again and again", console.output.rindex(b"\x1b[?1049h"))
    assert await console.ended() == 1
    assert console.left_behind() == {}
    assert (await station.box.control(f"calls/{cc}"))["phase"] == "up"
    assert (await station.status())["calls"][0]["state"] == "talking"


async def test_a_console_without_the_password_asks_for_it_after_the_engine_was_killed(
    station: Station,
) -> None:
    first = await station.sign_in()
    second = station.open()
    await second.see("IDLE")
    os.kill(first.process.pid, signal.SIGKILL)
    await first.ended()
    mark = second.mark()
    os.kill((await station.status())["pid"], signal.SIGKILL)
    await second.see("Sign in again", mark)
    await second.see("02500001234", mark)
    mark = second.mark()
    second.press(station.box.agent("1001")["pwd"].encode() + ENTER)
    await second.see("Which group", mark)


async def test_of_two_consoles_one_brings_the_engine_back_for_both(station: Station) -> None:
    first = await station.sign_in()
    second = station.open()
    await second.see("IDLE")
    old = (await station.status())["pid"]
    marks = first.mark(), second.mark()
    os.kill(old, signal.SIGKILL)
    await first.see("line ok", marks[0])
    await second.see("line ok", marks[1])
    await station.box.ring("1001")
    await first.see("RINGING")
    await second.see("RINGING")
    assert (await station.status())["pid"] != old


@pytest.mark.long
async def test_a_call_survives_an_engine_that_stood_still_for_seconds(station: Station) -> None:
    console = await station.sign_in()
    cc = await station.call(console)
    engine = (await station.status())["pid"]
    os.kill(engine, signal.SIGSTOP)
    stopped = time.monotonic()
    try:
        await station.box.is_heard_no_more(cc, AGENT_TONE)
        # As long as whoever suspends a machine for a moment: this is no wait for something.
        await until(lambda: time.monotonic() - stopped > STILL, what="it stood still")
    finally:
        os.kill(engine, signal.SIGCONT)
    await station.box.is_heard(cc, AGENT_TONE)
    status = await station.status()
    (call,) = status["calls"]
    assert (status["pid"], call["state"], call["audio"]) == (engine, "talking", "connected")
    assert status["line"]["state"] == "ok"
    await station.box.agent_has("1001", "call", cc)
    mark = console.mark()
    console.press(F8)
    await console.see("You hung up", mark)


@pytest.mark.long
async def test_an_engine_that_stands_still_is_said_to_and_what_came_too_late_is_not_done(
    station: Station,
) -> None:
    """Nothing dies: but no call would ring, and the screen read IDLE and "line ok"."""
    console = await station.sign_in()
    engine = (await station.status())["pid"]
    os.kill(engine, signal.SIGSTOP)
    try:
        await console.see("does not answer")
        await console.see("UNCONFIRMED")
        assert "phone silent" in console.screen
    finally:
        mark = console.mark()
        os.kill(engine, signal.SIGCONT)
    await console.see("answers again", mark)
    await console.see("IDLE", mark)
    assert (await station.status())["pid"] == engine


async def test_the_first_frame_has_the_sandboxs_account_and_an_enter_at_once_signs_in(
    tmp_path: Path,
) -> None:
    console = PtyConsole(tmp_path, "--sandbox")
    try:
        console.press(ENTER)  # long before there is a screen to take it
        await console.see("Extension")
        first = console.text()
        await console.see("Which group")
        assert re.search("Extension +1001", first), first
        assert re.search(r"Switch number +02500001234", first), first
        assert "missing" not in console.text()
    finally:
        await console.close()
        await end_engines(tmp_path)
        await until(lambda: not (tmp_path / "runtime" / "sandbox.json").exists())


@pytest.mark.long
async def test_the_second_sandbox_console_joins_the_sandbox_as_the_next_agent(
    tmp_path: Path,
) -> None:
    consoles = [PtyConsole(tmp_path, "--sandbox")]
    try:
        for number, un in enumerate(("1001", "1002")):
            await consoles[number].see(un)
            mark = consoles[number].mark()
            consoles[number].press(ENTER)
            await consoles[number].see("Which group", mark)
            consoles[number].press(ENTER)
            await consoles[number].see("IDLE")
            if not number:
                consoles.append(PtyConsole(tmp_path, "--sandbox"))
        sandbox = json.loads((tmp_path / "runtime" / "sandbox.json").read_text())
        assert len(list((tmp_path / "runtime").glob("*.sock"))) == 2
        # The terminal of the first dies: `yimi --sandbox` is back at that very desk.
        consoles[0].hang_up()
        await consoles[0].ended()
        consoles.append(PtyConsole(tmp_path, "--sandbox"))
        await consoles[2].see("1001")
        await consoles[2].see("IDLE|BUSY|RINGING")
        assert json.loads((tmp_path / "runtime" / "sandbox.json").read_text()) == sandbox
    finally:
        for console in consoles:
            await console.close()
        await end_engines(tmp_path)
        # The last that held it is gone: the sandbox ends by itself.
        await until(lambda: not (tmp_path / "runtime" / "sandbox.json").exists())
