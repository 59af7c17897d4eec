"""The audio legs of the calls, whoever controls them: offers and answers as SIP tells them, hold,
mute, levels, and an end that always comes.

Which INVITE gets a leg is decided by the leg's owner (`leg_entry.LegOwner`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from tui import sip
from tui.engine.audio.devices import SoundDevices
from tui.engine.audio.leg_entry import OTHER_PEER, LegEntry, as_ice, bar, close, tell, why_of
from tui.engine.audio.leg_machine import LegPhase, OfferInput
from tui.engine.calls import CallListener, Calls
from tui.engine.context import EngineContext, log
from tui.engine.phone import Phone
from tui.media.sdp.direction import Direction
from tui.port import replace
from tui.port.events import LevelsChanged
from tui.port.machines.call_machine import CallState
from tui.port.snapshot import Call
from tui.port.values import Leg, Levels
from tui.text import clean_text

if TYPE_CHECKING:
    from tui.media.leg import leg as media_leg

LEVEL_PERIOD = 0.5
"""Seconds between two looks at the levels; over SSH each look costs bytes (textual.md)."""
_WORDS = 100
"""Characters of the other side's own words."""
_TONES = 32
"""Tones of the peer's that are kept."""

IceServers = Callable[[], Awaitable[Sequence[Any]]]
"""Gives the STUN and TURN servers of the next leg."""


class CallSound(Protocol):
    """What every change of a call may mean to its sound (`Legs`)."""

    def begins(self) -> None: ...
    def ring(self, on: bool) -> None: ...
    def stop(self, key: str) -> None: ...


def follow(context: EngineContext, sound: CallSound) -> CallListener:
    """A listener to the calls: a new one will need a leg, it rings while one rings, and a call that
    is over has no leg."""

    def call_changed(before: Call | None, call: Call) -> None:
        if before is None:
            sound.begins()
        states = {c.state for c in context.snapshot.calls}
        # In a call it does not ring into the ear: call waiting has its own, softer sound.
        sound.ring(CallState.RINGING in states and CallState.TALKING not in states)
        if not call.live:
            sound.stop(call.key)

    return call_changed


class Legs:
    """The legs of the calls."""

    def __init__(self, calls: Calls, devices: SoundDevices, phone: Phone) -> None:
        self.calls = calls
        self.context = calls.context
        self.devices = devices
        self.phone = phone
        self._loopback = False
        self._ice_servers: IceServers = self._configured_servers
        self._legs: dict[str, LegEntry] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def begin(self, *, loopback: bool, ice_servers: IceServers | None = None) -> None:
        """A session begins. `loopback`: the server is on this machine, and only then is 127.0.0.1
        a candidate. `ice_servers` are asked anew for each leg; None means those of the config."""
        self._loopback = loopback
        self._ice_servers = ice_servers or self._configured_servers

    async def _configured_servers(self) -> Sequence[Any]:
        return self.devices.settings.ice_servers

    # ------------------------------------------------------------ what calls ask

    def stop(self, key: str) -> None:
        """The call is over: its leg ends."""
        for leg in [leg for leg in self._legs.values() if leg.key == key]:
            self.drop(leg)

    def hold(self, key: str, on: bool) -> None:
        """Nothing of the agent leaves while held, whatever the other side does."""
        for leg in self._legs.values():
            if leg.key == key and leg.media is not None:
                leg.media.hold(on)

    def mute(self, key: str, on: bool) -> None:
        """Cut or open the microphone for this call."""
        for leg in self._legs.values():
            if leg.key == key and leg.media is not None:
                leg.media.mute(on)

    def begins(self) -> None:
        """A call has begun: have ready what its leg will need."""
        self.devices.expect_call()

    def ring(self, on: bool) -> None:
        """Ring, or stop ringing, on the sound device."""
        self.devices.ring(on)

    async def send_info(self, key: str, content_type: str, body: bytes) -> bool:
        """An INFO in the call's leg; whether it was taken. False without a leg."""
        leg = next((leg for leg in self._legs.values() if leg.key == key and leg.up), None)
        return leg is not None and await self.phone.info(leg.handle, content_type, body)

    def digit_waits(self, key: str) -> bool:
        """Whether a digit will go beside the sound, and that is being set up yet: the leg's own
        limit ends it."""
        leg = self.leg_of(key)
        return leg is not None and leg.media is not None and leg.lasting and leg.media.awaits_digits

    def send_digit(self, key: str, digit: str, seconds: float) -> bool:
        """A digit beside the sound (RFC 4733); False where the peer did not offer that, and at a
        platform, which takes INFOs alone."""
        leg = self.leg_of(key)
        if leg is None or leg.media is None or not leg.lasting or not leg.media.can_send_digits:
            return False
        leg.media.send_digit(digit, seconds)
        return True

    # ------------------------------------------------------------ what SIP tells

    def handle(self, event: sip.Event) -> bool:
        """Take an event about an offer or an answer inside a call. False when it is another."""
        match event:
            case sip.AckWithSdp(call=handle, sdp=sdp):
                if leg := self._legs.get(handle):
                    self.context.spawn(self._acknowledged(leg, sdp))
            case sip.ReinviteAccepted(call=handle, sdp=sdp):
                if leg := self._legs.get(handle):
                    self.context.spawn(self._apply(leg, sdp))
            case sip.ReinviteReceived(call=handle, sdp=sdp):
                if leg := self._legs.get(handle):
                    self.context.spawn(self._reinvited(leg, sdp))
            case sip.ReinviteRefused(call=handle, status=status, reason=reason):
                if leg := self._legs.get(handle):
                    leg.refusal = clean_text(reason, _WORDS)
                    leg.step(OfferInput.REFUSED)
                    tell(leg, status)
                    if not leg.agreed:
                        leg.owner.leg_gone(leg, Leg.FAILED)
            case _:
                return False
        return True

    async def make_media(self, leg: LegEntry) -> media_leg.AudioLeg:
        """A new connection for the leg; raises what keeps the media room from opening."""
        await self.devices.loaded()
        module = await self.devices.leg_room.loaded()
        return self._new_leg(module, leg, await self._servers_now())

    async def _servers_now(self) -> list[Any]:
        """STUN and TURN servers, with credentials that still count."""
        return [as_ice(server) for server in await self._ice_servers()]

    def _new_leg(self, module: Any, leg: LegEntry, servers: Sequence[Any]) -> media_leg.AudioLeg:
        sound = self.devices.sound
        assert sound is not None  # loaded() made it, or raised
        loop = asyncio.get_running_loop()
        made: media_leg.AudioLeg = module.AudioLeg(
            source=sound.source if leg.plug is None else leg.plug,
            sink=sound.sink if leg.plug is None else leg.plug,
            ice_servers=servers,
            loopback=self._loopback,
            dtx=self.devices.settings.dtx,
            on_state=lambda state: loop.call_soon(self._media_state, leg, str(state.value)),
            on_digit=lambda digit: loop.call_soon(self.received_digit, leg, digit),
        )
        return made

    def received_digit(self, leg: LegEntry, digit: str) -> None:
        """A tone of the peer's: shown, and nothing more."""
        call = self.calls.by_key(leg.key)
        if call is not None and call.live and leg.handle in self._legs:
            received = (call.tones.received + clean_text(digit, 1))[-_TONES:]
            self.calls.put(call, tones=replace(call.tones, received=received))

    def _media_state(self, leg: LegEntry, state: str) -> None:
        call = self.calls.by_key(leg.key)
        wanted = leg.apart is not None or (call is not None and call.live)
        if leg.handle not in self._legs or not wanted:
            return
        if state == "connected":
            if leg.apart is not None:
                leg.apart.sounds(Leg.CONNECTED)
            self.put_state(leg.key, Leg.CONNECTED)
            self._look_at_levels()
        elif state in ("failed", "lost"):
            leg.why = leg.why or (leg.media.reason if leg.media is not None else "")
            leg.owner.leg_gone(leg, Leg(state))

    async def _reinvited(self, leg: LegEntry, offer: bytes | None) -> None:
        try:
            if leg.media is None:
                raise RuntimeError("a re-INVITE before the leg was answered")
            if offer is None:
                answer = await leg.media.reoffer(leg.direction)
                leg.step(OfferInput.SENT)
            else:
                answer = await leg.media.answer(offer.decode("utf-8", "replace"))
            self.phone.accept_reinvite(leg.handle, answer.encode())
            if offer is not None:
                leg.owner.renegotiated(leg)
        except sip.LocalProtocolError:
            log.info("the re-INVITE was over before it was answered")
        except Exception as error:
            log.warning("a re-INVITE was refused with 488: %s", error)
            self.phone.reject_reinvite(leg.handle, 488)

    async def _acknowledged(self, leg: LegEntry, sdp: bytes) -> None:
        """The answer to the offer that theirs asked us for. A PBX that puts two phones together
        so brings that of another (RFC 3725 §4.1): whom we heard is gone, and the leg is set up
        anew with whoever is there now."""
        leg.why = ""
        await self._apply(leg, sdp)
        there = self.entry(leg.handle) is leg and leg.agreed and leg.lasting
        if there and leg.why == OTHER_PEER:
            leg.owner.leg_gone(leg, Leg.LOST)

    async def _apply(self, leg: LegEntry, sdp: bytes | None) -> None:
        status = 488
        try:
            if leg.media is None or not sdp:
                raise ValueError("there is no description in it")
            text = sdp.decode("utf-8", "replace")
            if leg.waits:
                leg.step(OfferInput.ANSWERED)
                await leg.media.apply(text)
                leg.step(OfferInput.IN_FORCE)
            else:
                await leg.media.accept(text)
            status = 200
            leg.owner.renegotiated(leg)
        except Exception as error:
            log.warning("an answer of the peer could not be used: %s", error)
            leg.step(OfferInput.FAILED)
            leg.why = why_of(error)
        finally:
            tell(leg, status)
        if status != 200 and not leg.agreed and self.entry(leg.handle) is leg:
            leg.owner.leg_gone(leg, Leg.FAILED)

    # ------------------------------------------------------------ we offer again

    async def reoffer(self, leg: LegEntry, direction: Direction, limit: float = 35.0) -> int:
        """Offer the leg again with that direction; the status of the answer once it is in force
        (200), or what it was refused with. 0: it could not be said, or nothing came in time."""
        if leg.media is None or leg.outcome is not None or leg.waits:
            return 0
        leg.outcome = asyncio.get_running_loop().create_future()
        try:
            await self._offer_again(leg, direction)
            async with asyncio.timeout(limit):
                status = await leg.outcome
        except TimeoutError:
            return 0
        except Exception as error:
            log.warning("a leg could not be offered again: %s", error)
            leg.step(OfferInput.REFUSED)
            return 0
        finally:
            leg.outcome = None
        if status == 200:
            leg.direction = direction
        return status

    async def _offer_again(self, leg: LegEntry, direction: Direction) -> None:
        assert leg.media is not None
        leg.step(OfferInput.BEGIN)
        media = leg.media
        if leg.moves:
            offer = await media.restart(await self._servers_now())
        else:
            offer = await media.reoffer(direction)
        leg.step(OfferInput.SENT)
        self.phone.reinvite(leg.handle, offer.encode())

    async def refresh(self) -> None:
        """After a lost flow: each leg is offered again, so that both sides know it lives."""
        for leg in tuple(self._legs.values()):
            if leg.media is None or not leg.up:
                continue
            try:
                await self._offer_again(leg, leg.direction)
            except Exception as error:
                log.warning("a leg could not be refreshed: %s", error)
                leg.step(OfferInput.FAILED)

    # ------------------------------------------------------------ levels

    def _look_at_levels(self) -> None:
        connected = next(
            (
                leg
                for leg in self._legs.values()
                if leg.media is not None
                and leg.media.state.value == "connected"
                and not (leg.lasting and leg.media.held)
            ),
            None,
        )
        if connected is None or connected.media is None:
            self._emit_levels(Levels())
            if not any(leg.lasting for leg in self._legs.values()):
                return
        else:
            you, them = connected.media.levels()
            self._emit_levels(Levels(bar(you), bar(them)))
        self.context.timers.set("levels", LEVEL_PERIOD, self._look_at_levels)

    def _emit_levels(self, levels: Levels) -> None:
        if levels != self.context.snapshot.levels:
            self.context.emit(LevelsChanged(levels))

    # ------------------------------------------------------------ helpers

    def leg_of(self, key: str) -> LegEntry | None:
        """The leg of the call, if it has one."""
        return next((leg for leg in self._legs.values() if leg.key == key), None)

    def dialogs(self) -> dict[str, sip.KeptDialog]:
        """By the call's key, what another engine would need to go on with the calls that are SIP's
        own: the leg is the call."""
        found: dict[str, sip.KeptDialog] = {}
        for leg in self._legs.values():
            handle = leg.replaces or (leg.handle if leg.up else "")
            if leg.lasting and handle:
                try:
                    found[leg.key] = self.phone.kept(handle)
                except sip.LocalProtocolError:
                    log.debug("a call that is over is not kept")
        return found

    def has_successor(self, leg: LegEntry) -> bool:
        """Whether another leg is about to take this one's place."""
        return any(other.succeeds is leg for other in self._legs.values())

    def has_leg(self, key: str) -> bool:
        """Whether an audio leg of this call exists or is being set up."""
        return self.leg_of(key) is not None

    def put_state(self, key: str, state: Leg) -> None:
        """Say of a call how its audio stands; nothing for one that is not there."""
        call = self.calls.by_key(key)
        if call is not None and call.leg is not state:
            self.calls.put(call, leg=state)

    def put(self, leg: LegEntry) -> None:
        """Keep a leg under its handle."""
        self._legs[leg.handle] = leg

    def entry(self, handle: str) -> LegEntry | None:
        """The leg of that handle."""
        return self._legs.get(handle)

    def discard(self, leg: LegEntry) -> None:
        """Close a leg without a word to its peer."""
        self._drop(leg, bye=False)

    def drop(self, leg: LegEntry) -> None:
        """Close a leg, and tell its peer: BYE, CANCEL, or 480."""
        self._drop(leg, bye=True)

    def _drop(self, leg: LegEntry, *, bye: bool) -> None:
        self._legs.pop(leg.handle, None)
        if bye:
            try:
                if leg.up:
                    self.phone.bye(leg.handle, *([leg.farewell] if leg.farewell else []))
                elif leg.phase is LegPhase.CALLING:
                    self.phone.cancel(leg.handle)
                else:
                    self.phone.reject(leg.handle, 480)
            except sip.LocalProtocolError as error:
                log.debug("the leg was over already: %s", error)
        tell(leg, 0)
        # Not one of the context's tasks: those are cancelled when the engine ends, and a leg that
        # is not closed to its end leaves its sockets open.
        closing = asyncio.get_running_loop().create_task(close(leg))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """End every leg and let go of the sound device."""
        for leg in tuple(self._legs.values()):
            self._drop(leg, bye=True)
        while self._closing:
            await asyncio.wait(set(self._closing))  # each ends within its own limit (leg.py)
        await self.devices.close()
