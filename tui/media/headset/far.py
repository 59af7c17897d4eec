"""The headset as an engine has it: another computer's microphone, ears and ring, over one
connection. While there is none, or it says nothing, there is silence, and a state.

It is used by being read and written, once in 20 ms, and told of when that has ended (IDLE). Nothing
is sent while nobody uses it, but a ping now and then, which tells that it is still there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from tui.media.headset.connection import HeadsetConnection, HeadsetLost
from tui.media.headset.flow import LOUD, VoiceIn, VoiceOut
from tui.media.headset.room_tone import RoomTone
from tui.media.headset.wire import (
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
from tui.media.pcm.levels import FRAME, WIDTH, rms

IDLE: Final = 3.0
"""Seconds after the last use before the other end closes its microphone."""
BEAT: Final = 1.0
"""Seconds between two pings while it is in use."""
SLOW_BEAT: Final = 15.0
"""The same while it is not."""
UNANSWERED: Final = 3.0
"""Seconds after which a ping that is not answered says that the line is gone."""
HOPELESS: Final = 60.0
"""After so many the connection is given up."""
MOST_DELAY: Final = 10.0
"""Seconds that a device may hold back; more is nonsense."""
ANSWER: Final = 12.0
"""Seconds for the list of devices: another process looks for them there."""


class FarUser(Protocol):
    """Who is told of the headset."""

    def headset_changed(self) -> None:
        """`here`, `state` or `delay` is another."""
        ...

    @property
    def muted(self) -> bool:
        """Whether nobody hears the microphone now: asked while it is in use."""

    def headset_lost(self, lost: HeadsetLost) -> None:
        """The connection is over."""
        ...


class FarHeadset:
    """One engine's. In one event loop."""

    def __init__(self, user: FarUser, clock: Callable[[], float]) -> None:
        self.near: NearState | None = None
        """What the other end said of its sound; None before it did."""
        self.delay: float | None = None
        """Seconds to it and back, of late."""
        self.here = False
        """Whether it is connected, and answers."""
        self.voice_in, self.voice_out = VoiceIn(), VoiceOut()
        self._user, self._clock = user, clock
        self._connection: HeadsetConnection | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._in_use = False
        self._used = 0.0
        self._asked: float | None = None
        """When the ping was sent that is not answered yet."""
        self._loudness = Loudness()
        self._rings = self._muted = False
        self._waiting: list[asyncio.Future[DevicesThere]] = []
        self._rest = b""
        self._room_tone: RoomTone | None = None

    @property
    def running(self) -> bool:
        """Whether sound has come from there since it was taken into use."""
        return self._in_use and self.voice_in.figures.received > 0

    @property
    def device_delay(self) -> float | None:
        """Seconds that the devices there hold back, as they say themselves."""
        said = None if self.near is None else self.near.delay
        return said if said is not None and 0 < said < MOST_DELAY else None

    # ------------------------------------------------------------ sound

    def read(self, samples: int) -> bytes:
        """What was said there; silence where there is none."""
        self._use()
        now, size = self._clock(), samples * WIDTH
        while len(self._rest) < size:
            self._rest += self._as_in_the_room(self.voice_in.read(now))
        pcm, self._rest = self._rest[:size], self._rest[size:]
        return pcm

    def _as_in_the_room(self, pcm: bytes) -> bytes:
        """Silence that was not sent sounds as it does there."""
        room = self.near.room if self.near is not None and self.here else 0.0
        if not 0.0 < room <= LOUD or rms(pcm) > 0.0:
            return pcm
        if self._room_tone is None:
            self._room_tone = RoomTone()
        return self._room_tone.read(room)

    def write(self, pcm: bytes) -> None:
        """Have it heard there: 20 ms."""
        self._use()
        connection, now = self._connection, self._clock()
        self.mute(self._user.muted)
        if connection is None or len(pcm) != FRAME * WIDTH:
            return
        voice_in = self.voice_in
        packet = self.voice_out.packet(pcm, now, voice_in.last, full=connection.full)
        if packet is not None:
            voice_in.told(now)
            connection.send(packet)
        elif (tell := voice_in.to_tell(now)) is not None:
            connection.send(tell)

    def _use(self) -> None:
        self._used = self._clock()
        if not self._in_use:
            self._begin()

    def _begin(self) -> None:
        connection = self._connection
        if connection is None:
            return
        self._in_use = True
        self.voice_in, self.voice_out, self._rest = VoiceIn(), VoiceOut(), b""
        connection.send(InUse(True))
        self._plan(BEAT)

    # ------------------------------------------------------------ what is set

    def loudness(self, volume: int, gain: int, ring: int) -> None:
        """In per cent; the other end does it."""
        self._loudness = Loudness(volume, gain, ring)
        self._send(self._loudness)

    def ring(self, on: bool) -> None:
        """Ring there, or stop."""
        if on is not self._rings:
            self._rings = on
            self._send(Ringing(on))

    def mute(self, on: bool) -> None:
        """Whether nobody hears the microphone: shown there."""
        if on is not self._muted:
            self._muted = on
            self._send(MutedFar(on))

    async def devices(self, choice: ChooseDevices | None = None) -> DevicesThere | None:
        """Choose some, and which there are; None when the other end does not answer."""
        answer: asyncio.Future[DevicesThere] = asyncio.get_running_loop().create_future()
        self._waiting.append(answer)
        self._send(choice or AskDevices())
        try:
            async with asyncio.timeout(ANSWER if self._connection is not None else 0):
                return await answer
        except TimeoutError:
            return None
        finally:
            if answer in self._waiting:
                self._waiting.remove(answer)

    # ------------------------------------------------------------ the connection

    def connected(self, connection: HeadsetConnection) -> None:
        """It is there, and is told all that it must know."""
        self._connection, self._in_use, self._asked = connection, False, None
        self.here = True
        connection.send(self._loudness)
        for told in (Ringing(self._rings), MutedFar(self._muted)):
            if told.on:
                connection.send(told)
        if self._clock() - self._used < IDLE:
            self._begin()
        self._beat()
        self._user.headset_changed()

    def came(self, connection: HeadsetConnection, frame: Frame) -> None:
        """One frame of the other end's."""
        now = self._clock()
        match frame:
            case VoicePacket(heard=heard):
                self.voice_out.heard(heard, now)
                self.voice_in.take(frame, now)
            case HeardUpTo(heard):
                self.voice_out.heard(heard, now)
            case Pong():
                self._answered(now)
            case NearState():
                self.near = frame
                self._user.headset_changed()
            case DevicesThere():
                waiting, self._waiting = self._waiting, []
                for answer in waiting:
                    if not answer.done():
                        answer.set_result(frame)
            case _:
                pass  # what only this end says

    def lost(self, connection: HeadsetConnection, lost: HeadsetLost) -> None:
        """It is over."""
        if connection is self._connection or self._connection is None:
            self._forget()
            self._user.headset_lost(lost)

    def close(self) -> None:
        """End the connection, if there is one."""
        connection = self._connection
        self._forget()
        if connection is not None:
            connection.close()

    def _forget(self) -> None:
        self._connection, self._in_use, self._asked = None, False, None
        self.here, self.near, self.delay = False, None, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _send(self, frame: Frame) -> None:
        if self._connection is not None:
            self._connection.send(frame)

    # ------------------------------------------------------------ whether it is there

    def _plan(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._beat)

    def _beat(self) -> None:
        now, connection = self._clock(), self._connection
        if connection is None:
            return
        if self._in_use and now - self._used > IDLE:
            self._in_use = False
            connection.send(InUse(False))
        if self._asked is None:
            self._asked = now
            connection.send(Ping(round(now * 1000)))
        elif now - max(self._asked, connection.heard_at) > HOPELESS:
            connection.abandon(HeadsetLost("silent"))
            return
        elif now - max(self._asked, connection.heard_at) > UNANSWERED and self.here:
            self.here = False
            self._user.headset_changed()
        self._plan(BEAT if self._in_use or self._asked is not None else SLOW_BEAT)

    def _answered(self, now: float) -> None:
        asked, self._asked = self._asked, None
        if asked is not None:
            took = now - asked
            self.delay = took if self.delay is None else self.delay + (took - self.delay) / 4
        back, self.here = not self.here, True
        self._user.headset_changed()
        if back or not self._in_use:
            self._plan(BEAT if self._in_use else SLOW_BEAT)
