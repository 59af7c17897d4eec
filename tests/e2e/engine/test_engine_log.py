"""The log of a whole session, with everything logged that any library is willing to say."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.frames import Frame

from tests.e2e.box import Box, Desk
from tui.log import LogFile, setup
from tui.port import commands as c
from tui.port.machines.call_machine import CallState


class Raw(logging.Handler):
    """What was logged, before anything was taken out of it."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text += record.getMessage() + "\n"


@pytest.fixture(autouse=True)
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Raw]:
    """Logging at DEBUG into tmp_path/log, before `desk` signs in; and whole WebSocket frames, which
    no setting brings into the log: were they there, they would be redacted."""
    monkeypatch.setattr(Frame, "MAX_LOG_SIZE", 100_000)
    monkeypatch.setattr("tui.sip.transport.websocket._quiet", logging.getLogger("frames"))
    root, ours, raw = logging.getLogger(), logging.getLogger("tui"), Raw()
    before = root.level, ours.level
    setup(tmp_path / "log", logging.DEBUG)
    root.addHandler(raw)
    root.setLevel(logging.DEBUG)
    yield raw
    root.removeHandler(raw)
    for handler in [each for each in root.handlers if isinstance(each, LogFile)]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(before[0])
    ours.setLevel(before[1])


async def test_the_log_of_a_session_at_debug_holds_no_password_token_or_digest_response(
    box: Box, desk: Desk, raw: Raw, tmp_path: Path
) -> None:
    password = box.agent("1001")["pwd"]
    keeper = getattr(desk.engine._session.platform, "_keeper", None)
    await box.ring("1001")
    await desk.state(CallState.RINGING)
    assert (await desk.engine.execute(c.Answer())).ok
    await desk.audio()
    assert (await desk.engine.execute(c.HangUp())).ok
    await desk.state(CallState.ENDED)
    token = keeper.value.reveal() if keeper is not None else ""
    assert (await desk.engine.execute(c.SignOut())).ok

    responses = set(re.findall(r'\bresponse="([0-9a-f]{32,})"', raw.text))
    assert responses  # the proof was there to be logged
    secrets = {password, *responses}
    secrets |= {getattr(hashlib, name)(password.encode()).hexdigest() for name in ("md5", "sha256")}
    secrets |= {token} if token else set()
    log = (tmp_path / "log").read_text("utf-8")
    assert "REGISTER sip:" in log
    for secret in secrets:
        assert secret not in log
