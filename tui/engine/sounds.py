"""The media room and the sound device, as the engine holds them: opened once registered, in a
thread, and only where the line carries audio at all. What is wrong with them is a state."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, Any

from tui.engine.core import Core, log
from tui.engine.events import VoiceChanged
from tui.engine.state import VOIP, Voice, VoiceState
from tui.text import clean_text

if TYPE_CHECKING:
    from tui.config import AudioSettings
    from tui.media import sound as media_sound

BEEP_HZ, BEEP_SECONDS = (1000,), 0.2
_RATE = 48000


class Sounds:
    """Microphone, ears, ring and beep. `leg_module` is `tui.media.leg` once `loaded()`."""

    def __init__(self, core: Core, settings: AudioSettings) -> None:
        self.core = core
        self.settings = settings
        self.leg_module: Any = None
        self.sound: media_sound.Sound | None = None
        self._tones: Any = None
        self._loading: asyncio.Task[None] | None = None
        self._ringing = False

    def load(self) -> None:
        """Begin to import the media room and to open the device, unless that is done."""
        account = self.core.snapshot.account
        if self._loading is not None or account is None or account.callintype != VOIP:
            return
        self._set_voice(VoiceState.LOADING, "")
        self._loading = asyncio.get_running_loop().create_task(self._load())

    async def loaded(self) -> None:
        """Wait until the media room is there. Raises what kept it from coming."""
        self.load()
        if self._loading is not None:
            await asyncio.shield(self._loading)

    async def _load(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            modules = await loop.run_in_executor(None, _import_media)
            self.leg_module, sound_module, self._tones = modules
            sound: media_sound.Sound = sound_module.open_sound(
                self.settings.input, self.settings.output, self._state_changed
            )
            sound.set_volume(self.core.snapshot.voice.volume)
            sound.set_gain(self.core.snapshot.voice.gain)
            sound.ring_volume = self.settings.ring_volume
            if self._ringing and self.settings.ring:
                sound.ring(True)
            self.sound = sound
        except Exception:  # whatever sound or codec libraries do, signalling must live
            log.exception("the audio room could not be opened")
            self._set_voice(VoiceState.FAILED, "")
            raise

    def _state_changed(self, state: media_sound.SoundState, device: str) -> None:
        self._set_voice(VoiceState(state.value), clean_text(device))

    def _set_voice(self, state: VoiceState, device: str) -> None:
        old = self.core.snapshot.voice
        self._put(Voice(state, device, old.volume, old.gain))

    def _put(self, voice: Voice) -> None:
        if voice != self.core.snapshot.voice:
            self.core.emit(VoiceChanged(voice))

    def set_volume(self, volume: int | None, gain: int | None) -> None:
        """Listening volume and microphone gain, in per cent, 0 to 200; None leaves one."""
        old = self.core.snapshot.voice
        new = Voice(
            old.state,
            old.device,
            old.volume if volume is None else max(0, min(200, volume)),
            old.gain if gain is None else max(0, min(200, gain)),
        )
        if self.sound is not None:
            self.sound.set_volume(new.volume)
            self.sound.set_gain(new.gain)
        self._put(new)

    def ring(self, on: bool) -> None:
        """Ring, or stop ringing, on the sound device."""
        if on is not self._ringing:
            self._ringing = on
            if self.sound is not None and self.settings.ring:
                self.sound.ring(on)

    async def beep(self) -> None:
        """Sound before the microphone opens by itself; over when this returns."""
        if self.sound is not None and self._tones is not None:
            self.sound.sink.write(self._tones.tone(BEEP_HZ, _RATE, BEEP_SECONDS))
            await asyncio.sleep(BEEP_SECONDS)

    async def close(self) -> None:
        """Let go of the device."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.gather(self._loading, return_exceptions=True)
            self._loading = None
        if self.sound is not None:
            sound, self.sound = self.sound, None
            await asyncio.get_running_loop().run_in_executor(None, sound.close)
        self._set_voice(VoiceState.OFF, "")


def _import_media() -> tuple[Any, ...]:
    """Import what is heavy: 0.3 s and 60 MiB, so never before it is needed, and in a thread."""
    return tuple(importlib.import_module(f"tui.media.{name}") for name in ("leg", "sound", "tones"))
