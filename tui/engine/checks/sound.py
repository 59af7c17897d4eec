"""Checks of the sound of this computer: microphone, speaker and ring device, each opened for a
moment as a call would open it."""

from __future__ import annotations

import asyncio
import math
from array import array
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

from tui.engine.checks.runner import Finding, fail, ok, warn
from tui.media.device import pulse, pulse_names
from tui.port.commands import Result
from tui.port.values import HEADSET, message
from tui.text import clean_text

FRAME: Final = 960
"""Samples of 20 ms."""
OPENING: Final = 3.0
"""Seconds for a device to give its first sample."""
LISTENING: Final = 0.6
"""Seconds for which it is then listened to."""
PLAYED: Final = 0.4
_SAYING: Final = 1.0
"""Seconds for a sound server to say what is muted."""
_LEVEL: Final = 0.1
"""Of full scale: heard, and no shock in the ear."""

Pause = Callable[[float], Awaitable[None]]


class _ProbedSource(Protocol):
    def read(self, samples: int) -> bytes: ...


class _ProbedSink(Protocol):
    def write(self, pcm: bytes) -> None: ...


class ProbedSound(Protocol):
    """What is needed of `tui.media.device.sound.SoundIO`."""

    @property
    def source(self) -> _ProbedSource: ...
    @property
    def sink(self) -> _ProbedSink: ...

    def close(self) -> None: ...


Open = Callable[[str, str, Callable[[Any, str], None]], ProbedSound]
"""`tui.media.device.sound.open_sound`."""


class _DeviceWord:
    """The last that was said of the device."""

    def __init__(self) -> None:
        self.state = ""
        self.device = ""

    def __call__(self, state: Any, device: str) -> None:
        self.state, self.device = str(state.value), clean_text(device)

    @property
    def bad(self) -> Finding | None:
        if self.state in ("", "ok"):
            return None
        if self.state == "no-device" and not self.device:
            return fail("check.sound.nothing")
        return fail(f"check.sound.{self.state}", device=self.device)


class ProbedHeadset(Protocol):
    """What is needed of the headset that carries an engine's sound (`RemoteHeadset`)."""

    def told(self) -> Result:
        """Whether it is there, in words."""

    def open_sound(
        self, input: str, output: str, on_state: Callable[[Any, str], None]
    ) -> ProbedSound:
        """Its microphone and ears, as `Open` opens this machine's."""


async def voice(server: str, *, here: bool, headset: ProbedHeadset | None = None) -> Finding:
    """What is to carry the voice, PulseAudio or a headset, answers, and sound can get there."""
    if not here:
        return ok("check.sound.elsewhere")
    if server == HEADSET:
        if headset is None:
            return warn("headset.later")
        told = headset.told()
        return Finding("ok" if told.ok else "fail", told.message or message("headset.gone"))
    if not server:
        return ok("check.voice.here")
    found = await pulse.check(server)
    verdict = found.verdict if found.verdict != "ok" or pulse.plugin() else "no-plugin"
    said = message(
        f"pulse.{verdict}",
        address=clean_text(server),
        why=clean_text(found.why),
        server=clean_text(found.server),
        delay="?" if found.delay is None else f"{found.delay * 1000:.0f}",
    )
    return Finding("ok" if verdict == "ok" else "fail", said)


async def microphone(setting: str, open_sound: Open, pause: Pause = asyncio.sleep) -> Finding:
    """The microphone gives more than silence."""
    if setting == "none":
        return warn("check.microphone.none")
    heard = _DeviceWord()
    sound = open_sound(setting, "none", heard)
    try:
        loudest = await _loudest(sound.source, heard, pause)
    finally:
        await asyncio.to_thread(sound.close)
    if (bad := heard.bad) is not None:
        return bad
    if loudest is None or loudest == 0:
        return warn("check.microphone.silent", device=heard.device)
    decibels = round(20 * math.log10(loudest / 32768))
    return ok("check.microphone.ok", device=heard.device, db=decibels)


async def _loudest(source: _ProbedSource, heard: _DeviceWord, pause: Pause) -> int | None:
    """The loudest sample of a while, 0 for nothing but silence, None when nothing came."""
    loudest, left = 0, int(OPENING / 0.02)
    listening = False
    while left > 0 and heard.bad is None:
        pcm = source.read(FRAME)
        loud = max(map(abs, array("h", pcm)), default=0)
        if loud and not listening:
            listening, left = True, int(LISTENING / 0.02)
        loudest = max(loudest, loud)
        left -= 1
        await pause(0.02)
    return loudest if listening else None


def silenced() -> bool:
    """Whether a sound server lets nobody hear what this process plays just now."""
    there = pulse_names.DeviceNames(_SAYING)()
    return there is not None and there.silenced


async def speaker(
    setting: str,
    open_sound: Open,
    pause: Pause = asyncio.sleep,
    silenced: Callable[[], bool] = silenced,
) -> Finding:
    """The device that one hears with takes a short tone, and nobody has muted it."""
    if setting == "none":
        return warn("check.speaker.none")
    if setting.startswith("file:"):
        return ok("check.speaker.file")  # opened again it would begin anew, under a call's hands
    heard = _DeviceWord()
    sound = open_sound("none", setting, heard)
    try:
        for block in range(int(PLAYED / 0.02)):
            sound.sink.write(_tone(block))
            await pause(0.02)
            if heard.bad is not None:
                break
        await pause(0.3)
        muted = await asyncio.to_thread(silenced)
    finally:
        await asyncio.to_thread(sound.close)
    if muted and heard.bad is None:
        return warn("sound.silenced", device=heard.device)
    return heard.bad or ok("check.speaker.ok", device=heard.device)


def _tone(block: int) -> bytes:
    """20 ms of 660 Hz, in step with the blocks before."""
    step = 2 * math.pi * 660 / 48000
    begin = block * FRAME
    peak = _LEVEL * 32767
    return array("h", (round(peak * math.sin(step * (begin + n))) for n in range(FRAME))).tobytes()


async def ring_device(
    setting: str, output: str, on: bool, open_sound: Open, pause: Pause = asyncio.sleep
) -> Finding:
    """The device that rings; the one that one hears with where no other is chosen."""
    if not on:
        return ok("check.ring.off")
    if setting in ("", output):
        return ok("check.ring.same")
    found = await speaker(setting, open_sound, pause)
    if found.state != "ok":
        return found
    values = dict(found.message.values)
    return ok("check.ring.ok", device=values.get("device", ""))
