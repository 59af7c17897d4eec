"""The rim against a real `websockets` server on loopback: frames, subprotocol, ping, reconnect."""

from __future__ import annotations

import asyncio
import logging
import random
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers as HttpHeaders
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request as HttpRequest
from websockets.http11 import Response as HttpResponse
from websockets.typing import Subprotocol

from tests.certificate import certificate
from tests.proxy_box import proxy_before
from tests.sip.agents import AGENT, PBX, XML, Side, config, pbx_config
from tests.waiting import until
from tui.sip import (
    FlowFailed,
    Headers,
    Ignored,
    MessageReceived,
    Registered,
    Request,
    RequestOutcome,
    RequestReceived,
    Unregistered,
    UserAgent,
)
from tui.sip.backoff import wait_after, wait_before
from tui.sip.events import Event
from tui.sip.transport.websocket import FlowState, SipConnection

LIMIT = 10.0
"""Seconds after which a wait in these tests has failed."""
Handler = Callable[[ServerConnection], Awaitable[None]]


class Server:
    """A registrar in a box: 200 to everything; `frames` keeps what came, as it came."""

    def __init__(self) -> None:
        self.frames: list[str | bytes] = []
        self.sockets: list[ServerConnection] = []
        self.headers: tuple[tuple[str, str], ...] = (("Expires", "600"),)
        self.binary = False
        self.url = ""

    async def talk(self, socket: ServerConnection) -> None:
        self.sockets.append(socket)
        side = Side(pbx_config(), len(self.sockets), "srv.invalid")
        side.agent.connection_made(0.0)
        async for frame in socket:
            self.frames.append(frame)
            side.agent.receive_data(frame, 0.0)
            for event in side.agent.events():
                if isinstance(event, RequestReceived):
                    side.agent.respond(event.id, 200, 0.0, headers=self.headers)
            for data in side.agent.data_to_send():
                await socket.send(data, text=not self.binary)


class Phone:
    """A connection under test, and all that it said."""

    def __init__(self, url: str, **changes: Any) -> None:
        settings = changes.pop("settings", config())
        self.agent = UserAgent(settings, rng=random.Random(5), via_host="aaaa.invalid")
        self.events: list[Event] = []
        self.flows: list[FlowState] = []
        self.hook: Callable[[Event], None] = lambda event: None
        values: dict[str, Any] = {"wait": lambda tries, rng: 0.01}
        self.connection = SipConnection(
            self.agent,
            url,
            rng=random.Random(6),
            on_event=self._event,
            on_flow=self._flow,
            **{**values, **changes},
        )

    def _event(self, event: Event) -> None:
        self.events.append(event)
        self.hook(event)

    def _flow(self, flow: FlowState) -> None:
        self.flows.append(flow)

    async def until(self, true: Callable[[], object]) -> None:
        """Wait until something holds."""
        await until(true, LIMIT)

    def has(self, kind: type[Event], count: int = 1) -> Callable[[], bool]:
        return lambda: sum(isinstance(event, kind) for event in self.events) >= count

    def refused(self) -> bool:
        return any(flow.refused for flow in self.flows)


@asynccontextmanager
async def serving(talk: Handler, **changes: Any) -> AsyncIterator[str]:
    values: dict[str, Any] = {"subprotocols": ["sip"], "compression": None, "ping_interval": None}
    async with serve(talk, "127.0.0.1", 0, **{**values, **changes}) as server:
        port = server.sockets[0].getsockname()[1]
        yield f"ws://127.0.0.1:{port}/sip"


@asynccontextmanager
async def running(phone: Phone) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(phone.connection.run())
    try:
        yield task
    finally:
        await phone.connection.close()
        async with asyncio.timeout(LIMIT):
            await task


async def test_it_registers_sends_and_unregisters() -> None:
    server = Server()
    async with serving(server.talk) as url:
        phone = Phone(url)
        async with running(phone):
            await phone.until(phone.has(Registered))
            assert server.sockets[0].subprotocol == "sip"
            assert server.sockets[0].protocol.extensions == []
            assert phone.flows[0] == FlowState(True)
            phone.agent.send_message(PBX, b"<cc/>", XML, time.monotonic())
            phone.connection.flush()
            await phone.until(phone.has(RequestOutcome))
            phone.agent.unregister(time.monotonic())
            phone.connection.flush()
            await phone.until(phone.has(Unregistered))
        assert all(isinstance(frame, str) for frame in server.frames)
        assert [frame.split(" ", 1)[0] for frame in server.frames] == [  # type: ignore[arg-type]
            "REGISTER", "MESSAGE", "REGISTER",
        ]  # fmt: skip


async def test_every_message_on_the_wire_is_told_both_ways_and_in_order() -> None:
    server = Server()
    told: list[tuple[bool, bytes]] = []
    async with serving(server.talk) as url:
        phone = Phone(url)
        phone.connection.on_wire = lambda ours, data: told.append((ours, data))
        async with running(phone):
            await phone.until(phone.has(Registered))
        (sent, request), (received, answer) = told[0], told[-1]
        assert (sent, received) == (True, False)
        assert request.startswith(b"REGISTER ")
        assert answer.startswith(b"SIP/2.0 200 ")


async def test_binary_frames_are_read_and_what_is_no_utf8_is_sent_as_one() -> None:
    server = Server()
    server.binary = True
    async with serving(server.talk) as url:
        phone = Phone(url)
        async with running(phone):
            await phone.until(phone.has(Registered))
            phone.agent.send_message(PBX, b"\xff\xfe", XML, time.monotonic())
            phone.connection.flush()
            await phone.until(phone.has(RequestOutcome))
        assert isinstance(server.frames[-1], bytes)
        assert server.frames[-1].endswith(b"\xff\xfe")


async def test_a_text_frame_with_bad_utf8_does_not_end_the_flow() -> None:
    server = Server()

    async def talk(socket: ServerConnection) -> None:
        await socket.send(b"\xff\xfe not SIP", text=True)
        await server.talk(socket)

    async with serving(talk) as url:
        phone = Phone(url)
        async with running(phone):
            await phone.until(phone.has(Registered))
        assert not any(not flow.connected for flow in phone.flows)


async def test_what_the_server_sends_first_is_heard() -> None:
    headers = Headers(
        [
            ("Via", "SIP/2.0/WS srv.invalid;branch=z9hG4bKx"),
            ("From", f"<{PBX}>;tag=p"),
            ("To", f"<{AGENT}>"),
            ("Call-ID", "first"),
            ("CSeq", "1 MESSAGE"),
            ("Content-Type", XML),
        ]
    )
    wire = Request("MESSAGE", AGENT, headers, b"<cc/>").to_bytes()
    answers: list[str | bytes] = []

    async def talk(socket: ServerConnection) -> None:
        await socket.send(wire)
        answers.append(await socket.recv())
        await socket.wait_closed()

    async with serving(talk) as url:
        phone = Phone(url, settings=config(register=False))
        async with running(phone):
            await phone.until(phone.has(MessageReceived))
            await until(lambda: answers, LIMIT)
        assert str(answers[0]).startswith("SIP/2.0 200 OK")


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_handshake_stops_and_says_so(status: int) -> None:
    async def refuse(socket: ServerConnection, request: HttpRequest) -> HttpResponse:
        return HttpResponse(status, "No", HttpHeaders())

    async with serving(Server().talk, process_request=refuse) as url:
        phone = Phone(url)
        async with asyncio.timeout(LIMIT):
            await phone.connection.run()
        assert phone.flows == [FlowState(False, f"the server answered {status}", refused=True)]


@pytest.mark.parametrize("how", ["401", "403", "1008", "no sip"])
async def test_a_server_that_registered_us_before_and_refuses_us_now_is_tried_again(
    how: str,
) -> None:
    server = Server()
    asked, refused = 0, (2, 3, 4)

    async def handshake(socket: ServerConnection, request: HttpRequest) -> HttpResponse | None:
        nonlocal asked
        asked += 1
        if asked in refused and how.isdigit() and how != "1008":
            return HttpResponse(int(how), "No", HttpHeaders())
        return None

    async def talk(socket: ServerConnection) -> None:
        if asked in refused:
            await socket.recv()
            await socket.close(1008 if how == "1008" else 1011)
        else:
            await server.talk(socket)

    def subprotocol(socket: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        return None if asked in refused and how == "no sip" else Subprotocol("sip")

    waits: list[int] = []

    def slowly(refusals: int, rng: random.Random) -> float:
        waits.append(refusals)
        return 0.01

    async with serving(talk, process_request=handshake, select_subprotocol=subprotocol) as url:
        phone = Phone(url, wait_refused=slowly)
        async with running(phone) as task:
            await phone.until(phone.has(Registered))
            phone.connection.redial("the network is another")
            await phone.until(phone.has(Registered, 2))
            assert not task.done()
        assert waits == [1, 2, 3]
        assert not phone.refused()


@pytest.mark.parametrize(
    ("proxy", "url", "why"),
    [
        ("nonsense", "wss://pbx.invalid/ws", "proxy"),
        ("ftp://proxy.invalid:1", "wss://pbx.invalid/ws", "proxy"),
        ("http://[::1", "wss://pbx.invalid/ws", "proxy"),
        ("http://127.0.0.1:99999", "wss://pbx.invalid/ws", "proxy"),
        ("", "wss://pbx..invalid/", "address"),
        ("", f"wss://{'a' * 300}.invalid/", "address"),
    ],
)
async def test_what_cannot_be_dialled_is_said_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, proxy: str, url: str, why: str
) -> None:
    for name in ("https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    if proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy)
    phone = Phone(url, ssl=ssl.create_default_context())
    async with running(phone) as task:
        await phone.until(lambda: len(phone.flows) > 2)
        assert not task.done()
    assert {flow.why for flow in phone.flows} == {why}
    assert not phone.refused()


async def test_another_answer_is_tried_again() -> None:
    server = Server()
    count = 0

    async def busy(socket: ServerConnection, request: HttpRequest) -> HttpResponse | None:
        nonlocal count
        count += 1
        after = HttpHeaders([("Retry-After", "0" if count == 1 else "2")])
        return HttpResponse(503, "Busy", after) if count < 3 else None

    async with serving(server.talk, process_request=busy) as url:
        phone = Phone(url)
        async with running(phone):
            await phone.until(lambda: len(phone.flows) > 1)
            phone.connection.redial("not waited for here")
            await phone.until(phone.has(Registered))
        assert phone.flows[0] == FlowState(False, "the server answered 503", retry_in=0.01)
        assert phone.flows[1] == FlowState(False, "the server answered 503", retry_in=2.0)
        assert phone.flows[0].said == "Busy"


@pytest.mark.parametrize("scheme", ["http", "https", "ws"])
async def test_a_redirection_is_followed_nowhere_and_says_where_to(scheme: str) -> None:
    server, elsewhere = Server(), Server()

    async with serving(elsewhere.talk) as other:
        there = other.replace("ws:", f"{scheme}:")

        async def sends_on(socket: ServerConnection, request: HttpRequest) -> HttpResponse:
            return HttpResponse(302, "Found", HttpHeaders([("Location", there)]))

        async with serving(server.talk, process_request=sends_on) as url:
            phone = Phone(url)
            async with running(phone):
                await phone.until(lambda: phone.flows)
            flow = phone.flows[0]
    assert (flow.reason, flow.why) == ("the server answered 302", "no-websocket")
    assert flow.said == there
    assert not flow.connected


async def test_a_server_without_the_sip_subprotocol_is_refused() -> None:
    async def talk(socket: ServerConnection) -> None:
        await socket.wait_closed()

    async with serving(talk, subprotocols=None) as url:
        phone = Phone(url)
        async with asyncio.timeout(LIMIT):
            await phone.connection.run()
        (flow,) = phone.flows
        assert flow.refused
        assert flow.reason == "the server does not speak SIP here"


async def test_a_close_with_1008_stops_and_says_so() -> None:
    async def talk(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.close(1008, "not you \x1b[2J")

    async with serving(talk) as url:
        phone = Phone(url)
        async with asyncio.timeout(LIMIT):
            await phone.connection.run()
        assert phone.flows[-1].refused
        assert phone.flows[-1].reason == "the server closed the connection with 1008"
        assert phone.flows[-1].said == "not you \x1b[2J"


# ---------------------------------------------------------------- loss and reconnect


async def test_a_server_that_is_not_there_is_said_at_once_with_a_reason() -> None:
    async with serving(Server().talk) as url:
        pass
    phone = Phone(url, wait=lambda tries, rng: 3600.0)
    async with running(phone):
        await phone.until(lambda: phone.flows)
    (flow,) = phone.flows
    assert not flow.connected
    assert not flow.refused
    assert flow.reason
    assert flow.retry_in == 3600.0


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def no_websocket(talk: Talk) -> AsyncIterator[str]:
    """The address of a server that does that with whoever comes. All are gone when it is."""
    talks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def come(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_server(come, "127.0.0.1", 0)
    async with server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with asyncio.timeout(LIMIT):
        await asyncio.gather(*talks)  # whoever came has gone, or will at once


async def test_what_is_no_websocket_is_said_in_words() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SSH-2.0-no\r\n\r\n")
        writer.close()

    async with no_websocket(talk) as url:
        phone = Phone(url, wait=lambda tries, rng: 3600.0)
        async with running(phone):
            await phone.until(lambda: phone.flows)
    assert phone.flows[0].reason == "the server does not speak WebSocket here"


async def test_a_server_that_accepts_and_says_nothing_is_given_up() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with no_websocket(talk) as url:
        phone = Phone(url, open_timeout=0.05, wait=lambda tries, rng: 3600.0)
        async with running(phone):
            await phone.until(lambda: phone.flows)
    assert phone.flows[0].reason == "no answer in time"


async def test_close_does_not_wait_for_a_server_that_says_nothing() -> None:
    dialled = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        dialled.set()
        await reader.read()
        writer.close()

    async with no_websocket(talk) as url:
        phone = Phone(url, open_timeout=3600.0)
        async with running(phone), asyncio.timeout(LIMIT):
            await dialled.wait()
    assert phone.flows == []


async def test_a_cancelled_run_is_cancelled() -> None:
    dialled = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        dialled.set()
        await reader.read()
        writer.close()

    async with no_websocket(talk) as url:
        phone = Phone(url, open_timeout=3600.0)
        task = asyncio.create_task(phone.connection.run())
        async with asyncio.timeout(LIMIT):
            await dialled.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_after_a_loss_it_connects_and_registers_again() -> None:
    server = Server()
    async with serving(server.talk) as url:
        phone = Phone(url)
        async with running(phone):
            await phone.until(phone.has(Registered))
            server.sockets[0].transport.abort()
            await phone.until(phone.has(Registered, 2))
            await server.sockets[1].close(1001, "back at six")
            await phone.until(phone.has(Registered, 3))
        reasons = [flow.reason for flow in phone.flows if not flow.connected]
        assert reasons == ["the connection was lost", "closed with 1001"]
        assert [flow.said for flow in phone.flows if not flow.connected] == ["", "back at six"]


async def test_tries_are_counted_until_a_flow_was_good_for_a_minute() -> None:
    tries: list[int] = []
    now = 0.0
    server = Server()

    def wait(count: int, rng: random.Random) -> float:
        tries.append(count)
        return 0.0

    async with serving(server.talk) as url:
        phone = Phone(url, wait=wait, clock=lambda: now)
        async with running(phone):
            for count, good in enumerate((0.0, 59.0, 60.0, 1.0), 1):
                await phone.until(phone.has(Registered, count))
                now += good
                server.sockets[-1].transport.abort()
            await phone.until(phone.has(Registered, 5))
    assert tries == [1, 2, 1, 2]


def test_the_back_off_is_that_of_the_design() -> None:
    rng = random.Random(1)
    for _ in range(200):
        assert 0.0 <= wait_before(1, rng) <= 1.0
        for failures in range(2, 40):
            assert 2.0 <= wait_before(failures, rng) <= min(30.0, 2.0 ** (failures - 1))
    assert max(wait_after(9, rng) for _ in range(200)) > 25.0
    assert min(wait_after(9, rng) for _ in range(200)) < 5.0


# ---------------------------------------------------------------- ping, timers, limits


async def test_a_new_network_is_dialled_at_once_and_registered_on() -> None:
    server = Server()
    waits: list[int] = []

    def wait(tries: int, rng: random.Random) -> float:
        waits.append(tries)
        return 3600.0  # only a hurry ends it within this test

    async with serving(server.talk) as url:
        phone = Phone(url, wait=wait)
        assert phone.connection.local_address == ""
        async with running(phone):
            await phone.until(phone.has(Registered))
            assert phone.connection.local_address == "127.0.0.1"
            phone.connection.redial("the network is another")
            await phone.until(phone.has(Registered, 2))
            assert waits == [1]
            assert FlowState(False, "the network is another", retry_in=3600.0) in phone.flows


async def test_a_dial_that_hangs_is_begun_anew_when_the_network_changes() -> None:
    server, tried, registered = Server(), asyncio.Event(), asyncio.Event()
    hanging = True

    async def hang(socket: ServerConnection, request: HttpRequest) -> HttpResponse | None:
        if hanging:
            tried.set()
            await registered.wait()
        return None

    async with serving(server.talk, process_request=hang) as url:
        phone = Phone(url, open_timeout=LIMIT)
        async with running(phone):
            async with asyncio.timeout(LIMIT):
                await tried.wait()
            hanging = False
            phone.connection.redial("the network is another")
            await phone.until(phone.has(Registered))
            registered.set()


async def test_a_new_network_before_the_first_dial_changes_nothing() -> None:
    server = Server()
    async with serving(server.talk) as url:
        phone = Phone(url)
        phone.connection.redial("the network is another")
        async with running(phone):
            await phone.until(phone.has(Registered))


async def test_latency_is_measured_and_told() -> None:
    server = Server()
    async with serving(server.talk) as url:
        phone = Phone(url, ping_interval=0.01)
        assert phone.connection.latency is None
        async with running(phone):
            await phone.until(lambda: len([f for f in phone.flows if f.latency is not None]) > 2)
            assert phone.connection.latency is not None
            assert 0.0 < phone.connection.latency < LIMIT


async def test_a_ping_without_a_pong_drops_the_flow() -> None:
    async def deaf(socket: ServerConnection) -> None:
        socket.transport.pause_reading()
        await socket.wait_closed()

    async with serving(deaf, close_timeout=0.1) as url:
        phone = Phone(url, ping_timeout=0.05, wait=lambda tries, rng: 3600.0)
        async with running(phone):
            await phone.until(lambda: any(not flow.connected for flow in phone.flows))
        assert phone.flows[-1].reason == "no answer to a ping"


async def test_a_ping_that_cannot_even_be_written_drops_the_flow() -> None:
    async def talk(socket: ServerConnection) -> None:
        await socket.recv()
        socket.transport.pause_reading()
        await socket.wait_closed()

    async with serving(talk, close_timeout=0.1) as url:
        settings = config(register=False)
        phone = Phone(url, settings=settings, ping_interval=0.5, wait=lambda tries, rng: 3600.0)
        phone.connection._ping_timeout = 0.5
        async with running(phone):
            await phone.until(lambda: [flow for flow in phone.flows if flow.latency is not None])
            for number in range(256):
                target = f"{PBX[:4]}{number}-{PBX[4:]}"
                phone.agent.send_message(target, b"x" * 60000, XML, time.monotonic())
            phone.connection.flush()
            await phone.until(lambda: any(not flow.connected for flow in phone.flows))
        assert phone.flows[-1].reason == "no answer to a ping"


async def test_a_flow_that_the_agent_gives_up_is_dropped() -> None:
    server = Server()
    server.headers = (("Expires", "600"), ("Flow-Timer", "1"))
    now = time.monotonic()

    async with serving(server.talk) as url:
        phone = Phone(url, clock=lambda: now, wait=lambda tries, rng: 3600.0)
        async with running(phone):
            await phone.until(phone.has(Registered))
            server.sockets[0].transport.pause_reading()
            now += 2.0
            phone.connection.flush()
            phone.agent.handle_timeout(now)
            now += 30.0
            phone.agent.handle_timeout(now)
            phone.connection.flush()
            await phone.until(phone.has(FlowFailed))
            await phone.until(lambda: not phone.flows[-1].connected)
            server.sockets[0].transport.resume_reading()
        assert phone.flows[-1].reason == "the keep-alive was not answered"


async def test_the_one_timer_wakes_the_agent() -> None:
    server = Server()
    server.headers = (("Expires", "1"),)
    async with serving(server.talk) as url:
        phone = Phone(url)
        async with running(phone):
            await phone.until(lambda: len(server.frames) >= 1 and phone.has(Registered)())
            await until(lambda: len(server.frames) >= 2, LIMIT)
        assert str(server.frames[1]).startswith("REGISTER ")


async def test_a_frame_over_64_kib_is_skipped_and_the_flow_stays() -> None:
    async def talk(socket: ServerConnection) -> None:
        await socket.send("x" * (64 * 1024 + 1))
        await socket.send("x" * (1024 * 1024))
        await socket.send("OPTIONS nobody SIP/2.0\r\n\r\n")
        await socket.wait_closed()

    async with serving(talk) as url:
        phone = Phone(url)
        async with running(phone):
            await phone.until(phone.has(Ignored, 3))
            assert all(flow.connected for flow in phone.flows)


async def test_a_frame_that_would_fill_the_memory_ends_the_flow() -> None:
    async def talk(socket: ServerConnection) -> None:
        try:
            await socket.send("x" * (16 * 1024 * 1024 + 1))
            await socket.wait_closed()
        except ConnectionClosed:
            return

    async with serving(talk) as url:
        phone = Phone(url, wait=lambda tries, rng: 3600.0)
        async with running(phone):
            await phone.until(lambda: any(not flow.connected for flow in phone.flows))


async def test_a_listener_may_command_and_flush_from_inside() -> None:
    server = Server()
    async with serving(server.talk) as url:
        phone = Phone(url)

        def hook(event: Event) -> None:
            if isinstance(event, Registered):
                phone.agent.send_message(PBX, b"<cc/>", XML, time.monotonic())
                phone.connection.flush()
                assert not phone.has(RequestOutcome)()

        phone.hook = hook
        async with running(phone):
            await phone.until(phone.has(RequestOutcome))
        assert len(server.frames) == 2


async def test_flush_tells_nothing_from_inside_and_everything_right_after() -> None:
    async with serving(Server().talk) as url:
        phone = Phone(url, settings=config(register=False))
        async with running(phone):
            await phone.until(lambda: phone.flows)
            phone.agent.unregister(time.monotonic())
            phone.connection.flush()
            phone.connection.flush()
            assert not phone.has(Unregistered)()
            await phone.until(phone.has(Unregistered))


async def test_a_listener_that_fails_ends_the_run_and_not_in_silence() -> None:
    server = Server()
    async with serving(server.talk) as url:
        phone = Phone(url)

        def hook(event: Event) -> None:
            raise RuntimeError("a bug of the listener")

        phone.hook = hook
        with pytest.raises(RuntimeError):
            async with asyncio.timeout(LIMIT):
                await phone.connection.run()
        phone.hook = lambda event: None
        await phone.connection.close()


async def test_close_sends_what_is_queued_and_leaves_nothing_armed() -> None:
    server = Server()
    async with serving(server.talk) as url:
        phone = Phone(url)
        async with running(phone) as task:
            await phone.until(phone.has(Registered))
            phone.agent.send_message(PBX, b"<last/>", XML, time.monotonic())
            await phone.connection.close()
            async with asyncio.timeout(LIMIT):
                await task
        assert str(server.frames[-1]).endswith("<last/>")
        assert phone.connection._timer is None
        await phone.connection.run()
        assert not phone.flows[-1].refused


async def test_close_gives_up_on_a_peer_that_does_not_read() -> None:
    async def deaf(socket: ServerConnection) -> None:
        socket.transport.pause_reading()
        await socket.wait_closed()

    async with serving(deaf, close_timeout=0.1) as url:
        phone = Phone(url, settings=config(register=False), close_timeout=0.1)
        async with running(phone):
            await phone.until(lambda: phone.flows)
            began = time.monotonic()
            for _ in range(64):
                phone.agent.send_message(PBX, b"x" * 60000, XML, time.monotonic())
            phone.connection.flush()
            await phone.connection.close()
            assert time.monotonic() - began < LIMIT


async def test_close_right_after_the_handshake_ends_the_run() -> None:
    server = Server()
    async with serving(server.talk) as url:
        phone = Phone(url)
        socket = await phone.connection._open()
        await phone.connection.close()
        assert await phone.connection._serve(socket) == ("", "", "")
    assert phone.flows == []


async def test_breaking_a_flow_that_is_gone_changes_nothing() -> None:
    phone = Phone("ws://127.0.0.1:1/")
    phone.connection._break("twice is once")
    assert phone.flows == []


# ---------------------------------------------------------------- addresses and TLS


@pytest.mark.parametrize(
    "url",
    [
        "ws://pbx.example.test/sip",
        "ws://192.0.2.1/",
        "ws://127.0.0.1.example.test/",
        "ws://",
        "wss://",
        "http://127.0.0.1/",
        "127.0.0.1",
    ],
)
def test_an_address_off_loopback_without_tls_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"wss://"):
        Phone(url)


@pytest.mark.parametrize("url", ["ws://localhost:1/", "ws://127.0.0.9/", "ws://[::1]:80/x"])
def test_loopback_may_go_without(url: str) -> None:
    assert Phone(url).connection._ssl is None


def test_tls_is_verified_by_default_and_never_otherwise() -> None:
    context = Phone("wss://pbx.example.test/").connection._ssl
    assert context is not None
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    lax = ssl.create_default_context()
    lax.check_hostname = False
    with pytest.raises(ValueError, match="verification"):
        Phone("wss://pbx.example.test/", ssl=lax)
    lax.verify_mode = ssl.CERT_NONE
    with pytest.raises(ValueError, match="verification"):
        Phone("wss://pbx.example.test/", ssl=lax)


async def test_wss_works_with_a_known_certificate_and_not_with_a_stranger(tmp_path: Path) -> None:
    file, context = certificate(tmp_path)
    server = Server()
    async with serving(server.talk, ssl=context) as url:
        url = url.replace("ws://", "wss://")
        stranger = Phone(url, wait=lambda tries, rng: 3600.0)
        async with running(stranger):
            await stranger.until(lambda: stranger.flows)
        assert stranger.flows[0].reason.startswith("the certificate was refused")
        known = Phone(
            url,
            ssl=ssl.create_default_context(cafile=str(file)),
            settings=config(transport="wss"),
        )
        async with running(known):
            await known.until(known.has(Registered))
        assert "Via: SIP/2.0/WSS " in str(server.frames[-1])


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_server_behind_a_proxy_is_dialled_and_the_cookies_of_its_host_are_said(
    tmp_path: Path, scheme: str
) -> None:
    file, context = certificate(tmp_path, names=["pbx.test.invalid"])
    server = Server()
    said: list[str | None] = []

    async def look(socket: ServerConnection, request: HttpRequest) -> HttpResponse | None:
        said.append(request.headers.get("Cookie"))
        return None

    kept = ""
    async with AsyncExitStack() as held:
        url = await held.enter_async_context(
            serving(server.talk, ssl=context, process_request=look)
        )
        port = int(url.rpartition(":")[2].partition("/")[0])
        tls = context if scheme == "https" else None
        box = await held.enter_async_context(proxy_before(port, tls))
        phone = Phone(
            "wss://pbx.test.invalid/sip",
            ssl=ssl.create_default_context(cafile=str(file)),
            settings=config(transport="wss"),
            proxy=lambda url: f"{scheme}://li:h@{box.address}",
            cookies=lambda: kept,
        )
        async with running(phone):
            await phone.until(phone.has(Registered))
            for count, given in ((2, "node=a7"), (3, "node=b8")):
                kept = given
                phone.connection.redial("dialled anew, with what is kept by then")
                await phone.until(phone.has(Registered, count))
        await phone.until(lambda: box.idle)
        assert box.asked[0].startswith("CONNECT pbx.test.invalid:443 HTTP/1.1\r\n")
    assert list(dict.fromkeys(said)) == [None, "node=a7", "node=b8"]


async def test_an_address_that_does_not_answer_keeps_nobody_from_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, context = certificate(tmp_path, names=["pbx.test.invalid"])
    server = Server()
    with ExitStack() as held:
        silent = held.enter_context(socket.socket())
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        for _ in range(4):  # whoever comes behind these is not answered
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(silent.getsockname())
        async with serving(server.talk, ssl=context) as url:
            here = ("127.0.0.1", int(url.rpartition(":")[2].partition("/")[0]))

            async def both(*_: object, **__: object) -> list[Any]:
                kind = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
                return [(*kind, address) for address in (silent.getsockname(), here)]

            monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", both)
            phone = Phone(
                "wss://pbx.test.invalid/sip",
                ssl=ssl.create_default_context(cafile=str(file)),
                settings=config(transport="wss"),
                proxy=lambda url: None,
                open_timeout=5.0,
            )
            async with running(phone):
                await phone.until(phone.has(Registered))
            assert phone.flows[0] == FlowState(True)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 407 Sign in\r\n\r\n", "it answered 407 (it wants a name and a password)"),
        (b"HTTP/1.1 503 Full\r\n\r\n", "it answered 503"),
        (b"SSH-2.0-x\r\n\r\n", "it gave no answer of a proxy"),
    ],
)
async def test_a_proxy_that_lets_nobody_through_is_named_and_why(answer: bytes, why: str) -> None:
    async with proxy_before(9) as box:
        box.answer = answer
        phone = Phone(
            "wss://pbx.test.invalid/", proxy=lambda url: f"http://li:secret@{box.address}"
        )
        async with running(phone):
            await phone.until(lambda: phone.flows)
        assert (phone.flows[0].why, phone.flows[0].reason) == (
            "proxy",
            f"the proxy {box.address}: {why}",
        )
        assert not phone.refused(), "a proxy has its bad days as servers have"


@pytest.mark.parametrize(
    ("proxy", "said"),
    [
        ("http://li:secret@127.0.0.1:9", "the proxy 127.0.0.1:9: Connect call failed"),
        ("http://nobody.invalid:3128", "the proxy nobody.invalid:3128: "),
        ("socks5h://127.0.0.1:9", "the proxy 127.0.0.1:9: SOCKS proxies are not used"),
        ("http://li:secret@127.0.0.1:9/path", "the proxy 127.0.0.1:9: its address cannot be used"),
    ],
)
async def test_a_proxy_that_is_not_there_is_not_taken_for_the_server(proxy: str, said: str) -> None:
    phone = Phone("wss://pbx.test.invalid/", proxy=lambda url: proxy)
    async with running(phone) as task:
        await phone.until(lambda: len(phone.flows) > 1)
        assert not task.done()
    assert phone.flows[0].why == "proxy"
    assert phone.flows[0].reason.startswith(said), phone.flows[0].reason


async def test_no_frame_reaches_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server = Server()
    async with serving(server.talk, logger=logging.Logger("apart")) as url:
        phone = Phone(url)
        async with running(phone):
            await phone.until(phone.has(Registered))
    assert "REGISTER" not in caplog.text
