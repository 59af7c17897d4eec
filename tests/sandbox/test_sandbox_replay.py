"""The platform's side of a recording, played to whoever registers first."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.sandbox.conftest import Console
from tests.waiting import until
from tui.platform import control
from tui.platform import messages as m
from tui.sandbox import main
from tui.sandbox.fixtures import EID
from tui.sandbox.options import SandboxOptions
from tui.sandbox.replay import Recorded, ReplayManner, read_recording
from tui.sandbox.server import Sandbox
from tui.sip import events as sip

LINES = [
    {"at": 10.0, "from": "platform", "body": '<cc a="1"/>'},
    {"at": 10.1, "from": "agent", "body": '<cc a="52"/>'},
    {"at": 10.4, "from": "platform", "body": '<cc a="100" c="1conf_1" n="12000000001"/>'},
    {"at": 10.2, "from": "platform", "body": "<strange/>"},
]


def recording(folder: Path, *lines: object) -> Path:
    path = folder / "recorded.jsonl"
    path.write_text("\n\n".join(json.dumps(each) for each in lines))
    return path


def test_the_platforms_messages_are_read_in_the_order_of_their_times(tmp_path: Path) -> None:
    assert read_recording(recording(tmp_path, *LINES)) == (
        Recorded(10.0, b'<cc a="1"/>'),
        Recorded(10.2, b"<strange/>"),
        Recorded(10.4, b'<cc a="100" c="1conf_1" n="12000000001"/>'),
    )


@pytest.mark.parametrize(
    "line", [{}, [], {"at": "x", "from": "agent", "body": ""}, {"at": 1, "from": "me", "body": ""}]
)
def test_a_line_that_cannot_be_read_is_named_before_anything_starts(
    tmp_path: Path, line: object, capsys: pytest.CaptureFixture[str]
) -> None:
    path = recording(tmp_path, LINES[0], line)
    assert main.run(["--replay", str(path)]) == 1
    assert f"{path}:3: " in capsys.readouterr().err


def test_a_recording_that_is_not_there_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(["--replay", str(tmp_path / "none")]) == 1
    assert "none" in capsys.readouterr().err


async def test_the_recording_is_said_at_its_distances_and_nothing_besides(tmp_path: Path) -> None:
    replay = read_recording(recording(tmp_path, *LINES))
    box = Sandbox(SandboxOptions(auto_call=None, replay=replay))
    await box.start()
    one = Console(box, "1001", hz=880)
    try:
        await one.web_sign_in()
        await one.connect()
        await one.until_told(m.StatusChanged)
        began = time.monotonic()
        one.say(m.SetStatus(2))
        await one.until_told(m.NewCall)
        assert time.monotonic() - began > 0.3
        await until(lambda: any(isinstance(each, sip.RequestOutcome) for each in one.sip))
        bodies = [each.body for each in one.sip if isinstance(each, sip.MessageReceived)]
        assert bodies == [each.body for each in replay]
    finally:
        await one.close()
        await box.close()


async def test_a_probes_kick_is_one_of_whoever_registers(tmp_path: Path) -> None:
    lines = [
        {"at": 0.0, "from": "probe", "kind": "agent", "body": "0001_00000032"},
        {"at": 0.1, "from": "platform", "kind": "outcome", "body": ""},
        {"at": 0.2, "from": "platform", "kind": "control", "content_type": "text/xml",
         "body": '<o><a><u n="0001_00000032" r="895"/></a></o>'},
    ]  # fmt: skip
    sent: list[tuple[str, bytes, str]] = []

    def send(un: str, body: bytes, content_type: str) -> bool:
        sent.append((un, body, content_type))
        return True

    manner = ReplayManner(read_recording(recording(tmp_path, *lines)), send)
    manner.registered("1002")
    await until(lambda: sent)
    kick = m.Kicked("1002", "", 895, EID)
    (un, body, content_type), = sent  # fmt: skip
    assert (un, control.decode(body), content_type) == ("1002", kick, "text/xml")
