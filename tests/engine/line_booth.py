"""A booth for tests of calls at a PBX: the real parts of an engine on a user agent and media that
note what is asked of them. The clock only moves when told to."""

from __future__ import annotations

import asyncio
from random import Random
from types import SimpleNamespace
from typing import Any

from tests.engine.desk import Phone
from tests.waiting import until
from tui import sip
from tui.config.schema import AudioSettings, Config, DtmfSettings, Profile, WrapUpSettings
from tui.engine.call_control import carry_out
from tui.engine.context import EngineContext, Limits
from tui.engine.outcome import Outcome
from tui.engine.parts import Parts
from tui.engine.sip_calls.control import SipCalls
from tui.media.rtp.statistics import Statistics
from tui.media.sdp.direction import Direction
from tui.platform.base import Credentials
from tui.platform.pbx.platform import Plain, PlainSettings
from tui.port import commands as c
from tui.port.commands import Command, Result
from tui.port.events import AccountChanged, ConnectionChanged, Event, PhaseChanged, SeatChanged
from tui.port.machines.call_machine import CallState
from tui.port.machines.seat_machine import Status
from tui.port.snapshot import Call, SeatStatus, Snapshot
from tui.port.values import Account, Connection, ConnectionState, Phase, Question
from tui.secrets import Secret

DOMAIN = "pbx.example"
SDP = b"v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=sendrecv\r\n"
PATIENCE = 10.0


class Media:
    """A leg that believes everything, unless it is told to refuse."""

    def __init__(self) -> None:
        self.direction: Direction | None = None
        self.held = self.muted = self.closed = False
        self.decrypted = True
        self.reason = ""
        self.state = SimpleNamespace(value="connecting")
        self.accepted: list[str] = []
        self.followed: list[str] = []
        """The descriptions of other phones that answer the same offer."""
        self.refuses = False
        self.one_peer = False
        """Whoever answers after the first is another peer, and is refused."""
        self.error: Exception | None = None
        """What keeps it from taking any description."""
        self.can_send_digits = True
        self.awaits_digits = self.settling = False
        self.digits: list[str] = []
        self.last_packet_age: float | None = None
        self.silence_in: float | None = 0.0
        self.looked = 0
        """How often somebody asked for the figures."""
        self._wanted = Direction.SENDRECV

    def _check(self) -> None:
        if self.error is not None:
            raise self.error
        if self.refuses:
            raise ValueError("another peer")

    async def offer(self) -> str:
        return "offer"

    async def answer(self, offer: str) -> str:
        self._check()
        theirs = next((each for each in Direction if f"a={each}" in offer), Direction.SENDRECV)
        self.direction = theirs.reversed
        return "answer"

    async def accept(self, answer: str) -> None:
        self._check()
        if self.one_peer and self.accepted:
            raise ValueError("another peer")
        self.accepted.append(answer)
        self.direction = Direction.SENDRECV

    async def follow(self, answer: str) -> None:
        self._check()
        self.followed.append(answer)

    async def reoffer(self, direction: Direction) -> str:
        self._wanted = direction
        return direction

    async def apply(self, answer: str) -> None:
        self.direction = self._wanted

    def hold(self, on: bool) -> None:
        self.held = on

    def mute(self, on: bool) -> None:
        self.muted = on

    def send_digit(self, digit: str, duration: float) -> None:
        self.digits.append(digit)

    def levels(self) -> tuple[float, float]:
        return 0.0, 0.0

    def statistics(self) -> Statistics:
        self.looked += 1
        return Statistics(last_packet_age=self.last_packet_age, silence_in=self.silence_in)

    async def close(self) -> None:
        self.closed = True


class Line(Phone):
    """The signalling of one test. Nobody is told of a status."""

    async def send(self, message: object) -> Outcome:
        raise AssertionError("a PBX was sent a control message")


class Booth:
    """The calls of one agent. `media` is what was made, in order."""

    credentials = Credentials(f"1001@{DOMAIN}", Secret("x"), "", backend="wss://x.invalid")

    def __init__(
        self, profile: Profile | None = None, *, platform: Plain | None = None, **settings: Any
    ) -> None:
        self.now = 100.0
        self.context = EngineContext(clock=lambda: self.now, rng=Random(1), limits=Limits())
        self.heard: list[Event] = []
        publish = self.context.events.publish

        def heard(event: Event) -> None:
            self.heard.append(event)
            publish(event)

        self.context.events.publish = heard  # type: ignore[method-assign]
        self.phone = Line()
        config = Config(
            audio=AudioSettings(input="none", output="none", ring=False),
            dtmf=DtmfSettings(tone=1, gap=1, pause=1),
            wrapup=WrapUpSettings(seconds=0),
            **settings,
        )
        self.parts = Parts(
            self.context,
            config,
            self.phone,
            self.phone.send,
            lambda: None,
            idle_refused=lambda: None,
            kicked=lambda report: None,
        )
        self.calls, self.legs = self.parts.calls, self.parts.legs
        self.media: list[Media] = []
        self.gate: asyncio.Event | None = None
        self.legs.devices.loaded = self._loaded  # type: ignore[method-assign]
        self.legs.devices.sound = SimpleNamespace(source=self, sink=self)  # type: ignore[assignment]
        self.legs.make_media = self._make_media  # type: ignore[method-assign, assignment]
        address = f"1001@{DOMAIN}"
        control = self.parts.make_control(
            platform or Plain(PlainSettings()),
            address,
            profile or Profile(kind="sip", mailbox="none"),
        )
        assert isinstance(control, SipCalls)
        self.control = control
        self.parts.control.put(control)
        account = Account(address, "", "wss://x.invalid", kind="sip", can=control.capabilities)
        self.context.emit(AccountChanged(account))
        self.context.emit(PhaseChanged(Phase.SIGNED_IN))
        self.context.emit(ConnectionChanged(Connection(ConnectionState.OK)))
        self.context.emit(SeatChanged(SeatStatus(Status.ONLINE)))

    async def _loaded(self) -> None:
        if self.gate is not None:
            await self.gate.wait()

    async def _make_media(self, leg: Any) -> Media:
        self.media.append(Media())
        return self.media[-1]

    def read(self, samples: int) -> bytes:
        return bytes(2 * samples)

    def write(self, pcm: bytes) -> None:
        pass

    # ------------------------------------------------------------ for tests

    @property
    def snapshot(self) -> Snapshot:
        return self.context.snapshot

    @property
    def did(self) -> list[tuple[Any, ...]]:
        return self.phone.did

    def asked(self, method: str) -> list[tuple[Any, ...]]:
        return [what[1:] for what in self.did if what[0] == method]

    async def do(self, command: Command) -> Result:
        result = await carry_out(self.control, command)
        assert result is not None
        await self.settle()
        return result

    @property
    def last_outcome(self) -> str:
        """Why the call that ended last did, by the sentence's id."""
        last = self.snapshot.recent[0]
        assert last.outcome is not None
        return last.outcome.id

    async def settle(self) -> None:
        """Let what was begun come to its next wait."""
        for _ in range(25):
            await asyncio.sleep(0)

    async def until(self, what: Any) -> None:
        await until(what, PATIENCE)

    async def says(self, *events: sip.Event) -> None:
        for event in events:
            self.control.sip_event(event)
        await self.settle()

    async def dial(self, text: str = "1002") -> str:
        """A call of ours that was sent; its handle."""
        assert (await self.do(c.Dial(text))).ok
        return f"out{len(self.asked('invite'))}"

    async def up(self, text: str = "1002") -> str:
        """A call of ours that was answered; its handle."""
        handle = await self.dial(text)
        await self.says(sip.InviteAnswered(handle, SDP))
        return handle

    async def rings(self, handle: str, **more: Any) -> Call:
        """A call for us."""
        before = {call.key for call in self.snapshot.calls}
        await self.says(invite(handle, **more))
        new = [call for call in self.snapshot.calls if call.key not in before]
        return new[-1] if new else self.snapshot.calls[-1]

    def by_number(self, number: str) -> Call:
        return next(call for call in self.snapshot.calls if call.number == number)

    def state(self, number: str) -> CallState:
        return self.by_number(number).state

    def question(self) -> Question:
        assert self.snapshot.question is not None
        return self.snapshot.question

    async def close(self) -> None:
        await self.parts.end_session()
        for leg in list(self.legs._legs.values()):
            self.legs.discard(leg)
        while self.legs._closing:
            await asyncio.wait(set(self.legs._closing))
        await self.context.close()


def invite(
    handle: str,
    from_: str = f'"Zhao Lei" <sip:1008@{DOMAIN}>',
    asserted: str = "",
    sdp: bytes | None = SDP,
    replaces: str | None = None,
    headers: tuple[tuple[str, str], ...] = (),
    of_registrar: bool = False,
) -> sip.InviteReceived:
    lines = sip.Headers()
    for name, value in headers:
        lines.add(name, value)
    return sip.InviteReceived(
        handle,
        sip.parse_name_addr(from_),
        sip.parse_name_addr(asserted) if asserted else None,
        sdp,
        lines,
        f"sip:1001@{DOMAIN}",
        replaces,
        of_registrar,
    )
