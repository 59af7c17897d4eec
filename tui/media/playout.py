"""Adaptive playout of one received stream: packets in as they come, 20 ms of sound out per tick.

Time here is what has been handed out: a *clock* in samples, which moves with each `read`. A
packet has a *position*, its timestamp in samples, unwrapped. Clock minus position of what is
handed out is the *delay*; it is steered towards a goal, by splices in quiet stretches first, one
period of the voice at a time otherwise. Which lateness is worth waiting for is `delay.Target`'s to
say; the goal is at the tick that follows it.

What is handed out, packet, repair or what is made up, is `filling`'s part.

No I/O, no clock of its own. `receive` never raises, whatever a peer sends, and nothing here grows
with it: MOST_WAITING packets, MOST_DELAY of sound.
"""

from __future__ import annotations

from collections.abc import Callable
from math import floor, gcd

from tui.media.codecs import Decoder
from tui.media.delay import MS, Target
from tui.media.figures import Packet, PlayoutFigures
from tui.media.filling import MOST_WAITING, Filling
from tui.media.sequence import RATE, Sequence
from tui.media.splice import FADE

__all__ = ["Packet", "Playout", "PlayoutFigures"]

MARGIN = 2 * MS
"""A packet that came so shortly before a tick might have missed it."""
LEAN = 20
"""Samples (0.4 ms) by which a tick may be moved."""
FARTHEST = 600
"""Samples (12.5 ms) that all of it may come to."""
BEGIN = 20 * MS
"""The least delay that a stream begins with, until there is something to go by:"""
KNOWN = 75
"""packets."""
LEFT_OUT, MADE_UP = 40 * MS, 12
"""Behind by so much for so many ticks: they will not be made up for any more,"""
HOPELESS = 300 * MS
"""nor so many at once: nobody listened."""
PATIENCE = 1000 * MS
"""For so long a small surplus waits for a quiet stretch; one above SMALL does not wait."""
SMALL = 40 * MS
FASTEST = 0.15
"""The most that is taken out of the voice, or put in."""


class Playout:
    """One stream. `decoder_of` makes the decoder for a payload type, or says that it is not for
    us; it is asked once for each payload type of each stream (SSRC)."""

    def __init__(self, decoder_of: Callable[[int], Decoder | None], *, frame: int = 960) -> None:
        self.figures = PlayoutFigures()
        self._frame = frame
        self._silence = bytes(frame * 2)
        self._sequence = Sequence(decoder_of, self.figures)
        self._filling = Filling(self.figures, frame)
        self._spool = self._filling.spool
        self._fresh: list[tuple[int, float]] = []
        self._target = Target()
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

    def receive(self, packet: Packet, arrival: float) -> None:
        """One packet that arrived then (seconds, monotonic)."""
        figures, filling = self.figures, self._filling
        figures.received += 1
        placed = self._sequence.place(packet, arrival, self._target.least)
        if placed is None:
            return
        if placed.restart:
            self._fresh.clear()
            filling.clear()
            if placed.restart == "jump":
                self._target = Target()
        number, store = placed.number, filling.store
        if not self._sequence.first(number):
            figures.duplicate += 1
            return
        if placed.samples and len(self._fresh) < MOST_WAITING:
            self._fresh.append((placed.position, arrival))
        if filling.next is not None and number < filling.next:
            figures.late += 1
            figures.lost -= filling.losses.came(number)
            return
        store[number] = placed
        if len(store) > MOST_WAITING:
            del store[min(store)]

    # ------------------------------------------------------------ out

    def read(self, now: float) -> bytes:
        """The next `frame` samples of 48 kHz mono s16. To be called once for each 20 ms."""
        self._keep_pace(now)
        if self._fresh:
            self._look()
        filling, spool, frame = self._filling, self._spool, self._frame
        if filling.next is None and not (filling.store and self._begin()):
            self._clock += frame
            if not self.figures.played:
                return self._silence
            self.figures.played += frame
            if len(spool) < frame:
                spool.make_up(frame - len(spool))
            return spool.take(frame)
        while len(spool) < frame:
            filling.fill(now, self._clock)
        if not filling.waited:
            self._steer(now)
        self._clock += frame
        self.figures.played += frame
        return spool.take(frame)

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
        clock, filling, target = self._clock, self._filling, self._target
        for position, arrival in self._fresh:
            target.add(int(arrival * RATE) - position)
        self._fresh.clear()
        if filling.next is not None and clock - self._updated < 5 * self._frame:
            return
        self._updated = clock
        target.update(filling.losses.repairable, filling.length)
        if len(target) < KNOWN:
            target.value = max(target.value, target.least + BEGIN)
        self._aim()

    def _aim(self) -> None:
        """The delay at which the ticks come soonest after the target; where the caller leans,
        nearest to it. Packets shorter than a tick, or no multiple of it, come at several distances
        from the ticks: the farthest counts."""
        assert self._offset is not None
        filling, frame = self._filling, self._frame
        step = gcd(filling.length, frame)
        due = self._target.value + MARGIN - self._offset
        rest = frame - step
        after = self._clock - self._sequence.position - due
        kept = filling.goal - rest - due
        same = (after - kept + 0.5) % step < 1
        if self._leans:
            # What all leaning would come to; the ticks stay where they are nearest to their own.
            if not same or abs(self._leant - kept) > FARTHEST:
                kept = after - floor((after - self._leant + step / 2) / step) * step
            self._error = kept
        elif not same or not -MS <= kept <= step + 2 * MS:
            kept = after - floor(after / step) * step
        filling.goal = round(kept + due) + rest
        self.figures.target = (self._offset + filling.goal - self._target.least) / RATE

    def _begin(self) -> bool:
        """The first sound of a stream, when its time has come."""
        filling, spool = self._filling, self._spool
        store, goal = filling.store, filling.goal
        numbers = sorted(store)
        while len(numbers) > 1 and self._clock - store[numbers[0]].position > goal:
            del store[numbers.pop(0)]  # it began while nobody listened
        first = store[numbers[0]]
        early = goal - (self._clock - first.position)
        if early >= self._frame:
            return False
        filling.next, filling.end, filling.waited = first.number, first.position, 0
        if early > len(spool):
            spool.make_up(early - len(spool), exact=True)
        spool.bridge()
        return True

    # ------------------------------------------------------------ steering

    def _steer(self, now: float) -> None:
        """Bring the delay nearer to its target, by splices in what is about to be heard."""
        filling, spool, figures = self._filling, self._spool, self.figures
        surplus = filling.delay(self._clock) - filling.goal
        if -MS <= surplus <= 2 * MS:
            self._even = self._clock
            return
        if surplus < 0:
            if self._clock >= self._idle:
                added = spool.lengthen(-surplus)
                figures.inserted += added
                self._idle = self._clock + round(added / FASTEST)
            return
        voice = self._clock >= self._idle and (
            surplus > SMALL or self._clock - self._even > PATIENCE
        )
        for _ in range(2):
            packet = None if filling.next is None else filling.store.get(filling.next)
            if packet is None or packet.position != filling.end or not packet.samples:
                break
            if len(spool) >= self._frame + min(surplus, self._frame) + FADE:
                break
            filling.play(packet, now, self._clock)
        taken = spool.shorten(min(surplus, len(spool) - self._frame), voice=voice)
        if taken:
            figures.shed += taken
            speed = min(FASTEST, surplus / RATE)
            self._idle = self._clock + round(taken / max(speed, 0.02))
