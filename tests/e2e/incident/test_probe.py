"""`yimi probe` against a sandbox: what it writes, in which nobody can be found, and which the
sandbox plays back."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.box import Box, Desk, running
from tests.waiting import until
from tui import sip
from tui.port.commands import JoinGroup
from tui.sandbox.replay import read_recording

CUSTOMER = "12000054321"
AGENT = "1001"


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


class Probe:
    """`yimi probe` in a process of its own, at this sandbox."""

    def __init__(self, box: Box, folder: Path) -> None:
        self.box = box
        self.folder = folder
        self.output = folder / "probe.jsonl"
        (folder / "config.toml").write_text(
            f"""
            [profiles.box]
            kind = "platform2"
            backend = "{box.http}"
            switchnumber = "{box.ready["switchnumber"]}"
            un = "{AGENT}"
            keyring = false
            [audio]
            input = "tone:700"
            output = "none"
            [wrapup]
            mode = "off"
            """
        )

    async def start(self, *options: str) -> asyncio.subprocess.Process:
        names = {
            f"YIMI_{name}_DIR": str(self.folder / name) for name in ("STATE", "DATA", "RUNTIME")
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tui.cli.main", "--config", str(self.folder / "config.toml")),
            *("probe", "--output", str(self.output), *options),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **names, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"},
        )
        assert process.stdin is not None
        process.stdin.write(self.box.agent(AGENT)["pwd"].encode() + b"\n")
        process.stdin.close()
        return process

    async def through_one_call(self) -> tuple[list[dict[str, Any]], str]:
        """Its lines, and what it printed."""
        process = await self.start("--call")
        try:
            await self.box.agent_has(AGENT, "status", 1)
            cc = await self.box.ring(AGENT, number=CUSTOMER)

            def answered() -> bool:
                return any(line.get("means") == "Answered" for line in lines_of(self.output))

            await until(answered)
            await self.box.post(f"calls/{cc}/hangup")
            output, errors = await asyncio.wait_for(process.communicate(), 60)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == 0, errors.decode()
        return lines_of(self.output), output.decode()


@pytest.mark.parametrize("options", [(), ("--strange", "7")], ids=["plain", "strange"])
async def test_a_probes_file_masks_everybody_and_is_played_back(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    folder = tmp_path / "platform"
    folder.mkdir()
    async with running(folder, *(options or ("--seed", "1"))) as box:
        probe = Probe(box, tmp_path)
        lines, printed = await probe.through_one_call()
        text = probe.output.read_text("utf-8")
        secrets = [CUSTOMER, AGENT, box.ready["switchnumber"], box.agent(AGENT)["pwd"]]
        assert not [each for each in secrets if re.search(rf"(?<!\d){re.escape(each)}(?!\d)", text)]
    assert str(probe.output) in printed
    heard = [line for line in lines if line["from"] == "platform" and line["kind"] == "control"]
    means = {line["means"] for line in heard}
    assert {"StatusChanged", "NewCall", "Answered", "Ended"} <= means
    said = {line["means"] for line in lines if line["from"] == "agent"}
    assert {"SetStatus", "JoinGroup", "Answer"} <= said
    assert (lines[0]["kind"], lines[-1]["kind"]) == ("probe", "summary")
    skipped = sum(len(line["skipped"]) for line in heard)
    assert lines[-1]["counts"]["heard"] == len(heard)
    assert sum(lines[-1]["counts"]["skipped"].values()) == skipped
    assert bool(skipped) == bool(options)
    await played_back(tmp_path, probe.output, [line["body"] for line in heard])


async def played_back(folder: Path, file: Path, expected: list[str]) -> None:
    """The sandbox says all of it again, and an engine sees the same messages."""
    again = folder / "again"
    again.mkdir()
    bodies: list[bytes] = []
    async with running(again, "--replay", str(file)) as box:
        desk = Desk(box, again)
        try:

            def hear(said: object) -> None:
                if isinstance(said, sip.MessageReceived):
                    bodies.append(said.body)

            desk.engine.overhear(hear)
            assert (await desk.engine.execute(desk.sign_in_command())).ok
            group = box.agent(AGENT)["groups"][0]["gid"]
            await desk.engine.execute(JoinGroup(group))
            await until(lambda: len(bodies) >= len(expected), 60)
        finally:
            await desk.engine.close()
    assert [body.decode() for body in bodies] == expected
    assert [each.body.decode() for each in read_recording(file)] == expected


async def test_a_file_that_is_there_is_not_written_over(box: Box, tmp_path: Path) -> None:
    probe = Probe(box, tmp_path)
    probe.output.write_text("mine")
    process = await probe.start("--seconds", "1")
    _, errors = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    assert "never written over" in errors.decode()
    assert probe.output.read_text() == "mine"


async def test_a_refused_sign_in_is_said_and_written(box: Box, tmp_path: Path) -> None:
    probe = Probe(box, tmp_path)
    box.agent(AGENT)["pwd"], right = "wrong-word", box.agent(AGENT)["pwd"]
    try:
        process = await probe.start("--seconds", "1")
        _, errors = await asyncio.wait_for(process.communicate(), 30)
    finally:
        box.agent(AGENT)["pwd"] = right
    assert process.returncode == 1
    assert "50003" in errors.decode()
    (web,) = [line for line in lines_of(probe.output) if line["kind"] == "web"]
    assert web["refused"]["status"] == 50003
    assert "wrong-word" not in probe.output.read_text()


async def test_a_probe_that_is_interrupted_signs_out_and_keeps_what_it_heard(
    box: Box, tmp_path: Path
) -> None:
    probe = Probe(box, tmp_path)
    process = await probe.start("--seconds", "600")
    await box.agent_has(AGENT, "status", 1)
    process.send_signal(signal.SIGINT)
    _, errors = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, errors) == (0, b"")
    await box.agent_has(AGENT, "registered", False)
    assert lines_of(probe.output)[-1]["kind"] == "summary"
