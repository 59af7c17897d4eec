"""Sound devices through PortAudio (`sounddevice`, raw streams): opened while in use, closed
when not, and never a crash.

A device is opened on its first use and closed some seconds after the last, so a microphone is
only on in a call. Opening may take PortAudio a second, so it happens in a thread of this room;
until then, and whenever something is wrong, there is silence. PortAudio's callbacks only move
bytes between the device and a bounded ring, converted where the device has a format of its own.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any

from tui.media.device.enumerate import DeviceKind, bare
from tui.media.device.portaudio import TARGET, PortAudio, Worker
from tui.media.device.rate_meter import RateMeter
from tui.media.device.ring_buffer import RingBuffer
from tui.media.device.stream_format import (
    OURS,
    FromDevice,
    StreamFormat,
    ToDevice,
    formats,
    hopeless,
)
from tui.media.pcm.levels import RATE, WIDTH, mix

__all__ = ["DeviceStream", "PortAudio", "SoundState", "Worker"]

log = logging.getLogger(__name__)

IDLE = 3.0
"""Seconds after the last use before a device is closed."""
DEAF = 2.0
"""Seconds without a callback after which an open device counts as lost."""
STUCK = 6.0
"""Seconds after which a driver, or a sound server, that has not come back is said not to work: some
wait for what never comes."""
RETRY = 5.0
"""Seconds before another try at a device that could not be opened or was lost."""
STUMBLE = 0.25
"""Seconds between two callbacks that no buffer here bridges: a hole in the sound."""
STUMBLES, SPAN = 5, 15.0
"""So many holes within so many seconds are said."""
SAID_AGAIN = 300.0
"""Seconds before they are said again."""
SOON = 0.5
"""The same for the first try at one that was lost after it had worked: a server that leads a stream
elsewhere may stop it on the way."""
WORKED = 50
"""Callbacks (one second) after which a device has worked."""
LYING = 60.0
"""Seconds between two reopenings of a device whose samples are not those of its rate."""
WATCH = 10.0
"""Seconds between two looks at where a sound server plays what was meant for a device of its."""
LATENCY = 0.1
"""Seconds asked of PortAudio: Bluetooth and busy machines stumble with less."""
_MS = RATE // 1000 * WIDTH
_DELAY_EVERY = 25
"""Callbacks between two looks at the delay."""


class SoundState(StrEnum):
    """What the sound of this computer is like. The worst of both directions is shown."""

    OK = "ok"
    FAILED = "failed"
    """There is a device, and it cannot be opened; or a file cannot."""
    DEVICE_LOST = "device-lost"
    NO_DEVICE = "no-device"
    NO_PORTAUDIO = "no-portaudio"


class DeviceStream:
    """One direction of one device. `name` is part of a device's name, "" the default device.

    `on_state(state, device)` is called from the sound thread or from PortAudio's.
    """

    def __init__(
        self,
        kind: DeviceKind,
        name: str,
        *,
        library: PortAudio,
        on_state: Callable[[SoundState, str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.kind: DeviceKind = kind
        self.name = name
        prime, keep, most = (20, 60, 160) if kind == "input" else (40, 80, 240)
        self.ring = RingBuffer(most * _MS, keep * _MS, prime * _MS)
        self.tone: Iterator[bytes] | None = None
        """What is played on top, in blocks of 20 ms: the ring tone."""
        self.blocks = 0
        """Callbacks of PortAudio so far."""
        self.delay: float | None = None
        """Seconds between the air and the callback, as the device says; None: it does not."""
        self.state = SoundState.OK
        self.format = OURS
        """What the device is open with, or was last."""
        self.rate_meter = RateMeter()
        self._from = FromDevice(OURS)
        self._to = ToDevice(OURS, self._sound)
        self._worker, self._library, self._on_state = library.worker, library, on_state
        self._clock = clock
        self._stream: Any = None
        self._stop: Any = None
        self._busy = self._stuck = self._told = False
        self._busy_since = 0.0
        self.on_stumbles: Callable[[str], None] = lambda device: None
        """Told of a device that does not keep up; from PortAudio's thread."""
        self.on_silenced: Callable[[str], None] = lambda device: None
        """Told of one that is open and that the sound server has muted; from the sound thread."""
        self._asked_silenced = False
        self._stumbles: deque[float] = deque(maxlen=STUMBLES)
        self._stumbles_said = -SAID_AGAIN
        self._opened_at = 0
        """`blocks` when it was opened last."""
        self._used = self._called = 0.0
        self._retry_at = self._trust_at = 0.0
        self._closed = False
        self._ending = False
        self._put_away = False
        self._device = name
        self._target: str | None = None
        self._watch_at = 0.0

    # ------------------------------------------------------------ from the event loop

    def use(self) -> None:
        """Say that the device is in use: opens it when it is not open. Cheap; never waits."""
        now = self._used = self._clock()
        if self._closed:
            return
        if self._busy:
            if not self._stuck and now - self._busy_since > STUCK:
                self._stands_still()
        elif self._stream is None:
            if now >= self._retry_at:
                self._begin(self._open)
        elif self._ending or now - self._called > DEAF:
            self._begin(self._lost)
        elif self.rate_meter.lies and now >= self._trust_at:
            self._trust_at = now + LYING
            self._begin(self._caught)
        elif self._target is not None and now >= self._watch_at:
            self._begin(self._watch)
        elif not self._asked_silenced and self.blocks - self._opened_at > WORKED:
            self._asked_silenced = True
            if self.kind == "output":
                self._begin(self._ask_silenced)

    def _begin(self, job: Callable[[], None]) -> None:
        self._busy, self._busy_since = True, self._clock()
        self._worker.submit(job)

    def _stands_still(self) -> None:
        self._stuck = True
        log.warning("%s device: the driver does not come back", self.kind)
        self._say(SoundState.FAILED)
        if not self._busy:  # just now it did
            self._free()

    def _free(self) -> None:
        """The sound thread is done with it."""
        self._busy = False
        if self._stuck:
            self._stuck = False
            if self._stream is not None and self.state is SoundState.FAILED:
                self._say(SoundState.OK)

    def overdue(self) -> None:
        """It should have been looked at by now: where that hangs, it is said."""
        if not (self._told or self._closed):
            log.warning("%s device: nothing is known of it yet", self.kind)
            self._say(SoundState.FAILED)

    def probe(self) -> None:
        """Say what the state is, without opening anything."""
        self._worker.submit(self._look)

    def hurry(self) -> None:
        """Something has changed: do not wait to try again."""
        self._retry_at = 0.0

    def close(self) -> None:
        """Close for good; returns at once."""
        self._closed = True
        self._worker.submit(self.shut)

    # ------------------------------------------------------------ in the sound thread

    def _find(self) -> tuple[Any, Any] | None:
        """The library and the device's entry; None (and a state) when one is not there."""
        try:
            found = self._library.entry(self.name, self.kind)
        except OSError:
            self._say(SoundState.NO_PORTAUDIO)
            return None
        except Exception as problem:
            log.warning("PortAudio did not start: %s", type(problem).__name__)
            self._say(SoundState.FAILED)
            return None
        if found is None:
            self._say(SoundState.NO_DEVICE)
            self._library.seek(self)
            return None
        self._device = bare(str(found[1]["name"]))
        return found

    def _look(self) -> None:
        if self._stream is None and not self._closed and self._find() is not None:
            self._say(SoundState.OK)

    def _open(self) -> None:
        try:
            if self._stream is not None:
                return  # the library was made anew meanwhile
            found = None if self._closed else self._find()
            self._retry_at = self._clock() + RETRY
            if found is None:
                return
            library, entry = found
            self._stop = library.CallbackStop
            self._ending = False
            self.ring.clear()
            self.delay = None
            try:
                stream = self._opened(library, entry)
            except Exception as problem:
                log.warning("%s device cannot be opened: %s", self.kind, problem)
                self._say(SoundState.FAILED)
                self._library.seek(self)
                return
            self._library.opened(self)
            self._library.settled(self)
            self._stream = stream
            self._say(SoundState.OK)
        finally:
            self._free()

    def _opened(self, library: Any, entry: Any) -> Any:
        """A stream that runs, in our format or else in one of the device's own. Raises what the
        first try raised."""
        self._target = entry.get(TARGET)
        self._watch_at = self._clock() + WATCH
        first: Exception | None = None
        for form in formats(entry, self.kind):
            try:
                with self._library.aimed(self.kind, self._target):
                    return self._started(library, entry, form)
            except Exception as problem:
                first = first or problem
                if hopeless(problem):
                    break
        assert first is not None
        raise first

    def _started(self, library: Any, entry: Any, form: StreamFormat) -> Any:
        self.format = form
        self.rate_meter = RateMeter(form.rate)
        self._from, self._to = FromDevice(form), ToDevice(form, self._sound)
        self._called = self._used = self._clock()
        self._opened_at, self._asked_silenced = self.blocks, False
        make = library.RawInputStream if self.kind == "input" else library.RawOutputStream
        stream = make(
            samplerate=form.rate,
            blocksize=form.frames,
            device=entry["index"],
            channels=form.channels,
            dtype="int16",
            latency=LATENCY,
            callback=self._record if self.kind == "input" else self._play,
            finished_callback=self._finished,
        )
        try:
            stream.start()
        except Exception:
            with contextlib.suppress(Exception):
                stream.close()
            self._ending = False  # of one that never was
            raise
        return stream

    def _lost(self) -> None:
        """A stream that ended by itself, or fell silent: idle it is put away, in use it is lost."""
        if not self._ending and self._clock() - self._called <= DEAF:
            self._free()  # it was opened anew meanwhile
            return
        put_away = self._put_away
        if not put_away:
            self._say(SoundState.DEVICE_LOST)  # first: closing what hangs may hang
        self.shut()
        worked = self.blocks - self._opened_at > WORKED
        self._retry_at = self._clock() + (0 if put_away else SOON if worked else RETRY)
        self._free()

    def _caught(self) -> None:
        """The device does not give the samples that it says: open it again."""
        rate = round(self.rate_meter.rate)
        wanted = self.format.rate
        log.warning("%s: %d samples a second, not %d: reopened", self._device, rate, wanted)
        self.shut()
        self._open()

    def _watch(self) -> None:
        """Back to the device that is meant, where the server has moved us and it is there again."""
        self._watch_at = self._clock() + WATCH
        if self._target is not None and self._library.moved(self.kind, self.name, self._target):
            log.info("%s: moved by the sound server, and taken back", self._device)
            self.shut()
            self._open()
        self._free()

    def _ask_silenced(self) -> None:
        if self._library.silenced():
            log.warning("%s: muted by the sound server", self._device)
            self.on_silenced(self._device)
        self._free()

    def shut(self) -> None:
        """Close the stream, if one is open."""
        stream, self._stream = self._stream, None
        if stream is not None:
            with contextlib.suppress(Exception):
                stream.close()
            self._library.closed(self)

    def reopen(self) -> None:
        """Open it after the library was made anew."""
        if not self._closed:
            self._open()

    def _say(self, state: SoundState) -> None:
        self.state, self._told = state, True
        self._on_state(state, self._device)

    # ------------------------------------------------------------ in PortAudio's thread

    def _record(self, data: Any, frames: int, when: Any, status: Any) -> None:
        self._note_call(frames)
        if when is not None and self.blocks % _DELAY_EVERY == 0:
            self._note_delay(when.currentTime - when.inputBufferAdcTime)
        self.ring.write(self._from.feed(bytes(data)))

    def _play(self, data: Any, frames: int, when: Any, status: Any) -> None:
        if self.tone is not None:
            self._used = self._clock()
        self._note_call(frames)
        if when is not None and self.blocks % _DELAY_EVERY == 0:
            self._note_delay(when.outputBufferDacTime - when.currentTime)
        data[:] = self._to.take(frames)

    def _sound(self, size: int) -> bytes:
        """The next so many bytes of what is to be heard, the tone on top."""
        pcm = self.ring.read(size)
        tone = self.tone
        if tone is not None:
            block = next(tone)
            if len(block) == len(pcm):
                pcm = mix(pcm, block)
        return pcm

    def _note_delay(self, seconds: float) -> None:
        self.delay = seconds if 0 < seconds < 10 else None  # some drivers say nonsense

    def _note_call(self, frames: int) -> None:
        now, before = self._clock(), self._called
        self._called = now
        self.blocks += 1
        if now - before > STUMBLE and self.blocks - self._opened_at > WORKED:
            self._stumbled(now)
        self.rate_meter.feed(frames, now)
        if now - self._used > IDLE:
            self._put_away = True
            raise self._stop
        self._put_away = False

    def _stumbled(self, now: float) -> None:
        self._stumbles.append(now)
        many = len(self._stumbles) == STUMBLES and now - self._stumbles[0] < SPAN
        if many and now - self._stumbles_said > SAID_AGAIN:
            self._stumbles_said = now
            self.on_stumbles(self._device)

    def _finished(self) -> None:
        self._ending = True
        self._worker.submit(self._end)

    def _end(self) -> None:
        """The stream is over: close it, so that the microphone is off and its light as well."""
        if self._stream is not None and self._ending and not self._busy:
            self._busy, self._busy_since = True, self._clock()
            self._lost()
