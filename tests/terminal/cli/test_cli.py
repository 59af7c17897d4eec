"""The command line as scripts see it: what it prints, where, and its exit code."""

from __future__ import annotations

import asyncio
import io
import json
import os
import pty
import subprocess
import sys
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest

from tests.terminal.cli.command_run import PROJECT, environment, signed_in, yimi
from tests.waiting import until
from tui import __version__
from tui.cli.incident.doctor import CheckReport
from tui.cli.main import main
from tui.config.paths import Paths
from tui.platform.not_understood import SkippedKind
from tui.port import replace
from tui.port.commands import (
    Answer,
    DropThird,
    EditNote,
    EndForAll,
    GetNotUnderstood,
    HangUp,
    Hold,
    Mute,
    Resume,
    RunChecks,
    SetStatus,
    SignOut,
)
from tui.port.events import (
    CallChanged,
    CallOffered,
    ChecksChanged,
    ConnectionChanged,
    NoticeChanged,
    SeatChanged,
)
from tui.port.machines.call_machine import CallState
from tui.port.machines.seat_machine import Status
from tui.port.snapshot import Call, SeatStatus
from tui.port.values import (
    Check,
    CheckState,
    Connection,
    ConnectionState,
    Leg,
    Notice,
    NotUnderstoodReport,
    StatusWanted,
    message,
)


@pytest.mark.parametrize("command", ["status", "events", "answer", "signout"])
async def test_without_an_engine_it_is_3_and_a_sentence(tmp_path: Path, command: str) -> None:
    code, output, errors = await yimi(tmp_path, command)
    assert (code, output) == (3, "")
    assert errors == "yimi: Nobody is signed in here. Start with: yimi\n"


@pytest.mark.parametrize(
    ("words", "code", "id"),
    [
        (("answer",), 3, "cli.no_engine"),
        (("status",), 3, "cli.no_engine"),
        (("note", "x"), 3, "cli.no_engine"),
        (("history",), 3, "cli.no_engine"),
        (("callbacks",), 3, "cli.no_engine"),
        (("shift",), 3, "cli.no_engine"),
        (("break", "tea"), 3, "cli.no_engine"),
        (("signin",), 2, "cli.signin_who"),
        (("signin", "--un", "1001"), 2, "signin.no_backend"),
    ],
)
async def test_with_json_there_is_an_answer_whatever_becomes_of_it(
    tmp_path: Path, words: tuple[str, ...], code: int, id: str
) -> None:
    ended, output, errors = await yimi(tmp_path, *words, "--json")
    answer = json.loads(output)
    assert (ended, errors, answer["ok"], answer["message_id"]) == (code, "", False, id)
    assert answer["message"]


async def test_with_json_several_engines_are_an_answer_too(tmp_path: Path) -> None:
    async with signed_in(tmp_path), signed_in(tmp_path, "1002"):
        code, output, errors = await yimi(tmp_path, "answer", "--json")
        assert (code, errors, json.loads(output)["message_id"]) == (4, "", "cli.several")


@pytest.mark.parametrize("read", ["2>/dev/full", "2> >(exec cat <&- >&-)"])
@pytest.mark.parametrize(
    ("command", "code"), [("status", 3), ("callback dial", 3), ("--config none status", 3), ("", 2)]
)
def test_a_refusal_is_one_though_nobody_reads_why(
    tmp_path: Path, read: str, command: str, code: int
) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m tui.cli.main {command} </dev/null {read}"],
        capture_output=True,
        cwd=PROJECT,
        env=environment(tmp_path),
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (code, b"")


@pytest.mark.parametrize("command", ["paths", "watch 1001", "metrics"])
def test_who_interrupts_a_command_gets_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], command: str
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Paths, "find", interrupted)  # Ctrl+C at its first step
    assert main(command.split()) == 130
    assert capfd.readouterr() == ("", "")


async def test_a_config_that_is_named_and_is_not_there_is_2(tmp_path: Path) -> None:
    for command in ("doctor", "signin", "keys", "probe"):
        code, output, errors = await yimi(tmp_path, "--config", str(tmp_path / "none"), command)
        assert (code, output) == (2, ""), command
        assert errors == f"yimi: There is no file {tmp_path / 'none'}.\n"


async def test_each_command_reaches_the_engine(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as engine:
        for command in ("answer", "hangup", "hold", "resume", "idle", "busy"):
            assert await yimi(tmp_path, command) == (0, "", "")
        assert engine.heard == [
            *(Answer(), HangUp(), Hold(), Resume()),
            *(SetStatus(StatusWanted.IDLE), SetStatus(StatusWanted.BUSY)),
        ]
        assert engine.seen == []  # a script is nobody who looks


async def test_the_note_of_a_call_that_is_up_is_read_and_written(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as engine:
        now = asyncio.get_running_loop().time()
        call = Call("1", CallState.TALKING, False, "12000000001", now, now, note="wants a price")
        engine.publish(CallChanged(call))
        assert await yimi(tmp_path, "note") == (0, "wants a price\n", "")
        await yimi(tmp_path, "note", "--add", "today")
        assert engine.heard == [EditNote("wants a price today", "1")]
        engine.publish(CallChanged(replace(call, state=CallState.ENDED)))
        assert (await yimi(tmp_path, "note", "x"))[0] == 1


async def test_signout_ends_the_engine(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as engine:
        assert await yimi(tmp_path, "signout") == (0, "", "")
        assert engine.heard == [SignOut(end=True)]
        await asyncio.wait_for(engine.finished.wait(), 10)
        assert (await yimi(tmp_path, "status"))[0] == 3


async def test_a_refusal_is_1_and_the_reason_in_words(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as engine:
        engine.release.set()
        code, output, errors = await yimi(tmp_path, "dial", "12000000001")
        assert (code, output) == (1, "")
        assert "busy" in errors.lower()


async def test_a_fault_in_the_engine_is_1(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as engine:
        code, _, errors = await yimi(tmp_path, "mute", "off")
        assert code == 1
        assert "RuntimeError" in errors
        assert engine.heard == [Mute(False)]


@pytest.mark.parametrize(
    "arguments", [["dial"], ["mute", "loud"], ["fly"], ["status", "--yaml"], []]
)
async def test_what_is_not_understood_is_2(tmp_path: Path, arguments: list[str]) -> None:
    code, output, errors = await yimi(tmp_path, *arguments)
    assert (code, output) == (2, "")
    assert errors


async def test_status_as_json_is_one_line(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as engine:
        call = Call(
            key="1",
            state=CallState.TALKING,
            outgoing=False,
            number="12000000001",
            since=asyncio.get_running_loop().time(),
            began=asyncio.get_running_loop().time() - 65,
            answered=asyncio.get_running_loop().time() - 60,
            ccnumber="17conf_1",
            leg=Leg.CONNECTED,
        )
        engine.publish(SeatChanged(SeatStatus(Status.ONLINE, 1.0)))
        engine.publish(CallChanged(call))
        code, output, errors = await yimi(tmp_path, "status", "--json")
        assert (code, errors, output.count("\n")) == (0, "", 1)
        status = json.loads(output)
        assert status["account"]["extension"] == "1001"
        assert status["seat"]["state"] == "talking"
        assert status["phase"] == "signed-in"
        (shown,) = status["calls"]
        assert (shown["number"], shown["state"], shown["direction"]) == (
            "12000000001",
            "talking",
            "in",
        )
        assert 60 <= shown["talk_time"] < 90
        assert "sesame" not in output
        code, output, _ = await yimi(tmp_path, "status")
        assert code == 0
        assert "12000000001 talking" in output


async def test_while_the_line_is_away_status_claims_no_seat(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as engine:
        engine.publish(SeatChanged(SeatStatus(Status.ONLINE, 1.0)))
        for state, confirmed in ((ConnectionState.LOST, False), (ConnectionState.OK, True)):
            engine.publish(ConnectionChanged(Connection(state, 1.0)))
            _, output, _ = await yimi(tmp_path, "status")
            assert ("seat     idle, unconfirmed" in output) is not confirmed
            assert "seat     idle" in output
            _, output, _ = await yimi(tmp_path, "status", "--json")
            assert json.loads(output)["seat"]["confirmed"] is confirmed


async def test_events_are_json_lines_until_the_engine_ends(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(signed_in(tmp_path))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tui.cli.main", "events"),
            stdout=subprocess.PIPE,
            cwd=PROJECT,
            env=environment(tmp_path),
        )
        assert process.stdout is not None
        first = json.loads(await asyncio.wait_for(process.stdout.readline(), 20))
        assert (first["event"], first["seat"]["state"]) == ("Status", "offline")
        engine.publish(CallOffered("17conf_1", "12000000001", 2))
        second = json.loads(await asyncio.wait_for(process.stdout.readline(), 20))
        assert second == {
            "event": "CallOffered",
            "ccnumber": "17conf_1",
            "number": "12000000001",
            "offers": 2,
        }
        await stack.aclose()
        await asyncio.wait_for(process.stdout.read(), 20)
        assert await process.wait() == 0


async def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as engine:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tui.cli.main", "events"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=PROJECT,
            env=environment(tmp_path),
        )
        assert process.stdout is not None
        await asyncio.wait_for(process.stdout.readline(), 20)
        process._transport.get_pipe_transport(1).close()  # type: ignore[attr-defined]

        def ended() -> bool:
            engine.publish(CallOffered("17conf_1", "12000000001"))
            return process.returncode is not None

        await until(ended, what="the end of a command that nobody reads")
        assert process.stderr is not None
        assert process.returncode == 0
        assert await process.stderr.read() == b""


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("command", ["", "paths", "status"])
def test_a_closed_stream_is_no_fault(tmp_path: Path, closed: str, command: str) -> None:
    done = subprocess.run(
        f"exec {sys.executable} -m tui.cli.main {command} {closed}",
        shell=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        cwd=PROJECT,
        env=environment(tmp_path),
        timeout=60,
        check=False,
    )
    assert done.returncode == {"": 2, "paths": 0, "status": 3}[command]
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["paths", "keys", "--help", "dial --help", "sandbox --help"])
def test_an_output_that_cannot_be_written_is_a_sentence(tmp_path: Path, command: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "tui.cli.main", *command.split()],
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            cwd=PROJECT,
            env=environment(tmp_path),
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith(b"yimi: What was asked for cannot be written: ")
    assert done.stderr.count(b"\n") == 1


def test_a_terminal_that_shows_no_screens_is_told_of_the_lines(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "tui.cli.main"],
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.PIPE,
        cwd=PROJECT,
        env=environment(tmp_path) | {"TERM": "dumb"},
        timeout=60,
        check=False,
    )
    os.close(theirs)
    with suppress(OSError):  # nobody has the other end any more
        assert os.read(ours, 1000) == b""
    os.close(ours)
    assert done.returncode == 2
    assert b"yimi --plain" in done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "gbk"])
def test_what_an_outputs_encoding_has_not_is_replaced(tmp_path: Path, encoding: str) -> None:
    words = environment(tmp_path) | {"LC_ALL": "zh_CN.UTF-8", "PYTHONIOENCODING": encoding}
    done = subprocess.run(
        [sys.executable, "-m", "tui.cli.main", "keys"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=PROJECT,
        env=words,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


async def test_of_several_engines_one_must_be_named(tmp_path: Path) -> None:
    async with signed_in(tmp_path), signed_in(tmp_path, "1002") as second:
        code, _, errors = await yimi(tmp_path, "answer")
        assert code == 4
        assert "1001, 1002" in errors
        assert (await yimi(tmp_path, "answer", "--account", "1002"))[0] == 0
        assert (await yimi(tmp_path, "--account", "1002", "hangup"))[0] == 0
        assert second.heard == [Answer(), HangUp()]
        code, _, errors = await yimi(tmp_path, "answer", "--account", "1003")
        assert code == 3
        assert "1003" in errors


async def test_version_and_paths_need_no_engine(tmp_path: Path) -> None:
    assert await yimi(tmp_path, "--version") == (0, f"yimi {__version__}\n", "")
    code, output, _ = await yimi(tmp_path, "paths")
    assert code == 0
    assert str(tmp_path / "STATE" / "yimi.log") in output


async def test_the_console_without_a_terminal_is_2(tmp_path: Path) -> None:
    code, output, errors = await yimi(tmp_path)
    assert (code, output) == (2, "")
    assert "needs a terminal" in errors


def test_starting_up_imports_nothing_heavy() -> None:
    check = (
        "import sys, tui.cli.main; "
        "print([name for name in ('textual', 'asyncio', 'aiohttp', 'aiortc', 'rich', 'keyring')"
        " if name in sys.modules])"
    )
    output = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, check=True, cwd=PROJECT, text=True
    )
    assert output.stdout == "[]\n"


def test_the_supervisor_imports_neither_sound_nor_web() -> None:
    check = (
        "import sys, tui.launcher.supervisor, tui.launcher.supervised_app; "
        "print([name for name in ('aiohttp', 'aiortc', 'av', 'sounddevice', 'keyring', 'tui.media')"
        " if name in sys.modules])"
    )
    output = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, check=True, cwd=PROJECT, text=True
    )
    assert output.stdout == "[]\n"


CHECKS = (
    Check("disk", CheckState.OK, message("check.disk.ok", path="/home/li", mb=900)),
    Check("names", CheckState.WARN, message("check.names.nothing")),
)


async def test_doctor_asks_the_engine_that_runs_and_prints_what_it_found(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as engine:
        engine.publish(ChecksChanged(CHECKS))
        code, output, errors = await yimi(tmp_path, "doctor")
        assert engine.heard == [RunChecks(), GetNotUnderstood()]
        assert (code, errors) == (0, "")
        first, *lines = output.splitlines()
        assert first == "Checking in the session of 1001."
        assert lines[0].split(None, 2) == ["Disk", "ok", "/home/li can be written, 900 MB are free"]
        assert lines[1].split()[:2] == ["Names", "warn"]
        assert lines[2] == "Nothing failed; one thing to know."
        failed = Check("clock", CheckState.FAIL, message("check.timeout", seconds=15))
        engine.publish(ChecksChanged((*CHECKS, failed)))
        code, output, errors = await yimi(tmp_path, "doctor", "--json")
        told = json.loads(output)
        assert (code, errors, told["ok"]) == (1, "", False)
        assert [line["state"] for line in told["checks"]] == ["ok", "warn", "fail"]
        assert told["checks"][2]["message_id"] == "check.timeout"


@pytest.mark.parametrize(
    ("kinds", "state", "id"),
    [
        ({}, "ok", "check.understood.all"),
        ({SkippedKind.ATTRIBUTE: 2}, "ok", "check.understood.skipped"),
        ({SkippedKind.ATTRIBUTE: 2, SkippedKind.REFUSED: 1}, "warn", "check.understood.refused"),
    ],
)
async def test_doctor_tells_what_was_not_understood_and_warns_of_a_refusal(
    tmp_path: Path, kinds: dict[SkippedKind, int], state: str, id: str
) -> None:
    async with signed_in(tmp_path) as engine:
        engine.publish(ChecksChanged(CHECKS))
        engine.not_understood = NotUnderstoodReport(counts=tuple(kinds.items()))
        code, output, _ = await yimi(tmp_path, "doctor", "--json")
        line = json.loads(output)["checks"][-1]
        assert (line["check"], line["state"], line["message_id"]) == ("understood", state, id)
        assert code == 0
        for kind, count in kinds.items():
            assert f"{count} {kind}" in line["message"]


async def test_doctor_takes_what_came_late_or_twice_for_no_refusal(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as engine:
        engine.publish(ChecksChanged(CHECKS))
        engine.not_understood = NotUnderstoodReport(counts=((SkippedKind.STRAY, 3),))
        _, output, _ = await yimi(tmp_path, "doctor", "--json")
        line = json.loads(output)["checks"][-1]
        assert (line["state"], line["message_id"]) == ("ok", "check.understood.stray")
        assert "3 messages came late or twice" in line["message"]
        engine.not_understood = NotUnderstoodReport(
            counts=((SkippedKind.STRAY, 3), (SkippedKind.CHILD, 1))
        )
        _, output, _ = await yimi(tmp_path, "doctor", "--json")
        line = json.loads(output)["checks"][-1]
        assert line["message_id"] == "check.understood.skipped"
        assert "stray" not in line["message"]


async def test_doctor_of_a_profile_that_is_not_there_says_which_there_are(tmp_path: Path) -> None:
    code, output, errors = await yimi(tmp_path, "doctor", "--profile", "office")
    assert (code, output) == (2, "")
    assert "office" in errors


@pytest.mark.parametrize(
    ("flags", "command"),
    [
        ((), HangUp()),
        (("--all",), EndForAll()),
        (("--drop",), DropThird()),
        (("--leave",), HangUp(leave_them=True)),
    ],
)
async def test_hangup_can_say_who_stays(
    tmp_path: Path, flags: tuple[str, ...], command: object
) -> None:
    async with signed_in(tmp_path) as engine:
        code, _, _ = await yimi(tmp_path, "hangup", *flags)
        assert (code, engine.heard[-1]) == (0, command)


async def test_a_check_that_is_wanted_first_is_named_by_its_command(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as engine:
        engine.publish(NoticeChanged(Notice(message("check.demanded"), 1.0)))
        code, output, _ = await yimi(tmp_path, "status")
        assert code == 0
        assert "The check before the shift comes first: yimi doctor." in output


def test_doctor_shows_on_a_terminal_what_it_is_at() -> None:
    terminal = Terminal()
    report = CheckReport(terminal, as_json=False)
    report.tell((replace(CHECKS[0], state="running", message=None), Check("names")))
    assert terminal.getvalue() == "Disk           …"
    report.tell((CHECKS[0], Check("names", CheckState.RUNNING)))
    assert terminal.getvalue().endswith("900 MB are free\nNames          …")
    report.tell(CHECKS)
    assert report.end() == 0
    assert terminal.getvalue().endswith("\nNothing failed; one thing to know.\n")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True
