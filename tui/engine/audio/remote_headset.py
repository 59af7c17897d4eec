"""Where the voice goes when the agent logged in by `yimi headset`: to the computer at which
the agent sits, over the socket that ssh forwards.

The socket is this user's, and its other end knows the secret of that login (`tui.media.headset`).
When the connection ends there is silence, and it is shown; it is tried again as long as the login's
directory is there, and another login's front end names another socket.
"""

from __future__ import annotations

import asyncio
import importlib
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import tui
from tui.engine.context import EngineContext, log
from tui.port.commands import Result
from tui.port.machines.call_machine import CallState
from tui.port.values import HEADSET, Devices, Message, Voice, VoiceState, message
from tui.port.wire.sockets import connect, is_ours
from tui.secrets import Secret
from tui.text import clean_text

if TYPE_CHECKING:
    from tui.media.device import sound as media_sound
    from tui.media.headset.connection import HeadsetLost
    from tui.media.headset.far import FarHeadset

AGAIN: Final = (0.5, 1.0, 2.0, 5.0)
"""Seconds before each try to connect again; the last for all that follow."""
_TIMER: Final = "headset again"
_FINAL: Final = ("version", "secret", "stranger", "replaced", "order")
"""What no further try would mend."""
_MOVED: Final = 10
"""Milliseconds by which the delay must differ to be told anew."""


class HeadsetSound(Protocol):
    """The sound that is carried (`SoundDevices`)."""

    @property
    def sound(self) -> media_sound.SoundIO | None:
        """The sound, once it is open."""

    def change(self, **changes: Any) -> None:
        """Other values of `Voice`."""

    def headset_ended(self) -> None:
        """This machine's devices carry the sound again."""

    @property
    def loudness(self) -> tuple[int, int, int]:
        """Volume, gain, ring volume, in per cent."""


class RemoteHeadset:
    """One engine's. `server` is `HEADSET` while a headset carries the sound, else ""."""

    def __init__(self, context: EngineContext, sounds: HeadsetSound) -> None:
        self.server = ""
        self.far: FarHeadset | None = None
        self._context, self._sounds = context, sounds
        self._path, self._secret = Path(), Secret()
        self._tries = 0
        self._why: HeadsetLost | None = None
        self._settled = asyncio.Event()
        self._rings = False

    async def use(self, path: str, secret: Secret) -> Result:
        """Carry the sound to the headset behind this socket from now on. What is wrong is said; it
        stays chosen, and is used as soon as it answers."""
        if not path or not secret:
            return Result(False, message("headset.not_here"))
        far = await asyncio.to_thread(importlib.import_module, "tui.media.headset.far")
        await self._drop()
        self._path, self._secret, self.server = Path(path), secret, HEADSET
        self.far = far.FarHeadset(self, self._context.clock)
        self.far.loudness(*self._sounds.loudness)
        self.far.ring(self._rings)
        self._sounds.change(server=HEADSET, delay=None)
        self._tries, self._why = 0, None
        if self._sounds.sound is not None:
            self.take(self._sounds.sound)
        await self._connect()
        self._show()
        return self.told()

    async def leave(self) -> None:
        """Back to this machine's sound; nothing where no headset carried it."""
        if not self.server:
            return
        await self._drop()
        self.server = ""
        self._sounds.change(server="", delay=None)
        self._sounds.headset_ended()

    async def close(self) -> None:
        """The engine ends."""
        await self._drop()

    def take(self, sound: media_sound.SoundIO) -> None:
        """A sound was opened, or where it goes has changed."""
        sound.far = self.far if self.server else None

    # ------------------------------------------------------------ what is asked of it

    @property
    def state(self) -> VoiceState:
        """How the sound is, as it is shown."""
        far = self.far
        if far is None or not far.here or far.near is None:
            return VoiceState.HEADSET_GONE
        try:
            return VoiceState(far.near.state)
        except ValueError:
            return VoiceState.FAILED

    @property
    def device(self) -> str:
        """What carries it there."""
        near = None if self.far is None else self.far.near
        return "" if near is None else clean_text(near.device)

    def ring(self, on: bool) -> None:
        """Ring there, or stop."""
        self._rings = on
        if self.far is not None:
            self.far.ring(on)

    def loudness_changed(self) -> None:
        """The agent set another volume."""
        if self.far is not None:
            self.far.loudness(*self._sounds.loudness)

    async def choose(self, input: str | None, output: str | None, ring: str | None) -> Result:
        """Other devices there."""
        from tui.media.headset.wire import ChooseDevices

        there = None
        if self.far is not None:
            there = await self.far.devices(ChooseDevices(input, output, ring))
        if there is None:
            return Result(False, message("headset.gone"))
        if there.bad:
            return Result(False, message("sound.bad", what=clean_text(there.bad)))
        return Result(True)

    async def devices(self) -> Result:
        """Which devices there are, there."""
        there = None if self.far is None else await self.far.devices()
        if there is None:
            return Result(False, message("headset.gone"), value=Devices())
        value = Devices(
            _clean(there.inputs),
            _clean(there.outputs),
            *(_name(each) for each in (there.input, there.output, there.ring)),
        )
        if not there.portaudio:
            return Result(False, Message("check.sound.no-portaudio"), value=value)
        return Result(True, value=value)

    @property
    def muted(self) -> bool:
        """Whether nobody hears the microphone: every call that is up is muted or held."""
        calls = [call for call in self._context.snapshot.calls if call.live]
        return bool(calls) and all(c.muted or c.state is CallState.HOLDING for c in calls)

    def gone(self) -> Message:
        """Why it does not answer."""
        why = self._why
        if why is not None and why.why == "version":
            return message("headset.version", here=tui.__version__, there=clean_text(why.version))
        if why is not None and why.why in ("secret", "order"):
            return message("headset.secret")
        if why is not None and why.why == "stranger":
            return message("headset.stranger")
        if why is not None and why.why == "replaced":
            return message("headset.replaced")
        return message("headset.gone")

    def open_sound(
        self, input: str, output: str, on_state: Callable[[VoiceState, str], None]
    ) -> HeadsetProbe:
        """What the check before the shift listens to and speaks into; settings are that
        computer's own."""
        state = self.state
        gone = state is VoiceState.HEADSET_GONE
        on_state(VoiceState.DEVICE_LOST if gone else state, self.device)
        return HeadsetProbe(self.far)

    def told(self) -> Result:
        """Whether it is there, in words."""
        far = self.far
        if far is None or not far.here:
            return Result(False, self.gone())
        return Result(True, message("headset.ok", device=self.device))

    # ------------------------------------------------------------ the connection

    async def _connect(self) -> None:
        """One try; what comes of it is told by `headset_changed` or `headset_lost`, and waited for
        here within limits."""
        from tui.media.headset.connection import PROVING, HeadsetConnection
        from tui.media.headset.proof import FarProof

        far = self.far
        assert far is not None
        self._settled.clear()
        try:
            connection = connect_ours(self._path)
        except OSError as error:
            log.warning("the headset's socket cannot be reached: %s", error.strerror or error)
            self._again()
            return
        made = partial(
            HeadsetConnection,
            FarProof(self._secret),
            far,
            clock=self._context.clock,
            ours=lambda transport: is_ours(transport.get_extra_info("socket")),
        )
        await asyncio.get_running_loop().create_unix_connection(made, sock=connection)
        try:
            async with asyncio.timeout(PROVING):
                await self._settled.wait()
        except TimeoutError:
            return

    def headset_changed(self) -> None:
        """`FarHeadset` tells of itself."""
        far = self.far
        if far is None:
            return
        if far.near is not None:
            self._tries, self._why = 0, None
            self._settled.set()
        self._show()

    def headset_lost(self, lost: HeadsetLost) -> None:
        """`FarHeadset` tells that its connection is over."""
        if self.far is None:
            return
        log.warning("the headset's connection is over: %s", lost.why)
        self._why = lost
        self._settled.set()
        self._show()
        if lost.why not in _FINAL:
            self._again()

    def _again(self) -> None:
        """Later, while the login is there."""
        if not self._path.parent.is_dir():
            return
        wait = AGAIN[min(self._tries, len(AGAIN) - 1)]
        self._tries += 1
        self._context.timers.set(
            _TIMER, wait, lambda: self._context.spawn(self._reconnect()), lasting=True
        )

    async def _reconnect(self) -> None:
        if self.far is not None and not self.far.here:
            await self._connect()

    async def _drop(self) -> None:
        self._context.timers.cancel(_TIMER)
        far, self.far = self.far, None
        if far is not None:
            far.ring(False)
            far.close()
        if self._sounds.sound is not None:
            self._sounds.sound.far = None

    def _show(self) -> None:
        """Tell what has changed."""
        if not self.server:
            return
        voice, delay = self._voice, None
        if self.far is not None and self.far.delay is not None:
            delay = round(self.far.delay * 1000)
            if voice.delay is not None and abs(voice.delay - delay) < max(_MOVED, delay // 5):
                delay = voice.delay  # it is not told anew with every breath
        changes: dict[str, Any] = {"delay": delay}
        if voice.state not in (VoiceState.OFF, VoiceState.LOADING):
            changes |= {"state": self.state, "device": self.device}
        self._sounds.change(**changes)

    @property
    def _voice(self) -> Voice:
        return self._context.snapshot.voice


class HeadsetProbe:
    """The headset as the check before the shift uses it."""

    def __init__(self, far: FarHeadset | None) -> None:
        self._far = far

    @property
    def source(self) -> HeadsetProbe:
        """Its microphone."""
        return self

    @property
    def sink(self) -> HeadsetProbe:
        """Its ears."""
        return self

    def read(self, samples: int) -> bytes:
        """What was said there."""
        return bytes(samples * 2) if self._far is None else self._far.read(samples)

    def write(self, pcm: bytes) -> None:
        """Have it heard there."""
        if self._far is not None:
            self._far.write(pcm)

    def close(self) -> None:
        """It closes by itself, when nobody uses it any more."""


def connect_ours(path: Path) -> Any:
    """A connection to that socket, whose directory and listener are this user's alone. Raises
    OSError."""
    folder = path.parent.lstat()
    if not stat.S_ISDIR(folder.st_mode) or folder.st_mode & 0o077:
        raise PermissionError(f"{path.parent} is open to others")
    return connect(path)


def _name(setting: str) -> str:
    return clean_text(setting.removeprefix("device:"))


def _clean(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(clean_text, names))))
