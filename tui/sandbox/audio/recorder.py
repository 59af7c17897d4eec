"""What a customer heard: a recording of the last minutes, and its analysis.

The recording is 16 kHz mono; each 20 ms block remembers whether anything arrived for it and what
the line was doing, so that a gap in the agent's audio can be told from a hold.
"""

from __future__ import annotations

import cmath
import io
import math
import wave
from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from operator import add, mul, sub

RATE = 16_000
BLOCK_MS = 20
_PER_BLOCK = RATE * BLOCK_MS // 1000
_QUIET = 10 ** (-55 / 20) * 32768
"""The rms below which a block counts as silence: -55 dBFS."""
FFT = 2048
_STEP = RATE / FFT


@dataclass(frozen=True, slots=True)
class RecordingAnalysis:
    """An analysis. `level` in dBFS (rms; -120 = nothing at all); `peaks` the strongest
    frequencies in Hz with their share of the energy; `tones` the share of each frequency that was
    asked for, over all and `per_100_ms`; gaps in ms, outside of holds: `longest_silence` of what is
    as good as silent, `longest_missing` of what never arrived."""

    ms: int
    level: float
    peaks: list[tuple[float, float]]
    tones: dict[str, float]
    per_100_ms: dict[str, list[float]]
    longest_silence: int
    longest_missing: int
    held_ms: int


@dataclass(slots=True)
class _Block:
    pcm: bytes
    arrived: bool
    held: bool
    quiet: bool


class Recorder:
    """Keeps the last `seconds` of what was heard. Feed it 20 ms a time, by the clock."""

    def __init__(self, seconds: float = 120.0) -> None:
        self._blocks: deque[_Block] = deque(maxlen=int(seconds * 1000 / BLOCK_MS))
        self.longest_silence = 0
        self.longest_missing = 0
        self.missing = 0
        """Over the whole call, in ms, holds left out; counted from the first sound on. `missing` is
        all of it together."""
        self._silent = 0
        self._missing = 0
        self._begun = False

    def hear(self, pcm: bytes, *, arrived: bool, held: bool) -> None:
        """20 ms of 48 kHz mono. `arrived` False: nothing had come and silence stands in."""
        samples = array("h", pcm)[::3]
        quiet = _rms(samples[::2]) < _QUIET
        self._blocks.append(_Block(samples.tobytes(), arrived, held, quiet))
        self._begun = self._begun or (arrived and not held)
        if not self._begun:
            return
        self._silent = self._silent + BLOCK_MS if quiet and not held else 0
        gone = not arrived and not held
        self._missing = self._missing + BLOCK_MS if gone else 0
        self.missing += BLOCK_MS * gone
        self.longest_silence = max(self.longest_silence, self._silent)
        self.longest_missing = max(self.longest_missing, self._missing)

    def _last(self, ms: int) -> list[_Block]:
        count = max(1, ms // BLOCK_MS)
        return list(self._blocks)[-count:]

    def forget(self) -> None:
        """Let go of the sound; the longest gaps stay."""
        self._blocks.clear()

    def wav(self, ms: int) -> bytes:
        """The last `ms` as a WAV file."""
        out = io.BytesIO()
        with wave.open(out, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(b"".join(block.pcm for block in self._last(ms)))
        return out.getvalue()

    def analyse(self, ms: int, frequencies: Sequence[float] = ()) -> RecordingAnalysis:
        """Look at the last `ms`. Takes some ten milliseconds: call it in a thread."""
        blocks = self._last(ms)
        samples = array("h", b"".join(block.pcm for block in blocks))
        shares = {hz: _shares(samples, hz) for hz in frequencies}
        return RecordingAnalysis(
            ms=len(blocks) * BLOCK_MS,
            level=level(samples),
            peaks=peaks(samples),
            tones={_name(hz): _mean(each) for hz, each in shares.items()},
            per_100_ms={_name(hz): [round(one, 3) for one in each] for hz, each in shares.items()},
            longest_silence=_run([block.quiet and not block.held for block in blocks]),
            longest_missing=_run([not block.arrived and not block.held for block in blocks]),
            held_ms=BLOCK_MS * sum(block.held for block in blocks),
        )


def _name(hz: float) -> str:
    return f"{hz:g}"


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 3) if values else 0.0


def _run(flags: Sequence[bool]) -> int:
    best = run = 0
    for flag in flags:
        run = run + 1 if flag else 0
        best = max(best, run)
    return best * BLOCK_MS


def _rms(samples: Sequence[int]) -> float:
    return math.sqrt(sum(x * x for x in samples) / len(samples)) if samples else 0.0


def level(samples: Sequence[int]) -> float:
    """Root mean square in dBFS; -120 for silence."""
    rms = _rms(samples)
    return round(20 * math.log10(rms / 32768), 1) if rms else -120.0


def goertzel(samples: Sequence[int], hz: float, rate: int = RATE) -> float:
    """The share (0 to 1) of the samples' energy that lies at one frequency."""
    energy = sum(x * x for x in samples)
    if energy < len(samples) * 4:
        return 0.0
    factor = 2 * math.cos(2 * math.pi * hz / rate)
    one = two = 0.0
    for x in samples:
        one, two = x + factor * one - two, one
    power = one * one + two * two - factor * one * two
    return min(1.0, 2 * power / (len(samples) * energy))


def _shares(samples: array[int], hz: float) -> list[float]:
    block = RATE // 10
    whole = range(0, len(samples) - block + 1, block)
    return [goertzel(samples[at : at + block], hz) for at in whole]


def peaks(samples: array[int], most: int = 5) -> list[tuple[float, float]]:
    """The strongest frequencies of up to eight windows of 128 ms, strongest first."""
    spectrum = [0.0] * (FFT // 2)
    windows = [
        list(map(mul, samples[at : at + FFT], _hann()))
        for at in range(0, len(samples) - FFT + 1, FFT)
    ][-8:]
    if len(windows) % 2:
        windows.append([0.0] * FFT)
    # Two windows are transformed at once, as real and imaginary part: what the powers of both at
    # one frequency come to is half of the powers at that frequency and at its negative.
    for pair in zip(windows[::2], windows[1::2], strict=True):
        powers = [each.real**2 + each.imag**2 for each in _fft(list(map(complex, *pair)))]
        for index in range(FFT // 2):
            spectrum[index] += (powers[index] + powers[-index]) / 2
    total = sum(spectrum)
    if total < FFT:
        return []
    found: list[tuple[float, float]] = []
    for index in sorted(range(2, FFT // 2 - 1), key=lambda i: -spectrum[i]):
        hz = index * _STEP
        if all(abs(hz - other) > 4 * _STEP for other, _ in found):
            near = spectrum[index - 1 : index + 2]
            centre = sum((index - 1 + i) * power for i, power in enumerate(near)) / sum(near)
            found.append((round(centre * _STEP, 1), round(sum(near) / total, 3)))
        if len(found) == most or spectrum[index] < total / 1000:
            break
    return found


@cache
def _hann() -> list[float]:
    """The window's weights."""
    step = 2 * math.pi / (FFT - 1)
    return [0.5 - 0.5 * math.cos(step * n) for n in range(FFT)]


@cache
def _turns(count: int) -> list[complex]:
    """What the odd half of `count` values is turned by: computed once, and not at each look."""
    return [cmath.exp(-2j * math.pi * k / count) for k in range(count // 2)]


def _fft(values: list[complex]) -> list[complex]:
    """Radix 2, for powers of two from 2 on."""
    if len(values) == 2:
        return [values[0] + values[1], values[0] - values[1]]
    even, odd = _fft(values[0::2]), _fft(values[1::2])
    turned = list(map(mul, _turns(len(values)), odd))
    return [*map(add, even, turned), *map(sub, even, turned)]
