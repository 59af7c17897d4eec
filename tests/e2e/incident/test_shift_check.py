"""The check before the shift against a real platform: tried and taken back, in a session, and as
what an idle seat waits for."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.box import Box, Desk
from tests.e2e.line_desk import LineDesk
from tests.e2e.switch import AGENT, switching
from tests.waiting import until
from tui.config.schema import Policies
from tui.engine.checks import loop_call
from tui.engine.checks.shift_check import IDS
from tui.port import commands as c
from tui.port.machines.seat_machine import SeatState, Status
from tui.port.values import StatusWanted
from tui.secrets import Secret

GENERATIONS = (2,)
"""Which account it is about makes no difference to what is looked at."""


@pytest.fixture(autouse=True)
def shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_call, "SECONDS", 0.6)
    # How good it is on a machine that runs tests beside it is not what these are about.
    monkeypatch.setattr(loop_call, "POOR", 1.0)


def states(desk: Desk | LineDesk) -> dict[str, str]:
    return {check.id: check.state for check in desk.engine.snapshot().checks}


def sentence(desk: Desk | LineDesk, id: str) -> str:
    found = next(check for check in desk.engine.snapshot().checks if check.id == id)
    assert found.message is not None
    return found.message.id


async def test_a_sign_in_is_tried_and_taken_back(box: Box, tmp_path: Path) -> None:
    desk = Desk(box, tmp_path)
    try:
        agent = box.agent("1001")
        asked = c.SignIn("1001", Secret(agent["pwd"]), box.ready["switchnumber"], backend=box.http)
        result = await desk.engine.execute(c.RunChecks(asked))
        found = states(desk)
        assert tuple(found) == IDS
        assert sentence(desk, "account") == "check.account.ok"
        assert sentence(desk, "websocket") == "check.websocket.ok"
        assert sentence(desk, "registration") == "check.registration.ok"
        assert sentence(desk, "microphone") == "check.microphone.ok"
        assert sentence(desk, "call") in ("check.call.ok", "check.call.fair")
        assert result.ok == ("fail" not in found.values())
        # The account is free again, and nobody was put out.
        await desk.sign_in()
        assert desk.engine.snapshot().seat_state is SeatState.IDLE
        # In the session its own line is looked at: a second sign-in would end it.
        await desk.engine.execute(c.RunChecks())
        assert sentence(desk, "account") == "check.account.standing"
        assert sentence(desk, "registration") == "check.registration.standing"
        assert desk.engine.snapshot().seat_state is SeatState.IDLE
    finally:
        await desk.engine.close()


async def test_a_wrong_password_fails_and_says_so(box: Box, tmp_path: Path) -> None:
    desk = Desk(box, tmp_path)
    try:
        asked = c.SignIn("1001", Secret("wrong"), box.ready["switchnumber"], backend=box.http)
        result = await desk.engine.execute(c.RunChecks(asked))
        assert not result.ok
        assert states(desk)["account"] == "fail"
        assert sentence(desk, "account") == "login.50003"
        assert states(desk)["registration"] == "warn"
    finally:
        await desk.engine.close()


async def test_where_the_policy_wants_it_the_seat_is_busy_until_a_check_has_passed(
    box: Box, tmp_path: Path
) -> None:
    desk = Desk(box, tmp_path, policies=Policies(check_before_idle=True))
    try:
        await desk.engine.execute(desk.sign_in_command())
        await desk.engine.execute(c.JoinGroup("1000000001"))
        await until(lambda: desk.engine.snapshot().seat.status is Status.BUSY)
        refused = await desk.engine.execute(c.SetStatus(StatusWanted.IDLE))
        assert not refused.ok
        assert refused.message is not None
        assert refused.message.id == "check.demanded"
        result = await desk.engine.execute(c.RunChecks())
        assert result.ok, states(desk)
        assert (await desk.engine.execute(c.SetStatus(StatusWanted.IDLE))).ok
        assert desk.engine.snapshot().seat_state is SeatState.IDLE
        await desk.engine.execute(c.SignOut(end=False))
        assert desk.engine.snapshot().checks == ()
    finally:
        await desk.engine.close()


async def test_a_call_that_rings_breaks_the_check_off(box: Box, tmp_path: Path) -> None:
    desk = Desk(box, tmp_path)
    try:
        await desk.sign_in()
        running = asyncio.ensure_future(desk.engine.execute(c.RunChecks()))
        await until(lambda: states(desk).get("microphone") == "running")
        await box.ring("1001")
        result = await asyncio.wait_for(running, 15)
        assert not result.ok
        assert sentence(desk, "call") == "check.broken_off"
        refused = await desk.engine.execute(c.RunChecks())
        assert refused.message is not None
        assert refused.message.id == "check.in_call"
    finally:
        await desk.engine.close()


async def test_at_a_pbx_the_registration_tells_of_the_password(tmp_path: Path) -> None:
    async with switching() as switch:
        desk = LineDesk(switch, tmp_path)
        un = AGENT.removeprefix("sip:")
        asked = c.RunChecks(c.SignIn(un, Secret("x"), "", backend=switch.url, kind="sip"))
        try:
            await desk.engine.execute(asked)
            assert sentence(desk, "account") == "check.account.local"
            assert sentence(desk, "websocket") == "check.websocket.ok"
            assert sentence(desk, "registration") == "check.registration.ok"
            switch.refuse_registration = 403
            await desk.engine.execute(asked)
            assert sentence(desk, "registration") == "check.registration.refused"
        finally:
            await desk.engine.close()


async def test_doctor_checks_without_an_engine_and_without_a_password(
    box: Box, tmp_path: Path
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        f'[audio]\ninput = "tone:440"\noutput = "none"\n[profiles.box]\nun = "1001"\n'
        f'backend = "{box.http}"\nswitchnumber = "{box.ready["switchnumber"]}"\n'
    )
    import os

    names = ("STATE", "RUNTIME", "DATA", "CONFIG")
    environment = {**os.environ, **{f"YIMI_{name}_DIR": str(tmp_path / name) for name in names}}
    process = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "tui.cli.main",
            "--config",
            str(config),
            "doctor",
            "--json",
        ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**environment, "LC_ALL": "C.UTF-8"},
    )
    out, errors = await asyncio.wait_for(process.communicate(), 60)
    told = json.loads(out)
    found = {line["check"]: line for line in told["checks"]}
    assert tuple(found) == IDS
    assert found["account"]["message"] == "Not checked: no password"
    assert found["names"]["state"] == found["tls"]["state"] == "ok"
    assert found["clock"]["message_id"] == "check.clock.ok"
    assert told["ok"] == ("fail" not in {line["state"] for line in told["checks"]})
    assert process.returncode == (0 if told["ok"] else 1)
    assert errors == b""
