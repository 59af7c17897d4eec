"""The near end of the headset: this computer's devices, served to one engine on a Unix socket.

The microphone is open only while the engine says that sound is in use, and is closed when nothing
has come from it for DEAF seconds. A later engine that knows the secret takes the place of the one
before.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from tui.headset.surplus import BLOCK, Surplus
from tui.media.device.enumerate import Listing, ask
from tui.media.device.sound import SoundIO, SoundState
from tui.media.gc_pause import GC_PAUSE
from tui.media.headset.connection import HeadsetConnection, HeadsetLost
from tui.media.headset.flow import VoiceIn, VoiceOut
from tui.media.headset.proof import NearProof
from tui.media.headset.wire import (
    NAMES,
    TEXT,
    AskDevices,
    ChooseDevices,
    DevicesThere,
    Frame,
    HeardUpTo,
    InUse,
    Loudness,
    MutedFar,
    NearState,
    Ping,
    Pong,
    Ringing,
    VoicePacket,
)
from tui.media.pcm.levels import FRAME, SILENCE, TICK
from tui.port.wire.sockets import is_ours, listen
from tui.secrets import Secret
from tui.text import clean_text

log = logging.getLogger(__name__)

DEAF: Final = 5.0
"""Seconds without a word from the engine after which the microphone is closed."""
MAX_LATE: Final = 10
"""Ticks that are made up for; what is missed beyond is left out (200 ms)."""
SAID_WAITS: Final = BLOCK
"""Bytes that may stand in the microphone's ring: one block."""
HEARD_WAITS: Final = 2 * BLOCK
"""Bytes that may stand in the ears' ring: what it begins with."""
FIRST_STATE: Final = 25
"""The tick of the first such look: by then it is known how loud the room is."""
STATE_EVERY: Final = 250
"""Ticks between two looks at what the devices hold back."""


class TellHere(Protocol):
    """Who is told of what goes on, for whoever sits here."""

    def __call__(self, what: str, **values: object) -> None: ...


class ChosenDevices:
    """Which devices, in the config's words."""

    def __init__(self, input: str, output: str, ring: str) -> None:
        self.input, self.output, self.ring = input, output, ring


class NearHeadset:
    """One login's."""

    def __init__(
        self,
        open_sound: Callable[[ChosenDevices, Callable[[SoundState, str], None]], SoundIO],
        chosen: ChosenDevices,
        secret: Secret,
        *,
        told: TellHere = lambda what, **values: None,
        look: Callable[[], Listing | None] = ask,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.chosen = chosen
        self.in_use = False
        self.rings = self.muted = False
        self.voice_in, self.voice_out = VoiceIn(), VoiceOut()
        self._secret, self._told, self._look, self._clock = secret, told, look, clock
        self._connection: HeadsetConnection | None = None
        self._server: asyncio.Server | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._said, self._heard = Surplus(SAID_WAITS), Surplus(HEARD_WAITS)
        self._due = 0.0
        self._ticks = 0
        self._deaf = False
        self._complained = False
        self.sound = open_sound(chosen, self._state_changed)

    async def serve(self, path: Path) -> None:
        """Listen there, for this user only. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(self._accepted, sock=listen(path))

    async def close(self) -> None:
        """End everything: the devices too."""
        self._use(False)
        if self._server is not None:
            self._server.close()
        if self._connection is not None:
            self._connection.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.to_thread(self.sound.close)

    def _accepted(self) -> HeadsetConnection:
        return HeadsetConnection(
            NearProof(self._secret),
            self,
            clock=self._clock,
            ours=lambda transport: is_ours(transport.get_extra_info("socket")),
        )

    # ------------------------------------------------------------ the connection

    def connected(self, connection: HeadsetConnection) -> None:
        """An engine that knows the secret."""
        old, self._connection = self._connection, connection
        if old is not None:
            self._use(False)
            old.close("replaced")
        self._told("connected")
        self._tell_state()

    def lost(self, connection: HeadsetConnection, lost: HeadsetLost) -> None:
        """It is over: the microphone is closed."""
        if connection is self._connection:
            self._connection = None
            self._use(False)
            self._ring(False)
            self._told("lost", why=lost.why)
        elif self._connection is None and lost.why != "closed":  # who only looked
            self._told("refused", why=lost.why, version=lost.version)

    def came(self, connection: HeadsetConnection, frame: Frame) -> None:
        """One frame of the engine's."""
        if connection is not self._connection:
            return
        now = self._clock()
        match frame:
            case VoicePacket(heard=heard):
                self.voice_out.heard(heard, now)
                self.voice_in.take(frame, now)
            case HeardUpTo(heard):
                self.voice_out.heard(heard, now)
            case Ping(at):
                connection.send(Pong(at))
            case InUse(on):
                self._use(on)
            case Loudness(volume, gain, ring):
                self._set(volume, gain, ring)
            case Ringing(on):
                self._ring(on)
            case MutedFar(on):
                self.muted = on
                self._told("muted", on=on)
            case ChooseDevices() | AskDevices():
                task = asyncio.get_running_loop().create_task(self._devices(frame))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            case _:
                pass  # what only this end says

    # ------------------------------------------------------------ what is set

    def _set(self, volume: int | None, gain: int | None, ring: int | None) -> None:
        if volume is not None:
            self.sound.set_volume(volume)
        if gain is not None:
            self.sound.set_gain(gain)
        if ring is not None:
            self.sound.ring_volume = max(0, min(200, ring))

    def _ring(self, on: bool) -> None:
        if on is not self.rings:
            self.rings = on
            self.sound.ring(on)
            self._told("ring", on=on)

    async def _devices(self, asked: ChooseDevices | AskDevices) -> None:
        bad = ""
        if isinstance(asked, ChooseDevices):
            bad = self._choose(asked)
        listing = await asyncio.to_thread(self._look) or Listing(portaudio=True)
        chosen, connection = self.chosen, self._connection
        if connection is not None:
            connection.send(
                DevicesThere(
                    _names(listing.inputs),
                    _names(listing.outputs),
                    chosen.input[:TEXT],
                    chosen.output[:TEXT],
                    chosen.ring[:TEXT],
                    listing.portaudio,
                    bad,
                )
            )

    def _choose(self, asked: ChooseDevices) -> str:
        """ "" when it could be meant, else what could not. Only devices by name: a file here is no
        business of the other end's."""
        for given in (asked.input, asked.output, asked.ring):
            if given and given != "none" and not given.startswith("device:"):
                return given[:TEXT]
        try:
            self.sound.choose(asked.input, asked.output, asked.ring)
        except ValueError:
            return next((g for g in (asked.input, asked.output, asked.ring) if g), "")[:TEXT]
        for name in ("input", "output", "ring"):
            if (value := getattr(asked, name)) is not None:
                setattr(self.chosen, name, value)
        self._told("chosen", **vars(self.chosen))
        return ""

    def _state_changed(self, state: SoundState, device: str) -> None:
        self._told("state", state=state.value, device=clean_text(device))
        self._tell_state()

    def _tell_state(self) -> None:
        connection, sound = self._connection, getattr(self, "sound", None)
        if connection is not None and sound is not None:
            device = clean_text(sound.device)[:TEXT]
            room = round(self.voice_out.room, 5) if self.in_use else 0.0
            connection.send(NearState(sound.state.value, device, sound.delay, room))

    # ------------------------------------------------------------ the tick

    def _use(self, on: bool) -> None:
        if on is self.in_use:
            return
        self.in_use = on
        self._told("use", on=on)
        if on:
            self.voice_in, self.voice_out = VoiceIn(), VoiceOut()
            self._due, self._ticks, self._deaf = self._clock(), 0, False
            self._said, self._heard = Surplus(SAID_WAITS), Surplus(HEARD_WAITS)
            GC_PAUSE.begin()
            self._timer = asyncio.get_running_loop().call_later(0, self._tick)
        elif self._timer is not None:
            self._timer.cancel()
            self._timer = None
            GC_PAUSE.end()

    def _tick(self) -> None:
        now = self._clock()
        late = now - self._due
        ticks = 1 + int(late / TICK)
        if ticks > MAX_LATE:
            lost, ticks = ticks - MAX_LATE, MAX_LATE
            self.voice_out.skip(lost)
            self._due += lost * TICK
        self._due += ticks * TICK + self.voice_in.playout.lean()
        self._timer = asyncio.get_running_loop().call_later(self._due - now, self._tick)
        try:
            for _ in range(ticks):
                self._ticked(now)
        except Exception:
            if not self._complained:  # it would come fifty times a second
                self._complained = True
                log.exception("a tick of the headset failed; it goes on")

    def _ticked(self, now: float) -> None:
        connection = self._connection
        if connection is None:
            return
        self._ticks += 1
        if now - connection.heard_at > DEAF:
            if not self._deaf:
                self._deaf = True
                self._told("deaf", on=True)
            self.voice_out.skip(1)  # the devices close by themselves when nothing uses them
            return
        if self._deaf:
            self._deaf = False
            self._told("deaf", on=False)
        said, heard = self.sound.waiting
        pcm = self.sound.source.read(FRAME)
        if self._said.leave_out(said, pcm):
            pcm = self.sound.source.read(FRAME)
        if len(pcm) != len(SILENCE):
            pcm = SILENCE
        packet = self.voice_out.packet(pcm, now, self.voice_in.last, full=connection.full)
        if packet is not None:
            self.voice_in.told(now)
            connection.send(packet)
        elif (tell := self.voice_in.to_tell(now)) is not None:
            connection.send(tell)
        pcm = self.voice_in.read(now)
        if not self._heard.leave_out(heard, pcm):
            self.sound.sink.write(pcm)
        if self._ticks == FIRST_STATE or self._ticks % STATE_EVERY == 0:
            self._tell_state()


def _names(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name[:TEXT] for name in map(clean_text, names[:NAMES]) if name)
