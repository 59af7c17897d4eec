"""Who only looks at a desk: permitted by the config alone, told to the agent, refused all."""

from __future__ import annotations

import asyncio
import grp
import json
import os
import pwd
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.engine.plain_engine import ACCOUNT, PlainEngine
from tests.waiting import until
from tui.port import replace
from tui.port.commands import Dial, Mute, SignOut
from tui.port.errors import EngineUnavailable
from tui.port.events import AccountChanged, LevelsChanged, PhaseChanged
from tui.port.values import Levels, Phase
from tui.port.wire.client import EngineClient
from tui.port.wire.codec import to_json
from tui.port.wire.protocol import WATCH, encode_line, version
from tui.port.wire.server import WATCHERS, Host
from tui.port.wire.watch import WatchRules, doors, open_door

US = pwd.getpwuid(os.geteuid()).pw_name
OUR_GROUP = grp.getgrgid(pwd.getpwnam(US).pw_gid).gr_name


class Desk:
    """An engine in which 1001 is signed in, and the door to it."""

    def __init__(self, host: Host, engine: PlainEngine, directory: Path) -> None:
        self.host, self.engine, self.directory = host, engine, directory

    @property
    def doors(self) -> list[tuple[Path, int]]:
        return doors(self.directory, "1001")

    async def look(self) -> EngineClient:
        ((path, uid),) = self.doors
        return await EngineClient.connect(path, kind=WATCH, of=uid)

    async def raw(self, *lines: bytes) -> list[dict[str, Any]]:
        """What the door says to these bytes until it closes."""
        reader, writer = await asyncio.open_unix_connection(self.doors[0][0])
        writer.writelines(lines)
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        return [json.loads(line) for line in answer.splitlines()]


@asynccontextmanager
async def desk(folder: Path, *allow: str) -> AsyncIterator[Desk]:
    engine = PlainEngine()
    rules = WatchRules(allow, folder)
    host = Host(engine, folder / "run", linger=60.0, watch=rules)
    task = asyncio.create_task(host.serve())
    own = await EngineClient.connect(host.path)
    try:
        assert (await own.execute(ACCOUNT)).ok
        yield Desk(host, engine, folder)
    finally:
        await own.close()
        host.end()
        await asyncio.wait_for(task, 10)


@pytest.mark.parametrize("name", [US, f"@{OUR_GROUP}"])
async def test_whom_the_config_names_sees_the_desk_and_every_change(
    tmp_path: Path, name: str
) -> None:
    async with desk(tmp_path, "somebody", name) as d:
        client = await d.look()
        assert client.snapshot().phase is Phase.SIGNED_IN
        d.engine.publish(LevelsChanged(Levels(3)))
        await until(lambda: client.snapshot().levels.you == 3)
        await client.close()


async def test_the_agent_is_told_while_somebody_looks_and_no_longer(tmp_path: Path) -> None:
    async with desk(tmp_path, US) as d:
        assert d.engine.snapshot().watchers == ()
        first, second = await d.look(), await d.look()
        assert d.engine.snapshot().watchers == (US,)
        await first.close()
        await second.close()
        await until(lambda: d.engine.snapshot().watchers == ())


async def test_who_looks_makes_nobody_attended(tmp_path: Path) -> None:
    async with desk(tmp_path, US) as d:
        before = list(d.engine.seen)
        client = await d.look()
        assert d.host.screens == 1, "the agent's own"
        assert d.engine.seen == before
        await client.close()


async def test_nothing_that_who_looks_asks_for_is_done(tmp_path: Path) -> None:
    async with desk(tmp_path, US) as d:
        client = await d.look()
        for command in (Dial("12000000001"), Mute(), SignOut(), ACCOUNT):
            result = await client.execute(command)
            assert not result.ok
            assert result.message is not None
            assert result.message.id == "watch.read_only"
        assert d.engine.heard == [ACCOUNT], "the agent's own sign-in"
        await client.close()


async def test_by_default_there_is_no_door(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        assert d.doors == []
        assert list(tmp_path.glob("yimi-watch-*")) == []


async def test_whom_the_config_does_not_name_is_refused_in_words(tmp_path: Path) -> None:
    async with desk(tmp_path, "somebody", "@nobodys") as d:
        with pytest.raises(EngineUnavailable) as refused:
            await d.look()
        assert refused.value.message.id == "watch.not_allowed"
        assert d.engine.snapshot().watchers == ()


@pytest.mark.parametrize("kind", ["screen", "script"])
async def test_by_this_door_nobody_comes_in_as_the_agent(tmp_path: Path, kind: str) -> None:
    async with desk(tmp_path, US) as d:
        hello = encode_line({"yimi": version(), "kind": kind})
        command = encode_line({"id": 1, "command": to_json(SignOut())})
        (answer,) = await d.raw(hello, command)
        assert answer["error"]["id"] == "engine.bad_line"
        assert d.engine.snapshot().phase is Phase.SIGNED_IN


async def test_by_the_agents_own_door_nobody_only_looks(tmp_path: Path) -> None:
    async with desk(tmp_path, US) as d:
        with pytest.raises(EngineUnavailable) as refused:
            await EngineClient.connect(d.host.path, kind=WATCH)
        assert refused.value.message.id == "engine.bad_line"


async def test_those_who_look_take_no_place_from_the_agent(tmp_path: Path) -> None:
    async with desk(tmp_path, US) as d:
        looking = [await d.look() for _ in range(WATCHERS)]
        with pytest.raises(EngineUnavailable) as refused:
            await d.look()
        assert refused.value.message.id == "engine.full"
        own = await EngineClient.connect(d.host.path)
        for client in (own, *looking):
            await client.close()


@pytest.mark.parametrize("phase", [Phase.SIGNED_OUT, Phase.KICKED])
async def test_with_the_session_the_door_is_shut_and_who_looked_is_sent_away(
    tmp_path: Path, phase: Phase
) -> None:
    async with desk(tmp_path, US) as d:
        client = await d.look()
        lost: list[bool] = []
        client.on_lost = lost.append
        d.engine.publish(PhaseChanged(phase))
        await until(lambda: lost == [True])
        assert d.doors == []


async def test_what_another_users_engine_says_cannot_reach_the_terminal(tmp_path: Path) -> None:
    async with desk(tmp_path, US) as d:
        account = d.engine.snapshot().account
        assert account is not None
        d.engine.publish(AccountChanged(replace(account, displayname="\x1b]0;x\x07Li\x9b2J")))
        client = await d.look()
        seen = client.snapshot().account
        assert seen is not None
        assert seen.displayname == "Li"
        await client.close()


def test_a_directory_of_somebody_elses_making_is_not_used(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / f"yimi-watch-{os.geteuid()}").symlink_to(elsewhere)
    assert open_door(WatchRules((US,), tmp_path), "1001", "a" * 24) is None
    assert list(elsewhere.iterdir()) == []


def test_the_socket_lies_in_a_directory_that_all_can_enter_and_one_can_write(
    tmp_path: Path,
) -> None:
    found = open_door(WatchRules((US,), tmp_path), "../1001", "a" * 24)
    assert found is not None
    listening, path = found
    assert path.parent == tmp_path / f"yimi-watch-{os.geteuid()}"
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o755
    assert stat.S_IMODE(path.stat().st_mode) == 0o666
    listening.close()


def test_a_directory_that_says_another_owner_than_it_has_holds_no_door(tmp_path: Path) -> None:
    folder = tmp_path / f"yimi-watch-{os.geteuid() + 1}"
    folder.mkdir()
    (folder / "1001-aaaaaaaa.sock").touch()
    assert doors(tmp_path, "1001") == []
