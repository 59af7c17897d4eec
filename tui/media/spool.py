"""The decoded sound on its way out: joints that do not click, what is made up, what is taken out
or put in. 48 kHz mono s16; nothing here knows of packets or time.
"""

from __future__ import annotations

from tui.media import splice
from tui.media.codecs import Decoder
from tui.media.concealment import HISTORY, Concealer
from tui.media.levels import audioop

RATE = 48_000
MUTED = 11_520
"""Samples (240 ms): what is missing for longer is silence; going on would be noise."""
QUIET = 40
"""A level (rms) that is quiet in any case, and below"""
QUIETER = 0.06
"""this share of the voice's level, it is a pause of the voice."""
FADE = splice.FADE
STEP = 120
"""Opus conceals in multiples of 2.5 ms."""


class Spool:
    """Samples that wait to be handed out, and the ways to add to them."""

    def __init__(self) -> None:
        self.pcm = bytearray()
        self.decoder: Decoder | None = None
        """The one whose sound came last."""
        self._tail = b""
        self._concealer: Concealer | None = None
        self._past = b""
        self._made = 0
        self._level = 0.0

    def __len__(self) -> int:
        return len(self.pcm) // 2

    def take(self, samples: int) -> bytes:
        """That many from the front."""
        out = bytes(self.pcm[: samples * 2])
        del self.pcm[: samples * 2]
        self._past = (self._past + out)[-HISTORY * 2 :]
        return out

    def append(self, pcm: bytes) -> None:
        """Sound that came."""
        if self._concealer is not None:
            self.bridge()
            self._concealer = None
        self._made = 0
        self._level = max(audioop.rms(pcm, 2), self._level * 0.998)
        self.pcm += self._joined(pcm)

    def _joined(self, pcm: bytes) -> bytes:
        if len(pcm) < FADE * 2 or not self._tail:
            return pcm
        joined = splice.cross_fade(self._tail, pcm) + pcm[FADE * 2 :]
        self._tail = b""
        return joined

    def bridge(self) -> None:
        """The next sound does not follow what was before: let it be faded in over what would
        have."""
        if not self._tail:
            self._tail = self._make(FADE)[: FADE * 2]

    def make_up(self, samples: int, *, exact: bool = False) -> int:
        """Append at least that much of what is likely to have followed, rounded up to what the
        codec makes at once unless it has to be `exact`; it fades, and ends after MUTED. How much it
        was."""
        if self._made >= MUTED:
            self.pcm += self._joined(bytes(samples * 2))
            self._tail = bytes(FADE * 2)
            return samples
        over = samples % STEP if exact else 0
        pcm = self._make(samples + FADE if over else samples)
        tail = b""
        if over:  # the codec goes on where it ended, so what is cut off leads over to that
            pcm, tail = pcm[: samples * 2], pcm[samples * 2 : (samples + FADE) * 2]
        self._made += len(pcm) // 2
        if self._made >= MUTED:
            pcm = splice.fade_out(pcm)
        self.pcm += self._joined(pcm)
        self._tail = tail or self._tail
        return len(pcm) // 2

    def _make(self, samples: int) -> bytes:
        if self._made >= MUTED:
            return bytes(samples * 2)
        if self._concealer is None and self.decoder is not None:
            pcm = self.decoder.conceal(samples)
            if pcm is not None:
                return pcm
        if self._concealer is None:
            self._concealer = Concealer((self._past + self.pcm)[-HISTORY * 2 :])
        return self._concealer.read(samples)

    def quiet(self, samples: int) -> bool:
        """Whether the first so many are a pause of the voice."""
        return audioop.rms(bytes(self.pcm[: samples * 2]), 2) <= max(QUIET, self._level * QUIETER)

    def shorten(self, most: int, *, voice: bool) -> int:
        """Take out up to so many of the first samples: in a pause all of them, in the voice one
        period, if it is allowed and there is one. How many it was."""
        most = min(most, len(self) - FADE)
        if most <= 0:
            return 0
        if not self.quiet(most + FADE):
            if not voice or most < splice.SHORTEST:
                return 0
            most, alike = splice.period(bytes(self.pcm), splice.SHORTEST, most)
            if alike < splice.ALIKE:
                return 0
        self.pcm[:] = splice.without(bytes(self.pcm), most)
        return most

    def lengthen(self, wanted: int) -> int:
        """Put in so many in a pause, one period in the voice. How many it was."""
        room = len(self) - FADE
        samples = min(wanted, room)
        if samples <= 0:
            return 0
        if not self.quiet(samples + FADE):
            if room < splice.SHORTEST:
                return 0
            most = min(splice.LONGEST, room)
            samples, alike = splice.period(bytes(self.pcm), min(wanted, most // 2), most)
            if alike < splice.ALIKE:
                return 0
        self.pcm[:] = splice.with_more(bytes(self.pcm), samples)
        return samples
