"""The commands about sound devices: which there are, which are used, how they sound, and where the
voice goes."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from typing import Any, Final

from tui.engine.audio.devices import SoundDevices
from tui.engine.audio.leg_entry import bar
from tui.engine.audio.sound_test import Interrupted, SoundTest, SoundTestResult, Ticker
from tui.engine.context import EngineContext
from tui.media.device.enumerate import Listing, ask
from tui.port import commands as c
from tui.port.commands import Command, Result
from tui.port.events import LevelsChanged
from tui.port.values import Devices, Levels, Message, VoiceState, message
from tui.text import clean_text

LEVELS_EVERY: Final = 15
"""Ticks of 20 ms between two levels of a try."""
SILENT: Final = 0.0005
"""A microphone that works gives more noise than this."""


class SoundCommands:
    """What is asked of the sound beside the calls."""

    def __init__(
        self, context: EngineContext, sounds: SoundDevices, look: Callable[[], Listing | None] = ask
    ) -> None:
        self.context = context
        self.sounds = sounds
        self._look = look
        self._trying = False

    async def execute(self, command: Command) -> Result:
        """One of ListDevices, SetDevices, TrySound, UsePulseServer, UseHeadset."""
        headset = self.sounds.remote_headset
        match command:
            case c.ListDevices() if headset.server:
                return await headset.devices()
            case c.SetDevices(input, output, ring) if headset.server:
                return await headset.choose(input, output, ring)
            case c.ListDevices():
                return await self._list()
            case c.SetDevices(input, output, ring):
                return self._set(input, output, ring)
            case c.UsePulseServer(address):
                await headset.leave()
                return await self.sounds.remote_pulse.use(address)
            case c.UseHeadset(path, secret):
                await self.sounds.remote_pulse.use("")
                return await headset.use(path, secret)
            case _:
                return await self.try_sound()

    async def _list(self) -> Result:
        listing = await asyncio.to_thread(self._look)
        settings = self.sounds.settings
        chosen = settings.input, settings.output, settings.ring_device
        found = listing or Listing()
        names = _clean(found.inputs), _clean(found.outputs)
        devices = Devices(*names, *map(_name, chosen))
        if listing is None:
            return Result(False, Message("sound.no_list"), value=devices)
        if not listing.portaudio:
            return Result(False, Message("check.sound.no-portaudio"), value=devices)
        return Result(True, value=devices)

    def _set(self, input: str | None, output: str | None, ring: str | None) -> Result:
        try:
            self.sounds.choose(input, output, ring)
        except ValueError:
            given = next((g for g in (input, output, ring) if g), "")
            return Result(False, message("sound.bad", what=clean_text(given)))
        return Result(True)

    # ------------------------------------------------------------ a try

    async def try_sound(self) -> Result:
        """Record, play back, measure. Not in a call: the microphone is the customer's."""
        if self._in_call():
            return Result(False, Message("sound.in_call"))
        if self._trying:
            return Result(False, Message("sound.trying"))
        self._trying = True
        try:
            return await self._try()
        except Interrupted:
            return Result(False, Message("sound.interrupted"))
        finally:
            self._trying = False
            self.sounds.change(trial="")
            if not self._in_call():
                self._tell_levels(Levels())

    async def _try(self) -> Result:
        own = None
        sound: Any = self.sounds.sound
        if sound is None:  # nobody is signed in, or another phone rings: only for the moment
            module = await asyncio.to_thread(importlib.import_module, "tui.media.device.sound")
            sound = own = self.sounds.open(module, lambda state, device: None)
        try:
            tried = await self._run(sound)
            return self._told(sound, tried)
        finally:
            if own is not None:
                await asyncio.to_thread(own.close)

    async def _run(self, sound: Any) -> SoundTestResult:
        ticks = 0
        you = them = 0.0

        def level(heard: float, played: float) -> None:
            nonlocal ticks, you, them
            ticks, you, them = ticks + 1, max(you, heard), max(them, played)
            if ticks % LEVELS_EVERY == 0:
                self._tell_levels(Levels(bar(you), bar(them)))
                you = them = 0.0

        # It would hear neither the room nor the click: its work is to take them away.
        echo, sound.echo = sound.echo, None
        noise, sound.noise = sound.noise, None
        test = SoundTest(
            sound.source,
            sound.sink,
            tick=Ticker(),
            stage=lambda name: self.sounds.change(trial=name),
            level=level,
            stop=self._in_call,
        )
        try:
            return await test.run(lambda: bool(sound.running))
        finally:
            sound.echo, sound.noise = echo, noise

    def _told(self, sound: Any, tried: SoundTestResult) -> Result:
        device = clean_text(sound.device)
        if self.sounds.remote_headset.server:
            state, device = self.sounds.state, self.sounds.remote_headset.device
        else:
            state = self.sounds.remote_pulse.shown(VoiceState(sound.state.value))
        if state is VoiceState.HEADSET_GONE:
            return Result(False, self.sounds.remote_headset.gone())
        if state is VoiceState.SERVER_GONE:
            return Result(False, message("pulse.gone", address=self.sounds.remote_pulse.server))
        if state is not VoiceState.OK:
            which = "nothing" if state is VoiceState.NO_DEVICE and not device else state.value
            return Result(False, message(f"check.sound.{which}", device=device))
        if tried.delay is not None:
            return Result(True, message("sound.measured", delay=round(tried.delay * 1000)))
        if tried.loudest < SILENT:
            return Result(False, Message("sound.silent"))
        if sound.delay is not None:
            return Result(True, message("sound.as_said", delay=round(sound.delay * 1000)))
        return Result(True, Message("sound.not_measured"))

    def _in_call(self) -> bool:
        return any(call.live for call in self.context.snapshot.calls)

    def _tell_levels(self, levels: Levels) -> None:
        if levels != self.context.snapshot.levels:
            self.context.emit(LevelsChanged(levels))


def _name(setting: str) -> str:
    return clean_text(setting.removeprefix("device:"))


def _clean(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(clean_text, names))))
