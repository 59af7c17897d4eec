"""Where the voice goes: to this machine's devices, or to the PulseAudio of the machine at which the
agent sits, through whatever tunnel the front end's `PULSE_SERVER` names.

libpulse never gets that address: it speaks to a relay of ours, which is led elsewhere when another
front end attaches, and which cuts a tunnel that has gone silent (`tui.media.device.pulse_relay`).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from tui.engine.context import EngineContext, log
from tui.media.device import pulse
from tui.media.device.pulse_relay import PulseRelay
from tui.port.commands import Result
from tui.port.values import Message, VoiceState, message
from tui.text import clean_text

if TYPE_CHECKING:
    from tui.media.device import sound as media_sound

LOOK_AGAIN: Final = 15.0
"""Seconds between two looks at whether the server still answers, while no sound tells."""
_TIMER: Final = "pulse look"
_GONE: Final = (VoiceState.NO_DEVICE, VoiceState.DEVICE_LOST, VoiceState.FAILED)


class PulseSound(Protocol):
    """The sound that is led elsewhere (`SoundDevices`)."""

    @property
    def sound(self) -> media_sound.SoundIO | None:
        """The sound, once it is open."""

    def change(self, **changes: Any) -> None:
        """Other values of `Voice`."""


class RemotePulse:
    """One engine's. `server` is the address in force, "" for this machine's devices."""

    def __init__(
        self, context: EngineContext, sounds: PulseSound, folder: Path | None = None
    ) -> None:
        self.server = ""
        self._folder = folder
        """Where the relay's socket may be (the runtime directory)."""
        self._context, self._sounds = context, sounds
        self._relay: PulseRelay | None = None
        self._plugin = True

    async def use(self, address: str) -> Result:
        """Carry the sound to this server from now on, "" back to this machine's devices. What is
        wrong with a server is said; it stays chosen, and is used as soon as it answers."""
        address = address.strip()
        if not address:
            await self._back()
            return Result(True)
        try:
            pulse.addresses(address)
            await self._lead(address)
        except ValueError:
            return Result(False, message("pulse.bad-address", address=clean_text(address)))
        except OSError as error:
            log.warning("no socket for PulseAudio: %s", error)
            return Result(False, message("pulse.no-socket", why=error.strerror or "?"))
        self.server = address
        self._plugin = pulse.plugin()
        self._sounds.change(server=clean_text(address))
        found = await self._look()
        if self._sounds.sound is not None:
            self.take(self._sounds.sound)
        self._plan()
        told = self.told(found)
        return Result(found.verdict == "ok" and self._plugin, told)

    def told(self, found: pulse.PulseCheck) -> Message:
        """What a check found, in words."""
        verdict = found.verdict
        if verdict == "ok" and not self._plugin:
            verdict = "no-plugin"
        delay = "?" if found.delay is None else f"{found.delay * 1000:.0f}"
        return message(
            f"pulse.{verdict}",
            address=clean_text(self.server),
            why=clean_text(found.why),
            server=clean_text(found.server),
            delay=delay,
        )

    def take(self, sound: media_sound.SoundIO) -> None:
        """A sound was opened, or the server has changed: its devices follow."""
        if self._relay is not None and self.server:
            sound.carry(self._relay.address, str(self._relay.client_config))
            self._plan()
        else:
            sound.carry("")  # the library may remember the server of a sound before

    def shown(self, state: VoiceState) -> VoiceState:
        """A device's state, as it is meant while a server carries the sound."""
        if self.server and self._plugin and state in _GONE:
            return VoiceState.SERVER_GONE
        return state

    async def close(self) -> None:
        """End the relay."""
        relay, self._relay = self._relay, None
        self._context.timers.cancel(_TIMER)
        if relay is not None:
            await relay.close()

    # ------------------------------------------------------------

    async def _lead(self, address: str) -> None:
        if self._relay is not None and not self._relay.path.exists():
            await self.close()  # the runtime directory was taken away under it
        if self._relay is None:
            if self._folder is None:
                raise OSError("there is no runtime directory")
            relay = PulseRelay(self._folder / _name())
            await relay.start()
            self._relay = relay
        self._relay.aim(address)

    async def _back(self) -> None:
        self.server = ""
        self._sounds.change(server="", delay=None)
        if self._sounds.sound is not None:
            self.take(self._sounds.sound)
        await self.close()

    async def _look(self) -> pulse.PulseCheck:
        """Ask the server whether it is there, and how far away."""
        found = await pulse.check(self.server)
        delay = None if found.delay is None else round(found.delay * 1000)
        self._sounds.change(delay=delay)
        voice = self._context.snapshot.voice
        if found.verdict != "ok" and voice.state is VoiceState.OK:
            self._sounds.change(state=VoiceState.SERVER_GONE)
        back = found.verdict == "ok" and voice.state is VoiceState.SERVER_GONE
        if back and self._sounds.sound is not None:
            self._sounds.sound.look()
        return found

    def _plan(self) -> None:
        self._context.timers.set(
            _TIMER, LOOK_AGAIN, lambda: self._context.spawn(self._look_again())
        )

    async def _look_again(self) -> None:
        if not self.server or self._sounds.sound is None:
            return
        # While sound goes through the relay, that says more than a question.
        if self._relay is not None and not self._relay.pipes:
            before = self._context.snapshot.voice.delay
            found = await self._look()
            if found.verdict == "ok" and before is not None:
                self._sounds.change(delay=before)  # it is not told anew with every breath
        self._plan()


def _name() -> str:
    return f"pulse-{os.getpid()}"
