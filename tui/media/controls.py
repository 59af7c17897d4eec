"""What can be done with a leg in a call, and what it tells of itself."""

from __future__ import annotations

import time

from tui.media.life import LegState, Life
from tui.media.path import Path
from tui.media.sinks import Sink
from tui.media.sources import Source
from tui.media.wire import Address


class Controls:
    """Over the path that carries a leg's sound."""

    def __init__(self, path: Path, life: Life) -> None:
        self._path, self._life = path, life
        self._direction = ""

    @property
    def state(self) -> LegState:
        """Where the leg is."""
        return self._life.state

    @property
    def reason(self) -> str:
        """Why it failed or was lost: "setup-timeout", "transport", "peer-closed"; else ""."""
        return self._life.reason

    # ------------------------------------------------------------ controls

    @property
    def muted(self) -> bool:
        """Silence is sent, whatever is negotiated."""
        return self._path.muted

    @property
    def held(self) -> bool:
        """Cut here, both ways, whatever is negotiated."""
        return self._path.held

    def mute(self, on: bool) -> None:
        """Send silence from the next 20 ms on, whatever the platform does."""
        self._path.muted = on

    def hold(self, on: bool) -> None:
        """Cut both ways here: silence is sent, and what comes is not heard."""
        self._path.held = on

    def set_source(self, source: Source) -> None:
        """Speak with another voice from the next 20 ms on."""
        self._path.source = source

    def set_sink(self, sink: Sink) -> None:
        """Hear with another ear from the next 20 ms on."""
        self._path.sink = sink

    @property
    def can_send_digits(self) -> bool:
        """Whether keys can be sent as telephone-event now: the peer takes them, and we may send."""
        up = self.state is LegState.CONNECTED
        return up and self._path.sends and self._path.outgoing.has_keys

    def send_digit(self, digit: str, duration: float = 0.16) -> None:
        """Send one key for so many seconds (RFC 4733); keys wait for one another. ValueError for
        no key; RuntimeError when `can_send_digits` is false."""
        if not self.can_send_digits:
            raise RuntimeError("the peer takes no keys here")
        self._path.outgoing.keys.add(digit, duration)

    # ------------------------------------------------------------ numbers

    def levels(self) -> tuple[float, float]:
        """How loud (you, them), 0.0 to 1.0; you after mute, as it is sent."""
        now = time.monotonic()
        return self._path.you.read(now), self._path.them.read(now)

    def spoken(self) -> float:
        """How loud the source is before the mute, 0.0 to 1.0."""
        return self._path.microphone.read(time.monotonic())

    @property
    def direction(self) -> str:
        """What is negotiated, from our side: "sendrecv", "sendonly", "recvonly", "inactive";
        "" before."""
        return self._direction

    @property
    def local_address(self) -> Address | None:
        """Our end of the nominated pair; None before it is up."""
        return self._path.local_address

    @property
    def remote_address(self) -> Address | None:
        """The peer's end of the nominated pair; None before it is up."""
        return self._path.remote_address
