"""The client's side of the socket, against engines that are gone, silent, or speak nonsense."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import until
from tui.bus import Overflow
from tui.port.commands import Answer, EditWrapUp, HangUp, Hold, Result
from tui.port.errors import EngineUnavailable
from tui.port.events import LevelsChanged
from tui.port.snapshot import Snapshot
from tui.port.values import Connection, Levels, message
from tui.port.wire.client import EngineClient
from tui.port.wire.codec import to_json
from tui.port.wire.protocol import COMMAND_LIMIT, encode_line, version

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

HELLO = {"yimi": version(), "pid": 4711, "screens": 1}
FIRST = {"seq": 5, "snapshot": to_json(Snapshot(connection=Connection(latency=3)))}


def event(seq: int, you: int) -> dict[str, Any]:
    return {"seq": seq, "event": to_json(LevelsChanged(Levels(you)))}


@asynccontextmanager
async def serving(path: Path, *lines: Any, then: Serve | None = None) -> AsyncIterator[Path]:
    """An engine's end of the socket that says these lines (bytes as they are), then `then`."""

    served: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.add(asyncio.current_task())
        try:
            await reader.readline()
            for line in lines:
                writer.write(line if isinstance(line, bytes) else encode_line(line))
            if then is not None:
                await then(reader, writer)
        finally:
            writer.close()
            await asyncio.gather(writer.wait_closed(), return_exceptions=True)

    server = await asyncio.start_unix_server(serve, path)
    try:
        yield path
    finally:
        server.close()
        await asyncio.wait_for(asyncio.gather(*filter(None, served)), 10)


async def stay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def ended(client: EngineClient) -> None:
    await until(lambda: not client.alive, 10)


async def refusal(path: Path, limit: float = 10) -> str:
    with pytest.raises(EngineUnavailable) as caught:
        await EngineClient.connect(path, limit=limit)
    return caught.value.message.id


async def test_no_engine_is_said_in_words(tmp_path: Path) -> None:
    assert await refusal(tmp_path / "none.sock") == "engine.none"


async def test_an_engine_that_says_nothing_is_not_waited_for_long(tmp_path: Path) -> None:
    async with serving(tmp_path / "s", then=stay) as path:
        assert await refusal(path, limit=0.1) == "engine.silent"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "engine.gone"),
        ([HELLO], "engine.gone"),
        ([{**HELLO, "yimi": "0.00000000"}], "engine.version"),
        ([{**HELLO, "yimi": None}], "engine.version"),
        ([{"error": {"$": "Message", "id": "x"}, "yimi": "0.00000000"}], "engine.version"),
        (
            [{"error": to_json(message("engine.full")), "yimi": version()}],
            "engine.full",
        ),
        ([{"error": {"$": "SignOut"}, "yimi": version()}], "engine.bad_line"),
        ([b"\xff\n"], "engine.bad_line"),
        ([HELLO, {"seq": 1, "snapshot": {}}], "engine.bad_line"),
        ([HELLO, {"seq": "1", "snapshot": to_json(Snapshot())}], "engine.bad_line"),
        ([HELLO, b'{"seq": ' + b"[" * 100_000 + b"}\n"], "engine.bad_line"),
    ],
)
async def test_an_engine_that_speaks_otherwise_is_refused_in_words(
    tmp_path: Path, lines: list[Any], said: str
) -> None:
    async with serving(tmp_path / "s", *lines) as path:
        assert await refusal(path) == said


async def test_events_are_applied_and_told_in_order(tmp_path: Path) -> None:
    async with serving(tmp_path / "s", HELLO, FIRST, then=stay) as path:
        client = await EngineClient.connect(path)
        assert (client.pid, client.screens) == (4711, 1)
        assert client.snapshot().connection.latency == 3
        await client.close()
        assert not client.alive


async def test_the_iteration_ends_when_the_engine_dies(tmp_path: Path) -> None:
    go = asyncio.Event()

    async def then(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await go.wait()
        writer.write(encode_line(event(6, 1)) + encode_line(event(7, 2)))

    async with serving(tmp_path / "s", HELLO, FIRST, then=then) as path:
        client = await EngineClient.connect(path)
        lost: list[bool] = []
        client.on_lost = lost.append
        events = client.subscribe()
        go.set()
        assert [each async for each in events] == [
            LevelsChanged(Levels(1)),
            LevelsChanged(Levels(2)),
        ]
        assert lost == [False]
        assert (await client.execute(Answer())).message == message("engine.gone")
        assert [each async for each in client.subscribe()] == []


async def test_an_engine_that_stands_still_is_said_to_and_to_answer_again(tmp_path: Path) -> None:
    pinged, go = asyncio.Event(), asyncio.Event()

    async def then(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert json.loads(await reader.readline()) == {"id": 0, "ping": True}
        pinged.set()
        await go.wait()
        writer.write(encode_line({"id": 0, "pong": True}))
        await stay(reader, writer)

    async with serving(tmp_path / "s", HELLO, FIRST, then=then) as path:
        client = await EngineClient.connect(path)
        said: list[bool] = []
        client.watch(said.append, beat=0.02)
        await asyncio.wait_for(pinged.wait(), 10)
        await until(lambda: said == [True])
        assert client.silent
        assert client.alive
        go.set()
        await until(lambda: said == [True, False])
        await client.close()


async def test_an_engine_that_answers_or_says_anything_is_not_said_to_stand_still(
    tmp_path: Path,
) -> None:
    pings = 0

    async def then(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal pings
        while line := await reader.readline():
            pings += b"ping" in line
            writer.write(encode_line({"id": 0, "pong": True}))

    async with serving(tmp_path / "s", HELLO, FIRST, then=then) as path:
        client = await EngineClient.connect(path)
        said: list[bool] = []
        client.watch(said.append, beat=0.2)
        await until(lambda: pings >= 3)
        assert said == []
        await client.close()


async def test_a_good_bye_is_told_from_a_death(tmp_path: Path) -> None:
    go = asyncio.Event()

    async def then(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await go.wait()
        writer.write(encode_line({"bye": True}))

    async with serving(tmp_path / "s", HELLO, FIRST, then=then) as path:
        client = await EngineClient.connect(path)
        lost: list[bool] = []
        client.on_lost = lost.append
        go.set()
        await ended(client)
        assert lost == [True]


@pytest.mark.parametrize(
    "bad",
    [
        event(8, 1),
        {"seq": 6, "event": to_json(Snapshot())},
        {"seq": 6, "event": {"$": "LevelsChanged", "levels": 3}},
        {"id": 1, "result": {"$": "Nothing"}},
        b"nonsense\n",
    ],
    ids=["a gap", "no event", "a wrong field", "an unknown type", "no JSON"],
)
async def test_what_cannot_be_trusted_ends_the_connection_and_not_the_front_end(
    tmp_path: Path, bad: Any
) -> None:
    go = asyncio.Event()

    async def then(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await go.wait()
        writer.write(bad if isinstance(bad, bytes) else encode_line(bad))
        await reader.read()

    async with serving(tmp_path / "s", HELLO, FIRST, then=then) as path:
        client = await EngineClient.connect(path)
        lost: list[bool] = []
        client.on_lost = lost.append
        go.set()
        await ended(client)
        assert lost == [False]
        assert client.snapshot().connection.latency == 3


async def test_a_fresh_snapshot_is_an_overflow_and_its_number_counts(tmp_path: Path) -> None:
    go, on = asyncio.Event(), asyncio.Event()
    fresh = {"seq": 90, "snapshot": to_json(Snapshot(connection=Connection(latency=9)))}

    async def then(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await go.wait()
        writer.write(encode_line(fresh))
        await on.wait()
        writer.write(encode_line(event(91, 4)))
        await reader.read()

    async with serving(tmp_path / "s", HELLO, FIRST, then=then) as path:
        client = await EngineClient.connect(path)
        events = client.subscribe()
        go.set()
        with pytest.raises(Overflow):
            await asyncio.wait_for(events.get(), 10)
        assert client.snapshot().connection.latency == 9
        on.set()
        assert await asyncio.wait_for(events.get(), 10) == LevelsChanged(Levels(4))
        await client.close()


async def test_results_find_their_commands_and_strange_ones_are_dropped(tmp_path: Path) -> None:
    async def then(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = [json.loads(await reader.readline()) for _ in range(2)]
        names = {line["command"]["$"]: line["id"] for line in asked}
        strange: list[Any] = [99, None, []]
        for identity in (*strange, names["HangUp"], names["Hold"]):
            code = 7 if identity == names["Hold"] else 8
            writer.write(encode_line({"id": identity, "result": to_json(Result(True, code=code))}))
        await reader.read()

    async with serving(tmp_path / "s", HELLO, FIRST, then=then) as path:
        client = await EngineClient.connect(path)
        hold, hang_up = await asyncio.gather(client.execute(Hold()), client.execute(HangUp()))
        assert (hold.code, hang_up.code) == (7, 8)
        await client.close()


async def test_a_command_longer_than_an_engine_takes_is_refused_and_ends_nothing(
    tmp_path: Path,
) -> None:
    async def then(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = json.loads(await reader.readline())
        writer.write(encode_line({"id": asked["id"], "result": to_json(Result(True))}))
        await reader.read()

    async with serving(tmp_path / "s", HELLO, FIRST, then=then) as path:
        client = await EngineClient.connect(path)
        refused = await client.execute(EditWrapUp(note="x" * COMMAND_LIMIT))
        assert refused.message == message("engine.too_much")
        assert (await client.execute(Hold())).ok
        await client.close()


async def test_a_command_without_an_answer_says_so_in_time(tmp_path: Path) -> None:
    async with serving(tmp_path / "s", HELLO, FIRST, then=stay) as path:
        client = await EngineClient.connect(path)
        client.reply_limit = 0.05
        result = await client.execute(Answer())
        assert result.message == message("engine.no_reply", seconds="0.05")
        await client.close()


async def test_a_command_that_waits_when_the_engine_dies_is_answered(tmp_path: Path) -> None:
    async def then(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()

    async with serving(tmp_path / "s", HELLO, FIRST, then=then) as path:
        client = await EngineClient.connect(path)
        result = await asyncio.wait_for(client.execute(Answer()), 10)
        assert result == Result(False, message("engine.gone"))
