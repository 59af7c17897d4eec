"""The hall where calls are connected: legs to customers, legs to legs.

A customer is simulated here: every 20 ms it takes what came from the agent's leg, keeps it in its
ear, and says its own words into the leg. Two agents hear each other leg to leg. Who is held hears
the prompt.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from tui.sandbox.audio import Leg
from tui.sandbox.calls import Call, Phase
from tui.sandbox.ear import Ear
from tui.sandbox.voices import SILENCE, Voice, prompt, ringback, silence, voice, warm_up

TICK = 0.02
RECORDINGS = 5
"""Ended calls whose sound is kept: some 4 MB each."""
OWN_STALL = 0.05
"""Seconds by which a tick may be late and still be made up for."""


@dataclass(slots=True)
class Customer:
    """The simulated end of one call."""

    kind: str
    says: Voice
    ear: Ear = field(default_factory=Ear)
    heard: deque[bytes] = field(default_factory=lambda: deque(maxlen=12))
    task: asyncio.Task[None] | None = None
    holding: bool = False

    def speak(self) -> bytes:
        """20 ms of this customer's own voice; an echo gives back what it heard."""
        if self.kind == "echo":
            return self.heard.popleft() if self.heard else SILENCE
        return self.says()


class Hall:
    """All legs and customers. `loss` is the share of media packets to lose."""

    def __init__(self, *, rng: random.Random, on_lost: Callable[[str, str], None]) -> None:
        self.loss: dict[str, float] = {}
        """Per agent, 0 to 1."""
        self.legs: dict[tuple[str, str], Leg] = {}
        self.customers: dict[str, Customer] = {}
        """Also of ended calls, as long as the PBX remembers them."""
        self._rng = rng
        self._on_lost = on_lost
        self._closing: set[asyncio.Task[None]] = set()

    def new_leg(self, cc: str, un: str) -> Leg:
        """A leg for an agent in a call; the one before it is closed."""
        self.drop_leg(cc, un)
        leg = Leg(
            on_lost=lambda: self._lost(cc, un, leg),
            loss=lambda: self.loss.get(un, 0.0),
            rng=self._rng,
        )
        self.legs[cc, un] = leg
        return leg

    def _lost(self, cc: str, un: str, leg: Leg) -> None:
        if self.legs.get((cc, un)) is leg:
            self._on_lost(cc, un)

    def drop_leg(self, cc: str, un: str) -> None:
        """Close a leg, if there is one."""
        leg = self.legs.pop((cc, un), None)
        if leg is not None:
            task = asyncio.get_running_loop().create_task(leg.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    def route(self, call: Call) -> None:
        """Connect the call's ends as its phase says."""
        if call.phase is Phase.ENDED:
            self._stop(call.cc)
        elif call.kind == "internal":
            self._route_agents(call)
        else:
            self._route_customer(call)

    def _route_agents(self, call: Call) -> None:
        for un, party in call.parties.items():
            leg = self.legs.get((call.cc, un))
            if leg is None:
                continue
            other = self.legs.get((call.cc, call.other(un)))
            if call.phase is not Phase.UP:
                leg.play(ringback() if call.phase is not Phase.CONNECTING else silence)
            elif any(each.holding for name, each in call.parties.items() if name != un):
                leg.play(prompt())
            else:
                leg.play(silence if party.holding or other is None else other.relay)

    def _route_customer(self, call: Call) -> None:
        customer = self.customers.get(call.cc)
        if call.phase is Phase.UP and customer is None:
            customer = self._meet(call)
        for un, party in call.parties.items():
            leg = self.legs.get((call.cc, un))
            if leg is None:
                continue
            if customer is not None and call.phase is Phase.UP:
                leg.play(silence if party.holding else customer.speak)
            elif call.phase is Phase.RINGING:
                leg.play(ringback())
        if customer is not None:
            customer.holding = call.held

    def _meet(self, call: Call) -> Customer:
        kind = call.behaviour.voice
        customer = Customer(kind, silence)
        self.customers[call.cc] = customer
        customer.task = asyncio.get_running_loop().create_task(self._live(call, customer))
        return customer

    async def _live(self, call: Call, customer: Customer) -> None:
        await asyncio.to_thread(warm_up, customer.kind)
        customer.says = voice(customer.kind)
        held_prompt = prompt()
        at = time.monotonic()
        while True:
            leg = next((self.legs[key] for key in self.legs if key[0] == call.cc), None)
            self._listen(customer, leg, held_prompt)
            at += TICK
            late = time.monotonic() - at
            if late > OWN_STALL:
                # This process stood still, not the agent. What was sent meanwhile has yet to be
                # read: to make up for the time now would count as a gap in the agent's audio.
                at += late
            await asyncio.sleep(max(0.0, -late))

    def _listen(self, customer: Customer, leg: Leg | None, held_prompt: Voice) -> None:
        while True:
            block = leg.take() if leg is not None else None
            if customer.holding:
                customer.ear.hear(held_prompt(), arrived=True, held=True)
            else:
                customer.ear.hear(block or SILENCE, arrived=block is not None, held=False)
                customer.heard.append(block or SILENCE)
            if leg is None or customer.holding or not leg.plenty:
                return

    def _stop(self, cc: str) -> None:
        customer = self.customers.get(cc)
        if customer is not None and customer.task is not None:
            customer.task.cancel()
            customer.task = None
        over = [each for each in self.customers.values() if each.task is None]
        for each in over[:-RECORDINGS]:
            each.ear.forget()

    def forget(self, known: set[str]) -> None:
        """Drop the recordings of calls that the PBX has forgotten."""
        for cc in [cc for cc in self.customers if cc not in known]:
            self._stop(cc)
            del self.customers[cc]

    async def close(self) -> None:
        """Close every leg and stop every customer."""
        tasks = [each.task for each in self.customers.values() if each.task is not None]
        for cc in list(self.customers):
            self._stop(cc)
        for cc, un in list(self.legs):
            self.drop_leg(cc, un)
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await asyncio.gather(*self._closing, return_exceptions=True)
