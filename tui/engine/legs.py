"""The audio legs of the calls, whoever decides about them: offers and answers as SIP tells them,
hold, mute, levels, and an end that always comes.

Which INVITE gets a leg is decided elsewhere: audio.py for the platforms, lines.py for plain SIP.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from tui import sip
from tui.engine.core import Core, log
from tui.engine.events import LevelsChanged
from tui.engine.legentry import LegEntry, Phone, as_ice, bar, close, not_moved, tell
from tui.engine.sounds import Sounds
from tui.engine.state import Call, Leg, Levels
from tui.text import clean_text

if TYPE_CHECKING:
    from tui.config import AudioSettings
    from tui.engine.calls import Calls
    from tui.media import leg as media_leg

__all__ = ["LegEntry", "Legs", "Phone", "bar"]

LEVEL_PERIOD = 0.5
"""Seconds between two looks at the levels; over SSH each look costs bytes (textual.md)."""
_TONES = 32
"""Tones of the peer's that are kept."""


class Legs:
    """The legs of the calls; implements what `Calls` needs of them."""

    def __init__(self, core: Core, settings: AudioSettings) -> None:
        self.core = core
        self.settings = settings
        self.sounds = Sounds(core, settings)
        self.calls: Calls | None = None
        self.phone: Phone | None = None
        self.loopback = False
        """The server is on this machine: only then is 127.0.0.1 a candidate."""
        self.ice_servers: Callable[[], Awaitable[Sequence[Any]]] = self.configured_servers
        """The STUN and TURN servers of the next leg."""
        self.on_renegotiated: Callable[[LegEntry], None] = lambda leg: None
        """Called when an offer and an answer are in force."""
        self._legs: dict[str, LegEntry] = {}
        self._closing: set[asyncio.Task[None]] = set()

    async def configured_servers(self) -> Sequence[Any]:
        """Those of the config, for every account."""
        return self.settings.ice_servers

    # ------------------------------------------------------------ what calls ask

    def expect(self, key: str) -> None:
        """From now on one INVITE may open the audio of this call, where that is how it comes."""

    def stop(self, key: str) -> None:
        """The call is over: its leg ends."""
        for leg in [leg for leg in self._legs.values() if leg.key == key]:
            self._drop(leg, bye=True)

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

    def ring(self, on: bool) -> None:
        """Ring, or stop ringing, on the sound device."""
        self.sounds.ring(on)

    async def send_info(self, key: str, content_type: str, body: bytes) -> bool:
        """An INFO in the call's leg; whether it was taken. False without a leg."""
        leg = next((leg for leg in self._legs.values() if leg.key == key and leg.answered), None)
        if leg is None or self.phone is None:
            return False
        return await self.phone.info(leg.handle, content_type, body)

    # ------------------------------------------------------------ what SIP tells

    def renegotiated(self, event: sip.Event) -> bool:
        """Take an event about an offer or an answer inside a call. False when it is another."""
        match event:
            case sip.AckWithSdp(call=handle, sdp=sdp) | sip.ReinviteAccepted(call=handle, sdp=sdp):
                if leg := self._legs.get(handle):
                    self.core.spawn(self._apply(leg, sdp))
            case sip.ReinviteReceived(call=handle, sdp=sdp):
                if leg := self._legs.get(handle):
                    self.core.spawn(self._reinvited(leg, sdp))
            case sip.ReinviteRefused(call=handle, status=status):
                if leg := self._legs.get(handle):
                    leg.offered_again = False
                    not_moved(leg)
                    tell(leg, status)
            case _:
                return False
        return True

    async def make_media(self, leg: LegEntry) -> media_leg.Leg:
        """A new connection for the leg; raises what keeps the media room from opening."""
        await self.sounds.loaded()
        return self._new_leg(leg, await self._servers_now())

    async def _servers_now(self) -> list[Any]:
        """STUN and TURN servers, with credentials that still count."""
        return [as_ice(server) for server in await self.ice_servers()]

    def _new_leg(self, leg: LegEntry, servers: Sequence[Any]) -> media_leg.Leg:
        sound = self.sounds.sound
        assert sound is not None  # loaded() made it, or raised
        loop = asyncio.get_running_loop()
        made: media_leg.Leg = self.sounds.leg_module.Leg(
            source=sound.source if leg.plug is None else leg.plug,
            sink=sound.sink if leg.plug is None else leg.plug,
            ice_servers=servers,
            loopback=self.loopback,
            dtx=self.settings.dtx,
            on_state=lambda state: loop.call_soon(self._media_state, leg, str(state.value)),
            on_digit=lambda digit: loop.call_soon(self.received_digit, leg, digit),
        )
        return made

    def received_digit(self, leg: LegEntry, digit: str) -> None:
        """A tone of the peer's: shown, and nothing more."""
        call = self._call(leg.key)
        if call is not None and call.live and leg.handle in self._legs:
            assert self.calls is not None
            self.calls.put(call, received=(call.received + clean_text(digit, 1))[-_TONES:])

    def _media_state(self, leg: LegEntry, state: str) -> None:
        call = self._call(leg.key)
        if leg.handle not in self._legs or call is None or not call.live:
            return
        if state == "connected":
            self._put_leg(call, Leg.CONNECTED)
            self._look_at_levels()
        elif state in ("failed", "lost"):
            if not leg.lasting:
                self._drop(leg, bye=True)
            self._leg_gone(leg.key, Leg(state))

    async def _reinvited(self, leg: LegEntry, offer: bytes | None) -> None:
        assert self.phone is not None
        try:
            if leg.media is None:
                raise RuntimeError("a re-INVITE before the leg was answered")
            if offer is None:
                answer = await leg.media.reoffer(leg.direction)
                leg.offered_again = True
            else:
                answer = await leg.media.answer(offer.decode("utf-8", "replace"))
            self.phone.agent.accept_reinvite(leg.handle, answer.encode(), self.phone.now())
            if offer is not None:
                self.on_renegotiated(leg)
        except sip.LocalProtocolError:
            log.info("the re-INVITE was over before it was answered")
        except Exception as error:
            log.warning("a re-INVITE was refused with 488: %s", error)
            self.phone.agent.reject_reinvite(leg.handle, 488, self.phone.now())
        self.phone.flush()

    async def _apply(self, leg: LegEntry, sdp: bytes | None) -> None:
        status = 488
        try:
            if leg.media is None or not sdp:
                raise ValueError("there is no description in it")
            text = sdp.decode("utf-8", "replace")
            if leg.offered_again:
                leg.offered_again = False
                await leg.media.apply(text)
                leg.moving = False
            else:
                await leg.media.accept(text)
            status = 200
            self.on_renegotiated(leg)
        except Exception as error:
            log.warning("an answer of the peer could not be used: %s", error)
            not_moved(leg)
        finally:
            tell(leg, status)

    # ------------------------------------------------------------ we offer again

    async def reoffer(self, leg: LegEntry, direction: str, limit: float = 35.0) -> int:
        """Offer the leg again with that direction; the status of the answer once it is in force
        (200), or what it was refused with. 0: it could not be said, or nothing came in time."""
        assert self.phone is not None
        if leg.media is None or leg.outcome is not None or leg.offered_again:
            return 0
        leg.outcome = asyncio.get_running_loop().create_future()
        try:
            await self._offer_again(leg, direction)
            self.phone.flush()
            async with asyncio.timeout(limit):
                status = await leg.outcome
        except TimeoutError:
            return 0
        except Exception as error:
            log.warning("a leg could not be offered again: %s", error)
            leg.offered_again = False
            not_moved(leg)
            return 0
        finally:
            leg.outcome = None
        if status == 200:
            leg.direction = direction
        return status

    async def _offer_again(self, leg: LegEntry, direction: str) -> None:
        assert self.phone is not None
        assert leg.media is not None
        leg.moving, leg.restart = leg.restart, False
        media = leg.media
        if leg.moving:
            offer = await media.restart(await self._servers_now())
        else:
            offer = await media.reoffer(direction)
        leg.offered_again = True
        self.phone.agent.reinvite(leg.handle, offer.encode(), self.phone.now())

    async def refresh(self) -> None:
        """After a lost flow: each leg is offered again, so that both sides know it lives."""
        assert self.phone is not None
        for leg in tuple(self._legs.values()):
            if leg.media is None or not leg.answered:
                continue
            try:
                await self._offer_again(leg, leg.direction)
            except Exception as error:
                log.warning("a leg could not be refreshed: %s", error)
                not_moved(leg)
        self.phone.flush()

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
        self.core.timers.set("levels", LEVEL_PERIOD, self._look_at_levels)

    def _emit_levels(self, levels: Levels) -> None:
        if levels != self.core.snapshot.levels:
            self.core.emit(LevelsChanged(levels))

    # ------------------------------------------------------------ helpers

    def leg_of(self, key: str) -> LegEntry | None:
        """The leg of the call, if it has one."""
        return next((leg for leg in self._legs.values() if leg.key == key), None)

    def has_leg(self, key: str) -> bool:
        """Whether an audio leg of this call exists or is being set up."""
        return self.leg_of(key) is not None

    def _call(self, key: str) -> Call | None:
        return None if self.calls is None else self.calls.by_key(key)

    def _put_leg(self, call: Call, leg: Leg) -> None:
        assert self.calls is not None
        if call.leg is not leg:
            self.calls.put(call, leg=leg)

    def _leg_gone(self, key: str, leg: Leg) -> None:
        """A call lives without its audio."""
        call = self._call(key)
        if call is not None and call.live:
            self._put_leg(call, leg)

    def put(self, leg: LegEntry) -> None:
        """Keep a leg under its handle."""
        self._legs[leg.handle] = leg

    def entry(self, handle: str) -> LegEntry | None:
        """The leg of that handle."""
        return self._legs.get(handle)

    def discard(self, leg: LegEntry) -> None:
        """Close a leg without a word to its peer."""
        self._drop(leg, bye=False)

    def _drop(self, leg: LegEntry, *, bye: bool) -> None:
        self._legs.pop(leg.handle, None)
        if bye and self.phone is not None:
            try:
                if leg.answered:
                    self.phone.agent.bye(leg.handle, self.phone.now())
                elif leg.calling:
                    self.phone.agent.cancel(leg.handle, self.phone.now())
                else:
                    self.phone.agent.reject(leg.handle, 480, self.phone.now())
            except sip.LocalProtocolError as error:
                log.debug("the leg was over already: %s", error)
            self.phone.flush()
        tell(leg, 0)
        # Not one of the core's tasks: those are cancelled when the engine ends, and a leg that is
        # not closed to its end leaves its sockets open.
        closing = asyncio.get_running_loop().create_task(close(leg))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """End every leg and let go of the sound device."""
        for leg in tuple(self._legs.values()):
            self._drop(leg, bye=True)
        while self._closing:
            await asyncio.wait(set(self._closing))  # each ends within its own limit (leg.py)
        await self.sounds.close()
