"""The codecs of a call, by name: all of them speak 48 kHz mono s16 on this side.

Opus is libopus' and needs no more. What all others need is PyAV with FFmpeg's libraries, 15 MB and
a tenth of a second: a call that speaks opus goes without, see `load`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from typing import Any, Final, Protocol

from tui.media.codec import opus
from tui.media.codec.formats import PTIMES
from tui.media.codec.opus import DecodeError, OpusDecoder, OpusEncoder

__all__ = [
    "NAMES",
    "DecodeError",
    "Decoder",
    "Encoder",
    "decoder",
    "encoder",
    "is_loaded",
    "load",
    "opus_is_deep",
    "opus_source",
]

NAMES = ("opus", "G722", "PCMU", "PCMA")
"""What can be spoken, best first; as SDP spells it (compare without case)."""
_G711_G722: Final = "tui.media.codec.g711_g722"
_OPUS_AV: Final = "tui.media.codec.opus_av"


class Encoder(Protocol):
    """48 kHz mono s16 to payloads."""

    @property
    def name(self) -> str:
        """ "opus", "G722", "PCMU" or "PCMA"."""

    def encode(self, pcm: bytes) -> bytes:
        """One ptime of samples; b"" when nothing need be sent (DTX). ValueError for another
        length."""

    def set_packet_loss(self, percent: int) -> None:
        """The loss that the peer reports; what has no use for it takes no notice."""


class Decoder(Protocol):
    """Payloads to 48 kHz mono s16; one for each stream, for it has a memory."""

    @property
    def name(self) -> str:
        """ "opus", "G722", "PCMU" or "PCMA"."""

    @property
    def clock(self) -> int:
        """Ticks of the RTP timestamp in a second: 48,000 for opus, 8,000 for the others."""

    def samples(self, payload: bytes) -> int:
        """How many 48 kHz samples the payload holds, without decoding; 0 = not decodable."""

    def decode(self, payload: bytes) -> bytes:
        """The samples. Raises DecodeError on garbage."""

    def copies(self, payload: bytes) -> bool:
        """Whether the payload holds a copy of the packet before it, to `recover` from."""

    def recover(self, next_payload: bytes, samples: int) -> bytes | None:
        """The packet before this one, by in-band FEC; None when it holds no copy."""

    def conceal(self, samples: int) -> bytes | None:
        """The codec's own continuation, at least that long; None where it has none."""


def encoder(
    name: str,
    *,
    fmtp: Mapping[str, str],
    ptime: int = 20,
    packet_loss: int = 10,
    dtx: bool = False,
) -> Encoder:
    """An encoder for what was negotiated; `fmtp` is the peer's. ValueError for another name or
    a packet length that the codec does not know."""
    kind = _kind(name)
    if ptime not in PTIMES[kind.lower()]:
        raise ValueError(f"{kind} has no packets of {ptime} ms")
    module: Any = load(name)
    if kind != "opus":
        spoken: Encoder = module.G711G722Encoder(kind, ptime=ptime)
        return spoken
    made: Encoder = (OpusEncoder if module is opus else module.AvEncoder)(
        fmtp, ptime=ptime, packet_loss=packet_loss, dtx=dtx
    )
    return made


def decoder(name: str) -> Decoder:
    """A decoder for one stream. ValueError for another name."""
    kind = _kind(name)
    module: Any = load(name)
    made: Decoder
    if kind != "opus":
        made = module.G711G722Decoder(kind)
    else:
        made = OpusDecoder() if module is opus else module.AvDecoder()
    return made


def load(name: str) -> Any:
    """Load what a codec needs; best in a thread, unless `is_loaded`. The module that speaks it.
    ValueError for another name."""
    return importlib.import_module(_module(name))


def is_loaded(name: str) -> bool:
    """Whether an encoder and a decoder are there at once. ValueError for another name."""
    return _module(name) in sys.modules


def _module(name: str) -> str:
    if _kind(name) != "opus":
        return _G711_G722
    return _OPUS_AV if opus.library() is None else opus.__name__


def opus_source() -> str:
    """Which opus is used, and its version: "bundled: libopus 1.6.1", "system: …", or
    "pyav: 18.1.0" (no repair from the next packet)."""
    found = opus.library()
    if found is not None:
        return f"{found.source}: {found.version}"
    from importlib.metadata import version

    return f"pyav: {version('av')}"


def opus_is_deep() -> bool:
    """Whether what is lost of opus is made up by a neural net."""
    found = opus.library()
    return found is not None and found.deep


def _kind(name: str) -> str:
    for kind in NAMES:
        if name.lower() == kind.lower():
            return kind
    raise ValueError(f"no such codec: {name!r}")
