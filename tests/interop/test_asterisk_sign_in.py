"""The console's engine registers at Asterisk, is refused, and comes back after what breaks."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.interop.asterisk_pbx import Asterisk
from tests.interop.our_desk import OurDesk, seated
from tests.interop.programs import free_port, started
from tests.interop.wire import Wire
from tui.port.commands import Answer, Dial
from tui.port.machines.call_machine import CallState
from tui.port.values import ConnectionState

AGENT, CUSTOMER = 1200, 700
"""What they say, in hertz."""


@pytest.mark.parametrize(("user", "algorithm"), [("bob", "MD5"), ("sasha", "SHA-256")])
async def test_the_password_is_proved_by_either_digest(
    user: str, algorithm: str, asterisk: Asterisk, tmp_path: Path
) -> None:
    async with seated(asterisk, tmp_path, user, AGENT) as desk:
        assert desk.snapshot.connection.state is ConnectionState.OK
        proofs = re.findall(r"^Authorization: Digest (.*)$", asterisk.log(), re.MULTILINE)
        proof = next(one for one in reversed(proofs) if f'username="{user}"' in one)
        assert f"algorithm={algorithm}" in proof
        # A call is challenged too.
        await desk.do(Dial("milliwatt"))
        await desk.state(CallState.TALKING)


@pytest.mark.parametrize("user", ["bob", "sasha", "nobody"])
async def test_a_wrong_password_and_an_unknown_user_are_refused_in_words(
    user: str, asterisk: Asterisk, tmp_path: Path
) -> None:
    desk = OurDesk(asterisk.ws, asterisk.domain, user, tmp_path, AGENT)
    try:
        result = await desk.sign_in("other-words")
        assert not result.ok
        assert result.message is not None
        assert result.message.id == "login.pbx_refused"
    finally:
        await desk.end()


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[Asterisk]:
    """An Asterisk that this test may restart."""
    async with started(Asterisk(tmp_path)) as server:
        yield server


async def test_a_restarted_asterisk_has_us_again_and_takes_the_next_call(
    own: Asterisk, tmp_path: Path
) -> None:
    async with seated(own, tmp_path, "alice", AGENT) as desk:
        await own.end()
        await desk.until(lambda: desk.snapshot.connection.state is not ConnectionState.OK)
        await own.start()
        await desk.until(lambda: desk.snapshot.connection.state is ConnectionState.OK, 40)
        await own.ring("alice", CUSTOMER)
        await desk.state(CallState.RINGING)
        await desk.do(Answer())
        await desk.hears(CUSTOMER)


async def test_a_websocket_that_is_cut_costs_no_sound_and_the_call_is_ours_again(
    asterisk: Asterisk, tmp_path: Path
) -> None:
    wire = Wire(asterisk.ws_port)
    await wire.start()
    desk = OurDesk(f"ws://127.0.0.1:{wire.port}/ws", asterisk.domain, "alice", tmp_path, AGENT)
    try:
        assert (await desk.sign_in(asterisk.password)).ok
        await desk.do(Dial("echo"))
        await desk.state(CallState.TALKING)
        await desk.hears(AGENT)
        wire.cut()
        await desk.until(lambda: desk.snapshot.connection.state is not ConnectionState.OK)
        await desk.goes_on_hearing(AGENT)
        wire.mend()
        await desk.until(lambda: desk.snapshot.connection.state is ConnectionState.OK)
        await desk.goes_on_hearing(AGENT)
        assert desk.call.state is CallState.TALKING
        await asterisk.hang_up("alice")  # its BYE comes by the new flow
        assert (await desk.state(CallState.ENDED)).end.reason == 25
    finally:
        await desk.end()
        await wire.end()


@pytest.mark.parametrize("told", ["voicemail", "check-sync"])
async def test_news_that_nobody_asked_for_are_answered_with_200(
    told: str, asterisk: Asterisk, desk: OurDesk
) -> None:
    before = asterisk.said
    await asterisk.cli(f"pjsip send notify {told} endpoint alice")
    answer = re.compile(r"^SIP/2\.0 (\d+) [^\n]*\n(?:[^\n]+\n)*?CSeq: \d+ NOTIFY", re.MULTILINE)
    found = await desk.until(lambda: answer.findall(asterisk.log(before)))
    assert found == ["200"]
    assert desk.snapshot.connection.state is ConnectionState.OK


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("ws://127.0.0.1:{ws}/other", "login.ws-path"),
        ("ws://127.0.0.1:{closed}/ws", "login.ws-port"),
        ("wss://127.0.0.1:{ws}/ws", "login.ws-plain"),
        ("ws://127.0.0.1:{page}/ws", "login.ws-no-websocket"),
        ("ws://127.0.0.1:{silent}/ws", "login.ws-no-websocket"),
    ],
)
async def test_each_fault_of_the_address_has_a_sentence_of_its_own(
    address: str, said: str, asterisk: Asterisk, tmp_path: Path
) -> None:
    async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        writer.close()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    servers = [await asyncio.start_server(one, "127.0.0.1", 0) for one in (page, silent)]
    ports = {
        "ws": asterisk.ws_port,
        "closed": free_port(),
        **{
            name: server.sockets[0].getsockname()[1]
            for name, server in zip(("page", "silent"), servers, strict=True)
        },
    }
    desk = OurDesk(address.format(**ports), asterisk.domain, "alice", tmp_path, AGENT)
    try:
        result = await desk.sign_in(asterisk.password)
        assert result.message is not None
        assert (result.ok, result.message.id) == (False, said)
    finally:
        await desk.end()
        for server in servers:
            server.close()
