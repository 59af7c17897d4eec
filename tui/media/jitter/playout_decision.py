"""What comes next in a received stream: its next packet, what is recovered of a lost one, or what
is made up for one that is not there. `playout` says when.

How it works. `fill` is called while the buffer holds less than a tick, and appends one piece. Where
the packet whose number is next is there, `play` decodes it. Where nothing is there, sound is made
up, and it is not known yet why; `waited` counts it. The next packet that comes tells:

- a later number: the one in between was lost, its time has passed (`_over_a_gap`), and it is
  recovered from the copy in the packet after it (RFC 6716 §2.1.6) where there is one;
- the number that was due: it was late, and the delay grows by the wait, or is cut back where the
  wait was short (`play`);
- the number that was due with a later timestamp: nothing was missing, the sender was silent
  (RFC 3551 §4.1) (`_pause`).

In samples of 48 kHz; *clock*, *position* and *delay* are the playout's.
"""

from __future__ import annotations

from tui.media.codec.codecs import DecodeError
from tui.media.jitter.delay import MS
from tui.media.jitter.figures import PlayoutFigures
from tui.media.jitter.losses import COPIED, LOST, Losses
from tui.media.jitter.sync_buffer import SyncBuffer
from tui.media.jitter.unwrap import Placed
from tui.media.pcm.levels import RATE
from tui.media.pcm.time_stretch import FADE

MOST_WAITING = 128
"""How many packets may wait; of more, the oldest go."""
MOST_DELAY = 600 * MS
"""How much sound may wait; of more, all but the last KEPT_DELAY is left out."""
KEPT_DELAY = 300 * MS
"""How much of a long stall is played."""
PAUSE = 1000 * MS
"""A stream that is missing for longer has ended: nothing more is counted as concealed."""
SKIPPED = 40 * MS
"""After a wait up to this, as much is left out of what came late. After a longer one it is played
late: whole words are worth the delay."""


class PlayoutDecision:
    """The packets that wait, and the sound made of them."""

    def __init__(self, figures: PlayoutFigures, frame: int) -> None:
        self.figures = figures
        self.goal = 0
        """The delay to be kept: clock minus position."""
        self.losses = Losses()
        self.buffer = SyncBuffer()
        self.store: dict[int, Placed] = {}
        self.next: int | None = None
        """The number of the packet to be decoded next; None before a stream's first."""
        self.end = 0
        """The position after the last sample in the buffer."""
        self.length = frame
        """Samples of a packet; of the last one."""
        self.waited = 0
        """Samples made up since something was missing, with nothing yet to say why."""
        self._frame = frame

    def clear(self) -> None:
        """Another stream, or the same one counting anew: what waits of the old one is gone."""
        self.store.clear()
        self.losses.clear()
        if self.next is not None:
            self.buffer.bridge()
            self.next = None

    def keep(self, packet: Placed) -> None:
        """A packet waits for its time; of too many the oldest goes."""
        self.store[packet.number] = packet
        if len(self.store) > MOST_WAITING:
            del self.store[min(self.store)]

    def delay(self, clock: int) -> int:
        """Clock minus position of what is handed out next."""
        return clock - self.end + len(self.buffer)

    def fill(self, now: float, clock: int) -> None:
        """Append something: the next packet, a repair, or what is made up."""
        assert self.next is not None
        store = self.store
        if not store:
            # Whole packets of it: opus conceals those without a seam, and pieces of them not.
            length = min(self.length, self._frame)
            made = self.buffer.make_up(-(-(self._frame - len(self.buffer)) // length) * length)
            if self.waited < PAUSE:
                self.figures.concealed += min(made, PAUSE - self.waited)
            self.waited += made
            return
        if len(store) > 1 and store[max(store)].position - self.end > MOST_DELAY:
            self._leave_out()
        packet = store.get(self.next)
        if packet is None:
            self._over_a_gap(store[min(store)], clock)
        elif packet.position <= self.end or not packet.samples or not self._pause(packet, clock):
            self.play(packet, now, clock)

    def _conceal(self, samples: int) -> None:
        self.figures.concealed += samples
        self.buffer.make_up(samples, exact=True)

    def _leave_out(self) -> None:
        """Too much waits: go on with what is recent."""
        store = self.store
        self.buffer.bridge()
        newest = store[max(store)].position
        for number in sorted(store):
            packet = store[number]
            if newest - packet.position <= KEPT_DELAY and packet.samples:
                self.next, self.end = number, packet.position
                break
            if len(store) == 1:
                break
            del store[number]
            self.figures.late += 1
        self.waited = 0

    def _pause(self, packet: Placed, clock: int) -> bool:
        """The packet in sequence is ahead in time: the sender was silent, and nothing missing.
        True while that silence has to go on."""
        if self.waited:
            self.figures.concealed -= min(self.waited, PAUSE)
            self.waited = 0
        gap = packet.position - self.end
        short = self.goal - (self.delay(clock) - gap)
        if short > 0 and gap > FADE:
            wait = min(short, gap, self._frame)
            self.buffer.make_up(wait, exact=True)
            self.end += wait
            return True
        return False

    def play(self, packet: Placed, now: float, clock: int) -> None:
        """Decode the packet whose turn it is."""
        del self.store[packet.number]
        self.next = packet.number + 1
        self.figures.lost += self.losses.passed(packet.number)
        decoder, buffer, skip = packet.decoder, self.buffer, 0
        if decoder is None or not packet.samples:
            return  # comfort noise, an empty packet: nothing to be heard in it
        self.end = packet.position
        if self.waited:
            if self.waited <= SKIPPED:
                # Made up for in vain: leave out as much as the delay is too long.
                surplus = self.delay(clock) - self.goal
                skip = max(0, min(surplus, self.waited, packet.samples))
            if skip:
                buffer.bridge()
            self.waited = self.waited - packet.samples if skip == packet.samples else 0
        if decoder is not buffer.decoder:
            if buffer.decoder is not None:
                buffer.bridge()
            buffer.decoder = decoder
        self.length = packet.samples
        self.end += packet.samples
        if packet.copy:
            self.figures.lost += 1
            self.figures.repaired += packet.samples - skip
        else:
            late = now - packet.arrival + len(buffer) / RATE
            self.figures.delay += (late - self.figures.delay) / 16
        try:
            pcm = decoder.decode(packet.payload)
        except DecodeError:
            self._conceal(packet.samples - skip)
        else:
            buffer.append(pcm[skip * 2 : packet.samples * 2])

    def look_ahead(self) -> None:
        """After a wait, count what turns out to be lost, before it is decided what to do: the first
        copy that would have been worth the wait is then still played."""
        if self.next is not None and self.waited and self.store:
            packet = self.store[min(self.store)]
            if packet.samples:
                self._count_lost(packet)

    def _count_lost(self, packet: Placed) -> bool:
        """What is missing before that packet is lost; whether it holds a copy of the last of it."""
        assert self.next is not None
        decoder = packet.decoder
        own = decoder is not None and decoder is self.buffer.decoder
        copied = own and decoder is not None and decoder.copies(packet.payload)
        for number in range(max(self.next, packet.number - MOST_WAITING), packet.number):
            last = copied and number == packet.number - 1
            self.figures.lost += self.losses.passed(number, COPIED if last else LOST)
        return copied

    def _over_a_gap(self, packet: Placed, clock: int) -> None:
        """Something is missing before the packet: its time has passed, or is passing now."""
        assert self.next is not None
        buffer = self.buffer
        missing = packet.position - self.end
        if missing > PAUSE or not packet.samples:
            missing = 0
        if self.waited:
            # What was made up while waiting stood for it, but for what the delay has to grow by.
            wanted = max(0, self.goal - (self.delay(clock) - self.waited))
            stood = min(max(0, self.waited - wanted), missing)
            self.end += stood
            missing -= stood
            self.waited = 0
        if missing > self.length:
            samples = min(missing - self.length, self._frame)
            self.end += samples
            self._conceal(samples)
            return
        repaired = None
        if self._count_lost(packet) and missing > 0:
            assert packet.decoder is not None
            repaired = packet.decoder.recover(packet.payload, self.length)
        self.next = packet.number
        if missing <= 0:
            if packet.samples and packet.position != self.end:
                buffer.bridge()
                self.end = packet.position
            return
        self.end = packet.position
        if repaired is None:
            self._conceal(missing)
        else:
            self.figures.repaired += missing
            if missing < self.length:
                buffer.bridge()
            buffer.append(repaired[-missing * 2 :])
