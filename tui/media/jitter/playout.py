"""Adaptive playout of one received stream: packets in as they come, 20 ms of sound out per tick.

How it works. Two scales are compared, both in samples of 48 kHz. The *clock* is what has been
handed out: it moves by 960 with each `read`. A packet's *position* is its RTP timestamp, unwrapped
(`unwrap`). Clock minus position of what is handed out is the *delay*. `receive` puts a packet in
its place and notes how late it came. Five times a second `_look` passes these latenesses to
`delay.DelayTarget`, which says for which lateness it is worth waiting, and `_aim` makes a *goal* of
it: the delay at the next tick after that lateness. At each tick `playout_decision` appends sound
until 20 ms are there: a packet, a repair, or what is made up. Then `_steer` brings the delay to
the goal by taking out or putting in sound in what is about to be heard: as much as is wanted in a
pause of the voice, one period of it at a time elsewhere. The caller may move its ticks a little
(`lean`), so that packets do not wait for them.

No I/O, no clock of its own. `receive` never raises, whatever a peer sends, and nothing here grows
with it: at most MOST_WAITING packets and MOST_DELAY of sound are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from math import floor, gcd

from tui.media.codec.codecs import Decoder
from tui.media.jitter.delay import MS, WORTH, DelayTarget
from tui.media.jitter.figures import PlayoutFigures, RtpPacket
from tui.media.jitter.playout_decision import MOST_WAITING, PlayoutDecision
from tui.media.jitter.unwrap import Placed, Unwrapper
from tui.media.pcm.levels import RATE
from tui.media.pcm.time_stretch import FADE

__all__ = ["Playout", "PlayoutFigures", "RtpPacket"]

MARGIN = 2 * MS
"""The least time between a packet and the tick that plays it: 2 ms."""
LEAN = 20
"""By how many samples one tick may be moved: 0.4 ms."""
FARTHEST = 600
"""By how many samples all ticks together may be moved: 12.5 ms."""
BEGIN = 20 * MS
"""The least delay while fewer than KNOWN packets have come."""
KNOWN = 75
"""From so many packets on, the delay target alone decides."""
LEFT_OUT = 40 * MS
"""A caller that is behind by so much has left out ticks."""
MADE_UP = 12
"""A caller may make up for them within so many ticks; after that their time has passed."""
HOPELESS = 300 * MS
"""A caller that is behind by so much will not make up for it."""
PATIENCE = 1000 * MS
"""A surplus up to SMALL waits so long for a pause of the voice."""
SMALL = 40 * MS
"""A surplus above this is taken out of the voice at once."""
FASTEST = 0.15
"""The largest share of the voice that is taken out or put in."""


class Playout:
    """One stream. `decoder_of` makes the decoder for a payload type, or says that it is not for
    us; it is asked once for each payload type of each stream (SSRC)."""

    def __init__(
        self,
        decoder_of: Callable[[int], Decoder | None],
        *,
        frame: int = 960,
        worth: int = WORTH,
    ) -> None:
        """`worth`: what waiting for a late packet is worth (`DelayTarget`)."""
        self._worth = worth
        self.figures = PlayoutFigures()
        self._frame = frame
        self._silence = bytes(frame * 2)
        self._unwrapper = Unwrapper(decoder_of, self.figures)
        self._decision = PlayoutDecision(self.figures, frame)
        self._buffer = self._decision.buffer
        self._fresh: list[tuple[int, float]] = []
        self._target = DelayTarget(worth)
        self._clock = 0
        self._offset: float | None = None
        """The caller's time at clock 0, in samples, as long as it keeps its pace."""
        self._behind = 0
        self._leans = False
        """The caller moves its ticks as `lean` says."""
        self._leant = 0.0
        self._error = 0.0
        """How much later than it might the tick comes, in samples."""
        self._updated = 0
        self._even = 0
        """The clock when the delay was last where it should be."""
        self._idle = 0
        """Until that clock the voice is left alone."""

    # ------------------------------------------------------------ in

    def receive(self, packet: RtpPacket, arrival: float) -> None:
        """One packet that arrived then (seconds, monotonic)."""
        figures, decision = self.figures, self._decision
        figures.received += 1
        placed = self._unwrapper.place(packet, arrival, self._target.least)
        if placed is None:
            return
        if placed.restart:
            self._fresh.clear()
            decision.clear()
            if placed.restart == "jump":
                self._target = DelayTarget(self._worth)
        number = placed.number
        if not placed.restart:
            for copy in self._unwrapper.copies(packet, placed):
                self._target.expect_copies()
                self._copied(copy)
        if not self._unwrapper.first(number):
            waiting = decision.store.get(number)
            if waiting is not None and waiting.copy:
                decision.keep(placed)  # its copy was quicker
            else:
                figures.duplicate += 1
            return
        if placed.samples and len(self._fresh) < MOST_WAITING:
            self._fresh.append((placed.position, arrival))
        if decision.next is not None and number < decision.next:
            figures.late += 1
            figures.lost -= decision.losses.came(number)
            return
        decision.keep(placed)

    def _copied(self, copy: Placed) -> None:
        """A copy of a packet that is not there is a packet that comes late: so the target knows
        how long it is worth waiting for copies. It counts as one that came in nothing else."""
        decision, number = self._decision, copy.number
        if not self._unwrapper.first(number):
            return
        if len(self._fresh) < MOST_WAITING:
            self._fresh.append((copy.position, copy.arrival))
        if decision.next is None or number >= decision.next:
            decision.keep(copy)

    # ------------------------------------------------------------ out

    def read(self, now: float) -> bytes:
        """The next `frame` samples of 48 kHz mono s16. To be called once for each 20 ms."""
        self._keep_pace(now)
        if self._fresh:
            self._look()
        decision, buffer, frame = self._decision, self._buffer, self._frame
        if decision.next is None and not (decision.store and self._begin()):
            self._clock += frame
            if not self.figures.played:
                return self._silence
            self.figures.played += frame
            if len(buffer) < frame:
                buffer.make_up(frame - len(buffer))
            return buffer.take(frame)
        while len(buffer) < frame:
            decision.fill(now, self._clock)
        if not decision.waited:
            self._steer(now)
        self._clock += frame
        self.figures.played += frame
        return buffer.take(frame)

    def lean(self) -> float:
        """Seconds, some tenths of a millisecond, by which the caller's next tick should come later
        than 20 ms after this one (earlier, where negative); all of it stays within FARTHEST. Once
        this is called, it is taken for granted that it is done. Packets then wait for no tick:
        it comes when the last one worth waiting for is there."""
        self._leans = True
        if abs(self._error) < MS or self._offset is None:
            return 0.0
        step = max(-LEAN, min(LEAN, -self._error))
        self._error += step
        self._leant += step
        self._offset += step
        return step / RATE

    def _keep_pace(self, now: float) -> None:
        """Ticks that were left out, and not made up for, have passed all the same."""
        offset = now * RATE - self._clock
        if self._offset is None or offset < self._offset:
            self._offset = offset
        elif offset - self._offset < LEFT_OUT:
            self._offset += (offset - self._offset) / 1024
            self._behind = 0
        else:
            self._behind += 1
            if self._behind > MADE_UP or offset - self._offset > HOPELESS:
                self._clock += int((offset - self._offset) // self._frame) * self._frame
                self._behind = 0

    def _look(self) -> None:
        """Enter what has come into the target's window."""
        clock, decision, target = self._clock, self._decision, self._target
        for position, arrival in self._fresh:
            target.add(int(arrival * RATE) - position)
        self._fresh.clear()
        decision.look_ahead()
        recent = clock - self._updated < 5 * self._frame
        if recent and decision.next is not None and not decision.waited:
            return
        self._updated = clock
        target.update(decision.losses.repairable, decision.length)
        if len(target) < KNOWN:
            target.value = max(target.value, target.least + BEGIN)
        self._aim()

    def _aim(self) -> None:
        """The delay at which the ticks come soonest after the target; where the caller leans,
        nearest to it. Packets shorter than a tick, or no multiple of it, come at several distances
        from the ticks: the farthest counts."""
        assert self._offset is not None
        decision, frame = self._decision, self._frame
        step = gcd(decision.length, frame)
        due = self._target.value + MARGIN - self._offset
        rest = frame - step
        after = self._clock - self._unwrapper.position - due
        kept = decision.goal - rest - due
        same = (after - kept + 0.5) % step < 1
        if self._leans:
            # What all leaning would come to; the ticks stay where they are nearest to their own.
            if not same or abs(self._leant - kept) > FARTHEST:
                kept = after - floor((after - self._leant + step / 2) / step) * step
            self._error = kept
        elif not same or not -MS <= kept <= step + 2 * MS:
            kept = after - floor(after / step) * step
        decision.goal = round(kept + due) + rest
        self.figures.target = (self._offset + decision.goal - self._target.least) / RATE

    def _begin(self) -> bool:
        """The first sound of a stream, when its time has come."""
        decision, buffer = self._decision, self._buffer
        store, goal = decision.store, decision.goal
        numbers = sorted(store)
        while len(numbers) > 1 and self._clock - store[numbers[0]].position > goal:
            del store[numbers.pop(0)]  # it began while nobody listened
        first = store[numbers[0]]
        early = goal - (self._clock - first.position)
        if early >= self._frame:
            return False
        decision.next, decision.end, decision.waited = first.number, first.position, 0
        if early > len(buffer):
            buffer.make_up(early - len(buffer), exact=True)
        buffer.bridge()
        return True

    # ------------------------------------------------------------ steering

    def _steer(self, now: float) -> None:
        """Bring the delay nearer to its target, by splices in what is about to be heard."""
        decision, buffer, figures = self._decision, self._buffer, self.figures
        surplus = decision.delay(self._clock) - decision.goal
        if -MS <= surplus < 0:
            # A sample too few, and a tick wants one packet more: that one comes 20 ms later.
            figures.inserted += buffer.stretch(-surplus)
            surplus = 0
        if 0 <= surplus <= 2 * MS:
            self._even = self._clock
            return
        if surplus < 0:
            if self._clock >= self._idle:
                added = buffer.lengthen(-surplus)
                figures.inserted += added
                self._idle = self._clock + round(added / FASTEST)
            return
        voice = self._clock >= self._idle and (
            surplus > SMALL or self._clock - self._even > PATIENCE
        )
        for _ in range(2):
            packet = None if decision.next is None else decision.store.get(decision.next)
            if packet is None or packet.position != decision.end or not packet.samples:
                break
            if len(buffer) >= self._frame + min(surplus, self._frame) + FADE:
                break
            decision.play(packet, now, self._clock)
        taken = buffer.shorten(min(surplus, len(buffer) - self._frame), voice=voice)
        if taken:
            figures.shed += taken
            speed = min(FASTEST, surplus / RATE)
            self._idle = self._clock + round(taken / max(speed, 0.02))
