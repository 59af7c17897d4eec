"""Our own SIP agent with one audio leg, as small as an engine can be."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any, TypeVar

from frequencies import Ear

from tui.media.leg import Leg
from tui.media.sources import ToneSource
from tui.secrets import Secret
from tui.sip import AgentConfig, UserAgent
from tui.sip.events import CallEnded, InviteReceived, ReinviteAccepted, ReinviteReceived
from tui.sip.websocket import SipConnection

E = TypeVar("E")


class OurAgent:
    """Registers, answers every INVITE with a leg that says ``hz``, and keeps what it heard."""

    def __init__(self, ws: str, domain: str, user: str, password: str, hz: float) -> None:
        self.ear = Ear()
        self.events: list[Any] = []
        self.leg = Leg(source=ToneSource(hz), sink=self.ear, loopback=True)
        self.call: str | None = None
        self.failures: list[BaseException] = []
        rng = random.Random(2)
        config = AgentConfig(
            aor=f"sip:{user}@{domain}",
            username=user,
            password=Secret(password),
            registrar=f"sip:{domain}",
            instance_id="urn:uuid:6f9a2c1e-3b57-4d8a-9e10-7c2b5a4d1f36",
        )
        self.agent = UserAgent(config, rng=rng)
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self.connection = SipConnection(
            self.agent, ws, rng=rng, on_event=self._on_event, on_flow=lambda state: None
        )
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Connect and register, in a task."""
        self._running = asyncio.create_task(self.connection.run())

    async def until(self, kind: type[E], timeout: float = 20.0) -> E:
        """The first event of that kind, past or to come."""

        def found() -> E | None:
            return next((one for one in self.events if isinstance(one, kind)), None)

        try:
            async with asyncio.timeout(timeout), self._changed:
                await self._changed.wait_for(lambda: found() or self.failures)
        except TimeoutError:
            raise AssertionError(
                f"no {kind.__name__} in {timeout} s; heard of: {self.events}"
            ) from None
        if self.failures:
            raise self.failures[0]
        event = found()
        assert event is not None
        return event

    def hang_up(self) -> None:
        """BYE."""
        assert self.call is not None
        self.agent.bye(self.call, self._now())
        self.connection.flush()

    async def change(self, direction: str) -> None:
        """A re-INVITE with that direction ("sendonly" is hold), and its 2xx applied."""
        assert self.call is not None
        self.events = [one for one in self.events if not isinstance(one, ReinviteAccepted)]
        offer = await self.leg.reoffer(direction)
        self.agent.reinvite(self.call, offer.encode(), self._now())
        self.connection.flush()
        accepted = await self.until(ReinviteAccepted)
        assert accepted.sdp is not None
        await self.leg.apply(accepted.sdp.decode())

    def unregister(self) -> None:
        """REGISTER with expires 0."""
        self.agent.unregister(self._now())
        self.connection.flush()

    async def end(self) -> None:
        """Close the leg and the connection."""
        await self.leg.close()
        await self.connection.close()
        if self._running is not None:
            await asyncio.wait_for(self._running, 10)
        for task in self._tasks:
            task.cancel()

    def _on_event(self, event: Any) -> None:
        self.events.append(event)
        if isinstance(event, InviteReceived):
            self.call = event.call
            self._begin(self._answer(event.call, event.sdp))
        elif isinstance(event, ReinviteReceived):
            self._begin(self._answer_again(event.call, event.sdp))
        elif isinstance(event, CallEnded):
            self._begin(self.leg.close())
        self._begin(self._tell())

    async def _answer(self, call: str, sdp: bytes | None) -> None:
        assert sdp is not None
        answer = await self.leg.answer(sdp.decode())
        self.agent.accept(call, answer.encode(), self._now())
        self.connection.flush()

    async def _answer_again(self, call: str, sdp: bytes | None) -> None:
        assert sdp is not None
        answer = await self.leg.answer(sdp.decode())
        self.agent.accept_reinvite(call, answer.encode(), self._now())
        self.connection.flush()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _begin(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self.failures.append(failure)

    @staticmethod
    def _now() -> float:
        return time.monotonic()
