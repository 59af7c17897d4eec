"""The agent's ears and mouth: one microphone side and one listening side, each a device, a file,
a tone or nothing, with volume, gain and the ring tone.

`open_sound()` never fails because of a device: what is wrong is a state, and the call goes on
in silence. A device is tried again while it is used.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from tui.media.device.devices import STUCK, DeviceStream, PortAudio, SoundState
from tui.media.device.echo import Echo
from tui.media.device.noise import NoiseSuppression
from tui.media.device.sides import Microphone, Speaker, check, from_file, to_file
from tui.media.pcm import tones
from tui.media.pcm.levels import FRAME, SILENCE, gain
from tui.media.pcm.sinks import FileSink, NullSink, Sink
from tui.media.pcm.sources import NullSource, Source, ToneSource

__all__ = ["SoundIO", "SoundState", "open_sound"]

StateListener = Callable[[SoundState, str], None]
_WORST = list(SoundState)
_BEAT = 1.0
"""Seconds between two looks at whether it still rings."""
# One for the process: PortAudio's own state is global as well.
LIBRARY = PortAudio()


class _Closable(Protocol):
    def close(self) -> None: ...


class CarriedSound(Protocol):
    """The sound of another computer, in place of this one's devices."""

    @property
    def running(self) -> bool:
        """Whether sound has come from there."""

    @property
    def device_delay(self) -> float | None:
        """Seconds that its devices hold back, as they say themselves."""

    def read(self, samples: int) -> bytes:
        """What was said there, at its gain."""

    def write(self, pcm: bytes) -> None:
        """Have it heard there, at its volume."""


class SoundIO:
    """Both sides. `source` and `sink` are what a Leg takes; they may be used by one leg after
    the other, and stay the same when a device is changed. `volume` and `gain` are per cent, 0 to
    200."""

    def __init__(self, on_state: StateListener, library: PortAudio | None = None) -> None:
        self.volume = 100
        self.ring_volume = 100
        """Of the ring tone, in per cent; it is not the listening volume's business."""
        self.gain = 100
        self.state = SoundState.OK
        self.device = ""
        """What carries the sound, for display: the listening side's name, else the other's."""
        self.on_ring: StateListener = lambda state, device: None
        """Told of the ring device's state, where there is one of its own. While it cannot be had
        the listening side rings."""
        self.on_stumbles: Callable[[str], None] = lambda device: None
        """Told, in the event loop, of a device that does not keep up."""
        self.on_silenced: Callable[[str], None] = lambda device: None
        """Told, in the event loop, of a device that the sound server lets nobody hear."""
        self.echo: Echo | None = None
        """Frees the microphone of the loudspeaker, where that is wanted."""
        self.far: CarriedSound | None = None
        """Another computer's sound, which is used in place of the devices here."""
        self.noise: NoiseSuppression | None = None
        """Frees the microphone of the room's noise, where that is wanted."""
        self.source: Source = _Mouth(self)
        self.sink: Sink = _Ear(self)
        self._library = library if library is not None else LIBRARY
        self._on_state = on_state
        self._sides: dict[str, tuple[SoundState, str]] = {}
        self._input: Source = NullSource()
        self._output: Sink = NullSink()
        self._input_device: DeviceStream | None = None
        self._output_device: DeviceStream | None = None
        self._ring_device: DeviceStream | None = None
        self._ringing = False
        self._beat: asyncio.TimerHandle | None = None
        self._closing: list[_Closable] = []
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None

    def set_volume(self, per_cent: int) -> None:
        """Listening volume, clamped; at once."""
        self.volume = max(0, min(200, per_cent))

    def set_gain(self, per_cent: int) -> None:
        """Microphone gain, clamped; at once."""
        self.gain = max(0, min(200, per_cent))

    @property
    def delay(self) -> float | None:
        """Seconds that the open devices hold back, in and out together, as they say themselves;
        None when none says anything."""
        if self.far is not None:
            return self.far.device_delay
        streams = (self._input_device, self._output_device)
        said = [stream.delay for stream in streams if stream is not None and stream.delay]
        return sum(said) if said else None

    @property
    def running(self) -> bool:
        """Whether every device that is used has begun to give and take samples."""
        if self.far is not None:
            return self.far.running
        streams = (self._input_device, self._output_device)
        return all(stream is None or stream.blocks > 0 for stream in streams)

    @property
    def waiting(self) -> tuple[int, int]:
        """Bytes that wait to be read from the microphone, and to be taken by the ears."""
        streams = (self._input_device, self._output_device)
        said, heard = (0 if stream is None else len(stream.ring) for stream in streams)
        return said, heard

    # ------------------------------------------------------------ ringing

    def ring(self, on: bool) -> None:
        """Play the ring tone on its device until `ring(False)`. Files do not get it."""
        self._ringing = on
        if self._beat is not None:
            self._beat.cancel()
            self._beat = None
        if on:
            self._keep_ringing()
        else:
            for device in (self._ring_device, self._output_device):
                if device is not None:
                    device.tone = None

    def _keep_ringing(self) -> None:
        """Whoever rings is kept open; when the ring device goes the other one takes over."""
        own, common = self._ring_device, self._output_device
        if own is not None and own.state is not SoundState.OK:
            own.use()  # it may come back
            own.tone = None
            rings = common
        else:
            rings = own if own is not None else common
            if own is not None and common is not None:
                common.tone = None
        if rings is not None:
            if rings.tone is None:
                block = tones.pattern(tones.RING, level=0.25)
                rings.tone = (gain(pcm, self.ring_volume) for pcm in tones.loop(block, FRAME))
            rings.use()
        if self._loop is not None:
            self._beat = self._loop.call_later(_BEAT, self._keep_ringing)

    # ------------------------------------------------------------ which devices

    def choose(
        self, input: str | None = None, output: str | None = None, ring: str | None = None
    ) -> None:
        """Use these from now on, None leaves one; a call goes on over the change. ValueError for
        what is no name of a sound input or output: then nothing is changed."""
        check(input, output, ring)
        if input is not None:
            self._let_go(self._input_device)
            self._input_device = None
            self._set_input(input)
        if output is not None:
            self._let_go(self._output_device or self._output)
            self._output_device = None
            self._set_output(output)
        if ring is not None:
            self._let_go(self._ring_device)
            self._ring_device = None
            if ring:
                self._ring_device = self._device("ring", ring.partition(":")[2])
        if self._ringing:
            self.ring(True)

    def carry(self, server: str, client_config: str = "") -> None:
        """All devices go to the PulseAudio server at this address, "" back to this machine."""
        library = self._library
        if server or library.server:
            library.worker.submit(lambda: library.carry(server, client_config))
            self.look()
            for stream in (self._input_device, self._output_device, self._ring_device):
                if stream is not None:
                    library.worker.submit(stream.hurry)

    def look(self) -> None:
        """See what the devices are like that are not open: they may be gone, or back."""
        for stream in (self._input_device, self._output_device, self._ring_device):
            if stream is not None:
                stream.probe()

    def close(self) -> None:
        """Close devices and files; waits at most two seconds for PortAudio."""
        self.ring(False)
        closing, self._closing = self._closing, []
        self._input, self._output = NullSource(), NullSink()
        self._input_device = self._output_device = self._ring_device = None
        for one in closing:
            one.close()
        self._library.worker.flush()

    # ------------------------------------------------------------ building

    def _set_input(self, input: str) -> None:
        kind, _, rest = input.partition(":")
        if kind in ("", "device"):
            self._input_device = self._device("input", rest)
            self._input = Microphone(self._input_device)
        elif kind == "tone":
            self._input = ToneSource(float(rest))
            self._settle("input", SoundState.OK, input)
        elif kind == "file":
            self._input, state = from_file(rest)
            self._settle("input", state, Path(rest).name)
        else:
            self._input = NullSource()
            self._settle("input", SoundState.OK, "")

    def _set_output(self, output: str) -> None:
        kind, _, rest = output.partition(":")
        if kind in ("", "device"):
            self._output_device = self._device("output", rest)
            self._output = Speaker(self._output_device)
        elif kind == "file":
            self._output, state = to_file(rest)
            if isinstance(self._output, FileSink):
                self._closing.append(self._output)
            self._settle("output", state, Path(rest).name)
        else:
            self._output = NullSink()
            self._settle("output", SoundState.OK, "")

    def _device(self, side: str, name: str) -> DeviceStream:
        def changed(state: SoundState, device: str) -> None:
            if stream in self._closing:  # not of one that was given up meanwhile
                self._settle(side, state, device)

        stream = DeviceStream(
            "input" if side == "input" else "output",
            name,
            library=self._library,
            on_state=changed,
        )
        stream.on_stumbles = lambda device: self._soon(self.on_stumbles, device)
        stream.on_silenced = lambda device: self._soon(self.on_silenced, device)
        self._closing.append(stream)
        stream.probe()
        if self._loop is not None:
            self._loop.call_later(STUCK, stream.overdue)
        return stream

    def _let_go(self, used: object) -> None:
        for one in tuple(self._closing):
            if one is used:
                self._closing.remove(one)
                one.close()

    # ------------------------------------------------------------ state

    def _settle(self, side: str, state: SoundState, device: str) -> None:
        """One side's state, from any thread; told in the event loop when there is one."""
        if self._loop is None:
            self._tell(side, state, device)
            return
        try:
            self._loop.call_soon_threadsafe(self._tell, side, state, device)
        except RuntimeError:  # the loop is closed: nobody listens any more
            return

    def _soon(self, told: Callable[[str], None], device: str) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
                self._loop.call_soon_threadsafe(told, device)

    def _tell(self, side: str, state: SoundState, device: str) -> None:
        if side == "ring":
            self.on_ring(state, device)
            return
        self._sides[side] = (state, device)
        worst = max(self._sides.values(), key=lambda known: _WORST.index(known[0]))
        shown = worst[1]
        if worst[0] is SoundState.OK:
            named = [self._sides[s][1] for s in ("output", "input") if s in self._sides]
            shown = next((name for name in named if name), "")
        if (worst[0], shown) != (self.state, self.device) or len(self._sides) == 1:
            self.state, self.device = worst[0], shown
            self._on_state(self.state, self.device)


def open_sound(
    input: str,
    output: str,
    on_state: StateListener,
    ring: str = "",
    *,
    library: PortAudio | None = None,
) -> SoundIO:
    """Make the sound of a configuration.

    `input`: "" the default device, "device:NAME", "file:PATH" (wav, looped), "tone:HZ", "none".
    `output`: "" the default device, "device:NAME", "file:PATH" (wav), "none". `ring`: "" the
    output, "device:NAME". ValueError for anything else. `on_state(state, device)` is called in the
    running event loop (without one: from the sound thread), first with what is there now.
    """
    sound = SoundIO(on_state, library)
    sound.choose(input, output, ring or None)
    return sound


class _Mouth:
    """What the leg reads: the input, at the gain."""

    def __init__(self, sound: SoundIO) -> None:
        self._sound = sound

    def read(self, samples: int) -> bytes:
        if self._sound.far is not None:
            return self._sound.far.read(samples)
        pcm = self._sound._input.read(samples)
        if self._sound.echo is not None:
            pcm = self._sound.echo.said(pcm)
        elif self._sound.noise is not None and pcm is not SILENCE:
            pcm = self._sound.noise.said(pcm)
        return pcm if pcm is SILENCE else gain(pcm, self._sound.gain)


class _Ear:
    """What the leg writes to: the output, at the volume."""

    def __init__(self, sound: SoundIO) -> None:
        self._sound = sound

    def write(self, pcm: bytes) -> None:
        if self._sound.far is not None:
            self._sound.far.write(pcm)
            return
        pcm = gain(pcm, self._sound.volume)
        if self._sound.echo is not None:
            self._sound.echo.heard(pcm)
        self._sound._output.write(pcm)
