"""One microphone and one pair of ears for several legs: one line at a time, or all that are joined
mixed into one conversation, in which each hears the others and us.

How it works. Each leg gets a `Plug` as its source and sink. With one plug on, sound goes straight
through. With several, legs tick every 20 ms by one clock but not at one instant, so a block goes
through a short queue for each that is to have it. A block of the microphone is fetched by the leg
that ticks first and queued for the others. A block that a leg brings is queued for each other leg,
which adds it to what it says, and for our ear, which gets the sum once each leg has brought its
block, or one leg a second one. The queues are bounded: a leg that stalls costs the others nothing
and leaves no delay behind.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from tui.media.pcm.levels import WIDTH, mix
from tui.media.pcm.sinks import Sink
from tui.media.pcm.sources import Source

MOST = 4
"""Blocks of 20 ms that may wait between two legs; of more, the oldest go."""
KEPT = 2
"""Blocks that wait no longer than they must: of more, found when one is taken, the oldest go. So a
leg that stalled comes back without a delay that would stay."""


class Mixer:
    """The plugs of one engine. `source` and `sink` are asked for at each block, so that devices
    may be changed in a call."""

    def __init__(self, source: Callable[[], Source], sink: Callable[[], Sink]) -> None:
        self._source = source
        self._sink = sink
        self._plugs: list[Plug] = []
        self._over = b""
        self._flows = False
        """A leg has brought something since we last played."""

    def plug(self) -> Plug:
        """A new place for a leg, not in use yet: it hears nothing and says nothing."""
        plug = Plug(self)
        self._plugs.append(plug)
        return plug

    def play(self, pcm: bytes) -> None:
        """Let us hear this (s16, 48 kHz) on top of what the legs bring."""
        flows, self._flows = self._flows and bool(self._used()), False
        if flows:
            self._over += pcm
        else:  # nothing comes to lay it on: a call that is not up yet, or none
            pcm, self._over = self._over + pcm, b""
            self._sink().write(pcm)

    # ------------------------------------------------------------ for the plugs

    def _used(self) -> list[Plug]:
        return [plug for plug in self._plugs if plug.on]

    def _read(self, plug: Plug, samples: int) -> bytes:
        used = self._used()
        if len(used) == 1:
            pcm = self._source().read(samples)
            return bytes(len(pcm)) if plug.muted else pcm
        if not plug._spoken:
            # Whoever is first fetches the block that all others say too.
            block = self._source().read(samples)
            for each in used:
                each._spoken.append(block)
        pcm = _next(plug._spoken)
        if plug.muted:  # fetched all the same: it must not be said later
            pcm = bytes(len(pcm))
        for waiting in plug._heard.values():
            if waiting:
                pcm = _added(pcm, _next(waiting))
        return pcm

    def _write(self, plug: Plug, pcm: bytes) -> None:
        others = [each for each in self._used() if each is not plug]
        if not others:
            self._hear(pcm)
            return
        for each in others:
            each._heard.setdefault(plug, deque(maxlen=MOST)).append(pcm)
        plug._said.append(pcm)
        # A block of the ear is due when all have brought theirs, or one its next.
        if len(plug._said) > 1 or all(each._said for each in others):
            mixed = b""
            for each in (plug, *others):
                if each._said:
                    block = _next(each._said)
                    mixed = _added(mixed, block) if mixed else block
            self._hear(mixed)

    def _hear(self, pcm: bytes) -> None:
        self._flows = True
        if self._over:
            now, self._over = self._over[: len(pcm)], self._over[len(pcm) :]
            pcm = _added(pcm, now)
        self._sink().write(pcm)

    def _forget(self, plug: Plug) -> None:
        plug._clear()
        for each in self._plugs:
            each._heard.pop(plug, None)


class Plug:
    """Where one leg is plugged in: a Source and a Sink. Off it gives silence and hears nothing,
    and the microphone stays to the others."""

    def __init__(self, mixer: Mixer) -> None:
        self._mixer = mixer
        self._on = False
        self.muted = False
        """Its peer does not hear our microphone; the other legs it hears."""
        self._spoken: deque[bytes] = deque(maxlen=MOST)
        """Blocks of the microphone that another leg has fetched."""
        self._heard: dict[Plug, deque[bytes]] = {}
        """What the other legs brought, by who brought it."""
        self._said: deque[bytes] = deque(maxlen=MOST)
        """What this leg brought and our ear has not had."""

    @property
    def on(self) -> bool:
        """Whether the leg takes part."""
        return self._on

    @on.setter
    def on(self, on: bool) -> None:
        if on is not self._on:
            self._on = on
            self._mixer._forget(self)

    def read(self, samples: int) -> bytes:
        """What is to be said to this leg's peer."""
        return self._mixer._read(self, samples) if self._on else bytes(samples * WIDTH)

    def write(self, pcm: bytes) -> None:
        """What this leg's peer says."""
        if self._on:
            self._mixer._write(self, pcm)

    def close(self) -> None:
        """Take the leg out for good."""
        self.on = False
        if self in self._mixer._plugs:
            self._mixer._plugs.remove(self)

    def _clear(self) -> None:
        self._spoken.clear()
        self._heard.clear()
        self._said.clear()


def _next(waiting: deque[bytes]) -> bytes:
    """The oldest block, of those that may wait."""
    while len(waiting) > KEPT:
        waiting.popleft()
    return waiting.popleft()


def _added(one: bytes, other: bytes) -> bytes:
    """The sum of two blocks; the shorter one is lengthened with silence."""
    size = max(len(one), len(other))
    return mix(one.ljust(size, b"\0"), other.ljust(size, b"\0"))
