"""This machine's addresses while a call is up: when one of them goes, or another comes, the
signalling is dialled anew where it must be, and each leg is offered again from where the machine
is now. The call stays; the old path serves until the new one is up.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from tui.engine.audio.leg_entry import LegEntry
from tui.engine.audio.leg_machine import OfferInput
from tui.engine.audio.legs import Legs
from tui.engine.context import log
from tui.media.sdp.direction import Direction
from tui.port.commands import Result
from tui.port.machines.call_machine import CallState
from tui.port.snapshot import Call
from tui.port.values import ConnectionState, Leg, message

Addresses = Callable[[], Iterable[str]]
"""Every address that this machine has now, loopback's too."""

TRIES = 4
"""How often a leg is offered again for one change of the network; a second apart at least."""
SILENT = 1.0
"""Seconds without a packet after which errors while sending are believed."""
LIVES = 8.0
"""Seconds without a sign of the peer on the path, a check of ICE included, after which it counts as
dead; checks come about every five seconds."""
PROOF = 16.0
"""Seconds for the first packet over a new path: what ICE and DTLS may take (`leg.py`)."""
HEARD = 6.0
"""The same where the agent waits for it."""
AGAIN = 20.0
"""Seconds to the next try for a leg that is gone, when the first ones came to nothing."""
UNSETTLED = 60.0
"""Seconds after a new address in which a path that dies is taken to have died of it."""
_SILENT = (Direction.SENDONLY, Direction.INACTIVE)
"""Directions in which nothing of the other side's comes."""
_LOOK = 0.1
_FLEETING = ("fe80:", "169.254.")
"""Link-local addresses come and go with an interface and reach nobody."""


def this_machine() -> frozenset[str]:
    """The addresses of all interfaces."""
    import ifaddr

    found: set[str] = set()
    for adapter in ifaddr.get_adapters():
        for address in adapter.ips:
            found.add(address.ip if isinstance(address.ip, str) else address.ip[0])
    return frozenset(found)


class Flow(Protocol):
    """Of the signalling's connection what is needed here (`SipConnection`)."""

    @property
    def local_address(self) -> str: ...
    def redial(self, reason: str) -> None: ...


@dataclass(slots=True)
class _Move:
    """A leg that is to be offered again: what is said when it is done, how often it may still be
    tried."""

    done: str
    tries: int = TRIES
    offered: float | None = None
    """When the last offer was answered: from then on a packet proves that it worked."""
    quiet: bool = False
    """Nothing is said of it again until it works."""


class NetworkWatch:
    """Looks at the addresses once a second while a call is up. `flow` gives the
    signalling's connection, None when there is none; `renew_leg` asks for a new leg of a call
    (by its key) that has none."""

    def __init__(
        self,
        legs: Legs,
        flow: Callable[[], Flow | None],
        renew_leg: Callable[[str], None],
        addresses: Addresses = this_machine,
    ) -> None:
        self.calls = legs.calls
        self.legs = legs
        self.context = legs.context
        self.addresses = addresses
        self._flow = flow
        self._renew_leg = renew_leg
        self._known: frozenset[str] | None = None
        self._wanted: dict[str, _Move] = {}
        """By the call's key."""
        self._failing: dict[str, tuple[int, int]] = {}
        """Of a call: how often sending has failed, and looks in a row in which it did."""
        self._given_up: dict[str, float] = {}
        """Legs that were offered in vain, and since when."""
        self._unsettled = 0.0
        """Until when the last change of the network may show on a path that lives."""

    def call_changed(self, before: Call | None, call: Call) -> None:
        """Told of every change of a call."""
        if call.live:
            if "network" not in self.context.timers:
                self._known = self._read()
                self._arm()
            if before is not None and _gone(call) and before.leg is not call.leg:
                self._lost(call)
        else:
            self._wanted.pop(call.key, None)
            self._failing.pop(call.key, None)
            self._given_up.pop(call.key, None)
            self.context.timers.cancel(f"lost {call.key}")

    def _lost(self, call: Call) -> None:
        """The far end closes the sound of a call that is over before it tells of the end, and
        nothing is lost with that: the end is waited for. What never sounded waits for nothing."""
        wait = self.context.limits.leg_without_end if call.leg is Leg.LOST else 0.0
        self.context.timers.set(f"lost {call.key}", wait, lambda: self._still_lost(call.key))

    def _still_lost(self, key: str) -> None:
        """The leg is offered again: its dialog lives, whatever became of its sound."""
        call, leg = self.calls.by_key(key), self.legs.leg_of(key)
        if call is None or not call.live or not _gone(call) or call.state is CallState.ENDING:
            return
        if leg is not None and leg.up and call.answered is not None:
            self._want(leg, "network.lost", "rebuild.done")
            self.look()

    # ------------------------------------------------------------ looking

    def _arm(self) -> None:
        self.context.timers.set("network", self.context.limits.network, self.look)

    def _read(self) -> frozenset[str] | None:
        try:
            return frozenset(
                address for address in self.addresses() if not address.startswith(_FLEETING)
            )
        except OSError as error:
            log.warning("the addresses cannot be read: %s", error.strerror)
            return None

    def look(self) -> None:
        """Look now: compare with what was there before, and do what is still to be done."""
        if not self.calls.live:
            self.context.timers.cancel("network")
            self._known = None
            return
        self._arm()
        now = self._read()
        dialling = False
        if now is not None and self._known is not None and now != self._known:
            dialling = self._changed(self._known, now)
        if now is not None:
            self._known = now
        self._look_at_sending()
        self._look_at_paths()
        if not dialling:  # the line does not know yet that it is down: nothing is sent over it
            self._mend()

    def _changed(self, before: frozenset[str], now: frozenset[str]) -> bool:
        """Take note of what is to be moved. Whether the signalling is dialled anew."""
        gone, new = before - now, now - before
        log.warning("the network changed: %d addresses gone, %d new", len(gone), len(new))
        flow = self._flow()
        dialling = flow is not None and (
            flow.local_address in gone or (bool(new) and not flow.local_address)
        )
        if dialling and flow is not None:
            flow.redial("the network changed")
        self._given_up.clear()
        for call in self.calls.live:
            leg = self.legs.leg_of(call.key)
            if leg is None or leg.media is None:
                continue
            # A VPN or a bridge that came beside a path that works is no reason to move it.
            if _stands_on(leg, before, now) or (new and not _lives(leg)):
                self._want(leg)
        if new:
            self._unsettled = self.context.clock() + UNSETTLED
        return dialling

    def _want(
        self,
        leg: LegEntry,
        why: str = "network.changed",
        done: str = "network.moved",
        *,
        quiet: bool = False,
    ) -> None:
        """Offer this leg again, from where the machine is now."""
        if not self._wanted and not quiet:
            self.context.notice(message(why))
        leg.step(OfferInput.WANT)
        self._wanted[leg.key] = _Move(done, 1 if quiet else TRIES, quiet=quiet)

    def _look_at_sending(self) -> None:
        """The way out is gone though the address is not: what is sent fails, nothing comes."""
        for call in self.calls.live:
            leg = self.legs.leg_of(call.key)
            if leg is None or leg.media is None:
                continue
            statistics = leg.media.statistics()
            before, looks = self._failing.get(call.key, (statistics.failures, 0))
            age = statistics.last_packet_age
            failing = statistics.failures > before and (age is None or age > SILENT)
            looks = looks + 1 if failing else 0
            self._failing[call.key] = (statistics.failures, looks)
            if looks >= 2 and call.key not in self._wanted and call.key not in self._given_up:
                self._want(leg)

    def _look_at_paths(self) -> None:
        """A path that lived through a change and dies soon after, and a leg that is gone and was
        offered in vain, are offered again."""
        now = self.context.clock()
        for call in self.calls.live:
            leg = self.legs.leg_of(call.key)
            if leg is None or leg.media is None or call.key in self._wanted:
                continue
            given_up = self._given_up.get(call.key)
            if given_up is None:
                if now < self._unsettled and _dead(leg):
                    self._want(leg)
            elif leg.up and _gone(call) and now - given_up >= AGAIN:
                self._want(leg, done="rebuild.done", quiet=True)

    # ------------------------------------------------------------ mending

    def _mend(self) -> None:
        """Offer again what waits for it, as soon as there is a line to do it on."""
        for key, move in tuple(self._wanted.items()):
            leg = self.legs.leg_of(key)
            if leg is None:
                del self._wanted[key]
            elif not leg.move_wanted and not leg.moves:
                self._look_for_proof(leg, move)
            elif move.tries <= 0:
                self._give_up(key, move)
            elif self._may_offer(leg):
                move.tries -= 1
                self.context.spawn(self._offer(leg))

    def _look_for_proof(self, leg: LegEntry, move: _Move) -> None:
        """The new path was agreed. It is said to work when something has come over it."""
        now = self.context.clock()
        if move.offered is None:
            move.offered = now
        if _heard(leg):
            del self._wanted[leg.key]
            self._given_up.pop(leg.key, None)
            self.context.notice(message(move.done), serious=False)
        elif now - move.offered >= PROOF:
            move.offered = None
            if move.tries <= 0:
                self._give_up(leg.key, move)
            else:
                leg.step(OfferInput.WANT)

    def _give_up(self, key: str, move: _Move) -> None:
        del self._wanted[key]
        self._given_up[key] = self.context.clock()
        if not move.quiet:
            self.context.notice(message("network.not_moved"))

    def _may_offer(self, leg: LegEntry) -> bool:
        idle = not leg.waits and leg.outcome is None and not leg.moves
        return leg.up and idle and self.context.snapshot.connection.state is ConnectionState.OK

    async def _offer(self, leg: LegEntry) -> None:
        await self.legs.reoffer(leg, leg.direction)

    # ------------------------------------------------------------ by the agent's key

    async def rebuild(self, ccnumber: str) -> Result:
        """Set up the call's audio anew (`RebuildAudio`): another offer with new candidates, or
        another leg where there is none. The call stays whatever comes of it."""
        call = self.calls.find(ccnumber)
        if call is None or call.answered is None:
            return Result(False, message("rebuild.no_call"))
        if refusal := self.calls.not_ready():
            return refusal
        leg = self.legs.leg_of(call.key)
        if leg is None:
            self._renew_leg(call.key)
            return Result(True, message("rebuild.asked"))
        if not leg.up or leg.media is None or leg.outcome is not None:
            return Result(False, message("rebuild.under_way"))
        leg.step(OfferInput.WANT)
        status = await self.legs.reoffer(leg, leg.direction)
        if status != 200:
            leg.step(OfferInput.DROP)
            return Result(False, message("rebuild.refused", status=status))
        done = "rebuild.done" if await self._proven(leg) else "rebuild.unheard"
        self.context.notice(message(done), serious=done != "rebuild.done")
        return Result(True, message(done))

    async def _proven(self, leg: LegEntry) -> bool:
        """Whether something comes over the new path, within the time that the agent waits."""
        for _ in range(math.ceil(HEARD / _LOOK)):
            if _heard(leg):
                return True
            await asyncio.sleep(_LOOK)
        return _heard(leg)


def _heard(leg: LegEntry) -> bool:
    """Whether a packet was decrypted over the path in force, or, where the other side is to send
    none, the path shows another sign of life."""
    assert leg.media is not None
    if _dead(leg):
        return False
    return leg.media.decrypted or (leg.media.direction in _SILENT and _lives(leg))


def _lives(leg: LegEntry) -> bool:
    """Whether the path has shown a sign of the peer lately; False where that is not known."""
    assert leg.media is not None
    age = leg.media.statistics().path_age
    return age is not None and age < LIVES


def _dead(leg: LegEntry) -> bool:
    """Whether the path has shown no sign of the peer for too long; False where it is not known."""
    assert leg.media is not None
    age = leg.media.statistics().path_age
    return age is not None and age >= LIVES


def _gone(call: Call) -> bool:
    return call.leg in (Leg.LOST, Leg.FAILED)


def _stands_on(leg: LegEntry, before: frozenset[str], now: frozenset[str]) -> bool:
    """Whether the leg's own end went. A relayed one is the relay's, and which of ours reaches
    the relay is not known: then any address that goes counts."""
    assert leg.media is not None
    local = leg.media.local_address
    if local is None or local[0] not in before:
        return bool(before - now)
    return local[0] not in now
