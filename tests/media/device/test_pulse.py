"""A PulseAudio somewhere else: its address, what is wrong with it, and the way there."""

from __future__ import annotations

import asyncio
import stat
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tui.media.device.pulse import PulseAddress, addresses, check, cookie, plugin
from tui.media.device.pulse_relay import MOST, PulseRelay

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
COOKIE = bytes(range(256))


@asynccontextmanager
async def server(path: Path, serve: Serve) -> AsyncIterator[str]:
    """Something that listens, played by a test."""
    tasks: set[asyncio.Task[None]] = set()

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await serve(reader, writer)
        except (asyncio.CancelledError, asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.transport.abort()

    listening = await asyncio.start_unix_server(served, path)
    try:
        yield f"unix:{path}"
    finally:
        listening.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await listening.wait_closed()


async def pulseaudio(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """As PulseAudio answers: error 1 to a wrong cookie, else what is asked."""
    while True:
        length, *_ = struct.unpack(">IIIII", await reader.readexactly(20))
        body = await reader.readexactly(length)
        command, tag = struct.unpack(">xIxI", body[:10])
        answer = b"L" + struct.pack(">I", 2) + b"L" + struct.pack(">I", tag)
        if command == 8:
            if body[-256:] != COOKIE:
                answer = b"L" + struct.pack(">I", 0) + answer[5:] + b"L" + struct.pack(">I", 1)
        elif command == 20:
            answer += b"tpulseaudio\0t16.1\0trest\0"
        writer.write(struct.pack(">IIIII", len(answer), 0xFFFFFFFF, 0, 0, 0) + answer)


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)


def with_cookie(home: Path, data: bytes = COOKIE) -> dict[str, str]:
    (home / ".config" / "pulse").mkdir(parents=True)
    (home / ".config" / "pulse" / "cookie").write_bytes(data)
    return {"HOME": str(home)}


def test_addresses_are_read_as_libpulse_reads_them() -> None:
    assert addresses("unix:/run/x /run/y") == (PulseAddress("/run/x"), PulseAddress("/run/y"))
    assert addresses("{0123abcd}unix:/run/x") == (PulseAddress("/run/x"),)
    assert addresses("tcp:far.example:24713") == (PulseAddress(host="far.example", port=24713),)
    assert addresses("127.0.0.1") == (PulseAddress(host="127.0.0.1", port=4713),)
    assert addresses("tcp6:[::1]:7") == (PulseAddress(host="::1", port=7),)
    assert str(addresses("tcp6:[::1]:7")[0]) == "tcp:[::1]:7"


@pytest.mark.parametrize("bad", ["", "unix:x", "tcp:", "tcp:a:b", "a:0", "a:99999", "http://a"])
async def test_what_is_no_address_is_said(bad: str) -> None:
    with pytest.raises(ValueError, match="PulseAudio"):
        addresses(bad)
    assert (await check(bad)).verdict == "bad-address"


async def test_a_server_that_lets_us_in_says_who_it_is_and_how_far_away(tmp_path: Path) -> None:
    env = with_cookie(tmp_path)
    async with server(tmp_path / "s", pulseaudio) as address:
        found = await check(address, environment=env)
        assert (found.verdict, found.server) == ("ok", "pulseaudio 16.1")
        assert found.delay is not None
        # A list of addresses is tried in its order, as libpulse does.
        assert (await check(f"unix:{tmp_path}/no {address}", environment=env)).verdict == "ok"


async def test_a_wrong_cookie_is_told_apart_from_nobody_there(tmp_path: Path) -> None:
    async with server(tmp_path / "s", pulseaudio) as address:
        assert (await check(address, environment={"HOME": "/"})).verdict == "refused"
    found = await check(f"unix:{tmp_path}/no")
    assert (found.verdict, found.why) == ("nothing-listens", "No such file or directory")


async def test_a_tunnel_with_a_dead_end_and_a_stranger_are_told_apart(tmp_path: Path) -> None:
    async def closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async def http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await reader.read()

    async with server(tmp_path / "a", silence) as address:
        assert (await check(address, limit=0.1)).verdict == "no-answer"
    async with server(tmp_path / "b", closes) as address:
        assert (await check(address)).verdict == "nothing-listens"
    async with server(tmp_path / "c", http) as address:
        assert (await check(address)).verdict == "no-pulse"


def test_the_cookie_is_looked_for_where_libpulse_does(tmp_path: Path) -> None:
    env = with_cookie(tmp_path)
    assert cookie(env) == COOKIE
    (tmp_path / "other").write_bytes(bytes(range(255, -1, -1)))
    assert cookie({**env, "PULSE_COOKIE": str(tmp_path / "other")}) == COOKIE[::-1]
    (tmp_path / "other").write_bytes(b"short")
    assert cookie({**env, "PULSE_COOKIE": str(tmp_path / "other")}) == bytes(256)


def test_the_plugin_is_a_file(tmp_path: Path) -> None:
    assert not plugin([f"{tmp_path}/*/pulse.so"])
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "pulse.so").touch()
    assert plugin([f"{tmp_path}/*/pulse.so"])


# ---------------------------------------------------------------- the relay


@asynccontextmanager
async def relay(path: Path, silent: float = 4.0) -> AsyncIterator[PulseRelay]:
    made = PulseRelay(path / "relay", silent=silent, limit=1.0)
    await made.start()
    try:
        yield made
    finally:
        await made.close()


async def said(reader: asyncio.StreamReader) -> bytes:
    """What comes; nothing when the other side is gone."""
    try:
        async with asyncio.timeout(10):
            return await reader.read(100)
    except ConnectionError:
        return b""


async def test_the_relay_leads_to_the_server_and_to_another_when_told(tmp_path: Path) -> None:
    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"other")
        await reader.read()

    async with (
        server(tmp_path / "a", echo) as first,
        server(tmp_path / "b", other) as second,
        relay(tmp_path) as made,
    ):
        assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
        assert "enable-memfd = no" in made.client_config.read_text()
        made.aim(first)
        reader, writer = await asyncio.open_unix_connection(made.path)
        writer.write(b"hello")
        assert await said(reader) == b"hello"
        assert made.pipes == 1
        made.aim(second)
        assert await said(reader) == b""  # what led to the first is over at once
        writer.close()
        reader, writer = await asyncio.open_unix_connection(made.path)
        assert await said(reader) == b"other"
        writer.close()
    assert not made.path.exists()
    assert not made.client_config.exists()


async def test_a_server_that_is_not_there_is_an_end_and_no_wait(tmp_path: Path) -> None:
    async with relay(tmp_path) as made:
        for address in ("", f"unix:{tmp_path}/no"):
            if address:
                made.aim(address)
            reader, writer = await asyncio.open_unix_connection(made.path)
            assert await said(reader) == b""
            writer.close()


async def test_silence_after_a_question_cuts_the_line_and_silence_alone_does_not(
    tmp_path: Path,
) -> None:
    async with server(tmp_path / "s", silence) as address, relay(tmp_path, 0.2) as made:
        made.aim(address)
        asks, quiet = [await asyncio.open_unix_connection(made.path) for _ in range(2)]
        asks[1].write(b"?")
        assert await said(asks[0]) == b""
        assert made.pipes == 1
        made.cut()
        assert await said(quiet[0]) == b""
        for _, writer in (asks, quiet):
            writer.close()


async def test_too_many_at_once_are_turned_away(tmp_path: Path) -> None:
    async with server(tmp_path / "s", echo) as address, relay(tmp_path) as made:
        made.aim(address)
        ends = [await asyncio.open_unix_connection(made.path) for _ in range(MOST + 1)]
        assert await said(ends[-1][0]) == b""
        for _, writer in ends:
            writer.close()
