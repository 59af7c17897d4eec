"""The headset's wire: frames on one stream of bytes between the computer one sits at (*near*) and
the engine (*far*). No I/O, no clock.

A frame is `kind u8 · length u16 · payload`, big-endian.

| kind | payload |
|---|---|
| 1 voice | `heard u16 · number u16 · position u16 · opus`: one packet of 20 ms |
| 2 heard | `heard u16`: the last number that came, where no voice says it |
| 3 told | one JSON object, its `type` a value of `Told` |

`number` counts the packets that would be sent if the line took them all, modulo 2^16; `position`
the 20 ms since the sound was taken into use. A gap in `position` alone is silence that was not
sent (RFC 7587 §3.1.3); one in both is sound that the sender left out, because the line had not
taken what was before it. `heard` is how it knows. A kind or a type that is not known is skipped
and counted; a frame that is too long ends the connection.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

import msgspec

from tui.headset_wire import VERSION as VERSION

VOICE, HEARD, TOLD = 1, 2, 3
LARGEST: Final = 32768
"""Bytes of a payload."""
LARGEST_PACKET: Final = 1275
"""Bytes of an Opus frame (RFC 6716 §3.2.1)."""
NAMES: Final = 40
"""Devices that are told of, of each kind: all of them are to fit into a frame."""
TEXT: Final = 80
"""Characters of a name."""
_HEAD: Final = struct.Struct(">BH")
_PACKET: Final = struct.Struct(">HHH")
_NUMBER: Final = struct.Struct(">H")
UNHEARD: Final = 0xFFFF
"""`heard` before anything came: one before the first number, 0."""


class BrokenWire(ValueError):
    """What came cannot be the headset's wire: there is no way to find the next frame."""


@dataclass(frozen=True, slots=True)
class VoicePacket:
    """20 ms of voice."""

    heard: int
    number: int
    position: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class HeardUpTo:
    """Everything up to that number has come."""

    heard: int


class Told(msgspec.Struct, frozen=True, tag_field="type"):
    """Anything but sound."""


class Greeting(Told, frozen=True, tag="greeting"):
    """Far, first: what it speaks, and a nonce of its own (hex)."""

    wire: int
    version: str
    nonce: str


class Welcome(Told, frozen=True, tag="welcome"):
    """Near, to that: the same, and a proof that it knows the secret (`proof.near`)."""

    wire: int
    version: str
    nonce: str
    proof: str


class Proven(Told, frozen=True, tag="proven"):
    """Far, to that: its own proof (`proof.far`). From then on it is believed."""

    proof: str


class Farewell(Told, frozen=True, tag="farewell"):
    """The last word: "version", "secret", "replaced" by another engine, "end"."""

    why: str
    version: str = ""


class NearState(Told, frozen=True, tag="state"):
    """Near: a `SoundState`, what carries the sound, what its devices hold back (seconds), and how
    loud (0..1) the silence is that is not sent: 0 is a microphone that gives nothing at all."""

    state: str
    device: str = ""
    delay: float | None = None
    room: float = 0.0


class InUse(Told, frozen=True, tag="use"):
    """Far: sound is wanted from now on, or no more."""

    on: bool


class Loudness(Told, frozen=True, tag="loudness"):
    """Far: what the agent set, in per cent. None leaves one as it is."""

    volume: int | None = None
    gain: int | None = None
    ring: int | None = None


class Ringing(Told, frozen=True, tag="ring"):
    """Far: ring, or stop."""

    on: bool


class MutedFar(Told, frozen=True, tag="muted"):
    """Far: nobody is to hear the microphone. Near says so, and sends no sound."""

    on: bool


class ChooseDevices(Told, frozen=True, tag="choose"):
    """Far: devices in the config's words, None leaves one. Answered by `Devices`."""

    input: str | None = None
    output: str | None = None
    ring: str | None = None


class AskDevices(Told, frozen=True, tag="ask"):
    """Far: which are there? Answered by `DevicesThere`."""


class DevicesThere(Told, frozen=True, tag="devices"):
    """Near: what is there, and what is chosen, in the config's words. `bad`: that choice could not
    be meant."""

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    input: str = ""
    output: str = ""
    ring: str = ""
    portaudio: bool = True
    bad: str = ""


class Ping(Told, frozen=True, tag="ping"):
    """Far: answer at once."""

    at: int


class Pong(Told, frozen=True, tag="pong"):
    """Near: to that ping."""

    at: int


AnyTold = (
    Greeting
    | Welcome
    | Proven
    | Farewell
    | NearState
    | InUse
    | Loudness
    | Ringing
    | MutedFar
    | ChooseDevices
    | AskDevices
    | DevicesThere
    | Ping
    | Pong
)
Frame = VoicePacket | HeardUpTo | AnyTold
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(AnyTold)


def encoded(frame: Frame) -> bytes:
    """The frame as it is sent. ValueError for one that would be too long."""
    match frame:
        case VoicePacket(heard, number, position, payload):
            kind, body = VOICE, _PACKET.pack(heard, number, position) + payload
        case HeardUpTo(heard):
            kind, body = HEARD, _NUMBER.pack(heard)
        case _:
            kind, body = TOLD, _ENCODER.encode(frame)
    if len(body) > LARGEST:
        raise ValueError(f"a frame of {len(body)} bytes is too long")
    return _HEAD.pack(kind, len(body)) + body


class FrameReader:
    """Bytes in as they come, frames out."""

    def __init__(self) -> None:
        self.skipped = 0
        """Frames that were not understood."""
        self._data = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are whole by now. Raises BrokenWire, and then for good."""
        self._data += data
        frames: list[Frame] = []
        at, have = 0, len(self._data)
        while have - at >= _HEAD.size:
            kind, length = _HEAD.unpack_from(self._data, at)
            if length > LARGEST:
                del self._data[:at]
                raise BrokenWire(f"a frame of {length} bytes")
            end = at + _HEAD.size + length
            if end > have:
                break
            frame = _decoded(kind, bytes(self._data[at + _HEAD.size : end]))
            at = end
            if frame is None:
                self.skipped += 1
            else:
                frames.append(frame)
        del self._data[:at]
        return frames


def _decoded(kind: int, body: bytes) -> Frame | None:
    """The frame; None for what is not understood."""
    if kind == VOICE:
        if not _PACKET.size < len(body) <= _PACKET.size + LARGEST_PACKET:
            return None
        heard, number, position = _PACKET.unpack_from(body)
        return VoicePacket(heard, number, position, body[_PACKET.size :])
    if kind == HEARD:
        return HeardUpTo(*_NUMBER.unpack(body)) if len(body) == _NUMBER.size else None
    if kind != TOLD:
        return None
    try:
        return _DECODER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def ahead(number: int, of: int) -> int:
    """How far a number of 16 bits is ahead of another: -32768 to 32767."""
    return ((number - of + 0x8000) & 0xFFFF) - 0x8000
