"""Audio switching, where calls are connected: legs to customers, legs to legs.

A customer is simulated here: every 20 ms it takes what came from the agent's leg, records it, and
says its own words into the leg. Two agents hear each other leg to leg. Where there are
more ends, or other ones, a bridge mixes them. Who is held hears the prompt.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.sandbox.audio.bridge import OWN_STALL, TICK, Bridge, End, EndPlan
from tui.sandbox.audio.recorder import Recorder
from tui.sandbox.audio.voices import (
    SILENCE,
    Voice,
    prompt,
    ringback,
    silence,
    voice,
    warm_up,
)
from tui.sandbox.pbx.calls import CallKind, GuestState, PbxCall, PbxPhase, PhoneState

if TYPE_CHECKING:
    from tui.sandbox.audio.leg import SandboxLeg

RECORDINGS = 5
"""Ended calls whose sound is kept: some 4 MB each."""
CUSTOMER, THIRD, SCRIPTED = "customer", "third", "agent"
"""The simulated ends of a call; agents go by their extension."""
PHONE_VOICE = "tone:350"
"""What is said into an agent's own telephone."""


@dataclass(slots=True)
class Customer:
    """A simulated end of one call."""

    kind: str
    says: Voice
    recorder: Recorder = field(default_factory=Recorder)
    heard: deque[bytes] = field(default_factory=lambda: deque(maxlen=12))
    task: asyncio.Task[None] | None = None
    holding: bool = False

    def speak(self) -> bytes:
        """20 ms of this customer's own voice; an echo gives back what it heard."""
        if self.kind == "echo":
            return self.heard.popleft() if self.heard else SILENCE
        return self.says()

    def hear(self, block: bytes, arrived: bool, held: bool) -> None:
        """Record 20 ms."""
        self.recorder.hear(block, arrived=arrived, held=held)
        if not held:
            self.heard.append(block)


class AudioSwitch:
    """All legs and customers. `loss` is the share of media packets to lose."""

    def __init__(self, *, rng: random.Random, on_lost: Callable[[str, str], None]) -> None:
        self.loss: dict[str, float] = {}
        """Per agent, 0 to 1."""
        self.legs: dict[tuple[str, str], SandboxLeg] = {}
        self.customers: dict[str, Customer] = {}
        """Also of ended calls, as long as the PBX remembers them."""
        self.others: dict[tuple[str, str], Customer] = {}
        """The other simulated ends, by ccNumber and name: the third party of a call."""
        self._bridges: dict[str, Bridge] = {}
        self._rng = rng
        self._on_lost = on_lost
        self._closing: set[asyncio.Task[None]] = set()

    def new_leg(self, cc: str, un: str) -> SandboxLeg:
        """A leg for an agent in a call; the one before it is closed."""
        # The media library is half of a sandbox's start: loaded beside it, see Sandbox.start.
        from tui.sandbox.audio.leg import SandboxLeg, bind_to_loopback

        bind_to_loopback()
        self.drop_leg(cc, un)
        leg = SandboxLeg(
            on_lost=lambda: self._lost(cc, un, leg),
            loss=lambda: self.loss.get(un, 0.0),
            rng=self._rng,
        )
        self.legs[cc, un] = leg
        return leg

    def _lost(self, cc: str, un: str, leg: SandboxLeg) -> None:
        if self.legs.get((cc, un)) is leg:
            self._on_lost(cc, un)

    def drop_leg(self, cc: str, un: str) -> None:
        """Close a leg, if there is one."""
        leg = self.legs.pop((cc, un), None)
        if leg is not None:
            task = asyncio.get_running_loop().create_task(leg.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    def route(self, call: PbxCall) -> None:
        """Connect the call's ends as its phase says."""
        if call.phase is PbxPhase.ENDED:
            self._unbridge(call.cc)
            self._stop(call.cc)
        elif call.phase is PbxPhase.UP and self._wants_bridge(call):
            self._bridge(call)
        else:
            self._unbridge(call.cc)
            if call.kind is CallKind.INTERNAL:
                self._route_agents(call)
            else:
                self._route_customer(call)
        for (cc, un), leg in self.legs.items():
            if cc == call.cc and un not in call.parties and un not in call.listeners:
                leg.play(silence)

    # ------------------------------------------------------------ more than two ends

    def _wants_bridge(self, call: PbxCall) -> bool:
        phones = any(each.phone is PhoneState.OFF_HOOK for each in call.parties.values())
        return call.guest is not None or phones or bool(call.listeners or call.scripted)

    def _bridge(self, call: PbxCall) -> None:
        bridge = self._bridges.setdefault(call.cc, Bridge())
        ends = self._ends(call, bridge)
        bridge.plan = plan_of(call, tuple(ends))
        bridge.ends = ends
        for name in ends:
            if (leg := self.legs.get((call.cc, name))) is not None:
                leg.play(bridge.outlet(name).voice)
        if (customer := self.customers.get(call.cc)) is not None:
            customer.holding = bridge.plan[CUSTOMER].held

    def _ends(self, call: PbxCall, bridge: Bridge) -> dict[str, End]:
        guest, ends = call.guest, {}
        if call.kind is not CallKind.INTERNAL:
            customer = self.customers.get(call.cc) or self._meet(call)
            ends[CUSTOMER] = End(customer.speak, customer.hear)
        if call.scripted:
            agent = self._other(call.cc, SCRIPTED, call.scripted_voice)
            ends[SCRIPTED] = End(agent.speak, agent.hear)
        for un in call.listeners:
            if (leg := self.legs.get((call.cc, un))) is not None:
                ends[un] = End(leg.next_block, bridge.outlet(un).give)
        for un in call.parties:
            leg = self.legs.get((call.cc, un))
            if guest is not None and guest.un == un and guest.state is not GuestState.IN:
                continue
            if leg is not None:
                ends[un] = End(leg.next_block, bridge.outlet(un).give)
            elif call.parties[un].phone is PhoneState.OFF_HOOK:
                phone = self._other(call.cc, un, PHONE_VOICE)
                ends[un] = End(phone.speak, phone.hear)
        if guest is not None and guest.behaviour is not None and guest.state is GuestState.IN:
            third = self._other(call.cc, THIRD, guest.behaviour.voice)
            ends[THIRD] = End(third.speak, third.hear)
        elif guest is not None and guest.state is GuestState.RINGING:
            self.others.pop((call.cc, THIRD), None)  # of the third before this one
        return ends

    def _other(self, cc: str, name: str, kind: str) -> Customer:
        other = self.others.get((cc, name))
        if other is None:
            other = self.others[cc, name] = Customer(kind, silence)
            other.task = asyncio.get_running_loop().create_task(_find_words(other))
        return other

    def speak(self, cc: str, kind: str) -> None:
        """The customer says something else from now on."""
        customer = self.customers.get(cc)
        if customer is not None:
            customer.kind = kind
            customer.says = silence if kind == "echo" else voice(kind)

    def _unbridge(self, cc: str) -> None:
        bridge = self._bridges.pop(cc, None)
        if bridge is not None:
            task = asyncio.get_running_loop().create_task(bridge.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    # ------------------------------------------------------------ two ends

    def _route_agents(self, call: PbxCall) -> None:
        for un, party in call.parties.items():
            leg = self.legs.get((call.cc, un))
            if leg is None:
                continue
            other = self.legs.get((call.cc, call.other(un)))
            if call.phase is not PbxPhase.UP:
                leg.play(ringback() if call.phase is not PbxPhase.CONNECTING else silence)
            elif any(each.holding for name, each in call.parties.items() if name != un):
                leg.play(prompt())
            else:
                leg.play(silence if party.holding or other is None else other.relay)

    def _route_customer(self, call: PbxCall) -> None:
        customer = self.customers.get(call.cc)
        if call.phase is PbxPhase.UP and customer is None:
            customer = self._meet(call)
        for un, party in call.parties.items():
            leg = self.legs.get((call.cc, un))
            if leg is None:
                continue
            if customer is not None and call.phase is PbxPhase.UP:
                leg.play(silence if party.holding else customer.speak)
            elif call.phase is PbxPhase.RINGING:
                leg.play(ringback())
        if customer is not None:
            customer.holding = call.held

    def _meet(self, call: PbxCall) -> Customer:
        kind = call.behaviour.voice
        customer = Customer(kind, silence)
        self.customers[call.cc] = customer
        customer.task = asyncio.get_running_loop().create_task(self._live(call, customer))
        return customer

    async def _live(self, call: PbxCall, customer: Customer) -> None:
        await _find_words(customer)
        held_prompt = prompt()
        at = time.monotonic()
        while True:
            if call.cc not in self._bridges:
                leg = next((self.legs.get((call.cc, un)) for un in call.parties), None)
                self._listen(customer, leg, held_prompt)
            at += TICK
            late = time.monotonic() - at
            if late > OWN_STALL:
                # This process stood still, not the agent. What was sent meanwhile has yet to be
                # read: to make up for the time now would count as a gap in the agent's audio.
                at += late
            await asyncio.sleep(max(0.0, -late))

    def _listen(self, customer: Customer, leg: SandboxLeg | None, held_prompt: Voice) -> None:
        while True:
            block = leg.take() if leg is not None else None
            if customer.holding:
                customer.recorder.hear(held_prompt(), arrived=True, held=True)
            else:
                customer.recorder.hear(block or SILENCE, arrived=block is not None, held=False)
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
            each.recorder.forget()

    def forget(self, known: set[str]) -> None:
        """Drop what belongs to calls that the PBX has forgotten."""
        for cc in [cc for cc in self.customers if cc not in known]:
            self._stop(cc)
            del self.customers[cc]
        for key in [key for key in self.others if key[0] not in known]:
            del self.others[key]
        for cc in [cc for cc in self._bridges if cc not in known]:
            self._unbridge(cc)

    async def close(self) -> None:
        """Close every leg and stop every customer."""
        tasks = [each.task for each in self.customers.values() if each.task is not None]
        for cc in list(self.customers):
            self._stop(cc)
        for cc in list(self._bridges):
            self._unbridge(cc)
        for cc, un in list(self.legs):
            self.drop_leg(cc, un)
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await asyncio.gather(*self._closing, return_exceptions=True)
        self.customers.clear()
        self.others.clear()


async def _find_words(customer: Customer) -> None:
    """Make the sound in a thread, then speak. Its packets come after that: who has none encodes."""
    await asyncio.to_thread(warm_up, customer.kind)
    customer.says = voice(customer.kind)
    asyncio.get_running_loop().run_in_executor(None, _prepare, customer.kind)


def _prepare(kind: str) -> None:
    from tui.sandbox.audio.track import prepare  # the media library, as above

    prepare(kind)


def plan_of(call: PbxCall, ends: tuple[str, ...]) -> dict[str, EndPlan]:
    """Who hears whom. Who is held hears the prompt alone; while a guest is rung the others hear
    ringing besides. A supervisor who only listens hears all, whoever is held, and nobody her."""
    quiet = call.listeners.keys() - call.joined
    holders = {un for un, party in call.parties.items() if party.holding}
    held = {end for end in ends if holders - {end} and end not in call.listeners}
    ringing = call.guest is not None and call.guest.state is not GuestState.IN
    return {
        end: EndPlan(
            tuple(each for each in ends if each != end and each not in held | quiet),
            held=end in held,
            ringing=ringing,
        )
        for end in ends
    }
