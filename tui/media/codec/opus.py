"""Opus by libopus itself, through ctypes: what PyAV cannot do is to repair a lost packet from the
next one (in-band FEC), and to conceal one without a trick.

The library is looked for beside PyAV, whose wheels carry one with a hash in its name, and on the
system; one that conceals by a neural net (libopus 1.5 and later, where it was built with it) is
preferred, and is known by what it does. Where neither is found, `opus_av` does what PyAV can.

All audio is 48 kHz mono s16. Sources: RFC 6716 (codec), RFC 7587 (payload), libopus' opus.h.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib.util
import logging
import random
import sys
import weakref
from array import array
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from tui.media.pcm.levels import RATE

log = logging.getLogger(__name__)

BIT_RATE = 32_000
COMPLEXITY = 5
"""What costs CPU is complexity; a lower bit rate saves none (below 40 kbit/s it costs more)."""
DEEP_CONCEALMENT = 5
"""The complexity of a decoder from which on it conceals by its net (opus_defines.h)."""
MAX_SAMPLES = 5760
"""120 ms, the longest packet (RFC 6716 §3.2.5)."""
MAX_PAYLOAD = 1275
CONCEALED = 120
"""Concealment comes in multiples of 2.5 ms."""
BANDWIDTHS = ((8_000, 1101), (12_000, 1102), (16_000, 1103), (24_000, 1104))
"""`maxplaybackrate` (RFC 7587 §6.1) and the bandwidth it allows, narrow to super-wide."""

_VOIP = 2048
_SET_BITRATE, _SET_MAX_BANDWIDTH, _SET_VBR = 4002, 4004, 4006
_SET_COMPLEXITY, _SET_FEC, _SET_LOSS, _SET_DTX = 4010, 4012, 4014, 4016
_GET_LOOKAHEAD, _RESET = 4027, 4028


class DecodeError(ValueError):
    """A payload that is no packet of its codec."""


def _candidates() -> Iterator[tuple[str, str]]:
    spec = importlib.util.find_spec("av")
    if spec is not None and spec.origin:
        package = Path(spec.origin).parent
        for folder in (package.parent / "av.libs", package / ".dylibs"):
            for path in sorted(folder.glob("*opus*")):
                yield "bundled", str(path)
    # The loader knows best; find_library would ask a compiler, which takes longer than a call has.
    name = "libopus.so.0" if sys.platform == "linux" else ctypes.util.find_library("opus")
    if name:
        yield "system", name


class Library(NamedTuple):
    """A libopus: where it was found ("bundled" or "system"), its version, and whether it conceals
    by a net."""

    functions: Any
    source: str
    version: str
    deep: bool


def _declare(library: Any) -> None:
    pointer, integer, data = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
    out = ctypes.POINTER(ctypes.c_int)
    # The ctl functions are variadic: argtypes for the fixed part only, or the rest goes where
    # the callee does not look for it on machines that pass such arguments differently.
    for name, result, arguments in (
        ("opus_get_version_string", data, []),
        ("opus_encoder_create", pointer, [ctypes.c_int32, integer, integer, out]),
        ("opus_encode", ctypes.c_int32, [pointer, data, integer, pointer, ctypes.c_int32]),
        ("opus_encoder_ctl", integer, [pointer, integer]),
        ("opus_encoder_destroy", None, [pointer]),
        ("opus_decoder_create", pointer, [ctypes.c_int32, integer, out]),
        ("opus_decode", integer, [pointer, data, ctypes.c_int32, pointer, integer, integer]),
        ("opus_decoder_ctl", integer, [pointer, integer]),
        ("opus_decoder_destroy", None, [pointer]),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments


@cache
def library() -> Library | None:
    """The first that conceals by a net, else the first; None without one."""
    first = None
    for source, path in _candidates():
        try:
            # PyDLL keeps the interpreter's lock: a call is shorter than getting the lock back.
            found = ctypes.PyDLL(path)
            _declare(found)
            version = found.opus_get_version_string().decode("ascii", "replace")
            deep = _conceals_deeply(found)
        except (OSError, AttributeError) as problem:
            log.debug("libopus at %s is of no use: %s", source, problem)
            continue
        if deep:
            return Library(found, source, version, deep)
        first = first or Library(found, source, version, deep)
    return first


def _conceals_deeply(library: Any) -> bool:
    """Whether it conceals by a net. No version and no name tells, only the sound does: what it
    makes up for the same packets at complexity 0, where it never does, and at 5, is not the same.
    """
    return _made_up(library, 0) != _made_up(library, DEEP_CONCEALMENT)


def _made_up(library: Any, complexity: int) -> bytes:
    """What a decoder of that complexity makes up after a fifth of a second of a hum."""
    rng = random.Random(1)
    encoder = ctypes.c_void_p(_created(library.opus_encoder_create, RATE, 1, _VOIP))
    decoder = ctypes.c_void_p(_created(library.opus_decoder_create, RATE, 1))
    out = ctypes.create_string_buffer(MAX_SAMPLES * 2)
    try:
        library.opus_decoder_ctl(decoder, _SET_COMPLEXITY, ctypes.c_int32(complexity))
        for _ in range(10):  # a buzz of 150 Hz with breath in it is voice enough
            wave = [8000 - at % 320 * 50 + rng.randrange(-500, 500) for at in range(960)]
            pcm = array("h", wave).tobytes()
            size = library.opus_encode(encoder, pcm, 960, out, MAX_PAYLOAD)
            payload = ctypes.string_at(out, max(size, 0))
            library.opus_decode(decoder, payload, len(payload), out, MAX_SAMPLES, 0)
        made = [
            ctypes.string_at(out, 1920)
            for _ in range(2)
            if library.opus_decode(decoder, None, 0, out, 960, 0) == 960
        ]
        return b"".join(made)
    finally:
        library.opus_encoder_destroy(encoder)
        library.opus_decoder_destroy(decoder)


def _created(create: Any, *arguments: int) -> int:
    error = ctypes.c_int()
    state: int | None = create(*arguments, ctypes.byref(error))
    if not state or error.value:
        raise OSError(f"libopus refuses: {error.value}")
    return state


def samples_of(payload: bytes) -> int:
    """How many 48 kHz samples a packet holds (RFC 6716 §3.1, §3.2); 0 for none."""
    if not payload:
        return 0
    toc = payload[0]
    config = toc >> 3
    if config < 12:
        frame = (480, 960, 1920, 2880)[config & 3]
    elif config < 16:
        frame = (480, 960)[config & 1]
    else:
        frame = (120, 240, 480, 960)[config & 3]
    code = toc & 3
    if code < 3:
        count = 1 if code == 0 else 2
    elif len(payload) < 2:
        return 0
    else:
        count = payload[1] & 63
    samples = frame * count
    return samples if samples <= MAX_SAMPLES else 0


def holds_fec(payload: bytes) -> bool:
    """Whether a packet carries a copy of the one before it: the LBRR flag of its SILK part
    (RFC 6716 §4.2.3, §4.2.4). libopus is asked where it can tell (from 1.5 on); otherwise packets
    of several frames are taken for having none."""
    if len(payload) < 2 or payload[0] >> 3 >= 16:
        return False
    found = library()
    if (
        found is not None
        and (ask := getattr(found.functions, "opus_packet_has_lbrr", None)) is not None
    ):
        return bool(ask(ctypes.c_char_p(payload), ctypes.c_int32(len(payload))) == 1)
    if payload[0] & 3:
        return False
    frames = max(1, samples_of(payload) // 960)  # a voice-activity bit for each 20 ms, the flag
    if payload[1] >> (7 - frames) & 1:
        return True
    return bool(payload[0] & 4 and payload[1] >> (6 - 2 * frames) & 1)  # stereo: the side's


class OpusEncoder:
    """Mono, voip, in-band FEC where the peer wants it.

    `fmtp` is what the *peer* said of its decoder (RFC 7587 §6.1): maxaveragebitrate,
    maxplaybackrate, cbr, useinbandfec and usedtx are obeyed. `ptime` in ms: 10, 20, 40 or 60.
    """

    name = "opus"

    def __init__(
        self, fmtp: Mapping[str, str], *, ptime: int = 20, packet_loss: int = 10, dtx: bool = False
    ) -> None:
        found = library()
        if found is None:
            raise OSError("no libopus")
        self._library = found.functions
        self._samples = ptime * RATE // 1000
        state = _created(self._library.opus_encoder_create, RATE, 1, _VOIP)
        self._state = ctypes.c_void_p(state)
        weakref.finalize(self, self._library.opus_encoder_destroy, self._state)
        self._out = ctypes.create_string_buffer(MAX_PAYLOAD)
        self._set(_SET_BITRATE, bit_rate(fmtp))
        self._set(_SET_COMPLEXITY, COMPLEXITY)
        self._set(_SET_VBR, 0 if fmtp.get("cbr") == "1" else 1)
        self._set(_SET_FEC, 1 if fmtp.get("useinbandfec") == "1" else 0)
        self._dtx = dtx or fmtp.get("usedtx") == "1"
        self._set(_SET_DTX, int(self._dtx))
        highest = number(fmtp.get("maxplaybackrate"), RATE)
        for rate, bandwidth in BANDWIDTHS:
            if highest <= rate:
                self._set(_SET_MAX_BANDWIDTH, bandwidth)
                break
        self.set_packet_loss(packet_loss)

    def _set(self, what: int, value: int) -> None:
        self._library.opus_encoder_ctl(self._state, what, ctypes.c_int32(value))

    @property
    def lookahead(self) -> int:
        """Samples by which the codec itself delays the audio."""
        value = ctypes.c_int32()
        self._library.opus_encoder_ctl(self._state, _GET_LOOKAHEAD, ctypes.byref(value))
        return value.value

    def set_packet_loss(self, percent: int) -> None:
        """The loss that the peer reports (RTCP), so that the copies are worth their bits."""
        self._set(_SET_LOSS, min(max(percent, 0), 100))

    def encode(self, pcm: bytes) -> bytes:
        """One ptime of audio (s16, 48 kHz, mono) as a payload; b"" when it need not be sent (DTX,
        RFC 7587 §3.1.3). ValueError for another length, OSError when libopus cannot."""
        if len(pcm) != self._samples * 2:
            raise ValueError(f"{len(pcm)} bytes are not {self._samples} samples")
        size = self._library.opus_encode(self._state, pcm, self._samples, self._out, MAX_PAYLOAD)
        if size < 0:
            raise OSError(f"libopus cannot encode: {size}")
        # libopus says with one or two bytes that nothing need be sent.
        return b"" if self._dtx and size <= 2 else ctypes.string_at(self._out, size)


class OpusDecoder:
    """Opus to 48 kHz mono; one per stream."""

    name = "opus"
    clock = RATE

    def __init__(self) -> None:
        found = library()
        if found is None:
            raise OSError("no libopus")
        self._library = found.functions
        state = _created(self._library.opus_decoder_create, RATE, 1)
        self._state = ctypes.c_void_p(state)
        weakref.finalize(self, self._library.opus_decoder_destroy, self._state)
        self._out = ctypes.create_string_buffer(MAX_SAMPLES * 2)
        if found.deep:
            self._library.opus_decoder_ctl(
                self._state, _SET_COMPLEXITY, ctypes.c_int32(DEEP_CONCEALMENT)
            )

    def samples(self, payload: bytes) -> int:
        """How many samples the payload holds; 0 when it cannot be decoded."""
        return samples_of(payload)

    def decode(self, payload: bytes) -> bytes:
        """The packet's samples; DecodeError for what is none."""
        if not payload or len(payload) > 0xFFFF:
            raise DecodeError("no opus packet")
        return self._decode(payload, MAX_SAMPLES, 0)

    def copies(self, payload: bytes) -> bool:
        """Whether it holds a copy of the packet before it."""
        return holds_fec(payload)

    def recover(self, next_payload: bytes, samples: int) -> bytes | None:
        """The packet before this one, from the copy in it; None when it holds none. To be
        called before this one is decoded."""
        if not holds_fec(next_payload) or not 0 < samples <= MAX_SAMPLES:
            return None
        try:
            return self._decode(next_payload, samples // CONCEALED * CONCEALED, 1)
        except DecodeError:
            return None

    def conceal(self, samples: int) -> bytes:
        """What is likely to have followed, fading out as it goes on; rounded up to 2.5 ms."""
        wanted = min(max(-(-samples // CONCEALED), 1) * CONCEALED, MAX_SAMPLES)
        try:
            return self._decode(None, wanted, 0)
        except DecodeError:
            return bytes(wanted * 2)

    def _decode(self, payload: bytes | None, samples: int, fec: int) -> bytes:
        size = 0 if payload is None else len(payload)
        got = self._library.opus_decode(self._state, payload, size, self._out, samples, fec)
        if got < 0:
            raise DecodeError(f"libopus: {got}")
        return ctypes.string_at(self._out, got * 2)


def number(value: str | None, otherwise: int) -> int:
    """A decimal number of an fmtp line, or that."""
    return int(value) if value and value.isascii() and value.isdigit() else otherwise


def bit_rate(fmtp: Mapping[str, str]) -> int:
    """Ours, or what the peer limits it to (RFC 7587 §6.1: 6,000 to 510,000)."""
    return max(6_000, min(BIT_RATE, number(fmtp.get("maxaveragebitrate"), BIT_RATE)))
