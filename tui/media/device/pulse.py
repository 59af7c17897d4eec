"""A PulseAudio server's address, and what is wrong with it when no sound comes through.

Enough of PulseAudio's native protocol to be let in and to be told who answers: a packet is a
descriptor of 20 bytes and a tag structure; AUTH (8) sends the cookie, GET_SERVER_INFO (20) asks.
PipeWire's server speaks the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import glob
import os
import re
import struct
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

Verdict = Literal[
    "ok",
    "bad-address",
    "nothing-listens",
    "no-answer",
    "no-pulse",
    "refused",
    "no-plugin",
]
PORT: Final = 4713
LIMIT: Final = 4.0
"""Seconds for each step of the check."""
_AUTH, _SERVER_INFO, _NAME = 8, 20, 9
_REPLY, _ERROR = 2, 0
_VERSION: Final = 32
_COOKIE: Final = 256
_ACCEPTING: Final = 0.05
_DESCRIPTOR: Final = struct.Struct(">IIIII")
_CONTROL: Final = 0xFFFFFFFF
_LARGEST: Final = 65536
_PLUGIN: Final = (
    "/usr/lib*/alsa-lib/libasound_module_pcm_pulse.so",
    "/usr/lib/*/alsa-lib/libasound_module_pcm_pulse.so",
)


@dataclass(frozen=True, slots=True)
class PulseAddress:
    """Where a server is: a Unix socket's path, or host and port."""

    path: str = ""
    host: str = ""
    port: int = PORT

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"unix:{self.path}" if self.path else f"tcp:{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class PulseCheck:
    """What a check found. `why` is the system's word for it; `delay` the round trip to the server
    in seconds; `server` what it calls itself."""

    verdict: Verdict
    why: str = ""
    delay: float | None = None
    server: str = ""


def addresses(address: str) -> tuple[PulseAddress, ...]:
    """The addresses of a `PULSE_SERVER`, in its order. ValueError when it cannot be understood."""
    found = [_address(part) for part in address.split()]
    if not found:
        raise ValueError("an address of PulseAudio is empty")
    return tuple(found)


def _address(text: str) -> PulseAddress:
    text = re.sub(r"^\{[^}]*\}", "", text)  # {machine}unix:…: whose machine it is
    if text.startswith("unix:"):
        text = text[5:]
        if not text.startswith("/"):
            raise ValueError("a Unix socket of PulseAudio has an absolute path")
    if text.startswith("/"):
        return PulseAddress(path=text)
    text = re.sub(r"^tcp[46]?:", "", text)
    matched = re.fullmatch(r"(?:\[([0-9A-Fa-f:.%]+)\]|([A-Za-z0-9_.-]+))(?::([0-9]{1,5}))?", text)
    if matched is None or not 0 < int(matched[3] or PORT) < 65536:
        raise ValueError("an address of PulseAudio is unix:/PATH or tcp:HOST:PORT")
    return PulseAddress(host=matched[1] or matched[2], port=int(matched[3] or PORT))


async def connect(where: PulseAddress) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Both directions to a server. Raises OSError."""
    if where.path:
        both = await asyncio.open_unix_connection(where.path)
        # On a socket of its own machine the server knows its user by the first bytes, once it has
        # asked the kernel to say whose they are; that is a moment after it accepts.
        try:
            await asyncio.sleep(_ACCEPTING)
        except asyncio.CancelledError:
            both[1].transport.abort()
            raise
        return both
    return await asyncio.open_connection(where.host, where.port)


def cookie(environment: Mapping[str, str] | None = None) -> bytes:
    """The cookie that libpulse would show; zeros, as libpulse does, where there is none."""
    env = os.environ if environment is None else environment
    home = Path(env.get("HOME", "/"))
    config = Path(env.get("XDG_CONFIG_HOME") or home / ".config")
    named = env.get("PULSE_COOKIE")
    known = (Path(named),) if named else (config / "pulse" / "cookie", home / ".pulse-cookie")
    for path in known:
        with contextlib.suppress(OSError):
            data = path.read_bytes()
            if len(data) == _COOKIE:
                return data
    return bytes(_COOKIE)


def plugin(patterns: Sequence[str] = _PLUGIN) -> bool:
    """Whether ALSA, and so PortAudio, can reach PulseAudio here (libasound2-plugins)."""
    return any(glob.glob(pattern) for pattern in patterns)


async def check(
    address: str, *, limit: float = LIMIT, environment: Mapping[str, str] | None = None
) -> PulseCheck:
    """Whether a PulseAudio answers there and lets us in. Never raises for what it finds; does not
    look at ALSA's plugin."""
    try:
        where = addresses(address)
    except ValueError as problem:
        return PulseCheck("bad-address", str(problem))
    found = PulseCheck("nothing-listens")
    for one in where:
        found = await _check(one, limit, cookie(environment))
        if found.verdict == "ok":
            break
    return found


async def _check(where: PulseAddress, limit: float, secret: bytes) -> PulseCheck:
    try:
        async with asyncio.timeout(limit):
            reader, writer = await connect(where)
    except TimeoutError:
        return PulseCheck("no-answer")
    except OSError as problem:
        return PulseCheck("nothing-listens", problem.strerror or type(problem).__name__)
    try:
        async with asyncio.timeout(limit):
            return await _speak(reader, writer, secret)
    except TimeoutError:
        return PulseCheck("no-answer")
    except (asyncio.IncompleteReadError, OSError):
        # A tunnel whose other end cannot connect closes so; so does a server of another kind.
        return PulseCheck("nothing-listens", "closed")
    except ValueError:
        return PulseCheck("no-pulse")
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _speak(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, secret: bytes
) -> PulseCheck:
    began = time.monotonic()
    hello = _u32(_VERSION) + b"x" + struct.pack(">I", len(secret)) + secret
    command, rest = await _ask(reader, writer, _AUTH, 0, hello)
    delay = time.monotonic() - began
    if command == _ERROR:
        return PulseCheck("refused", str(_number(rest)), delay)
    # A name first, as property list (P … N): older servers tell nobody anything without one.
    name = b"P" + _property("application.name", b"yimi\0") + b"N"
    command, _ = await _ask(reader, writer, _NAME, 1, name)
    if command == _REPLY:
        command, rest = await _ask(reader, writer, _SERVER_INFO, 2, b"")
    server = _strings(rest)[:2] if command == _REPLY else []
    return PulseCheck("ok", "", delay, " ".join(server)[:80])


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, command: int, tag: int, rest: bytes
) -> tuple[int, bytes]:
    """A command, and what answers it: command and the rest of the answer."""
    body = _u32(command) + _u32(tag) + rest
    writer.write(_DESCRIPTOR.pack(len(body), _CONTROL, 0, 0, 0) + body)
    while True:
        length, channel, *_ = _DESCRIPTOR.unpack(await reader.readexactly(_DESCRIPTOR.size))
        if length > _LARGEST:
            raise ValueError("no packet of PulseAudio")
        answer = await reader.readexactly(length)
        if channel != _CONTROL:
            continue
        if len(answer) < 10 or answer[0:1] != b"L" or answer[5:6] != b"L":
            raise ValueError("no packet of PulseAudio")
        if _number(answer[5:]) == tag:
            return _number(answer), answer[10:]


def _u32(value: int) -> bytes:
    return b"L" + struct.pack(">I", value)


def _number(data: bytes) -> int:
    return int.from_bytes(data[1:5], "big") if data[:1] == b"L" else -1


def _property(name: str, value: bytes) -> bytes:
    size = _u32(len(value))
    return b"t" + name.encode() + b"\0" + size + b"x" + size[1:] + value


def _strings(data: bytes) -> list[str]:
    """The strings that the answer begins with."""
    found = []
    while data[:1] == b"t" and b"\0" in data:
        text, _, data = data[1:].partition(b"\0")
        found.append(text.decode("utf-8", "replace"))
    return found
