"""A bundle of a real call: nobody is found in it, and the sandbox plays it back."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

from tests.e2e.box import Box, Desk, paths_in, running
from tests.e2e.incident.bundle import CUSTOMER, bundle_of_a_call
from tests.waiting import until
from tui import sip
from tui.config.schema import Config
from tui.engine.engine import Engine
from tui.port import commands as c
from tui.port.events import Event, apply
from tui.port.machines.call_machine import CallState
from tui.port.snapshot import Snapshot
from tui.port.wire.codec import from_json
from tui.sandbox.replay import read_recording


async def test_a_call_is_in_its_bundle_and_nobody_is_found_there(
    box: Box, desk: Desk, tmp_path: Path
) -> None:
    texts = await bundle_of_a_call(box, desk, tmp_path / "bundle.zip")
    secrets = (CUSTOMER, box.ready["switchnumber"], box.agent("1001")["pwd"])
    assert not [(s, name) for s in secrets for name, text in texts.items() if s in text]
    assert not re.search(r'response=\\?"[0-9a-f]{32}', texts["sip.jsonl"])
    said = [json.loads(line)["message"].split("\n")[0] for line in texts["sip.jsonl"].splitlines()]
    assert any(line.startswith("REGISTER ") for line in said)
    assert any(line.startswith("INVITE ") for line in said)
    assert any(line.startswith("BYE ") for line in said)
    assert len(texts["quality.csv"].splitlines()) > 1


async def test_a_bundle_holds_the_config_that_the_engine_was_given(tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text('[ui]\nlanguage = "zh"\n')
    engine = Engine(Config(), paths=paths_in(tmp_path), config_file=other)
    try:
        assert (await engine.execute(c.WriteBundle(str(tmp_path / "bundle.zip")))).ok
    finally:
        await engine.close()
    with zipfile.ZipFile(tmp_path / "bundle.zip") as bundle:
        assert 'language = "zh"' in bundle.read("config.toml").decode()


async def test_the_screen_of_the_end_is_made_from_the_bundle(
    box: Box, desk: Desk, tmp_path: Path
) -> None:
    texts = await bundle_of_a_call(box, desk, tmp_path / "bundle.zip")
    snapshot = from_json(json.loads(texts["begin.json"]))
    assert isinstance(snapshot, Snapshot)
    states: list[CallState] = []
    for line in texts["events.jsonl"].splitlines():
        event: Event = from_json(json.loads(line)["event"])
        snapshot = apply(snapshot, event)
        if snapshot.call is not None and states[-1:] != [snapshot.call.state]:
            states.append(snapshot.call.state)
    assert states[0] is CallState.RINGING
    assert CallState.TALKING in states
    assert states[-1] is CallState.ENDED
    assert snapshot.seat.status is desk.snapshot.seat.status


async def test_the_sandbox_plays_the_platforms_side_of_a_bundle(
    box: Box, desk: Desk, tmp_path: Path
) -> None:
    path = tmp_path / "bundle.zip"
    await bundle_of_a_call(box, desk, path)
    expected = [each.body for each in read_recording(path)]
    assert expected
    bodies: list[bytes] = []

    def hear(said: object) -> None:
        if isinstance(said, sip.MessageReceived):
            bodies.append(said.body)

    again = tmp_path / "again"
    again.mkdir()
    async with running(again, "--replay", str(path)) as other:
        listener = Desk(other, again)
        try:
            listener.engine.overhear(hear)
            assert (await listener.engine.execute(listener.sign_in_command())).ok
            group = other.agent("1001")["groups"][0]["gid"]
            await listener.engine.execute(c.JoinGroup(group))
            await until(lambda: len(bodies) >= len(expected), 60)
        finally:
            await listener.engine.close()
    assert bodies == expected
