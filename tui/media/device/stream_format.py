"""The rate and channels that a device is opened with, and the way from there to our samples.

How it works. A device is asked for 48 kHz mono first, which sound servers give. One that is reached
directly may have one rate and one number of channels only: then it is opened with its own, and each
block is converted on the way, in PortAudio's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tui.media.device.enumerate import DeviceKind
from tui.media.pcm.levels import FRAME, RATE, WIDTH, spread, to_mono

if TYPE_CHECKING:
    from tui.media.codec.rate_converter import RateConverter

UNAVAILABLE: Final = frozenset({-9996, -9987, -9985})
"""PortAudio's codes for a device that cannot be had at all: invalid, timed out, in use."""


@dataclass(frozen=True, slots=True)
class StreamFormat:
    """Samples a second, and channels, of 16 bits."""

    rate: int = RATE
    channels: int = 1

    @property
    def frames(self) -> int:
        """Frames of 20 ms, the block that is asked for."""
        return self.rate * FRAME // RATE


OURS: Final = StreamFormat()


def formats(entry: Mapping[str, Any], kind: DeviceKind) -> tuple[StreamFormat, ...]:
    """What to try with PortAudio's entry of a device, in this order."""
    most = int(entry[f"max_{kind}_channels"])
    own = round(float(entry.get("default_samplerate") or RATE))
    channels = [1, *(n for n in (2, most) if 1 < n <= most)]
    rates = [RATE, *([own] if own > 0 else [])]
    return tuple(dict.fromkeys(StreamFormat(rate, n) for rate in rates for n in channels))


def hopeless(problem: Exception) -> bool:
    """Whether another format would not open the device either."""
    return any(one in UNAVAILABLE for one in problem.args if isinstance(one, int))


class FromDevice:
    """What a device gives, as 48 kHz mono s16."""

    def __init__(self, form: StreamFormat) -> None:
        self._channels = form.channels
        self._rate = _converter(form.rate, RATE)

    def feed(self, data: bytes) -> bytes:
        """One block of the device's, at our rate."""
        pcm = to_mono(data, self._channels)
        return pcm if self._rate is None else self._rate.feed(pcm)


class ToDevice:
    """48 kHz mono s16 as a device takes it. `pull` gives so many bytes of it."""

    def __init__(self, form: StreamFormat, pull: Callable[[int], bytes]) -> None:
        self._channels, self._pull = form.channels, pull
        self._rate = _converter(RATE, form.rate)
        self._ready = bytearray()

    def take(self, frames: int) -> bytes:
        """The next frames, all channels alike."""
        size = frames * WIDTH
        if self._rate is None:
            return spread(self._pull(size), self._channels)
        while len(self._ready) < size:
            self._ready += self._rate.feed(self._pull(FRAME * WIDTH))
        pcm = bytes(self._ready[:size])
        del self._ready[:size]
        return spread(pcm, self._channels)


def _converter(source: int, target: int) -> RateConverter | None:
    if source == target:
        return None
    from tui.media.codec.rate_converter import RateConverter  # PyAV: most devices need none

    return RateConverter(source, target)
