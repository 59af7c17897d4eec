"""Judges one call's audio from what its leg counts: how good, and whether both sides hear one
another. No clock and no I/O: each look is given its instant."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from tui.engine.context import Limits
from tui.port import replace
from tui.port.values import Hearing, Quality

Score = Callable[..., float]
"""`tui.media.e_model.rate`: the MOS of `rtt`, `playout`, `loss`, `name`, `burst`."""

SPEECH = 0.02
"""A level of the microphone (root mean square, 1.0 is full scale; -34 dB) that is somebody who
speaks, and not the room."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a leg says at one instant (`Leg.statistics()`, `Leg.spoken()`), and what the engine
    knows besides. Times in seconds but for `jitter`, `rtt` and `delay` (milliseconds); shares
    are of the whole call so far. Ages are None where it has not happened yet."""

    sent: int = 0
    received: int = 0
    lost: int = 0
    jitter: float = 0.0
    rtt: float | None = None
    delay: float = 0.0
    repaired: float = 0.0
    concealed: float = 0.0
    remote_loss: float = 0.0
    codec: str = ""
    last_packet_age: float | None = None
    """Since a packet came."""
    silence_in: float | None = None
    """Since anything but silence was heard."""
    silence_out: float | None = None
    """Since anything but digital silence was sent."""
    unheard: float | None = None
    """For how long the peer's reports tell of no new packet of ours; None without a report."""
    spoken: float = 0.0
    """The microphone's level before the mute."""
    connected: bool = True
    muted: bool = False
    held: bool = False
    sends: bool = True
    receives: bool = True
    """What is negotiated."""
    signalling: bool = True
    """The line to the server is up."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A whole call: means over its looks, and the worst score."""

    quality: Quality | None = None
    worst: float | None = None


class Judge:
    """One call. Ask `look` about once a second."""

    def __init__(self, limits: Limits, score: Score) -> None:
        self.quality = Quality()
        """As it is shown: a figure stays until it has moved by more than its own noise."""
        self._limits = limits
        self._score = score
        self._began: float | None = None
        self._up: float | None = None
        self._open: float | None = None
        """Since when the microphone is not cut."""
        self._window: deque[tuple[float, Look]] = deque()
        self._speaking = 0
        self._alone: float | None = None
        self._looks = 0
        self._scores: list[float] = [0.0, 5.0]
        self._sums = [0.0] * 3
        self._last = Look()

    def look(self, now: float, seen: Look) -> Quality:
        """The judgement at `now`."""
        if self._began is None:
            self._began = now
        if seen.connected and self._up is None:
            self._up = now
        elif not seen.connected:
            self._up = None
        hearing = self._hearing(now, seen)
        if not seen.connected or seen.held or not seen.receives:
            self._window.clear()
            # What stood there before the sound was lost is no figure of what is heard now.
            last = self.quality if seen.connected else Quality(codec=self.quality.codec)
            self.quality = replace(last, hearing=hearing)
            return self.quality
        self._last = seen
        fresh = self._figures(now, seen)
        self.quality = _settled(self.quality, replace(fresh, hearing=hearing))
        return self.quality

    # ------------------------------------------------------------ how good

    def _figures(self, now: float, seen: Look) -> Quality:
        window = self._window
        if window and seen.received < window[-1][1].received:
            window.clear()  # counted anew: another leg
        window.append((now, seen))
        while now - window[0][0] > self._limits.quality_window:
            window.popleft()
        began, old = window[0]
        expected = (seen.received + seen.lost) - (old.received + old.lost)
        lost = _share(seen.lost - old.lost, expected)
        repaired, concealed = (
            _share(new * (seen.received + seen.lost) - was * (old.received + old.lost), expected)
            for new, was in ((seen.repaired, old.repaired), (seen.concealed, old.concealed))
        )
        mos = self.quality.mos
        if now - began >= self._limits.quality_begin and expected > 0:
            # What was lost and not repaired is concealed; what came too late as well (G.113).
            mos = self._score(
                rtt=seen.rtt,
                playout=seen.delay,
                loss=max(concealed, lost - repaired),
                name=seen.codec,
            )
            self._remember(mos, seen)
        return Quality(
            mos=mos,
            codec=seen.codec,
            loss=lost,
            remote_loss=seen.remote_loss,
            jitter=seen.jitter,
            rtt=seen.rtt,
            delay=seen.delay,
            repaired=repaired,
            concealed=concealed,
        )

    def _remember(self, mos: float, seen: Look) -> None:
        self._looks += 1
        self._scores = [self._scores[0] + mos, min(self._scores[1], mos)]
        self._sums[0] += seen.jitter
        self._sums[1] += seen.delay
        self._sums[2] += seen.remote_loss

    def summary(self) -> Summary:
        """The call as a whole, for the history; without figures when there was too little."""
        if not self._looks:
            return Summary()
        seen, count = self._last, self._looks
        jitter, delay, remote = (total / count for total in self._sums)
        quality = Quality(
            mos=round(self._scores[0] / count, 2),
            codec=seen.codec,
            loss=round(_share(seen.lost, seen.received + seen.lost), 4),
            remote_loss=round(remote, 4),
            jitter=round(jitter, 1),
            rtt=None if seen.rtt is None else round(seen.rtt, 1),
            delay=round(delay, 1),
            repaired=round(seen.repaired, 4),
            concealed=round(seen.concealed, 4),
        )
        return Summary(quality, round(self._scores[1], 2))

    # ------------------------------------------------------------ who hears whom

    def _hearing(self, now: float, seen: Look) -> Hearing:
        limits = self._limits
        up = 0.0 if self._up is None else now - self._up
        silent = not seen.connected or _age(up, seen.last_packet_age) > limits.hears_nothing
        if seen.signalling or not silent:
            self._alone = None
        elif self._alone is None:
            self._alone = now
        if self._alone is not None and now - self._alone >= limits.both_gone:
            return Hearing.GONE
        if not seen.connected or seen.held or seen.muted:
            self._open = None
        elif self._open is None:
            self._open = now
        if not seen.connected or seen.held:
            self._speaking = 0
            return Hearing.OK
        if seen.receives and (silent or _age(up, seen.silence_in) > limits.silence_in):
            return Hearing.HEARS_NOTHING
        return self._heard(now, seen)

    def _heard(self, now: float, seen: Look) -> Hearing:
        limits = self._limits
        if seen.sends:
            since = 0.0 if self._open is None else now - self._open
            if seen.sent and min(since, seen.unheard or 0.0) > limits.unheard:
                return Hearing.NOT_HEARD
            if _age(since, seen.silence_out) > limits.silence_out:
                return Hearing.NOT_HEARD
        # Twice within a few looks, so that a cough is not taken for a sentence.
        step = 2 if seen.spoken >= SPEECH else -1
        self._speaking = max(0, min(8, self._speaking + step)) if seen.muted else 0
        was = self.quality.hearing is Hearing.MUTED_SPEAKING
        if self._speaking >= (1 if was else 3):
            return Hearing.MUTED_SPEAKING
        return Hearing.OK


def _age(most: float, age: float | None) -> float:
    """Seconds that something is ago; it may never have been, or not since the call came up."""
    return most if age is None else min(most, age)


def _share(part: float, whole: float) -> float:
    return 0.0 if whole <= 0 else max(0.0, min(1.0, part / whole))


_STEPS = {"jitter": 3.0, "delay": 10.0}
"""Milliseconds within which a figure is not drawn again."""
_SHARES = ("loss", "remote_loss", "repaired", "concealed")


def _settled(shown: Quality, fresh: Quality) -> Quality:
    """The new figures, rounded as they are drawn; those that only tremble stay as they were."""
    kept: dict[str, float | None] = {}
    for name in _SHARES:
        kept[name] = _keep(getattr(shown, name), round(getattr(fresh, name), 3), 0.003)
    for name, step in _STEPS.items():
        kept[name] = _keep(getattr(shown, name), round(getattr(fresh, name)), step)
    kept["rtt"] = fresh.rtt
    if fresh.rtt is not None:
        step = max(4.0, fresh.rtt / 10)
        kept["rtt"] = _keep(shown.rtt, round(fresh.rtt), step)
    if fresh.mos is not None:
        kept["mos"] = _keep(shown.mos, round(fresh.mos, 1), 0.1, round(fresh.mos, 3))
    return replace(fresh, **kept)


def _keep(old: float | None, new: float, step: float, exact: float | None = None) -> float:
    """`old` while what is measured is less than a step from it. Zero is always drawn."""
    if old is None or (new == 0) != (old == 0):
        return new
    return old if abs((new if exact is None else exact) - old) < step else new
