"""One connection of the headset over a Unix socket: frames in and out, and who is at its other end.

Nothing counts before the other end has proved that it knows this login's secret (`proof`), and it
has PROVING seconds for that. What goes wrong ends the connection with a `HeadsetLost`: it says why.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from tui.media.headset.proof import Doubt, FarProof, NearProof, NotBelieved
from tui.media.headset.wire import (
    BrokenWire,
    Farewell,
    Frame,
    FrameReader,
    HeardUpTo,
    Proven,
    VoicePacket,
    Welcome,
    encoded,
)

log = logging.getLogger(__name__)

PROVING: Final = 5.0
"""Seconds for the proofs."""
MOST_WRITTEN: Final = 4096
"""Bytes that may wait to be taken by the socket before no voice is added to them (one second)."""
MOST_TOLD: Final = 262_144
"""Bytes that may wait in all; of a line that takes nothing for so long there is nothing to hope."""


@dataclass(frozen=True, slots=True)
class HeadsetLost:
    """Why a connection ended: "closed", "silent", "broken", "version", "secret", "order",
    "replaced", "end". `version` is the other end's."""

    why: str
    version: str = ""


class HeadsetUser(Protocol):
    """Who uses a connection."""

    def connected(self, connection: HeadsetConnection) -> None:
        """The other end is who it should be."""
        ...

    def came(self, connection: HeadsetConnection, frame: Frame) -> None:
        """A frame, after that."""
        ...

    def lost(self, connection: HeadsetConnection, lost: HeadsetLost) -> None:
        """It is over, whether or not it ever was connected."""
        ...


class HeadsetConnection(asyncio.Protocol):
    """Either end's; `proof` says which."""

    def __init__(
        self,
        proof: FarProof | NearProof,
        user: HeadsetUser,
        *,
        clock: Callable[[], float],
        ours: Callable[[asyncio.BaseTransport], bool],
    ) -> None:
        """`ours(transport)`: whether the kernel says that the other end is this user's."""
        self.believed = False
        self.heard_at = 0.0
        """When anything came last."""
        self._proof, self._user, self._clock, self._ours = proof, user, clock, ours
        self._reader = FrameReader()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._lost: HeadsetLost | None = None
        self._skipped = False

    # ------------------------------------------------------------ out

    @property
    def full(self) -> bool:
        """Whether the socket has not taken what it was given."""
        transport = self._transport
        return transport is None or transport.get_write_buffer_size() > MOST_WRITTEN

    def send(self, frame: Frame) -> None:
        """Send it, once the other end is believed."""
        if self.believed:
            self._write(frame)

    def close(self, why: str = "end") -> None:
        """Say goodbye, and end."""
        if self._lost is None:
            self._write(Farewell(why))
            self._end(HeadsetLost(why))

    def abandon(self, lost: HeadsetLost) -> None:
        """End it without a word: nothing is taken any more."""
        self._end(lost, abort=True)

    def _write(self, frame: Frame) -> None:
        transport = self._transport
        if transport is None or self._lost is not None or transport.is_closing():
            return
        transport.write(encoded(frame))
        if transport.get_write_buffer_size() > MOST_TOLD:
            self._end(HeadsetLost("silent"), abort=True)

    # ------------------------------------------------------------ asyncio's

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Whose process it is is asked of the kernel; then the proof begins."""
        assert isinstance(transport, asyncio.Transport)
        self._transport, self.heard_at = transport, self._clock()
        if not self._ours(transport):
            log.warning("the headset's socket belongs to another user")
            self._end(HeadsetLost("stranger"), abort=True)
            return
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(PROVING, self._unproved)
        if isinstance(self._proof, FarProof):
            self._write(self._proof.begin())

    def data_received(self, data: bytes) -> None:
        """Whole frames are taken; what is no frame of this wire ends the connection."""
        self.heard_at = self._clock()
        try:
            frames = self._reader.feed(data)
        except BrokenWire as problem:
            log.warning("what came over the headset's socket is not its wire: %s", problem)
            self._end(HeadsetLost("broken"), abort=True)
            return
        if self._reader.skipped and not self._skipped:
            self._skipped = True
            log.warning("a frame of the headset was not understood, and is skipped")
        for frame in frames:
            if self._lost is not None:
                return
            self._take(frame)

    def connection_lost(self, exc: Exception | None) -> None:
        """The other end closed it, or is gone."""
        self._end(HeadsetLost("closed"))

    # ------------------------------------------------------------ who is there

    def _take(self, frame: Frame) -> None:
        if not self.believed:
            self._prove(frame)
        elif isinstance(frame, Farewell):
            self._end(HeadsetLost(frame.why if frame.why in ("replaced", "end") else "closed"))
        else:
            self._user.came(self, frame)

    def _prove(self, frame: Frame) -> None:
        try:
            if isinstance(frame, VoicePacket | HeardUpTo):
                raise NotBelieved(Doubt.ORDER)
            answer: Welcome | Proven | None = self._proof.take(frame)
        except NotBelieved as problem:
            log.warning("the other end of the headset is not believed: %s", problem.doubt)
            if problem.last is not None:
                self._write(problem.last)
            self._end(HeadsetLost(problem.doubt.value, problem.theirs))
            return
        if answer is not None:
            self._write(answer)
        if answer is None or isinstance(self._proof, FarProof):
            if self._timer is not None:
                self._timer.cancel()
            self.believed = True
            self._user.connected(self)

    def _unproved(self) -> None:
        self._end(HeadsetLost("silent"), abort=True)

    def _end(self, lost: HeadsetLost, *, abort: bool = False) -> None:
        if self._lost is not None:
            return
        self._lost, self.believed = lost, False
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            if abort:
                self._transport.abort()
            else:
                self._transport.close()
        self._user.lost(self, lost)
