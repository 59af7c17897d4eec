"""The decoded sound on its way out: joints that do not click, what is made up, what is taken out
or put in. 48 kHz mono s16; nothing here knows of packets or time.

How it works. Sound is appended at the end and taken from the front. Where two pieces do not follow
one another, `bridge` first makes up FADE samples that continue the old piece, and the new one is
faded in over them. `make_up` asks the codec to continue its sound, or a `Concealer` where the codec
cannot, and goes silent after MUTED. `shorten` and `lengthen` change the length of what waits: in a
pause of the voice by any amount, in the voice by one period of it, found by `time_stretch`.
"""

from __future__ import annotations

from tui.media.codec.codecs import Decoder
from tui.media.codec.concealment import HISTORY, Concealer
from tui.media.codec.opus import CONCEALED
from tui.media.pcm import time_stretch
from tui.media.pcm.levels import audioop

MUTED = 11_520
"""Samples (240 ms) that are made up at most; after that there is silence."""
QUIET = 40
"""A level (rms of 16-bit samples) that is a pause of the voice in any case."""
QUIETER = 0.06
"""Below this share of the voice's level it is a pause of the voice as well."""
FADE = time_stretch.FADE


class SyncBuffer:
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
        joined = time_stretch.cross_fade(self._tail, pcm) + pcm[FADE * 2 :]
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
        over = samples % CONCEALED if exact else 0
        pcm = self._make(samples + FADE if over else samples)
        tail = b""
        if over:  # the codec goes on where it ended, so what is cut off leads over to that
            pcm, tail = pcm[: samples * 2], pcm[samples * 2 : (samples + FADE) * 2]
        self._made += len(pcm) // 2
        if self._made >= MUTED:
            pcm = time_stretch.fade_out(pcm)
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
            if not voice or most < time_stretch.SHORTEST:
                return 0
            most, alike = time_stretch.period(bytes(self.pcm), time_stretch.SHORTEST, most)
            if alike < time_stretch.ALIKE:
                return 0
        self.pcm[:] = time_stretch.without(bytes(self.pcm), most)
        return most

    def lengthen(self, wanted: int) -> int:
        """Put in so many in a pause, one period in the voice. How many it was."""
        room = len(self) - FADE
        samples = min(wanted, room)
        if samples <= 0:
            return 0
        if not self.quiet(samples + FADE):
            if room < time_stretch.SHORTEST:
                return 0
            most = min(time_stretch.LONGEST, room)
            samples, alike = time_stretch.period(bytes(self.pcm), min(wanted, most // 2), most)
            if alike < time_stretch.ALIKE:
                return 0
        self.pcm[:] = time_stretch.with_more(bytes(self.pcm), samples)
        return samples

    def stretch(self, wanted: int) -> int:
        """Put in so few that nobody hears the sound slow down. How many it was."""
        self.pcm[:] = time_stretch.slower(bytes(self.pcm), wanted)
        return wanted
