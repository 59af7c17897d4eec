"""A PBX of our own for tests of lines: a WebSocket on loopback that registers whoever comes, and
far phones behind it whose sound is plain aiortc. What it does with a call, a test says."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.media.conftest import Plain
from tui import sip
from tui.secrets import Secret

DOMAIN = "pbx.invalid"
AGENT = f"sip:1001@{DOMAIN}"


@dataclass(eq=False)
class Far:
    """A far phone in one call: `handle` is the switch's own, `peer` its sound."""

    handle: str
    peer: Plain
    hz: int
    """What it says."""
    invite: sip.InviteReceived | None = None
    up: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    status: int = 0
    """What the agent refused with."""
    reoffers: list[str] = field(default_factory=list)
    """The directions that the agent's re-INVITEs asked for."""
    infos: list[bytes] = field(default_factory=list)
    referred: list[sip.ReferReceived] = field(default_factory=list)
    told: list[sip.TransferProgress] = field(default_factory=list)
    hold: str = ""
    """How it answers a re-INVITE, in place of what fits."""
    refuse_reoffer: int = 0


def direction_of(sdp: bytes) -> str:
    for line in sdp.decode().splitlines():
        if line[2:] in ("sendrecv", "sendonly", "recvonly", "inactive"):
            return line[2:]
    return "sendrecv"


class Switch:
    """One agent's PBX. `dialled` takes the INVITEs of the agent: a Far and the event."""

    def __init__(self) -> None:
        self.url = ""
        self.registered = asyncio.Event()
        self.refuse_registration = 0
        self.calls: dict[str, Far] = {}
        self.dialled: Callable[[Far], None] = lambda far: None
        self.unheard: list[sip.Event] = []
        self.reasons: dict[bytes, str] = {}
        """By method, the Reason header that its requests carry."""
        self.published: list[sip.Request] = []
        """The PUBLISHes for whoever collects behind it."""
        self.refuse_publish = 0
        self.socket: ServerConnection | None = None
        self._hz = iter(range(900, 3000, 200))
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.agent = self._new_agent()

    def _new_agent(self) -> sip.UserAgent:
        config = sip.AgentConfig(
            aor=f"sip:pbx@{DOMAIN}",
            username="",
            password=Secret(),
            registrar=f"sip:{DOMAIN}",
            instance_id="urn:uuid:00000000-0000-4000-8000-000000000002",
            register=False,
            outbound=False,
            registrar_role=True,
            transfers=True,
            message_types=(),
            session_expires=0,
        )
        return sip.UserAgent(config, rng=random.Random(3), via_host="switch.invalid")

    # ------------------------------------------------------------ the wire

    async def _talk(self, socket: ServerConnection) -> None:
        self.socket = socket
        self.agent.connection_made(self._now())
        try:
            async for frame in socket:
                self.agent.receive_data(frame, self._now())
                self.flush()
        except ConnectionClosed:
            pass
        finally:
            self.agent.connection_lost(self._now())
            self.registered.clear()
            self.flush()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def flush(self) -> None:
        for event in self.agent.events():
            self._take(event)
        out = [self._with_reason(data) for data in self.agent.data_to_send()]
        if out and self.socket is not None:
            self._spawn(self._send(self.socket, out))
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self.agent.next_deadline()
        if deadline is not None:
            self._timer = asyncio.get_running_loop().call_at(deadline, self._wake)

    def _with_reason(self, data: bytes) -> bytes:
        reason = self.reasons.get(data.partition(b" ")[0])
        return (
            data
            if reason is None
            else data.replace(b"\r\n", f"\r\nReason: {reason}\r\n".encode(), 1)
        )

    async def _send(self, socket: ServerConnection, out: list[bytes]) -> None:
        try:
            for data in out:
                await socket.send(data.decode(), text=True)
        except ConnectionClosed:
            pass

    def _wake(self) -> None:
        self._timer = None
        self.agent.handle_timeout(self._now())
        self.flush()

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # ------------------------------------------------------------ what comes

    def _take(self, event: sip.Event) -> None:
        far = self.calls.get(getattr(event, "call", ""))
        match event:
            case sip.RequestReceived(id=identity, request=request) if request.method == "PUBLISH":
                self.published.append(request)
                self.agent.respond(identity, self.refuse_publish or 200, self._now())
            case sip.RequestReceived(id=identity, request=request):
                status = self.refuse_registration or 200
                lines = [("Expires", "600")] if request.method == "REGISTER" else []
                self.agent.respond(identity, status, self._now(), headers=lines)
                if status == 200:
                    self.registered.set()
            case sip.InviteReceived():
                far = self._far(event.call)
                far.invite = event
                self.dialled(far)
            case sip.InviteAnswered(sdp=sdp) if far is not None:
                assert sdp is not None
                self._spawn(self._accepted(far, sdp))
            case sip.InviteRefused(status=status) if far is not None:
                far.status = status
                far.over.set()
            case sip.CallEnded() | sip.InviteCancelled() if far is not None:
                far.over.set()
            case sip.ReinviteReceived(sdp=sdp) if far is not None:
                assert sdp is not None
                far.reoffers.append(direction_of(sdp))
                self._spawn(self._reoffered(far, sdp))
            case sip.InfoReceived(body=body) if far is not None:
                far.infos.append(body)
            case sip.ReferReceived() if far is not None:
                far.referred.append(event)
            case sip.TransferProgress() if far is not None:
                far.told.append(event)
            case _:
                self.unheard.append(event)

    def _far(self, handle: str) -> Far:
        hz = next(self._hz)
        far = self.calls[handle] = Far(handle, Plain(hz), hz)
        return far

    async def _accepted(self, far: Far, sdp: bytes) -> None:
        await far.peer.accept(sdp.decode())
        far.up.set()

    async def _reoffered(self, far: Far, sdp: bytes) -> None:
        if far.refuse_reoffer:
            self.agent.reject_reinvite(far.handle, far.refuse_reoffer, self._now())
        else:
            answer = await far.peer.answer(sdp.decode())
            self.agent.accept_reinvite(far.handle, answer.encode(), self._now())
        self.flush()

    # ------------------------------------------------------------ what far phones do

    def command(self, name: str, far: Far, *args: Any, **named: Any) -> None:
        """A command of the switch's user agent about that call, at this moment."""
        getattr(self.agent, name)(far.handle, *args, self._now(), **named)
        self.flush()

    async def ring(self, headers: Sequence[tuple[str, str]] = (), target: str = AGENT) -> Far:
        """A far phone calls the agent."""
        hz = next(self._hz)
        peer = Plain(hz)
        offer = await peer.offer()
        handle = self.agent.invite(target, offer.encode(), self._now(), headers)
        far = self.calls[handle] = Far(handle, peer, hz)
        self.flush()
        return far

    async def answer(self, far: Far) -> None:
        """A far phone takes the agent's call."""
        assert far.invite is not None
        assert far.invite.sdp is not None
        answer = await far.peer.answer(far.invite.sdp.decode())
        self.command("accept", far, answer.encode())
        far.up.set()

    async def early(self, far: Far) -> None:
        """183: sound before the answer."""
        assert far.invite is not None
        assert far.invite.sdp is not None
        answer = await far.peer.answer(far.invite.sdp.decode())
        self.agent.ring(far.handle, self._now(), answer.encode())
        self.flush()

    async def hold(self, far: Far, direction: str) -> None:
        """A far phone holds the agent (sendonly), or no longer (sendrecv)."""
        far.peer.direction = direction
        offer = await far.peer.offer()
        self.agent.reinvite(far.handle, offer.encode(), self._now())
        self.flush()

    async def cut(self) -> None:
        """The WebSocket breaks."""
        assert self.socket is not None
        self.socket.transport.abort()

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for far in self.calls.values():
            await far.peer.close()


@asynccontextmanager
async def switching() -> AsyncIterator[Switch]:
    """A switch that listens, and is closed."""
    switch = Switch()
    async with serve(switch._talk, "127.0.0.1", 0, subprotocols=["sip"]) as server:  # type: ignore[list-item]
        port = next(iter(server.sockets)).getsockname()[1]
        switch.url = f"ws://127.0.0.1:{port}/ws"
        try:
            yield switch
        finally:
            await switch.close()
