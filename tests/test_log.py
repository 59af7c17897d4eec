"""The log holds no secret, no forged line, and does not grow for ever."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.growth import LINEAR, growth
from tests.waiting import until
from tui.log import (
    LogFile,
    Redacted,
    get_logger,
    note_signals,
    open_to_append,
    redact,
    setup,
)
from tui.secrets import Secret

MD5 = "0123456789abcdef0123456789abcdef"
SHA256 = MD5 * 2


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    root, ours = logging.getLogger(), logging.getLogger("tui")
    before = root.level, ours.level
    path = tmp_path / "state" / "yimi.log"
    handler = setup(path)
    yield path
    for handler in [each for each in root.handlers if isinstance(each, LogFile)]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(before[0])
    ours.setLevel(before[1])


def test_what_is_logged_stands_in_the_file(file: Path) -> None:
    get_logger("engine").info("registered for %d s", 600)
    logging.getLogger("tui.platform.gen2.token").warning("late")
    logging.getLogger("library").info("chatter")
    logging.getLogger("library").warning("trouble")
    lines = file.read_text("utf-8").splitlines()
    assert [line.split("] ")[1] for line in lines] == ["registered for 600 s", "late", "trouble"]
    assert " INFO tui.engine[" in lines[0]
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "text",
    [
        'Authorization: Digest username="1001", response="hush"',
        "REGISTER sip:x Proxy-Authorization:Digest hush",
        "{'Authorization': 'Bearer hush'}",
        "authorization=hush",
        "Set-Cookie: session=hush",
        "sent Bearer hush1",
        'Digest username="1001", realm="x", response="hush"',
        "password=hush",
        "pwd: hush",
        "un=1001&pwd=hush&eid=1",
        '{"token": "hush", "expires_in": 5}',
        "{'access_token': 'hush'}",
        "refresh-token=hush",
        "X-Auth-Token: hush",
        "signature=hush",
        "'signature': 'hush'",
        'cnonce="hush"',
        'response="hush"',
        "response=hush",
        "'response': 'hush'",
        "digest: hush",
        "ha1=hush",
        "passphrase = 'hush, hush'",
        "secret: \"hush with 'quotes'\"",
        "pwd=b'hush'",
        "password: 'hush",
        "sip:1001:hush@pbx.invalid",
        "wss://me:hush@pbx.invalid/sip",
        "pass\u200bword=hush",
        "password\n=\nhush",
    ],
)
def test_a_secret_is_not_logged(file: Path, text: str) -> None:
    get_logger("x").warning("%s", text)
    try:
        raise ValueError(text)
    except ValueError:
        get_logger("x").exception("failed")
    said = file.read_text("utf-8")
    assert "hush" not in said
    assert "•••" in said


def test_the_digest_of_a_password_is_not_logged(file: Path) -> None:
    for digest in (MD5, MD5.upper(), MD5 + "01234567", SHA256):
        get_logger("x").warning("asked with %s!", digest)
    assert [line.split("] ")[1] for line in file.read_text().splitlines()] == [
        "asked with 0123…!"
    ] * 4


def test_a_secret_value_shows_as_stars(file: Path) -> None:
    get_logger("x").warning("%s %r", Secret("hush"), [Secret("hush")])
    assert "hush" not in file.read_text("utf-8")


@pytest.mark.parametrize(
    "text",
    [
        "response 200 OK to the INVITE",
        "the token was not renewed (50000 no answer in time); try 3",
        "call 1600000000000000conf_1600000000001 ended, r=25",
        "urn:uuid:00000000-0000-4000-8000-000000000001",
        "sip:1001_00011170@pbx.invalid;transport=ws",
        "the digest of 1001 was refused",
        "ws://127.0.0.1:40731/sip",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_nobody_forges_a_line(file: Path) -> None:
    forged = "x\n2026-01-01 00:00:00.000 INFO tui.engine[1] all is well\r\x1b[2J\u202e\u2028y"
    get_logger("x").warning("caller %s", forged)
    try:
        raise ValueError(forged)
    except ValueError:
        get_logger("x").exception("failed")
    text = file.read_text("utf-8")
    assert not {"\r", "\x1b", "\u202e", "\u2028"} & set(text)
    starts = [line for line in text.split("\n")[:-1] if not line.startswith("  | ")]
    assert len(starts) == 2
    assert all(" tui.x[" in line for line in starts)


def test_a_traceback_keeps_its_shape(file: Path) -> None:
    try:
        raise ValueError("x")
    except ValueError:
        get_logger("x").exception("failed", stack_info=True)
    text = file.read_text("utf-8")
    assert "  | Traceback (most recent call last):\n  |   File " in text
    assert "  | Stack (most recent call last):" in text


def _record(text: str, *args: object) -> logging.LogRecord:
    return logging.LogRecord("x", logging.INFO, "", 0, text, args, None)


def test_a_record_that_cannot_be_formatted_is_logged_all_the_same(tmp_path: Path) -> None:
    handler = LogFile(tmp_path / "yimi.log")
    handler.setFormatter(Redacted())
    handler.emit(_record("%d calls", "many"))
    handler.emit(_record("a lone %s", "\ud800"))
    handler.close()
    said = handler.path.read_text("utf-8")
    assert "'%d calls' could not be formatted: TypeError" in said
    assert "a lone" in said


def test_a_full_file_is_turned_over(tmp_path: Path) -> None:
    path = tmp_path / "yimi.log"
    handler = LogFile(path, limit=300, backups=2)
    handler.setFormatter(Redacted())
    for number in range(40):
        handler.emit(_record(f"line {number}"))
    handler.close()
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        *("yimi.log", "yimi.log.1", "yimi.log.2")
    ]
    assert all(each.stat().st_size <= 300 for each in tmp_path.iterdir())
    files = [path.with_name("yimi.log.2"), path.with_name("yimi.log.1"), path]
    kept = "".join(each.read_text() for each in files).split("\n")[:-1]
    first = 40 - len(kept)
    assert [line.rsplit(" ", 1)[1] for line in kept] == [str(n) for n in range(first, 40)]


def test_two_who_write_to_one_file_lose_nothing_when_it_turns_over(tmp_path: Path) -> None:
    path = tmp_path / "yimi.log"
    pair = [LogFile(path, limit=2000, backups=20) for _ in range(2)]
    for number in range(200):
        pair[number % 2].emit(_record(f"n={number}."))
    for handler in pair:
        handler.close()
    text = "".join(each.read_text() for each in tmp_path.iterdir())
    assert all(f"n={number}." in text for number in range(200))


def test_a_log_that_was_deleted_begins_again(file: Path) -> None:
    get_logger("x").warning("before")
    file.unlink()
    get_logger("x").warning("after")
    assert "after" in file.read_text()


def test_a_log_that_cannot_be_written_costs_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    for path in (tmp_path / "file" / "x.log", tmp_path / "link"):
        handler = LogFile(path)
        handler.emit(_record("x"))
        handler.close()
    assert capfd.readouterr() == ("", "")
    assert (tmp_path / "file").read_text() == ""


def test_a_second_setup_replaces_the_first(file: Path, tmp_path: Path) -> None:
    setup(tmp_path / "other.log")
    get_logger("x").warning("here")
    assert not file.exists()
    assert "here" in (tmp_path / "other.log").read_text()


@given(st.text(max_size=300))
def test_anything_can_be_redacted(text: str) -> None:
    redact(text)


def test_redacting_takes_linear_time() -> None:
    for piece in ("password=", "a", "token ", "'", "sip:a", "://a:", "0", "digest ", "response"):
        small, large = ((piece * size)[:size] for size in (8192, 65536))
        assert growth(redact, small, large, 8) < LINEAR, piece


def test_importing_the_log_is_cheap() -> None:
    names = ("logging.handlers", "asyncio", "socket", "tempfile", "multiprocessing")
    code = f"import sys, tui.log; print([n for n in {names!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _fail(times: int, words: str = "no descriptors") -> None:
    for _ in range(times):
        try:
            raise OSError(24, words)
        except OSError:
            get_logger("loop").exception("accept failed")


def test_a_failure_that_comes_again_and_again_is_written_once_and_counted(file: Path) -> None:
    _fail(500)
    get_logger("engine").info("the call is answered")
    handler = next(each for each in logging.getLogger().handlers if isinstance(each, LogFile))
    handler.close()
    said = file.read_text("utf-8")
    assert said.count("Traceback") == 1
    assert "the same 499 times more" in said
    assert "the call is answered" in said


def test_the_count_is_told_once_the_storm_is_ten_seconds_old(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fail(3)
    then = time.time() + 11
    monkeypatch.setattr(time, "time", lambda: then)
    monkeypatch.setattr(time, "time_ns", lambda: int(then * 1e9))
    get_logger("engine").info("later")
    said = file.read_text("utf-8").splitlines()
    assert "the same 2 times more" in said[-2]
    assert said[-1].endswith("later")


def test_equal_lines_stop_after_ten_and_others_go_on(file: Path) -> None:
    for number in range(100):
        get_logger("engine").warning("refused")
        get_logger("engine").warning("refused %d", number)
    lines = file.read_text("utf-8").splitlines()
    assert sum(line.endswith("] refused") for line in lines) == 10
    assert sum("refused " in line for line in lines) == 100


def test_a_pipe_in_place_of_the_log_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "yimi.log"
    os.mkfifo(path)
    assert LogFile(path).trouble() != ""
    os.close(open_to_append(path))


def test_a_log_that_cannot_be_written_says_why_and_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a directory should be")
    path = tmp_path / "state" / "yimi.log"
    handler = LogFile(path)
    try:
        assert handler.trouble()
        handler.emit(logging.LogRecord("x", logging.ERROR, "", 0, "unheard", (), None))
    finally:
        handler.close()
    descriptor = open_to_append(path)
    try:
        assert os.write(descriptor, b"unheard") == 7
    finally:
        os.close(descriptor)


async def test_a_signal_without_a_meaning_is_a_line_and_one_with_a_meaning_keeps_it(
    file: Path,
) -> None:
    loop = asyncio.get_running_loop()
    heard: list[int] = []
    loop.add_signal_handler(signal.SIGUSR1, heard.append, 1)
    before = signal.signal(signal.SIGALRM, signal.SIG_IGN)
    try:
        note_signals(loop)
        for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM):
            os.kill(os.getpid(), number)
        await until(lambda: file.exists() and "SIGUSR2: nothing done" in file.read_text())
        assert heard == [1]
        assert signal.getsignal(signal.SIGALRM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGALRM, before)
