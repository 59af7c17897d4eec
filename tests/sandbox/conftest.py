"""A sandbox on loopback, and a console of the tests' own: a real user agent over a real WebSocket,
a real aiortc leg, and nothing of the engine."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable
from fractions import Fraction
from typing import Any

import aiohttp
import pytest
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame

from tests.waiting import LIMIT, until
from tui.platform import control
from tui.platform import messages as m
from tui.platform.gen2.signature import password_key, sign
from tui.sandbox.audio.recorder import goertzel
from tui.sandbox.audio.voices import voice
from tui.sandbox.options import SandboxOptions
from tui.sandbox.pbx.timers import Times
from tui.sandbox.server import Sandbox
from tui.secrets import Secret
from tui.sip import AgentConfig, UserAgent
from tui.sip import events as sip


class Tone(MediaStreamTrack):
    """What the agent says: a tone, in step with the clock."""

    kind = "audio"

    def __init__(self, hz: int) -> None:
        super().__init__()
        self._voice = voice(f"tone:{hz}")
        self._at = 0
        self._start = time.monotonic()

    def delay(self, seconds: float) -> None:
        """All that follows is said so much later."""
        self._start += seconds

    async def recv(self) -> AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        await asyncio.sleep(max(0.0, self._start + self._at * 0.02 - time.monotonic()))
        frame = AudioFrame(format="s16", layout="mono", samples=960)
        frame.planes[0].update(self._voice())
        frame.sample_rate, frame.time_base = 48_000, Fraction(1, 48_000)
        frame.pts = self._at * 960
        self._at += 1
        return frame


class AgentLeg:
    """The agent's end of the audio: plays a tone, keeps what it hears at 16 kHz."""

    def __init__(self, hz: int) -> None:
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.heard: array[int] = array("h")
        self.tone = Tone(hz)
        self._task: asyncio.Task[None] | None = None
        self.pc.on("track", self._listen)

    def _listen(self, track: MediaStreamTrack) -> None:
        self._task = asyncio.get_running_loop().create_task(self._take(track))

    async def _take(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            assert isinstance(frame, AudioFrame)
            self.heard.extend(array("h", bytes(frame.planes[0])[: 4 * frame.samples])[::6])

    async def answer(self, offer: bytes) -> bytes:
        await self.pc.setRemoteDescription(RTCSessionDescription(offer.decode(), "offer"))
        self.pc.addTrack(self.tone)
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        return self.pc.localDescription.sdp.encode()

    async def offer(self) -> bytes:
        self.pc.addTrack(self.tone)
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return self.pc.localDescription.sdp.encode()

    async def accept(self, answer: bytes) -> None:
        await self.pc.setRemoteDescription(RTCSessionDescription(answer.decode(), "answer"))

    def share(self, hz: float) -> float:
        """The share of the last 200 ms' energy that lies at a frequency."""
        last = self.heard[-3200:]
        return goertzel(last, hz) if len(last) == 3200 else 0.0

    async def close(self) -> None:
        await self.pc.close()
        if self._task is not None:
            self._task.cancel()


class Console:
    """An agent's console. `told` holds every control message in order; `legs` the audio legs by
    SIP call; `calls` the ccNumber that an INFO tied to each."""

    def __init__(
        self, sandbox: Sandbox, un: str, *, hz: int, instance: str = "", expires: int = 600
    ) -> None:
        self.ready = sandbox.ready
        self.un = un
        self.seed = sandbox.fixtures.agents[un]
        self.fixtures = sandbox.fixtures
        self.told: list[Any] = []
        self.sip: list[sip.Event] = []
        self.legs: dict[str, AgentLeg] = {}
        self.calls: dict[str, str] = {}
        self.token = ""
        self.answer_legs = True
        self.asleep = False
        self.http = aiohttp.ClientSession(self.ready["http"])
        self._hz = hz
        self.new_leg = AgentLeg
        self._ws: aiohttp.ClientWebSocketResponse | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._answering: set[asyncio.Task[None]] = set()
        self.ua = UserAgent(
            AgentConfig(
                aor=f"sip:{self.seed.sip_user}@{self.fixtures.domain}",
                username=self.seed.sip_user,
                password=Secret(self.seed.pwd),
                registrar=f"sip:{self.fixtures.domain}",
                instance_id=instance or f"urn:uuid:00000000-0000-4000-8000-{un:0>12}",
                trusted=(self.fixtures.pbx,),
                expires=expires,
            ),
            rng=random.Random(),
        )

    # ---------------------------------------------------------- web

    async def web_sign_in(self, **changes: Any) -> dict[str, Any]:
        """The whole answer of the sign-in."""
        body = {"switchnumber": self.fixtures.switchnumber, "callintype": 2, "number": ""}
        pwd = changes.pop("pwd", self.seed.pwd)
        nonce = changes.pop("nonce", secrets.token_hex(16))
        body |= changes
        headers = sign(
            password_key(Secret(pwd)), source="test", nonce=nonce, username=self.un, body=body
        )
        async with self.http.post("/user/token", json=body, headers=headers) as answer:
            given: dict[str, Any] = await answer.json()
        if given["status"] == 200 and isinstance(given["data"].get("token"), str):
            self.token = given["data"]["token"]
        return given

    async def web(self, method: str, path: str, **kwargs: Any) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.http.request(method, path, headers=headers, **kwargs) as answer:
            return answer.status, await answer.json()

    async def control(self, method: str, path: str, **kwargs: Any) -> Any:
        async with self.http.request(method, f"/control{path}", **kwargs) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    # ---------------------------------------------------------- SIP

    async def connect(self) -> None:
        self._ws = await self.http.ws_connect("/sip", protocols=("sip",), autoping=True)
        assert self._ws.protocol == "sip"
        self._spawn(self._read(self._ws))
        self._spawn(self._tick())
        self.ua.connection_made(time.monotonic())
        self.flush()

    async def sign_in(self, gid: str = "1000000001") -> None:
        """Web, check-in, registration, the three messages, and the platform's online."""
        await self.web_sign_in()
        await self.web("POST", "/seat/check-in", json={"gid": gid, "callintype": 2, "number": ""})
        await self.connect()
        await self.until(lambda: any(isinstance(e, sip.Registered) for e in self.sip))
        for message in (m.SetStatus(1), m.SetSeatMode(True), m.JoinGroup(gid, self.fixtures.eid)):
            self.say(message)
        await self.until(lambda: m.StatusChanged(1) in self.told)

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        async for message in ws:
            self.ua.receive_data(message.data, time.monotonic())
            self.flush()
        if ws is self._ws:
            self.ua.connection_lost(time.monotonic())
            self.flush()

    async def _tick(self) -> None:
        while True:
            deadline = self.ua.next_deadline()
            if deadline is not None and deadline <= time.monotonic() and not self.asleep:
                self.ua.handle_timeout(time.monotonic())
                self.flush()
            await asyncio.sleep(0.05)

    def flush(self) -> None:
        for event in self.ua.events():
            self.sip.append(event)
            self._handle(event)
        for frame in self.ua.data_to_send():
            if self._ws is not None and not self._ws.closed:
                self._spawn(self._ws.send_str(frame.decode()))

    def _handle(self, event: sip.Event) -> None:
        match event:
            case sip.MessageReceived(_, _, _, body, _):
                self.told.append(control.decode(body))
            case sip.InviteReceived(call, _, _, sdp) if self.answer_legs:
                task = asyncio.get_running_loop().create_task(self._answer_leg(call, sdp or b""))
                self._answering.add(task)
            case sip.InviteReceived(call):
                self.ua.reject(call, 486, time.monotonic())
            case sip.InfoReceived(call, _, body):
                self.calls[call] = control.leg_of(body) or ""
            case sip.ReinviteAccepted() | sip.CallEnded() | _:
                pass

    async def _answer_leg(self, call: str, offer: bytes) -> None:
        leg = self.legs[call] = AgentLeg(self._hz)
        self.ua.accept(call, await leg.answer(offer), time.monotonic())
        self.flush()

    def say(self, message: m.AgentMessage) -> str:
        id = self.ua.send_message(
            self.fixtures.pbx, control.encode(message), control.CONTENT_TYPE, time.monotonic()
        )
        self.flush()
        return id

    # ---------------------------------------------------------- waiting

    async def until(self, fact: Callable[[], object], seconds: float = LIMIT) -> None:
        """Wait until something holds."""
        await until(fact, seconds)

    async def until_told(self, kind: type, seconds: float = LIMIT) -> Any:
        """The newest message of a kind, once there is one."""
        await self.until(lambda: any(isinstance(each, kind) for each in self.told), seconds)
        return [each for each in self.told if isinstance(each, kind)][-1]

    async def heard(self, ms: int, *hz: int) -> dict[str, Any]:
        """What the customer of the newest call heard."""
        listed = ",".join(str(each) for each in hz)
        heard: dict[str, Any] = await self.control("GET", f"/calls/last/heard?ms={ms}&hz={listed}")
        return heard

    async def until_customer_hears(self, hz: int, seconds: float = LIMIT) -> None:
        async def so() -> bool:
            async with self.http.get(f"/control/calls/last/heard?ms=200&hz={hz}") as answer:
                return answer.status == 200 and (await answer.json())["tones"][str(hz)] > 0.8

        await until(so, seconds, what=f"the customer hears {hz} Hz", interval=0.02)

    async def drop(self) -> None:
        """Lose the WebSocket."""
        ws, self._ws = self._ws, None
        if ws is not None:
            await ws.close()
        self.ua.connection_lost(time.monotonic())
        self.flush()

    async def close(self) -> None:
        # To its end: aioice forgets the sockets that it opens when it is closed half-way.
        await asyncio.gather(*self._answering, return_exceptions=True)
        for leg in self.legs.values():
            await leg.close()
        if self._ws is not None:
            await self._ws.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.http.close()


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    box = Sandbox(SandboxOptions(auto_call=None), times=Times(online=0.05))
    await box.start()
    yield box
    await box.close()


@pytest.fixture
async def console(sandbox: Sandbox) -> AsyncIterator[Callable[..., Awaitable[Console]]]:
    """Makes consoles: `await console("1001", hz=880)` signs one in; `sign_in=False` does not."""
    made: list[Console] = []

    async def make(
        un: str = "1001", *, hz: int = 880, sign_in: bool = True, **more: Any
    ) -> Console:
        one = Console(sandbox, un, hz=hz, **more)
        made.append(one)
        if sign_in:
            await one.sign_in()
        return one

    yield make
    for one in made:
        await one.close()
