"""A host serves an engine to several front ends, and none of them can do it harm."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import stat
import struct
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.engine.plain_engine import ACCOUNT, PlainEngine
from tests.waiting import until
from tui.clock import instant
from tui.port import replace
from tui.port.commands import Dial, Mute, Result, SignOut
from tui.port.errors import EngineUnavailable
from tui.port.events import ConnectionChanged, LevelsChanged, PhaseChanged
from tui.port.values import Connection, Levels, Phase, message
from tui.port.wire import sockets
from tui.port.wire.client import EngineClient
from tui.port.wire.codec import from_json, to_json
from tui.port.wire.protocol import COMMAND_LIMIT, decode_line, encode_line, version
from tui.port.wire.server import FRONT_ENDS, Host
from tui.secrets import Secret


class Served:
    def __init__(self, host: Host, engine: PlainEngine, task: asyncio.Task[None]) -> None:
        self.host, self.engine, self.task = host, engine, task

    async def attach(self, kind: str = "screen") -> EngineClient:
        return await EngineClient.connect(self.host.path, kind=kind)


@asynccontextmanager
async def served(
    directory: Path, linger: float = 60.0, look: float = 60.0
) -> AsyncIterator[Served]:
    engine = PlainEngine()
    host = Host(engine, directory, linger=linger, look=look)
    task = asyncio.create_task(host.serve())
    try:
        yield Served(host, engine, task)
    finally:
        host.end()
        await asyncio.wait_for(task, 10)


async def raw(host: Host, *lines: bytes) -> list[dict[str, Any]]:
    """What the host says to these bytes until it closes."""
    reader, writer = await asyncio.open_unix_connection(host.path)
    writer.writelines(lines)
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return [json.loads(line) for line in answer.splitlines()]


# ---------------------------------------------------------------- serving


async def test_a_front_end_gets_the_snapshot_first_and_then_every_event(tmp_path: Path) -> None:
    async with served(tmp_path / "run") as s:
        s.engine.publish(ConnectionChanged(Connection(latency=12)))
        client = await s.attach()
        assert client.snapshot().connection.latency == 12
        events = client.subscribe()
        for you in range(5):
            s.engine.publish(LevelsChanged(Levels(you)))
        assert [(await events.get()).levels.you for _ in range(5)] == [0, 1, 2, 3, 4]  # type: ignore[union-attr]
        assert client.snapshot() == s.engine.snapshot()
        await client.close()


async def test_a_result_comes_after_the_events_that_came_before_it(tmp_path: Path) -> None:
    async with served(tmp_path / "run") as s:
        client = await s.attach()
        assert (await client.execute(ACCOUNT)).ok
        assert client.snapshot().phase is Phase.SIGNED_IN
        await client.close()


async def test_commands_run_beside_each_other_and_are_answered_by_id(tmp_path: Path) -> None:
    async with served(tmp_path / "run") as s:
        client = await s.attach()
        slow = asyncio.create_task(client.execute(Dial("12000000001")))
        await until(lambda: bool(s.engine.heard))
        assert (await client.execute(ACCOUNT)).ok
        assert not slow.done()
        s.engine.release.set()
        assert (await slow) == Result(False, message("refused.503"), 503)
        await client.close()


async def test_two_front_ends_hear_the_same(tmp_path: Path) -> None:
    async with served(tmp_path / "run") as s:
        screen, script = await s.attach(), await s.attach("script")
        assert script.screens == 1
        await script.execute(ACCOUNT)
        await until(lambda: screen.snapshot().phase is Phase.SIGNED_IN)
        await script.close()
        s.engine.publish(LevelsChanged(Levels(3)))
        await until(lambda: screen.snapshot().levels.you == 3)
        await screen.close()


async def test_a_command_goes_on_when_its_front_end_dies(tmp_path: Path) -> None:
    async with served(tmp_path / "run") as s:
        client = await s.attach()
        dial = asyncio.create_task(client.execute(Dial("12000000001")))
        await until(lambda: bool(s.engine.heard))
        client._writer.transport.abort()
        assert (await dial).message == message("engine.gone")
        other = await s.attach()
        s.engine.release.set()
        assert (await other.execute(ACCOUNT)).ok
        await other.close()


async def test_a_fault_in_the_engine_is_a_result(tmp_path: Path) -> None:
    async with served(tmp_path / "run") as s:
        client = await s.attach()
        result = await client.execute(Mute())
        assert result.message == message("engine.fault", kind="RuntimeError")
        assert (await client.execute(ACCOUNT)).ok
        await client.close()


async def test_only_screens_count_as_somebody_who_looks(tmp_path: Path) -> None:
    async with served(tmp_path / "run") as s:
        script = await s.attach("script")
        first, second = await s.attach(), await s.attach()
        await first.close()
        await second.close()
        await until(lambda: s.engine.seen == [True, False])
        await script.close()
        assert s.engine.seen == [True, False]


async def test_a_front_end_that_does_not_read_delays_nobody_and_gets_a_fresh_snapshot(
    tmp_path: Path,
) -> None:
    async with served(tmp_path / "run") as s:
        reader, writer = await asyncio.open_unix_connection(s.host.path, limit=2**22)
        writer.write(encode_line({"yimi": version(), "kind": "screen"}))
        await reader.readline()
        assert json.loads(await reader.readline())["seq"] == 0
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        other = await s.attach()
        for latency in range(20_000):
            s.engine.publish(ConnectionChanged(Connection(latency=latency)))
            if latency % 100 == 0:
                await asyncio.sleep(0)
        await until(lambda: other.snapshot().connection.latency == 19_999)
        slow = next(one for one in s.host._front_ends if one.outbox.stale)
        assert slow.outbox._size == 0

        writer.transport.resume_reading()  # type: ignore[attr-defined]
        seq = 0
        while True:
            line = json.loads(await asyncio.wait_for(reader.readline(), 10))
            if "snapshot" in line:
                break
            assert line["seq"] == seq + 1  # nothing is missing before the snapshot
            seq += 1
        assert line["seq"] == 20_000 > seq + 1
        assert line["snapshot"]["connection"]["latency"] == 19_999
        s.engine.publish(LevelsChanged(Levels(1)))
        assert json.loads(await reader.readline())["seq"] == 20_001
        writer.close()
        await other.close()


async def test_a_client_that_was_too_slow_tells_its_listeners(tmp_path: Path) -> None:
    from tui.bus import Overflow

    async with served(tmp_path / "run") as s:
        client = await s.attach()
        events = client.subscribe()
        s.host._front_ends[0].outbox.make_stale()
        s.engine.publish(ConnectionChanged(Connection(latency=7)))
        with pytest.raises(Overflow):
            await asyncio.wait_for(events.get(), 10)
        assert client.snapshot().connection.latency == 7
        s.engine.publish(ConnectionChanged(Connection(latency=8)))
        assert await events.get() == ConnectionChanged(Connection(latency=8))
        await client.close()


async def test_a_front_end_that_reads_no_results_is_not_read_any_more(tmp_path: Path) -> None:
    async with served(tmp_path / "run") as s:
        reader, writer = await asyncio.open_unix_connection(s.host.path)
        writer.write(encode_line({"yimi": version(), "kind": "script"}))
        await reader.readline()
        for number in range(100):
            writer.write(encode_line({"id": number, "command": to_json(Dial("12000000001"))}))
        await until(lambda: len(s.engine.heard) == 16)
        client = await s.attach()
        assert (await client.execute(ACCOUNT)).ok
        assert len(s.engine.heard) == 17
        s.engine.release.set()
        await until(lambda: len(s.engine.heard) == 101)
        writer.close()
        await client.close()


# ---------------------------------------------------------------- hostile lines


HELLO = encode_line({"yimi": version(), "kind": "screen"})
HOSTILE = {
    "no JSON": b"GET / HTTP/1.1\r\n\r\n",
    "not UTF-8": b"\xff\xfe\x00\n",
    "no object": b"[1]\n",
    "nested": b"[" * 50_000 + b"\n",
    "digits": b'{"yimi": ' + b"9" * 6000 + b"}\n",
    "an unknown kind": encode_line({"yimi": version(), "kind": "toaster"}),
    "a kind that is a list": encode_line({"yimi": version(), "kind": []}),
    "too long": b"x" * (COMMAND_LIMIT + 10),
    "no id": HELLO + encode_line({"command": to_json(SignOut())}),
    "an id that is no number": HELLO + encode_line({"id": [], "command": to_json(SignOut())}),
    "no command": HELLO + encode_line({"id": 1, "command": None}),
    "an event": HELLO + encode_line({"id": 1, "command": to_json(LevelsChanged(Levels()))}),
    "an unknown command": HELLO + encode_line({"id": 1, "command": {"$": "Explode"}}),
    "a long command": HELLO + b"y" * (COMMAND_LIMIT * 3),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
async def test_what_is_not_the_port_gets_a_sentence_and_is_closed(
    tmp_path: Path, data: bytes
) -> None:
    async with served(tmp_path / "run") as s:
        said = await raw(s.host, data)
        assert said[-1]["error"]["id"] in ("engine.bad_line", "engine.too_long", "engine.version")
        assert s.engine.heard == []
        client = await s.attach()
        assert (await client.execute(ACCOUNT)).ok
        await client.close()


async def test_another_version_is_refused_in_words_and_not_harmed(tmp_path: Path) -> None:
    async with served(tmp_path / "run") as s:
        said = await raw(s.host, encode_line({"yimi": "0.00000000", "kind": "screen"}))
        refused = {"error": to_json(message("engine.version", engine=version())), "yimi": version()}
        assert said == [decode_line(encode_line(refused))]
        assert not s.task.done()


async def test_half_a_line_and_a_sudden_end_are_no_harm(tmp_path: Path) -> None:
    async with served(tmp_path / "run") as s:
        for data in (b"", b'{"yimi"', HELLO[:-1], HELLO + b'{"id": 1, "comm'):
            _, writer = await asyncio.open_unix_connection(s.host.path)
            writer.write(data)
            await writer.drain()
            writer.transport.abort()
        client = await s.attach()
        await until(lambda: len(s.host._connections) == 1)
        assert (await client.execute(ACCOUNT)).ok
        await client.close()


async def test_too_many_front_ends_are_told_so(tmp_path: Path) -> None:
    async with served(tmp_path / "run") as s:
        clients = [await s.attach() for _ in range(16)]
        with pytest.raises(EngineUnavailable) as caught:
            await s.attach()
        assert caught.value.message.id == "engine.full"
        await clients.pop().close()
        await until(lambda: len(s.host._front_ends) == 15)
        clients.append(await s.attach())
        for client in clients:
            await client.close()


# ---------------------------------------------------------------- whose socket it is


async def test_of_very_many_connections_the_next_is_told_so(tmp_path: Path) -> None:
    """Who is told nothing takes it that no engine runs, and starts another."""
    async with served(tmp_path / "run") as s:
        silent = [await asyncio.open_unix_connection(s.host.path) for _ in range(2 * FRONT_ENDS)]
        await until(lambda: len(s.host._connections) == 2 * FRONT_ENDS)
        with pytest.raises(EngineUnavailable) as caught:
            await s.attach("script")
        assert caught.value.message == message("engine.full")
        for _, writer in silent:
            writer.close()
            await writer.wait_closed()


async def test_one_that_accepts_nobody_any_more_is_silent_and_not_gone(tmp_path: Path) -> None:
    path = tmp_path / "engine-0123456789ab.sock"
    listening = sockets.listen(path, backlog=0)
    waiting: list[socket.socket] = []
    while sockets.answers(path) and len(waiting) < 100:
        try:
            waiting.append(sockets.connect(path))
        except BlockingIOError:
            break
    with pytest.raises(EngineUnavailable) as caught:
        await EngineClient.connect(path)
    assert caught.value.message == message("engine.silent")
    for connection in (*waiting, listening):
        connection.close()


def test_whose_process_it_is_is_read_as_macos_tells_it() -> None:
    """Its <sys/un.h> and <sys/ucred.h>: level 0, option 1 is a struct xucred, option 2 a pid."""

    class Connected:
        def getsockopt(self, level: int, option: int, size: int, /) -> bytes:
            assert level == 0
            if option == 2:
                return struct.pack("i", 4711)
            return struct.pack("IIh2x16I", 0, 501, 1, 20, *[0] * 15)[:size]

    class Gone:
        def getsockopt(self, level: int, option: int, size: int, /) -> bytes:
            raise OSError("not connected")

    assert sockets.peer(Connected(), "darwin") == (4711, 501)
    assert sockets.peer(Gone(), "darwin") is None
    assert sockets.peer(Connected(), "another") is None


async def test_the_socket_is_for_this_user_only(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir(mode=0o755)
    async with served(run) as s:
        assert stat.S_IMODE(run.stat().st_mode) == 0o700
        assert stat.S_IMODE(s.host.path.stat().st_mode) == 0o600
        assert sorted(run.iterdir()) == [s.host.path]


def test_a_runtime_directory_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "real")
    with pytest.raises(sockets.RuntimeDirectoryError):
        sockets.prepare(tmp_path / "run")


AS_NOBODY = """
    import os, socket, sys
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(20)
    try:
        connection.connect(sys.argv[1])
        connection.sendall(sys.argv[2].encode() + b"\\n")
        print(connection.recv(65536).decode())
    except PermissionError:
        print("permission denied")
"""

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user: root only")


async def as_nobody(path: Path) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        textwrap.dedent(AS_NOBODY),
        str(path),
        HELLO.decode().strip(),
        stdout=subprocess.PIPE,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 30)
    return output.decode()


@pytest.fixture
def open_directory(tmp_path: Path) -> Path:
    """A directory that every user can reach."""
    for parent in (tmp_path, *tmp_path.parents):
        if parent.stat().st_uid == os.geteuid() and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o055)
    return tmp_path


@needs_root
async def test_another_user_cannot_open_the_socket(open_directory: Path) -> None:
    async with served(open_directory / "run") as s:
        assert await as_nobody(s.host.path) == "permission denied\n"


@needs_root
async def test_another_user_is_turned_away_even_where_the_directory_lets_them_in(
    open_directory: Path,
) -> None:
    async with served(open_directory / "run") as s:
        s.host.directory.chmod(0o755)
        s.host.path.chmod(0o666)
        said = json.loads(await as_nobody(s.host.path))
        assert said["error"]["id"] == "engine.other_user"
        assert "snapshot" not in said


# ---------------------------------------------------------------- the directory is taken away


async def test_an_engine_whose_directory_is_taken_away_is_found_again(tmp_path: Path) -> None:
    async with served(tmp_path / "run", look=0.02) as s:
        client = await s.attach()
        await client.execute(ACCOUNT)
        shutil.rmtree(tmp_path / "run")
        await until(lambda: sockets.live(tmp_path / "run") == [s.host.path])
        other = await s.attach("script")
        assert other.snapshot().phase is Phase.SIGNED_IN
        s.engine.publish(LevelsChanged(Levels(3)))
        await until(lambda: client.snapshot().levels.you == 3)  # who was there stays
        # The account is still this engine's, and of no other.
        async with served(tmp_path / "run") as two:
            second = await two.attach()
            result = await second.execute(ACCOUNT)
            assert result.message == message("engine.elsewhere", socket=s.host.path)
            await second.close()
        await client.close()
        await other.close()
    assert list((tmp_path / "run").glob("*.sock")) == []


async def test_a_directory_that_cannot_be_made_again_yet_is_waited_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(tmp_path / "run", look=0.02) as s:
        shutil.rmtree(tmp_path / "run")
        (tmp_path / "run").write_text("")  # as where /run/user is root's until the next log-in
        await until(lambda: "nobody can find this engine" in caplog.text)
        (tmp_path / "run").unlink()
        await until(lambda: sockets.live(tmp_path / "run") == [s.host.path])
        assert caplog.text.count("nobody can find this engine") == 1
        client = await s.attach()
        assert (await client.execute(ACCOUNT)).ok
        await client.close()


async def test_a_lock_that_was_cleaned_away_gives_the_account_to_nobody_else(
    tmp_path: Path,
) -> None:
    async with served(tmp_path / "run") as one, served(tmp_path / "run") as two:
        first, second = await one.attach(), await two.attach()
        await first.execute(ACCOUNT)
        (tmp_path / "run" / f"{sockets.account_key(ACCOUNT)}.lock").unlink()
        result = await second.execute(ACCOUNT)
        assert result.message == message("engine.elsewhere", socket=one.host.path)
        assert sockets.answers(one.host.path)
        await first.close()
        await second.close()


async def test_a_lock_that_was_cleaned_away_is_there_again(tmp_path: Path) -> None:
    async with served(tmp_path / "run", look=0.02) as s:
        client = await s.attach()
        await client.execute(ACCOUNT)
        lock = tmp_path / "run" / f"{sockets.account_key(ACCOUNT)}.lock"
        lock.unlink()
        await until(lock.exists)
        assert not sockets.AccountLock(tmp_path / "run", sockets.account_key(ACCOUNT)).take()
        await client.close()


async def test_an_account_that_was_given_away_meanwhile_is_not_taken_back(tmp_path: Path) -> None:
    """Without its directory an engine cannot be asked: then a later one may have the account."""
    async with served(tmp_path / "run") as one, served(tmp_path / "run") as two:
        first, second = await one.attach(), await two.attach()
        await first.execute(ACCOUNT)
        for path in (tmp_path / "run").glob(f"{sockets.account_key(ACCOUNT)}.*"):
            path.unlink()
        assert (await second.execute(ACCOUNT)).ok
        one.host._look_now()
        await until(lambda: one.host._missed)
        again = await EngineClient.connect(two.host.path)
        assert again.snapshot() == two.engine.snapshot()
        one.host.end()
        await asyncio.wait_for(one.task, 10)
        assert sockets.answers(two.host.path)
        for client in (first, second, again):
            await client.close()


async def test_a_sign_in_without_a_place_for_its_socket_says_so(tmp_path: Path) -> None:
    async with served(tmp_path / "run") as s:
        client = await s.attach()
        shutil.rmtree(tmp_path / "run")
        (tmp_path / "run").write_text("")
        result = await client.execute(ACCOUNT)
        assert result.message is not None
        assert result.message.id == "engine.no_place"
        await client.close()


# ---------------------------------------------------------------- it stands still


async def test_a_command_that_waited_for_longer_than_who_asked_is_not_done(tmp_path: Path) -> None:
    async with served(tmp_path / "run") as s:
        late = {"id": 1, "command": to_json(Mute(True)), "by": instant() - 1}
        early = {"id": 2, "command": to_json(SignOut(end=False)), "by": instant() + 60}
        reader, writer = await asyncio.open_unix_connection(s.host.path)
        writer.write(HELLO + encode_line(late) + encode_line(early))
        results: dict[int, Any] = {}
        while len(results) < 2:
            line = json.loads(await asyncio.wait_for(reader.readline(), 10))
            if "result" in line:
                results[line["id"]] = from_json(line["result"])
        assert results[1] == Result(False, message("engine.too_late"))
        assert results[2] == Result(True)
        assert s.engine.heard == [SignOut(end=False)]
        writer.close()
        await writer.wait_closed()


async def test_who_asks_whether_it_is_there_is_answered(tmp_path: Path) -> None:
    async with served(tmp_path / "run") as s:
        reader, writer = await asyncio.open_unix_connection(s.host.path)
        writer.write(HELLO + encode_line({"id": 0, "ping": True}))
        lines = [json.loads(await asyncio.wait_for(reader.readline(), 10)) for _ in range(3)]
        assert lines[2] == {"id": 0, "pong": True}
        writer.close()
        await writer.wait_closed()


# ---------------------------------------------------------------- the account


async def test_a_signed_in_engine_has_its_accounts_name_and_gives_it_back(tmp_path: Path) -> None:
    async with served(tmp_path / "run") as s:
        assert not sockets.is_claimed(s.host.path)
        client = await s.attach()
        await client.execute(ACCOUNT)
        assert s.host.path.name == f"{sockets.account_key(ACCOUNT)}.sock"
        assert sockets.live(s.host.directory) == [s.host.path]
        again = await s.attach()
        await again.execute(SignOut(end=False))
        assert not sockets.is_claimed(s.host.path)
        assert sockets.live(s.host.directory) == [s.host.path]
        await client.close()
        await again.close()


async def test_a_second_engine_is_told_where_the_account_is(tmp_path: Path) -> None:
    async with served(tmp_path / "run") as one, served(tmp_path / "run") as two:
        first, second = await one.attach(), await two.attach()
        await first.execute(ACCOUNT)
        same = replace(ACCOUNT, backend="HTTP://127.0.0.1:1/", pwd=Secret("other"))
        result = await second.execute(same)
        assert result.message == message("engine.elsewhere", socket=one.host.path)
        assert second.snapshot().phase is Phase.SIGNED_OUT
        assert (await second.execute(replace(ACCOUNT, un="1002"))).ok
        assert len(sockets.live(tmp_path / "run")) == 2
        await first.close()
        await second.close()


async def test_an_account_is_free_again_after_its_engine_ended(tmp_path: Path) -> None:
    async with served(tmp_path / "run") as one, served(tmp_path / "run") as two:
        first, second = await one.attach(), await two.attach()
        await first.execute(ACCOUNT)
        assert (await first.execute(SignOut())).ok
        await asyncio.wait_for(one.task, 10)
        assert (await second.execute(ACCOUNT)).ok
        await first.close()
        await second.close()


async def test_an_engine_that_holds_the_account_and_is_ending_is_waited_for(
    tmp_path: Path,
) -> None:
    async with served(tmp_path / "run") as s:
        other = sockets.AccountLock(tmp_path / "run", sockets.account_key(ACCOUNT))
        assert other.take()
        client = await s.attach()
        sign_in = asyncio.create_task(client.execute(ACCOUNT))
        await until(lambda: bool(s.engine.heard))
        other.release()
        assert (await sign_in).ok
        await client.close()


def test_stale_sockets_are_taken_away_and_a_live_one_is_not(tmp_path: Path) -> None:
    dead = tmp_path / "engine-0123456789ab.sock"
    dead_claimed = tmp_path / f"{sockets.account_key(ACCOUNT)}.sock"
    for path in (dead, dead_claimed):
        stale = socket.socket(socket.AF_UNIX)
        stale.bind(str(path))
        stale.close()
    listening = sockets.listen(tmp_path / "engine-ffffffffffff.sock")
    assert sockets.live(tmp_path) == [tmp_path / "engine-ffffffffffff.sock"]
    assert not dead.exists()
    assert not dead_claimed.exists()
    listening.close()


def test_a_socket_whose_account_is_held_is_left_alone(tmp_path: Path) -> None:
    key = sockets.account_key(ACCOUNT)
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(tmp_path / f"{key}.sock"))
    stale.close()
    lock = sockets.AccountLock(tmp_path, key)
    assert lock.take()
    assert sockets.live(tmp_path) == []
    assert (tmp_path / f"{key}.sock").exists()
    lock.release()


async def test_a_path_longer_than_a_sockets_is_served_all_the_same(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 80) / ("e" * 80)
    async with served(deep) as s:
        client = await s.attach()
        assert (await client.execute(ACCOUNT)).ok
        assert sockets.live(deep) == [s.host.path]
        await client.close()


# ---------------------------------------------------------------- the end


async def test_an_engine_that_nobody_wants_ends(tmp_path: Path) -> None:
    async with served(tmp_path / "run", linger=0.05) as s:
        client = await s.attach()
        assert s.host._leaving is None, "somebody is there: no time runs out"
        await client.close()
        await asyncio.wait_for(s.task, 10)
        assert s.engine.closed
        assert list((tmp_path / "run").glob("*.sock")) == []


async def test_a_signed_in_engine_stays_without_a_front_end(tmp_path: Path) -> None:
    async with served(tmp_path / "run", linger=0.05) as s:
        client = await s.attach()
        await client.execute(ACCOUNT)
        await client.close()
        await until(lambda: not s.host._connections)
        assert s.host._leaving is None, "somebody is signed in: no time runs out"
        s.engine.publish(PhaseChanged(Phase.SIGNED_OUT))
        await asyncio.wait_for(s.task, 10)


async def test_signing_out_ends_the_engine_after_its_result(tmp_path: Path) -> None:
    async with served(tmp_path / "run") as s:
        client, other = await s.attach(), await s.attach()
        lost: list[bool] = []
        other.on_lost = lost.append
        assert (await client.execute(SignOut())).ok
        await asyncio.wait_for(s.task, 10)
        await until(lambda: lost == [True])
        assert not other.alive


async def test_the_end_closes_the_engine_and_says_good_bye(tmp_path: Path) -> None:
    async with served(tmp_path / "run") as s:
        client = await s.attach()
        lost: list[bool] = []
        client.on_lost = lost.append
        await client.execute(ACCOUNT)
        s.host.end()
        await asyncio.wait_for(s.task, 10)
        assert s.engine.closed
        await until(lambda: lost == [True])
        assert client.snapshot().phase is Phase.SIGNED_OUT


async def test_the_end_waits_for_nobody_who_does_not_read(tmp_path: Path) -> None:
    async with served(tmp_path / "run") as s:
        _, writer = await asyncio.open_unix_connection(s.host.path)
        writer.write(HELLO)
        await until(lambda: s.host.screens == 1)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        for latency in range(20_000):
            s.engine.publish(ConnectionChanged(Connection(latency=latency)))
        s.host.end()
        await asyncio.wait_for(s.task, 10)
        writer.close()


async def test_an_engine_that_cannot_sign_out_in_time_ends_all_the_same(tmp_path: Path) -> None:
    class Stuck(PlainEngine):
        async def close(self) -> None:
            await asyncio.Event().wait()

    host = Host(Stuck(), tmp_path / "run", close_limit=0.05)
    task = asyncio.create_task(host.serve())
    client = await EngineClient.connect(host.path)
    host.end()
    await asyncio.wait_for(task, 10)
    await client.close()
