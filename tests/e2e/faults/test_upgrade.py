"""Another version is installed under a phone that runs: it is said, before a call as well."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import tui
from tests.e2e.box import Box
from tests.waiting import until
from tui.engine.session.installation import Installation
from tui.launcher import engine_process
from tui.launcher.engine_process import Starting
from tui.port.commands import Answer, JoinGroup, SignIn
from tui.port.machines.call_machine import CallState
from tui.port.values import Message, Phase, VoiceState
from tui.port.wire.client import EngineClient
from tui.secrets import Secret


def test_a_program_that_is_put_anew_or_gone_is_not_the_one_that_runs(tmp_path: Path) -> None:
    program = tmp_path / "__init__.py"
    program.write_text("1")
    installation = Installation(program)
    assert not installation.replaced
    program.replace(tmp_path / "before")
    assert installation.replaced
    program.write_text("1")
    assert installation.replaced
    (tmp_path / "before").replace(program)
    assert not installation.replaced


async def test_a_phone_whose_program_is_replaced_says_so_before_and_after_a_call(
    box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "installed"
    shutil.copytree(
        Path(tui.__file__).parent, installed / "tui", ignore=shutil.ignore_patterns("__pycache__")
    )
    monkeypatch.setattr(engine_process, "home", lambda: installed)
    for name in ("config", "state", "runtime", "data"):
        monkeypatch.setenv(f"YIMI_{name.upper()}_DIR", str(tmp_path / name))
    starting = Starting(tmp_path / "runtime")
    try:
        client = await EngineClient.connect(await starting.socket())
        password = Secret(box.agent("1001")["pwd"])
        account = SignIn("1001", password, box.ready["switchnumber"], backend=box.http)
        assert (await client.execute(account)).ok
        groups = client.snapshot().groups
        if client.snapshot().phase is Phase.CHOOSING_GROUP:
            assert (await client.execute(JoinGroup(groups[0].gid))).ok
        await until(lambda: client.snapshot().phase is Phase.SIGNED_IN)

        def said() -> Message | None:
            notice = client.snapshot().notice
            return None if notice is None else notice.message

        shutil.rmtree(installed / "tui")
        await until(lambda: said() == Message("engine.replaced"))
        await box.ring("1001")
        await until(lambda: any(c.state is CallState.RINGING for c in client.snapshot().calls))
        await client.execute(Answer())
        await until(lambda: said() == Message("sound.cannot_load"))
        await until(lambda: client.snapshot().voice.state is VoiceState.FAILED)
        await client.close()
    finally:
        starting.process.kill()
        starting.process.wait()
