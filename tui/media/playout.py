"""Adaptive playout of one received stream: packets in as they come, 20 ms of sound out per tick.

Time here is what has been handed out: a *clock* in samples, which moves with each `read`. A
packet has a *position*, its timestamp in samples, unwrapped. Clock minus position of what is
handed out is the *delay*; it is steered towards `delay.Target`, which says which one would be
best, by splices in quiet stretches first, one period of the voice at a time otherwise.

What is handed out, packet, repair or what is made up, is `filling`'s part.

No I/O, no clock of its own. `receive` never raises, whatever a peer sends, and nothing here grows
with it: MOST_WAITING packets, MOST_DELAY of sound.
"""

from __future__ import annotations

from collections.abc import Callable

from tui.media.codecs import Decoder
from tui.media.delay import MS, Target
from tui.media.figures import Packet, PlayoutFigures
from tui.media.filling import MOST_WAITING, Filling
from tui.media.sequence import RATE, Sequence
from tui.media.splice import FADE

__all__ = ["Packet", "Playout", "PlayoutFigures"]

MARGIN = 0.002
"""Seconds: a packet that came so shortly before a tick might have missed it."""
BEGIN = 20 * MS
"""The delay that a stream begins with, until there is something to go by:"""
KNOWN = 50
"""packets."""
LEFT_OUT, MADE_UP = 40 * MS, 12
"""Behind by so much for so many ticks: they will not be made up for any more."""
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
        self._clock = 0
        self._offset: float | None = None
        """The caller's time at clock 0, in samples, as long as it keeps its pace."""
        self._behind = 0
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
        least = filling.target.least
        placed = self._sequence.place(packet, arrival, self._clock, least)
        if placed is None:
            return
        if placed.restart:
            self._fresh.clear()
            filling.clear()
            if placed.restart == "jump":
                filling.target = Target()
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
            self._look(now)
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
            if self._behind > MADE_UP:
                self._clock += int(offset - self._offset)
                self._behind = 0

    def _look(self, now: float) -> None:
        """Enter what has come into the target's window."""
        clock, frame, filling = self._clock, self._frame, self._filling
        target = filling.target
        for position, arrival in self._fresh:
            target.add(clock - position + (frame if now - arrival < MARGIN else 0))
        self._fresh.clear()
        if clock - self._updated >= 5 * frame and len(target) >= KNOWN:
            self._updated = clock
            target.update(filling.losses.repairable, filling.length)
            self.figures.target = (target.value - target.least) / RATE

    def _begin(self) -> bool:
        """The first sound of a stream, when its time has come."""
        filling, spool = self._filling, self._spool
        target, store = filling.target, filling.store
        if len(target) < KNOWN:
            target.value = target.least + BEGIN
        numbers = sorted(store)
        while len(numbers) > 1 and self._clock - store[numbers[0]].position > target.value:
            del store[numbers.pop(0)]  # it began while nobody listened
        first = store[numbers[0]]
        early = target.value - (self._clock - first.position)
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
        surplus = filling.delay(self._clock) - filling.target.value
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
