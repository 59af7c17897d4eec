"""How a call sounds, as one number: the E-model of ITU-T G.107 (06/2015), from what is measured.

How it works. A rating begins at what a line without faults would have, and impairments are taken
off (G.107 §7.1): R = Ro - Is - Id - Ie-eff. Ro and Is are constants here: every parameter that a
telephone cannot measure has G.107's default value. Id grows with the one-way delay (§7.4). Ie-eff
grows with the loss behind the playout, its burstiness and the codec (§7.5); what the jitter buffer
throws away counts as lost, what forward error correction repairs does not (G.113). Annex B turns R
into a MOS.

Pure functions: delays in milliseconds, loss as a share of 0 to 1, ratings on the narrowband
scale (the best is R = 93.2, MOS 4.41).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

R_O: Final = 94.77
"""Basic signal-to-noise ratio at the default values (G.107 §7.2, Table 1)."""
I_S: Final = 1.41
"""Simultaneous impairment at the default values (G.107 §7.3)."""
TELR: Final = 65.0
"""Talker echo loudness rating, dB (G.107 Table 1)."""
WEPL: Final = 110.0
"""Weighted echo path loss, dB (G.107 Table 1)."""
M_T: Final = 100.0
"""The shortest delay that is noticed, in milliseconds (G.107 Table 1, class "default")."""
BEST_MOS: Final = 4.5
MAX_BURST: Final = 2.0
"""The burst ratio up to which G.107 Annex A holds the model for checked; above 2 % of loss a
greater one is taken as this."""


@dataclass(frozen=True, slots=True)
class CodecImpairment:
    """`ie`: equipment impairment without loss. `bpl`: robustness against loss, in per cent.
    `delay`: what the codec itself looks ahead, in milliseconds."""

    ie: float
    bpl: float
    delay: float
    source: str


CODECS: Final = {
    "pcmu": CodecImpairment(0.0, 25.1, 0.0, "G.113 Appendix I: G.711 with concealment"),
    "pcma": CodecImpairment(0.0, 25.1, 0.0, "G.113 Appendix I: G.711 with concealment"),
    "g722": CodecImpairment(
        0.0, 25.1, 1.5, "assumed: on the narrowband scale as G.711 with concealment"
    ),
    "opus": CodecImpairment(
        0.0, 20.0, 6.5, "assumed: no table has it; as G.711, a little less robust (20 ms packets)"
    ),
}
"""G.113 Appendix IV rates G.722 on the wideband scale only, where it beats any narrowband
codec; Opus is in no table of G.113. Both could be rated above G.711, which this scale cannot
say; so a clean line is the same with every codec."""
UNKNOWN: Final = CodecImpairment(10.0, 10.0, 0.0, "assumed")


def codec(name: str) -> CodecImpairment:
    """What is known of a codec by its name in SDP, in any case."""
    return CODECS.get(name.lower(), UNKNOWN)


def one_way_delay(
    rtt: float | None, playout: float, *, ptime: float = 20.0, name: str = ""
) -> float:
    """Mouth to ear in milliseconds, as far as this end can know it: half the round trip, what
    the playout holds back, one packet, and the codec's look-ahead. Sound devices not counted."""
    network = 0.0 if rtt is None else rtt / 2
    return network + playout + ptime + (codec(name).delay if name else 0.0)


def delay_impairment(delay: float) -> float:
    """Id (G.107 §7.4) for a one-way delay: talker echo, listener echo and the delay itself,
    with T = Ta and Tr = 2T, and the default echo losses."""
    delay = max(0.0, delay)
    return _talker_echo(delay) + _listener_echo(2 * delay) + _pure_delay(delay)


def _talker_echo(t: float) -> float:
    """Idte (G.107 §7.4.1)."""
    terv = TELR - 40 * math.log10((1 + t / 10) / (1 + t / 150)) + 6 * math.exp(-0.3 * t * t)
    half = (R_O - (80 + 2.5 * (terv - 14))) / 2
    return (half + math.sqrt(half * half + 100) - 1) * (1 - math.exp(-t))


def _listener_echo(tr: float) -> float:
    """Idle (G.107 §7.4.2)."""
    half = (R_O - 10.5 * (WEPL + 7) / math.sqrt(math.sqrt(tr + 1))) / 2
    return half + math.sqrt(half * half + 169)


def _pure_delay(ta: float) -> float:
    """Idd (G.107 §7.4.3), sT = 1."""
    if ta <= M_T:
        return 0.0
    x = math.log2(ta / M_T)
    return 25 * (math.pow(1 + x**6, 1 / 6) - 3 * math.pow(1 + (x / 3) ** 6, 1 / 6) + 2)


def burst_ratio(lost: int, bursts: int, expected: int) -> float:
    """BurstR (G.107 §7.5): the mean length of the bursts that were seen over the mean length
    that random loss of the same rate would have. 1.0 where there is nothing to tell it from;
    never below, and held to what the model was checked for."""
    if lost <= 0 or bursts <= 0 or expected <= lost:
        return 1.0
    rate = lost / expected
    ratio = max(1.0, lost / bursts * (1 - rate))
    return ratio if rate < 0.02 else min(MAX_BURST, ratio)


def effective_equipment(ie: float, bpl: float, loss: float, burst: float = 1.0) -> float:
    """Ie-eff (G.107 §7.5): the codec's impairment with `loss` (a share) in it."""
    ppl = 100 * min(1.0, max(0.0, loss))
    return ie + (95 - ie) * ppl / (ppl / max(1.0, burst) + bpl)


def rating(delay: float, loss: float, name: str, *, burst: float = 1.0) -> float:
    """R (G.107 §7.1) for a one-way delay, a loss behind the playout, and a codec; A = 0."""
    of = codec(name)
    return R_O - I_S - delay_impairment(delay) - effective_equipment(of.ie, of.bpl, loss, burst)


def mos(r: float) -> float:
    """MOS-CQE of a rating (G.107 Annex B): 1.0 to 4.5. Below R = 6.5 the polynomial dips under
    1, and Appendix I does not use it there: that is 1.0."""
    if r <= 6.5:
        return 1.0
    if r >= 100:
        return BEST_MOS
    return 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6


def rate(*, rtt: float | None, playout: float, loss: float, name: str, burst: float = 1.0) -> float:
    """The MOS of a call from what a leg measures: milliseconds, and a share of 0 to 1."""
    return mos(rating(one_way_delay(rtt, playout, name=name), loss, name, burst=burst))
