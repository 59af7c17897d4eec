"""Bell and title: once for each offer, and the terminal is left as it was."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from tui.console.attention import (
    Attention,
    envelope_of,
    osc9,
    osc52,
    osc777,
    set_title,
    through_screen,
)


def test_a_call_rings_once_and_the_title_comes_back() -> None:
    written: list[str] = []
    attention = Attention(written.append)
    attention.call("120 is calling")
    attention.call("120 is calling")
    assert written == ["\x1b[22;2t\x1b]0;120 is calling\a\a"]
    attention.calm()
    attention.calm()
    assert written[1:] == ["\x1b]0;yimi\a\x1b[23;2t"]


def test_another_offer_rings_again() -> None:
    written: list[str] = []
    attention = Attention(written.append)
    attention.call("a")
    attention.calm()
    attention.call("a")
    assert len(written) == 3
    assert written[2].endswith("\a\a")


def test_without_a_bell_the_title_alone_says_it() -> None:
    written: list[str] = []
    Attention(written.append, bell=False).call("a")
    assert written[0].count("\a") == 1


def test_a_title_cannot_end_early() -> None:
    title = set_title("Bob\x07\x1b]52;c;QUJD\x07\x9d0;x\x9c rings")
    assert title == "\x1b]0;Bob rings\a"


def test_notifications_are_sent_each_in_its_own_way() -> None:
    written: list[str] = []
    attention = Attention(written.append, bell=False, title=False, osc9=True, osc777=True)
    attention.call("120 is calling")
    assert written == ["\x1b]9;120 is calling\a\x1b]777;notify;yimi;120 is calling\a"]
    attention.calm()
    assert len(written) == 1


def test_notifications_go_through_tmux_in_its_envelope_and_bell_and_title_beside_it() -> None:
    written: list[str] = []
    Attention(written.append, osc9=True, envelope=envelope_of({"TMUX": "x", "STY": "1"})).call("a")
    assert written == ["\x1b[22;2t\x1b]0;a\a\a\x1bPtmux;\x1b\x1b]9;a\a\x1b\\"]


def test_notifications_go_through_gnu_screen_in_its_own_and_without_either_in_none() -> None:
    for environment, notified in (
        ({"STY": "1.x"}, "\x1bP\x1b]9;a\a\x1b\\"),
        ({}, "\x1b]9;a\a"),
    ):
        written: list[str] = []
        Attention(written.append, osc9=True, envelope=envelope_of(environment)).call("a")
        assert written == [f"\x1b[22;2t\x1b]0;a\a\a{notified}"]


@pytest.mark.skipif(shutil.which("screen") is None, reason="GNU screen is not on this machine")
@pytest.mark.parametrize("length", [3, 2000])
def test_what_is_copied_comes_out_of_gnu_screen_as_one(tmp_path: Path, length: int) -> None:
    data = osc52("王" * length)
    (tmp_path / "inside").write_text(through_screen(data))
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "LANG": "C.UTF-8", "SCREENDIR": str(tmp_path)}
    process = subprocess.Popen(
        ["screen", "-c", os.devnull, "cat", tmp_path / "inside"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        start_new_session=True,
    )
    os.close(theirs)
    outside = b""
    try:
        with suppress(OSError):  # its end
            while select.select([ours], [], [], 30)[0] and (part := os.read(ours, 65536)):
                outside += part
    finally:
        process.kill()
        process.wait(20)
        os.close(ours)
    assert data.encode() in outside


def test_everything_off_writes_nothing() -> None:
    written: list[str] = []
    attention = Attention(written.append, bell=False, title=False)
    attention.call("a")
    attention.tell("missed")
    attention.calm()
    assert written == []


def test_a_name_cannot_turn_a_notification_into_something_else() -> None:
    assert osc9("4;1;50\x1b\\\a") == "\x1b]9;4,1,50\a"
    assert osc777("a;b\x07c").count("\a") == 1
