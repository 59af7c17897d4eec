"""Sound devices through PortAudio (`sounddevice`, raw streams): opened while in use, closed
when not, and never a crash.

A device is opened on its first use and closed some seconds after the last, so a microphone is
only on in a call. Opening may take PortAudio a second, so it happens in a thread of this
module; until then, and whenever something is wrong, there is silence. PortAudio's callbacks
only move bytes between the device and a bounded ring.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any, Literal

from tui.media.buffers import Ring
from tui.media.levels import FRAME, RATE, WIDTH, mix

log = logging.getLogger(__name__)

IDLE = 3.0
"""Seconds after the last use before a device is closed."""
DEAF = 2.0
"""Seconds without a callback after which an open device counts as lost."""
RETRY = 5.0
"""Seconds before another try at a device that could not be opened or was lost."""
LATENCY = 0.1
"""Seconds asked of PortAudio: Bluetooth and busy machines stumble with less."""
_MS = RATE // 1000 * WIDTH


class SoundState(StrEnum):
    """What the sound of this computer is like. The worst of both directions is shown."""

    OK = "ok"
    FAILED = "failed"
    """There is a device, and it cannot be opened; or a file cannot."""
    DEVICE_LOST = "device-lost"
    NO_DEVICE = "no-device"
    NO_PORTAUDIO = "no-portaudio"


class Worker:
    """One daemon thread that runs PortAudio's slow calls in order. PortAudio hanging in a
    broken driver then hangs nothing of ours, not even the end of the process."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def submit(self, job: Callable[[], None]) -> None:
        """Run it in the thread, after what was submitted before."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="sound", daemon=True)
                self._thread.start()
        self._jobs.put(job)

    def flush(self, timeout: float = 2.0) -> bool:
        """Wait until what was submitted is done, at most `timeout` seconds; whether it is."""
        if self._thread is None:
            return True
        done = threading.Event()
        self.submit(done.set)
        return done.wait(timeout)

    def _run(self) -> None:
        while True:
            job = self._jobs.get()
            try:
                job()
            except Exception:
                log.exception("a job of the sound thread failed")


class PortAudio:
    """The library: imported when first needed, its device list made anew when nothing is open.
    All calls into it are made by its one worker, as it is not safe for threads."""

    def __init__(self) -> None:
        self.worker = Worker()
        self._open = 0

    def load(self) -> Any:
        """The `sounddevice` module; OSError when PortAudio is not installed."""
        try:
            import sounddevice
        except ImportError as problem:
            raise OSError("sounddevice is not installed") from problem
        if self._open == 0:
            # PortAudio lists devices once; a headset plugged in since is seen only after this.
            sounddevice._terminate()
            sounddevice._initialize()
        return sounddevice

    def opened(self, by: int) -> None:
        """Count a stream opened (1) or closed (-1)."""
        self._open += by


class DeviceStream:
    """One direction of one device. `name` is part of a device's name, "" the default device.

    `on_state(state, device)` is called from the sound thread or from PortAudio's.
    """

    def __init__(
        self,
        kind: Literal["input", "output"],
        name: str,
        *,
        library: PortAudio,
        on_state: Callable[[SoundState, str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.kind, self.name = kind, name
        prime, keep, most = (20, 60, 160) if kind == "input" else (40, 80, 240)
        self.ring = Ring(most * _MS, keep * _MS, prime * _MS)
        self.tone: Iterator[bytes] | None = None
        """What is played on top, in blocks of 20 ms: the ring tone."""
        self.blocks = 0
        """Callbacks of PortAudio so far."""
        self._worker, self._library, self._on_state = library.worker, library, on_state
        self._clock = clock
        self._stream: Any = None
        self._stop: Any = None
        self._busy = False
        self._used = self._called = 0.0
        self._retry_at = 0.0
        self._closed = False
        self._ending = False
        self._put_away = False
        self._device = name

    # ------------------------------------------------------------ from the event loop

    def use(self) -> None:
        """Say that the device is in use: opens it when it is not open. Cheap; never waits."""
        now = self._used = self._clock()
        if self._busy or self._closed:
            return
        if self._stream is None:
            if now >= self._retry_at:
                self._busy = True
                self._worker.submit(self._open)
        elif self._ending or now - self._called > DEAF:
            self._busy = True
            self._worker.submit(self._lost)

    def probe(self) -> None:
        """Say what the state is, without opening anything."""
        self._worker.submit(self._look)

    def close(self) -> None:
        """Close for good; returns at once."""
        self._closed = True
        self._worker.submit(self._shut)

    # ------------------------------------------------------------ in the sound thread

    def _find(self) -> tuple[Any, Any] | None:
        """The library and the device's entry; None (and a state) when one is not there."""
        try:
            library = self._library.load()
        except OSError:
            self._say(SoundState.NO_PORTAUDIO)
            return None
        except Exception as problem:
            log.warning("PortAudio did not start: %s", type(problem).__name__)
            self._say(SoundState.FAILED)
            return None
        try:
            entry = library.query_devices(self.name or None, self.kind)
        except (ValueError, library.PortAudioError):
            self._say(SoundState.NO_DEVICE)
            return None
        self._device = str(entry["name"])
        return library, entry

    def _look(self) -> None:
        if self._stream is None and self._find() is not None:
            self._say(SoundState.OK)

    def _open(self) -> None:
        try:
            found = None if self._closed else self._find()
            self._retry_at = self._clock() + RETRY
            if found is None:
                return
            library, entry = found
            self._stop = library.CallbackStop
            self._ending = False
            self.ring.clear()
            self._called = self._used = self._clock()
            make = library.RawInputStream if self.kind == "input" else library.RawOutputStream
            try:
                stream = make(
                    samplerate=RATE,
                    blocksize=FRAME,
                    device=entry["index"],
                    channels=1,
                    dtype="int16",
                    latency=LATENCY,
                    callback=self._record if self.kind == "input" else self._play,
                    finished_callback=self._finished,
                )
                stream.start()
            except Exception as problem:
                log.warning("%s device cannot be opened: %s", self.kind, problem)
                self._say(SoundState.FAILED)
                return
            self._library.opened(1)
            self._stream = stream
            self._say(SoundState.OK)
        finally:
            self._busy = False

    def _lost(self) -> None:
        """A stream that ended by itself, or fell silent: idle it is put away, in use it is lost."""
        self._shut()
        self._retry_at = self._clock() if self._put_away else self._clock() + RETRY
        if not self._put_away:
            self._say(SoundState.DEVICE_LOST)
        self._busy = False

    def _shut(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            with contextlib.suppress(Exception):
                stream.close()
            self._library.opened(-1)

    def _say(self, state: SoundState) -> None:
        self._on_state(state, self._device)

    # ------------------------------------------------------------ in PortAudio's thread

    def _record(self, data: Any, frames: int, when: Any, status: Any) -> None:
        self._note_call()
        self.ring.write(bytes(data))

    def _play(self, data: Any, frames: int, when: Any, status: Any) -> None:
        if self.tone is not None:
            self._used = self._clock()
        self._note_call()
        pcm = self.ring.read(len(data))
        tone = self.tone
        if tone is not None:
            block = next(tone)
            if len(block) == len(pcm):
                pcm = mix(pcm, block)
        data[:] = pcm

    def _note_call(self) -> None:
        now = self._called = self._clock()
        self.blocks += 1
        if now - self._used > IDLE:
            self._put_away = True
            raise self._stop
        self._put_away = False

    def _finished(self) -> None:
        self._ending = True
        self._worker.submit(self._end)

    def _end(self) -> None:
        """The stream is over: close it, so that the microphone is off and its light as well."""
        if self._stream is not None and self._ending and not self._busy:
            self._busy = True
            self._lost()
