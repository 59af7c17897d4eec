"""The sound devices, as the engine holds them: opened once registered, in a thread, and only where
the line carries audio at all. What is wrong with them is a state. What carries the sound of a call
comes with the first call (`leg_room`)."""

from __future__ import annotations

import asyncio
import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.engine.audio.leg_room import LegRoom
from tui.engine.audio.remote_headset import RemoteHeadset
from tui.engine.audio.remote_pulse import RemotePulse
from tui.engine.context import EngineContext, log
from tui.media.device import clean_voice
from tui.media.device.clean_voice import MissingCleaner
from tui.port import replace
from tui.port.events import VoiceChanged
from tui.port.values import VOIP, Message, Voice, VoiceState, message
from tui.text import clean_text

if TYPE_CHECKING:
    from tui.config.schema import AudioSettings
    from tui.media.device import sound as media_sound

BEEP_HZ, BEEP_SECONDS = (1000,), 0.2
_RATE = 48000
_BLOCK = 1920
"""Bytes of 20 ms."""
LOOK_AGAIN = 30.0
"""Seconds between two looks for a device that is missing while nothing uses it."""
_BAD = (VoiceState.NO_DEVICE, VoiceState.DEVICE_LOST, VoiceState.FAILED, VoiceState.SERVER_GONE)

_NO_CLEANER = {
    MissingCleaner.ECHO: "sound.no_echo_cancellation",
    MissingCleaner.NOISE: "sound.no_noise_suppression",
}


class SoundDevices:
    """Microphone, ears, ring and beep."""

    def __init__(
        self, context: EngineContext, settings: AudioSettings, folder: Path | None = None
    ) -> None:
        self.context = context
        self.settings = settings
        """What is in force now: devices and volumes are changed while it runs."""
        self.leg_room = LegRoom(self._no_leg_room)
        self.sound: media_sound.SoundIO | None = None
        self.remote_pulse = RemotePulse(context, self, folder)
        """Where the voice goes: this machine's devices, or a PulseAudio far away. `folder` is where
        its socket may be (the runtime directory); without one it stays here."""
        self.remote_headset = RemoteHeadset(context, self)
        """The same for the headset of an agent who logged in by `yimi headset`."""
        self._tones: Any = None
        self._loading: asyncio.Task[None] | None = None
        self._ringing = False
        self._ring_missing = False

    def load(self) -> None:
        """Begin to open the device, unless that is done."""
        if self._loading is not None or not self._carries_sound:
            return
        self.change(state=VoiceState.LOADING, device="")
        self._loading = asyncio.get_running_loop().create_task(self._load())

    async def loaded(self) -> None:
        """Wait until the sound is there. Raises what kept it from coming."""
        self.load()
        if self._loading is not None:
            await asyncio.shield(self._loading)

    def expect_call(self) -> None:
        """A call has begun, and will need a leg: load what that takes."""
        if self._carries_sound:
            self.leg_room.ahead()

    @property
    def _carries_sound(self) -> bool:
        account = self.context.snapshot.account
        return account is not None and account.callintype == VOIP

    def _no_leg_room(self) -> None:
        self.change(state=VoiceState.FAILED, device="")
        self.context.notice(Message("sound.cannot_load"))

    async def _load(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            modules = await loop.run_in_executor(None, _import_sound)
            sound_module, self._tones = modules
            echo, noise = await clean_voice.cleaners(
                echo=self.settings.echo_cancellation,
                noise=self.settings.noise_suppression,
                missing=self._no_cleaner,
            )
            self.sound = self.open(sound_module, self._state_changed)
            self.sound.on_ring, self.sound.echo = self._ring_changed, echo
            self.sound.noise = noise
            self.sound.on_stumbles = lambda device: self._tell("sound.stumbles", device)
            self.sound.on_silenced = lambda device: self._tell("sound.silenced", device)
            if self._ringing and self.settings.ring:
                self._ring(True)
        except Exception:  # whatever sound or codec libraries do, signalling must live
            log.exception("the sound could not be opened")
            self.change(state=VoiceState.FAILED, device="")
            self.context.notice(Message("sound.cannot_load"))
            raise

    def _no_cleaner(self, missing: MissingCleaner) -> None:
        """Said once the sound is there, which it is all the same."""
        self.context.notice(Message(_NO_CLEANER[missing]))

    def open(self, sound_module: Any, on_state: media_sound.StateListener) -> media_sound.SoundIO:
        """A sound as the settings want it, with the volumes in force. ValueError for settings
        that cannot be meant."""
        settings, voice = self.settings, self.context.snapshot.voice
        sound: media_sound.SoundIO = sound_module.open_sound(
            settings.input, settings.output, on_state, settings.ring_device
        )
        sound.set_volume(voice.volume)
        sound.set_gain(voice.gain)
        sound.ring_volume = settings.ring_volume
        self.remote_pulse.take(sound)
        self.remote_headset.take(sound)
        return sound

    # ------------------------------------------------------------ state

    @property
    def loudness(self) -> tuple[int, int, int]:
        """Volume, gain, ring volume, in per cent."""
        voice = self.context.snapshot.voice
        return voice.volume, voice.gain, self.settings.ring_volume

    def headset_ended(self) -> None:
        """This machine's devices carry the sound again."""
        if self.sound is not None:
            state, device = VoiceState(self.sound.state.value), clean_text(self.sound.device)
            self.change(state=self.remote_pulse.shown(state), device=device)
            self.sound.look()
            self._ring(self._ringing and self.settings.ring)

    @property
    def state(self) -> VoiceState:
        """How the sound is, wherever it goes; while there is none, OFF."""
        if self.remote_headset.server:
            return self.remote_headset.state
        if self.sound is None:
            return VoiceState.OFF
        return self.remote_pulse.shown(VoiceState(self.sound.state.value))

    def _state_changed(self, state: media_sound.SoundState, device: str) -> None:
        if self.remote_headset.server:
            self.change(state=self.remote_headset.state, device=self.remote_headset.device)
            return
        self.change(
            state=self.remote_pulse.shown(VoiceState(state.value)), device=clean_text(device)
        )
        self.plan_look()

    def _ring_changed(self, state: media_sound.SoundState, device: str) -> None:
        missing, before = state.value != "ok", self._ring_missing
        self._ring_missing = missing
        if missing and not before and not self._elsewhere:
            self.context.notice(message("sound.ring_missing", device=clean_text(device)))

    def _tell(self, what: str, device: str) -> None:
        if not self.remote_headset.server:
            self.context.notice(message(what, device=clean_text(device)))

    def plan_look(self) -> None:
        """Nobody opens a device that is missed while nothing sounds: look now and then."""
        state = self.context.snapshot.voice.state
        if state in _BAD and not self._elsewhere and "sound look" not in self.context.timers:
            self.context.timers.set("sound look", LOOK_AGAIN, self._look)

    @property
    def _elsewhere(self) -> bool:
        return bool(self.remote_pulse.server or self.remote_headset.server)

    def _look(self) -> None:
        if self.sound is not None:
            self.sound.look()
            self.plan_look()

    def change(self, **changes: Any) -> None:
        """Other values of `Voice`; told when they are."""
        voice: Voice = replace(self.context.snapshot.voice, **changes)
        if voice != self.context.snapshot.voice:
            self.context.emit(VoiceChanged(voice))

    # ------------------------------------------------------------ what can be set

    def set_volume(self, volume: int | None, gain: int | None, ring: int | None = None) -> None:
        """Listening volume, microphone gain and ring volume, in per cent, 0 to 200; None leaves
        one. A ring volume of 0 does not ring."""
        old = self.context.snapshot.voice
        new_volume = old.volume if volume is None else max(0, min(200, volume))
        new_gain = old.gain if gain is None else max(0, min(200, gain))
        if ring is not None:
            ring = max(0, min(200, ring))
            self.settings = replace(self.settings, ring_volume=ring, ring=ring > 0)
        if self.sound is not None:
            self.sound.set_volume(new_volume)
            self.sound.set_gain(new_gain)
            self.sound.ring_volume = self.settings.ring_volume
            if ring is not None:
                self._ring(self._ringing and self.settings.ring)
        self.change(volume=new_volume, gain=new_gain)
        self.remote_headset.loudness_changed()

    def choose(self, input: str | None, output: str | None, ring: str | None) -> None:
        """Other devices, in the config's words, in a call as well; None leaves one. ValueError
        for what cannot be meant."""
        given = {"input": input, "output": output, "ring_device": ring}
        if self.sound is not None:
            self.sound.choose(input, output, ring)
        else:
            from tui.media.device.sides import check

            check(input, output, ring)
        chosen: dict[str, Any] = {name: v for name, v in given.items() if v is not None}
        self.settings = replace(self.settings, **chosen)
        self._ring_missing = False

    def ring(self, on: bool) -> None:
        """Ring, or stop ringing, on the sound device."""
        if on is not self._ringing:
            self._ringing = on
            if self.sound is not None and self.settings.ring:
                self._ring(on)

    def _ring(self, on: bool) -> None:
        far = bool(self.remote_headset.server)
        self.remote_headset.ring(on and far)
        if self.sound is not None:
            self.sound.ring(on and not far)

    async def beep(self) -> None:
        """Sound before the microphone opens by itself; over when this returns."""
        if self.sound is None or self._tones is None:
            return
        tone = self._tones.tone(BEEP_HZ, _RATE, BEEP_SECONDS)
        if not self.remote_headset.server:
            self.sound.sink.write(tone)
            await asyncio.sleep(BEEP_SECONDS)
            return
        for at in range(0, len(tone), _BLOCK):  # a line far away is not given all of it at once
            self.sound.sink.write(tone[at : at + _BLOCK])
            await asyncio.sleep(_BLOCK / _RATE / 2)

    async def close(self) -> None:
        """Let go of the devices. Where the voice goes stays as it was chosen."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.gather(self._loading, return_exceptions=True)
            self._loading = None
        await self.leg_room.close()
        self.context.timers.cancel("sound look")
        if self.sound is not None:
            sound, self.sound = self.sound, None
            await asyncio.get_running_loop().run_in_executor(None, sound.close)
        self.change(state=VoiceState.OFF, device="")


def _import_sound() -> tuple[Any, ...]:
    """Import what is native, and may be slow to load: never before it is needed, in a thread."""
    return tuple(
        importlib.import_module(f"tui.media.{name}") for name in ("device.sound", "pcm.tones")
    )
