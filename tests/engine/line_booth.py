"""A booth for tests of lines: the real lines, handovers and events on a user agent and media that
note what is asked of them. The clock only moves when told to."""

from __future__ import annotations

import asyncio
from random import Random
from types import SimpleNamespace
from typing import Any

from tui import sip
from tui.config import AudioSettings, Profile
from tui.engine import commands as c
from tui.engine.calls import Calls, Outcome
from tui.engine.commands import Command, Result
from tui.engine.core import Core, Limits
from tui.engine.digits import Digits, Pace
from tui.engine.events import AccountChanged, Event, LineChanged, PhaseChanged, SeatChanged
from tui.engine.legs import Legs
from tui.engine.linedesk import LineDesk
from tui.engine.offers import Offers
from tui.engine.seat import SeatDesk
from tui.engine.state import (
    Account,
    Call,
    CallState,
    Line,
    LineState,
    Phase,
    Question,
    SeatStatus,
    Snapshot,
    Status,
)
from tui.engine.workday import Workday
from tui.engine.wrapup import WrapUpDesk

DOMAIN = "pbx.example"
SDP = b"v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=sendrecv\r\n"
PATIENCE = 10.0


class Agent:
    """Of the user agent what lines use: `did` is what was asked, as (method, handle, more…)."""

    def __init__(self) -> None:
        self.did: list[tuple[Any, ...]] = []
        self.out_of_place: set[str] = set()
        """Methods that refuse now, as out of place."""
        self._count = 0

    def invite(self, target: str, sdp: bytes, now: float, headers: Any = ()) -> str:
        self._note("invite", target, *headers)
        self._count += 1
        return f"out{self._count}"

    def _note(self, *what: Any) -> None:
        if what[0] in self.out_of_place:
            raise sip.LocalProtocolError("out of place")
        self.did.append(what)

    def refer(self, call: str, target: str, now: float, *, replaces: str = "") -> None:
        self._note("refer", call, target, replaces)

    def reinvite(self, call: str, sdp: bytes, now: float) -> None:
        self._note("reinvite", call, sdp.decode())

    def accept(self, call: str, sdp: bytes, now: float) -> None:
        self._note("accept", call)

    def __getattr__(self, name: str) -> Any:
        def command(call: str, *more: Any) -> None:
            self._note(name, call, *(value for value in more if value not in (NOW,)))

        return command


NOW = 1000.125


class Phone:
    """The signalling of one test."""

    def __init__(self) -> None:
        self.agent: Any = Agent()
        self.infos: list[bytes] = []

    def now(self) -> float:
        return NOW

    def flush(self) -> None:
        pass

    async def info(self, handle: str, content_type: str, body: bytes) -> bool:
        self.infos.append(body)
        return True


class Media:
    """A leg that believes everything, unless it is told to refuse."""

    def __init__(self) -> None:
        self.direction = ""
        self.held = self.muted = self.closed = False
        self.state = SimpleNamespace(value="connecting")
        self.accepted: list[str] = []
        self.refuses = False
        self.can_send_digits = True
        self.digits: list[str] = []
        self._wanted = "sendrecv"

    def _check(self) -> None:
        if self.refuses:
            raise ValueError("another peer")

    async def offer(self) -> str:
        return "offer"

    async def answer(self, offer: str) -> str:
        self._check()
        theirs = next((d for d in _MIRROR if f"a={d}" in offer), "sendrecv")
        self.direction = _MIRROR.get(theirs, theirs)
        return "answer"

    async def accept(self, answer: str) -> None:
        self._check()
        self.accepted.append(answer)
        self.direction = "sendrecv"

    async def reoffer(self, direction: str) -> str:
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

    async def close(self) -> None:
        self.closed = True


_MIRROR = {"sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}


class Booth:
    """The lines of one agent. `media` is what was made, in order."""

    def __init__(self, profile: Profile | None = None) -> None:
        self.now = 100.0
        self.core = Core(clock=lambda: self.now, rng=Random(1), limits=Limits())
        self.heard: list[Event] = []
        publish = self.core.events.publish
        self.core.events.publish = lambda event: (self.heard.append(event), publish(event))[1]  # type: ignore[method-assign]
        self.legs = Legs(self.core, AudioSettings(input="none", output="none", ring=False))
        self.calls = Calls(self.core, self._send, self.legs)
        self.legs.calls = self.calls
        self.phone = Phone()
        self.legs.phone = self.phone
        self.media: list[Media] = []
        self.gate: asyncio.Event | None = None
        self.legs.sounds.loaded = self._loaded  # type: ignore[method-assign]
        self.legs.sounds.sound = SimpleNamespace(source=self, sink=self)  # type: ignore[assignment]
        self.legs.make_media = self._make_media  # type: ignore[method-assign, assignment]
        self.seat = SeatDesk(self.core, self._send)
        self.offers = Offers(self.calls, self.seat)
        self.digits = Digits(self.calls, self.legs.send_info)
        self.digits.pace = Pace(1, 1, 1)
        self.wrapup = WrapUpDesk(self.core, self.seat)
        self.wrapup.seconds = 0.0
        self.workday = Workday(self.calls, self.offers, self.wrapup)
        self.desk = LineDesk(self.calls, self.legs, self.offers, self.digits, self.workday)
        self.calls.on_change = self._changed
        self.calls.type_when_answered = self.digits.type_when_answered
        account = Account(f"1001@{DOMAIN}", "", "wss://x.invalid", kind="sip")
        self.core.emit(AccountChanged(account))
        self.core.emit(PhaseChanged(Phase.SIGNED_IN))
        self.core.emit(LineChanged(Line(LineState.OK)))
        self.core.emit(SeatChanged(SeatStatus(Status.ONLINE)))
        self.desk.begin(account, profile or Profile(kind="sip"))

    async def _send(self, message: object) -> Outcome:
        return Outcome(200, "OK")

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

    def _changed(self, before: Call | None, call: Call) -> None:
        self.desk.call_changed(before, call)
        self.workday.call_changed(before, call)
        self.digits.call_changed(call.key, call.state)

    # ------------------------------------------------------------ for tests

    @property
    def snapshot(self) -> Snapshot:
        return self.core.snapshot

    @property
    def did(self) -> list[tuple[Any, ...]]:
        did: list[tuple[Any, ...]] = self.phone.agent.did
        return did

    def asked(self, method: str) -> list[tuple[Any, ...]]:
        return [what[1:] for what in self.did if what[0] == method]

    async def do(self, command: Command) -> Result:
        result = await self.desk.execute(command)
        assert result is not None
        await self.settle()
        return result

    async def settle(self) -> None:
        """Let what was begun come to its next wait."""
        for _ in range(25):
            await asyncio.sleep(0)

    async def until(self, what: Any) -> None:
        async with asyncio.timeout(PATIENCE):
            while not what():
                await asyncio.sleep(0.005)

    async def says(self, *events: sip.Event) -> None:
        for event in events:
            self.desk.sip_event(event)
        await self.settle()

    async def dial(self, text: str = "1002") -> str:
        """A call of ours that was sent; its handle."""
        assert (await self.do(c.Dial(text))).ok
        return f"out{len(self.asked('invite'))}"

    async def up(self, text: str = "1002") -> str:
        """A call of ours that was answered; its handle."""
        handle = await self.dial(text)
        await self.says(sip.Answered(handle, SDP))
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
        await self.desk.end()
        for leg in list(self.legs._legs.values()):
            self.legs.discard(leg)
        while self.legs._closing:
            await asyncio.wait(set(self.legs._closing))
        await self.core.close()


def invite(
    handle: str,
    from_: str = f'"Zhao Lei" <sip:1008@{DOMAIN}>',
    asserted: str = "",
    sdp: bytes | None = SDP,
    replaces: str | None = None,
    headers: tuple[tuple[str, str], ...] = (),
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
    )
