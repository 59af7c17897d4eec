"""Adaptive playout of one received stream: packets in as they come, 20 ms of sound out per tick.

Time here is what has been handed out: a *clock* in samples, which moves with each `read`. A
packet has a *position*, its timestamp in samples, unwrapped. Clock minus position of what is
handed out is the *delay*; it is steered towards `delay.Target`, which says which one would be
best, by splices in quiet stretches first, one period of the voice at a time otherwise.

What is missing when it is due is made up for. Whether it was lost or is only late is not known
until something comes: a later packet (then it was lost: its time has passed), the packet itself
(then the delay has grown by the wait), or the next one in sequence with a later timestamp (then
nothing was missing: the sender was silent, RFC 3551 §4.1).

No I/O, no clock of its own. `receive` never raises, whatever a peer sends, and nothing here grows
with it: MOST_WAITING packets, MOST_DELAY of sound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tui.media.codecs import DecodeError, Decoder
from tui.media.delay import MS, Target
from tui.media.losses import COPIED, LOST, Losses
from tui.media.sequence import Placed, Sequence
from tui.media.splice import FADE
from tui.media.spool import Spool

RATE = 48_000
MOST_WAITING = 128
MOST_DELAY = 600 * MS
"""Where more sound waits, what is too old is left out: not all of a long stall is played."""
KEPT_DELAY = 300 * MS
MARGIN = 0.002
"""Seconds: a packet that came so shortly before a tick might have missed it."""
BEGIN = 20 * MS
"""The delay that a stream begins with, until there is something to go by:"""
KNOWN = 50
"""packets."""
PAUSE = 1000 * MS
"""What is missing for longer has ended; it is not counted as concealed any more."""
SKIPPED = 40 * MS
"""A wait up to that is made up for by leaving out as much of what came late; after a longer one
it is played late: whole words are worth the delay."""
PATIENCE = 1000 * MS
"""For so long a small surplus waits for a quiet stretch; one above SMALL does not wait."""
SMALL = 40 * MS
FASTEST = 0.15
"""The most that is taken out of the voice, or put in."""


@dataclass(slots=True)
class Packet:
    """One RTP packet, its SRTP taken off."""

    sequence: int
    timestamp: int
    payload_type: int
    marker: bool
    ssrc: int
    payload: bytes


@dataclass(slots=True)
class PlayoutFigures:
    """What went on since the beginning. Counts of packets, of 48 kHz samples, and seconds."""

    received: int = 0
    lost: int = 0
    """Packets that were missing when their time had passed, and have not come since."""
    late: int = 0
    """Packets that came after their time, or with so many others that they were left out."""
    duplicate: int = 0
    played: int = 0
    """Samples handed out since the first packet, all of them."""
    repaired: int = 0
    """Samples made from the copy in the next packet (FEC)."""
    concealed: int = 0
    """Samples made up; the sender's silence is none of them."""
    shed: int = 0
    """Samples taken out to come down to the target."""
    inserted: int = 0
    """Samples put in to come up to it."""
    jitter: float = 0.0
    """Inter-arrival jitter (RFC 3550 §6.4.1), seconds."""
    delay: float = 0.0
    """From arrival to handing out, of late, seconds."""
    target: float = 0.0
    """What is aimed at, beyond the quickest packet's, seconds."""


class Playout:
    """One stream. `decoder_of` makes the decoder for a payload type, or says that it is not for
    us; it is asked once for each payload type of each stream (SSRC)."""

    def __init__(self, decoder_of: Callable[[int], Decoder | None], *, frame: int = 960) -> None:
        self.figures = PlayoutFigures()
        self._frame = frame
        self._silence = bytes(frame * 2)
        self._sequence = Sequence(decoder_of, self.figures)
        self._target = Target()
        self._losses = Losses()
        self._spool = Spool()
        self._store: dict[int, Placed] = {}
        self._fresh: list[tuple[int, float]] = []
        self._next: int | None = None
        """The number of the packet to be decoded next; None before a stream's first."""
        self._end = 0
        """The position after the last sample in the spool."""
        self._length = frame
        """Samples of a packet."""
        self._waited = 0
        """Samples made up since something was missing, with nothing yet to say why."""
        self._clock = 0
        self._updated = 0
        self._even = 0
        """The clock when the delay was last where it should be."""
        self._idle = 0
        """Until that clock the voice is left alone."""

    # ------------------------------------------------------------ in

    def receive(self, packet: Packet, arrival: float) -> None:
        """One packet that arrived then (seconds, monotonic)."""
        figures, store = self.figures, self._store
        figures.received += 1
        placed = self._sequence.place(packet, arrival, self._clock, self._target.least)
        if placed is None:
            return
        if placed.restart:
            self._restart(placed.restart)
        number = placed.number
        if not self._sequence.first(number):
            figures.duplicate += 1
            return
        if placed.samples and len(self._fresh) < MOST_WAITING:
            self._fresh.append((placed.position, arrival))
        if self._next is not None and number < self._next:
            figures.late += 1
            figures.lost -= self._losses.came(number)
            return
        store[number] = placed
        if len(store) > MOST_WAITING:
            del store[min(store)]

    def _restart(self, kind: str) -> None:
        """Another stream, or the same one counting anew: what waits of the old one is gone."""
        self._store.clear()
        self._fresh.clear()
        self._losses.clear()
        if self._next is not None:
            self._spool.bridge()
            self._next = None
        if kind == "jump":
            self._target = Target()

    # ------------------------------------------------------------ out

    def read(self, now: float) -> bytes:
        """The next `frame` samples of 48 kHz mono s16. To be called once for each 20 ms."""
        if self._fresh:
            self._look(now)
        spool, frame = self._spool, self._frame
        if self._next is None and not (self._store and self._begin()):
            self._clock += frame
            if not self.figures.played:
                return self._silence
            self.figures.played += frame
            if len(spool) < frame:
                spool.make_up(frame - len(spool))
            return spool.take(frame)
        while len(spool) < frame:
            self._fill(now)
        if not self._waited:
            self._steer(now)
        self._clock += frame
        self.figures.played += frame
        return spool.take(frame)

    def _look(self, now: float) -> None:
        """Enter what has come into the target's window."""
        clock, frame, target = self._clock, self._frame, self._target
        for position, arrival in self._fresh:
            target.add(clock - position + (frame if now - arrival < MARGIN else 0))
        self._fresh.clear()
        if clock - self._updated >= 5 * frame and len(target) >= KNOWN:
            self._updated = clock
            target.update(self._losses.repairable, self._length)
            self.figures.target = (target.value - target.least) / RATE

    def _begin(self) -> bool:
        """The first sound of a stream, when its time has come."""
        target = self._target
        if len(target) < KNOWN:
            target.value = target.least + BEGIN
        numbers = sorted(self._store)
        while len(numbers) > 1 and self._clock - self._store[numbers[0]].position > target.value:
            del self._store[numbers.pop(0)]  # it began while nobody listened
        first = self._store[numbers[0]]
        early = target.value - (self._clock - first.position)
        if early >= self._frame:
            return False
        self._next, self._end = first.number, first.position
        self._waited = 0
        spool = self._spool
        if early > len(spool):
            spool.make_up(early - len(spool), exact=True)
        spool.bridge()
        return True

    @property
    def _delay(self) -> int:
        """Clock minus position of what is handed out next."""
        return self._clock - self._end + len(self._spool)

    # ------------------------------------------------------------ filling up

    def _fill(self, now: float) -> None:
        """Append something: the next packet, a repair, or what is made up."""
        assert self._next is not None
        store = self._store
        if not store:
            made = self._spool.make_up(self._frame - len(self._spool))
            if self._waited < PAUSE:
                self.figures.concealed += min(made, PAUSE - self._waited)
            self._waited += made
            return
        if len(store) > 1 and store[max(store)].position - self._end > MOST_DELAY:
            self._leave_out()
        packet = store.get(self._next)
        if packet is None:
            self._over_a_gap(store[min(store)])
        elif packet.position <= self._end or not packet.samples or not self._pause(packet):
            self._play(packet, now)

    def _conceal(self, samples: int) -> None:
        self.figures.concealed += samples
        self._spool.make_up(samples, exact=True)

    def _leave_out(self) -> None:
        """Too much waits: go on with what is recent."""
        store = self._store
        self._spool.bridge()
        newest = store[max(store)].position
        for number in sorted(store):
            packet = store[number]
            if newest - packet.position <= KEPT_DELAY and packet.samples:
                self._next, self._end = number, packet.position
                break
            if len(store) == 1:
                break
            del store[number]
            self.figures.late += 1
        self._waited = 0

    def _pause(self, packet: Placed) -> bool:
        """The packet in sequence is ahead in time: the sender was silent, and nothing missing.
        True while that silence has to go on."""
        if self._waited:
            self.figures.concealed -= min(self._waited, PAUSE)
            self._waited = 0
        gap = packet.position - self._end
        short = self._target.value - (self._delay - gap)
        if short > 0 and gap > FADE:
            wait = min(short, gap, self._frame)
            self._spool.make_up(wait, exact=True)
            self._end += wait
            return True
        return False

    def _play(self, packet: Placed, now: float) -> None:
        """Decode the packet whose turn it is."""
        del self._store[packet.number]
        self._next = packet.number + 1
        self._losses.passed(packet.number)
        decoder, spool, skip = packet.decoder, self._spool, 0
        if decoder is None or not packet.samples:
            return  # comfort noise, an empty packet: nothing to be heard in it
        self._end = packet.position
        if self._waited:
            if self._waited <= SKIPPED:
                # Made up for in vain: leave out as much as the delay is too long.
                surplus = self._delay - self._target.value
                skip = max(0, min(surplus, self._waited, packet.samples))
            if skip:
                spool.bridge()
            self._waited = self._waited - packet.samples if skip == packet.samples else 0
        if decoder is not spool.decoder:
            if spool.decoder is not None:
                spool.bridge()
            spool.decoder = decoder
        self._length = packet.samples
        self._end += packet.samples
        late = now - packet.arrival + len(spool) / RATE
        self.figures.delay += (late - self.figures.delay) / 16
        try:
            pcm = decoder.decode(packet.payload)
        except DecodeError:
            self._conceal(packet.samples - skip)
        else:
            spool.append(pcm[skip * 2 : packet.samples * 2])

    def _over_a_gap(self, packet: Placed) -> None:
        """Something is missing before the packet: its time has passed, or is passing now."""
        assert self._next is not None
        spool = self._spool
        missing = packet.position - self._end
        if missing > PAUSE or not packet.samples:
            missing = 0
        if self._waited:
            # What was made up while waiting stood for it, but for what the delay has to grow by.
            wanted = max(0, self._target.value - (self._delay - self._waited))
            stood = min(max(0, self._waited - wanted), missing)
            self._end += stood
            missing -= stood
            self._waited = 0
        if missing > self._length:
            samples = min(missing - self._length, self._frame)
            self._end += samples
            self._conceal(samples)
            return
        decoder, repaired, copied = packet.decoder, None, False
        if decoder is not None and decoder is spool.decoder:
            copied = decoder.copies(packet.payload)
            if missing > 0 and copied:
                repaired = decoder.recover(packet.payload, self._length)
        for number in range(max(self._next, packet.number - MOST_WAITING), packet.number):
            last = copied and number == packet.number - 1
            self._losses.passed(number, COPIED if last else LOST)
            self.figures.lost += 1
        self._next = packet.number
        if missing <= 0:
            if packet.samples and packet.position != self._end:
                spool.bridge()
                self._end = packet.position
            return
        self._end = packet.position
        if repaired is None:
            self._conceal(missing)
        else:
            self.figures.repaired += missing
            if missing < self._length:
                spool.bridge()
            spool.append(repaired[-missing * 2 :])

    # ------------------------------------------------------------ steering

    def _steer(self, now: float) -> None:
        """Bring the delay nearer to its target, by splices in what is about to be heard."""
        surplus = self._delay - self._target.value
        if -MS <= surplus <= 2 * MS:
            self._even = self._clock
            return
        spool, figures = self._spool, self.figures
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
            packet = None if self._next is None else self._store.get(self._next)
            if packet is None or packet.position != self._end or not packet.samples:
                break
            if len(spool) >= self._frame + min(surplus, self._frame) + FADE:
                break
            self._play(packet, now)
        taken = spool.shorten(min(surplus, len(spool) - self._frame), voice=voice)
        if taken:
            figures.shed += taken
            speed = min(FASTEST, surplus / RATE)
            self._idle = self._clock + round(taken / max(speed, 0.02))
