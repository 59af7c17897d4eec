"""The agent's ears and mouth: one microphone side and one listening side, each a device, a file,
a tone or nothing, with volume, gain and the ring tone.

`open_sound()` never fails because of a device: what is wrong is a state, and the call goes on
in silence. A device is tried again while it is used.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from tui.media import tones
from tui.media.devices import DeviceStream, PortAudio, SoundState
from tui.media.levels import FRAME, SILENCE, WIDTH, gain
from tui.media.sinks import FileSink, NullSink, Sink
from tui.media.sources import FileSource, NullSource, Source, ToneSource

__all__ = ["Sound", "SoundState", "open_sound"]

log = logging.getLogger(__name__)

StateListener = Callable[[SoundState, str], None]
_WORST = list(SoundState)
# One for the process: PortAudio's own state is global as well.
_LIBRARY = PortAudio()


class _Closable(Protocol):
    def close(self) -> None: ...


class Sound:
    """Both sides. `source` and `sink` are what a Leg takes; they may be used by one leg after
    the other. `volume` and `gain` are per cent, 0 to 200."""

    def __init__(self, on_state: StateListener) -> None:
        self.volume = 100
        self.ring_volume = 100
        """Of the ring tone, in per cent; it is not the listening volume's business."""
        self.gain = 100
        self.state = SoundState.OK
        self.device = ""
        """What carries the sound, for display: the listening side's name, else the other's."""
        self.source: Source = _Mouth(self)
        self.sink: Sink = _Ear(self)
        self._on_state = on_state
        self._sides: dict[str, tuple[SoundState, str]] = {}
        self._input: Source = NullSource()
        self._output: Sink = NullSink()
        self._output_device: DeviceStream | None = None
        self._closing: list[_Closable] = []
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None

    def set_volume(self, per_cent: int) -> None:
        """Listening volume, clamped to 0..200; at once."""
        self.volume = max(0, min(200, per_cent))

    def set_gain(self, per_cent: int) -> None:
        """Microphone gain, clamped to 0..200; at once."""
        self.gain = max(0, min(200, per_cent))

    def ring(self, on: bool) -> None:
        """Play the ring tone on the device until `ring(False)`. Files do not get it."""
        device = self._output_device
        if device is None:
            return
        if on and device.tone is None:
            block = tones.pattern(tones.RING, level=0.25)
            device.tone = (gain(pcm, self.ring_volume) for pcm in tones.loop(block, FRAME))
            device.use()
        elif not on:
            device.tone = None

    def close(self) -> None:
        """Close devices and files; waits at most two seconds for PortAudio."""
        self.ring(False)
        closing, self._closing = self._closing, []
        self._input, self._output, self._output_device = NullSource(), NullSink(), None
        for one in closing:
            one.close()
        _LIBRARY.worker.flush()

    # ------------------------------------------------------------ building

    def _connect(self, input: str, output: str) -> None:
        kind, _, rest = input.partition(":")
        if kind in ("", "device"):
            stream = self._device("input", rest)
            self._input = _Microphone(stream)
        elif kind == "tone":
            self._input = ToneSource(float(rest))
            self._settle("input", SoundState.OK, input)
        elif kind == "file":
            self._input = self._from_file(rest)
        elif input == "none":
            self._settle("input", SoundState.OK, "")
        else:
            raise ValueError("a sound input is device:NAME, file:PATH, tone:HZ, none or empty")
        kind, _, rest = output.partition(":")
        if kind in ("", "device"):
            self._output_device = self._device("output", rest)
            self._output = _Speaker(self._output_device)
        elif kind == "file":
            self._output = self._to_file(rest)
        elif output == "none":
            self._settle("output", SoundState.OK, "")
        else:
            raise ValueError("a sound output is device:NAME, file:PATH, none or empty")

    def _device(self, side: str, name: str) -> DeviceStream:
        stream = DeviceStream(
            "input" if side == "input" else "output",
            name,
            library=_LIBRARY,
            on_state=lambda state, device: self._settle(side, state, device),
        )
        self._closing.append(stream)
        stream.probe()
        return stream

    def _from_file(self, path: str) -> Source:
        try:
            source = FileSource(path)
        except (OSError, ValueError) as problem:
            log.warning("the input file cannot be read: %s", type(problem).__name__)
            self._settle("input", SoundState.FAILED, Path(path).name)
            return NullSource()
        self._settle("input", SoundState.OK, Path(path).name)
        return source

    def _to_file(self, path: str) -> Sink:
        try:
            sink = FileSink(path)
        except OSError as problem:
            log.warning("the output file cannot be made: %s", type(problem).__name__)
            self._settle("output", SoundState.FAILED, Path(path).name)
            return NullSink()
        self._closing.append(sink)
        self._settle("output", SoundState.OK, Path(path).name)
        return sink

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

    def _tell(self, side: str, state: SoundState, device: str) -> None:
        self._sides[side] = (state, device)
        worst = max(self._sides.values(), key=lambda known: _WORST.index(known[0]))
        shown = worst[1]
        if worst[0] is SoundState.OK:
            named = [self._sides[s][1] for s in ("output", "input") if s in self._sides]
            shown = next((name for name in named if name), "")
        if (worst[0], shown) != (self.state, self.device) or len(self._sides) == 1:
            self.state, self.device = worst[0], shown
            self._on_state(self.state, self.device)


def open_sound(input: str, output: str, on_state: StateListener) -> Sound:
    """Make the sound of a configuration.

    `input`: "" the default device, "device:NAME", "file:PATH" (wav, looped), "tone:HZ", "none".
    `output`: "" the default device, "device:NAME", "file:PATH" (wav), "none". ValueError for
    anything else. `on_state(state, device)` is called in the running event loop (without one:
    from the sound thread), first with what is there now.
    """
    sound = Sound(on_state)
    sound._connect(input, output)
    return sound


class _Mouth:
    """What the leg reads: the input, at the gain."""

    def __init__(self, sound: Sound) -> None:
        self._sound = sound

    def read(self, samples: int) -> bytes:
        pcm = self._sound._input.read(samples)
        return pcm if pcm is SILENCE else gain(pcm, self._sound.gain)


class _Ear:
    """What the leg writes to: the output, at the volume."""

    def __init__(self, sound: Sound) -> None:
        self._sound = sound

    def write(self, pcm: bytes) -> None:
        self._sound._output.write(gain(pcm, self._sound.volume))


class _Microphone:
    def __init__(self, stream: DeviceStream) -> None:
        self._stream = stream

    def read(self, samples: int) -> bytes:
        self._stream.use()
        return self._stream.ring.read(samples * WIDTH)


class _Speaker:
    def __init__(self, stream: DeviceStream) -> None:
        self._stream = stream

    def write(self, pcm: bytes) -> None:
        self._stream.use()
        self._stream.ring.write(pcm)
