"""This machine's addresses while a call is up: when one of them goes, or another comes, the
signalling is dialled anew where it must be, and each leg is offered again from where the machine
is now. The call stays; the old path serves until the new one is up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from tui.engine.calls import Calls
from tui.engine.commands import Result
from tui.engine.core import log
from tui.engine.legs import LegEntry, Legs
from tui.engine.state import Call, Leg, LineState, message

Addresses = Callable[[], Iterable[str]]
"""Every address that this machine has now, loopback's too."""

TRIES = 4
"""How often a leg is offered again for one change of the network; a second apart at least."""
SILENT = 1.0
"""Seconds without a packet after which errors while sending are believed."""
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


class NetworkWatch:
    """Looks at the addresses once a second while a call is up. `legs` are those of whoever
    carries the calls; `flow` gives the signalling's connection, None when there is none."""

    def __init__(self, calls: Calls, legs: Legs, addresses: Addresses = this_machine) -> None:
        self.calls = calls
        self.legs = legs
        self.core = calls.core
        self.addresses = addresses
        self.flow: Callable[[], Flow | None] = lambda: None
        self.ask_again: Callable[[str], None] = lambda key: None
        """Asks the platform for a new leg of a call that has none."""
        self._known: frozenset[str] | None = None
        self._wanted: dict[str, _Move] = {}
        """By the call's key."""
        self._failing: dict[str, tuple[int, int]] = {}
        """Of a call: how often sending has failed, and looks in a row in which it did."""
        self._given_up: set[str] = set()

    def call_changed(self, before: Call | None, call: Call) -> None:
        """Told of every change of a call."""
        if call.live:
            if "network" not in self.core.timers:
                self._known = self._read()
                self._arm()
            if before is not None and before.leg is Leg.CONNECTED and call.leg is Leg.LOST:
                self._lost(call)
        else:
            self._wanted.pop(call.key, None)
            self._failing.pop(call.key, None)
            self._given_up.discard(call.key)

    def _lost(self, call: Call) -> None:
        """A leg that is the call itself is offered again; for any other the platform is asked."""
        leg = self.legs.leg_of(call.key)
        if leg is not None and leg.lasting and call.answered is not None:
            self._want(leg, "network.lost", "rebuild.done")

    # ------------------------------------------------------------ looking

    def _arm(self) -> None:
        self.core.timers.set("network", self.core.limits.network, self.look)

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
            self.core.timers.cancel("network")
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
        if not dialling:  # the line does not know yet that it is down: nothing is sent over it
            self._mend()

    def _changed(self, before: frozenset[str], now: frozenset[str]) -> bool:
        """Take note of what is to be moved. Whether the signalling is dialled anew."""
        gone, new = before - now, now - before
        log.warning("the network changed: %d addresses gone, %d new", len(gone), len(new))
        flow = self.flow()
        dialling = flow is not None and (
            flow.local_address in gone or (bool(new) and not flow.local_address)
        )
        if dialling and flow is not None:
            flow.redial("the network changed")
        self._given_up.clear()
        for call in self.calls.live:
            leg = self.legs.leg_of(call.key)
            if leg is not None and leg.media is not None and (new or _stands_on(leg, before, now)):
                self._want(leg)
        return dialling

    def _want(
        self, leg: LegEntry, why: str = "network.changed", done: str = "network.moved"
    ) -> None:
        """Offer this leg again, from where the machine is now."""
        if not self._wanted:
            self.core.notice(message(why))
        leg.restart = True
        self._wanted[leg.key] = _Move(done)

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

    # ------------------------------------------------------------ mending

    def _mend(self) -> None:
        """Offer again what waits for it, as soon as there is a line to do it on."""
        for key, move in tuple(self._wanted.items()):
            leg = self.legs.leg_of(key)
            if leg is None:
                del self._wanted[key]
            elif not leg.restart and not leg.moving:
                del self._wanted[key]
                self.core.notice(message(move.done), serious=False)
            elif move.tries <= 0:
                del self._wanted[key]
                self._given_up.add(key)
                self.core.notice(message("network.not_moved"))
            elif self._may_offer(leg):
                move.tries -= 1
                self.core.spawn(self._offer(leg))

    def _may_offer(self, leg: LegEntry) -> bool:
        idle = not leg.offered_again and leg.outcome is None and not leg.moving
        return leg.answered and idle and self.core.snapshot.line.state is LineState.OK

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
            self.ask_again(call.key)
            return Result(True, message("rebuild.asked"))
        if not leg.answered or leg.media is None or leg.outcome is not None:
            return Result(False, message("rebuild.under_way"))
        leg.restart = True
        status = await self.legs.reoffer(leg, leg.direction)
        if status != 200:
            leg.restart = False
            return Result(False, message("rebuild.refused", status=status))
        self.core.notice(message("rebuild.done"), serious=False)
        return Result(True, message("rebuild.done"))


def _stands_on(leg: LegEntry, before: frozenset[str], now: frozenset[str]) -> bool:
    """Whether the leg's own end went. A relayed one is the relay's, and which of ours reaches
    the relay is not known: then any address that goes counts."""
    assert leg.media is not None
    local = leg.media.local_address
    if local is None or local[0] not in before:
        return bool(before - now)
    return local[0] not in now
