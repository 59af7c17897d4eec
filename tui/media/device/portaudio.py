"""The library PortAudio: one thread for its slow calls, its list of devices, and the streams that
are open.

PortAudio sees devices once; a headset plugged in later is seen only after it was initialised
anew, which stops every stream. With nothing open that costs nothing and is done each time. With
something open another process looks (`enumerate`), and only when it has seen the device that is
missed are all streams closed for an instant, and opened again.

A sound server is one device to PortAudio. Which of its sinks and sources is meant is told to
libpulse beside it, in the environment, for the moment of opening; what there is, the other process
says (`pulse_names`). PipeWire opens a stream for a device that is gone as well, on its default one:
so before each opening the server is asked whether it is still there.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from tui.media.device import pulse_names
from tui.media.device.enumerate import PULSE, DeviceKind, Listing, ask, best, entries_of, find

log = logging.getLogger(__name__)

AGAIN = 60.0
"""Seconds between two renewals for a device that is there and does not open."""
TARGET = "pulse target"
"""In an entry: what the sound server calls the device that is meant."""
STILL = 1.0
"""Seconds for the sound server to say whether a device is still there."""
_VARIABLES: dict[DeviceKind, str] = {"input": "PULSE_SOURCE", "output": "PULSE_SINK"}
"""What libpulse reads when a stream names no device itself."""


def _devices(there: pulse_names.ServerDevices, kind: DeviceKind) -> list[str]:
    return [own for _, own in (there.sources if kind == "input" else there.sinks)]


class Worker:
    """One daemon thread that runs slow calls in order. PortAudio hanging in a broken driver then
    hangs nothing of ours, not even the end of the process."""

    def __init__(self, name: str = "sound") -> None:
        self._name = name
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def submit(self, job: Callable[[], None]) -> None:
        """Run it in the thread, after what was submitted before."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
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


class Stream(Protocol):
    """What the library knows of an open stream."""

    kind: DeviceKind
    name: str

    def shut(self) -> None:
        """Close it, in the sound thread."""
        ...

    def reopen(self) -> None:
        """Open it again, in the sound thread."""
        ...


class PortAudio:
    """The library: imported when first needed. All calls into it are made by its one worker, as
    it is not safe for threads."""

    def __init__(
        self,
        ask: Callable[[], Listing | None] = ask,
        clock: Callable[[], float] = time.monotonic,
        names: Callable[[], pulse_names.ServerDevices | None] | None = None,
    ) -> None:
        self.worker = Worker()
        self.server = ""
        """The PulseAudio server that carries all sound, "" for this machine's devices."""
        self._looker = Worker("sound-look")
        self._ask, self._clock = ask, clock
        self._names = names or pulse_names.DeviceNames(STILL)
        self._open: list[Stream] = []
        self._looking = False
        self._renewed: dict[tuple[str, str], float] = {}
        self._own: dict[str, str | None] = {}
        self._targets: dict[tuple[DeviceKind, str], tuple[str, str] | None] = {}
        """By kind and the name in the config: the server's device that it was last, if any."""

    def load(self) -> Any:
        """The `sounddevice` module; OSError when PortAudio is not installed."""
        try:
            import sounddevice
        except ImportError as problem:
            raise OSError("sounddevice is not installed") from problem
        if not self._open:
            sounddevice._terminate()
            sounddevice._initialize()
        return sounddevice

    def entry(self, name: str, kind: DeviceKind) -> tuple[Any, Any] | None:
        """The module and PortAudio's entry for a device; None when it is not in its list. Where a
        sound server has the device, it is the server's entry, under the device's name and with a
        TARGET. Raises what `load` raises."""
        library = self.load()
        if name or self.server:
            entries = entries_of(library)
            target = self._target(name, kind, entries) if name else None
            found = find(entries, PULSE if self.server or target else name, kind)
            if found is not None and target is not None:
                found = {**found, "name": target[0], TARGET: target[1]}
            return None if found is None else (library, found)
        try:
            return library, library.query_devices(None, kind)
        except (ValueError, library.PortAudioError):
            return None

    def _target(self, name: str, kind: DeviceKind, entries: list[Any]) -> tuple[str, str] | None:
        """The sound server's device of that name, None where it has none: then PortAudio may have
        it. What there is, is asked for once, and again when a device is gone or could not be
        had."""
        if name == PULSE or find(entries, PULSE, kind) is None:
            return None
        known = self._targets.get((kind, name))
        if known is not None and not self._is_there(kind, known[1]):
            del self._targets[kind, name]
        if (kind, name) not in self._targets:
            self._learn(self._ask(), kind, name)
        return self._targets.get((kind, name))

    def _is_there(self, kind: DeviceKind, target: str) -> bool:
        """Whether the sound server has that device now; where it does not say, it may."""
        there = self._names()
        return there is None or target in _devices(there, kind)

    def moved(self, kind: DeviceKind, name: str, target: str) -> bool:
        """Whether the sound server has us on another device though the one that is meant is there:
        under another name of the server's, too, as a Bluetooth headset that goes over to speech.
        In the sound thread; takes some milliseconds."""
        there = self._names()
        if there is None:
            return False
        named = there.sources if kind == "input" else there.sinks
        if target not in _devices(there, kind):
            index = best([shown for shown, _ in named], name)
            if index is None:
                return False
            self._targets[kind, name] = named[index]
            return True
        return target not in (there.recorded if kind == "input" else there.played)

    def silenced(self) -> bool:
        """Whether the sound server lets nobody hear what is played here. In the sound thread; takes
        some milliseconds."""
        there = self._names()
        return there is not None and there.silenced

    def _learn(self, listing: Listing | None, kind: DeviceKind, name: str) -> None:
        if listing is not None:
            self._targets[kind, name] = listing.target(name, kind)

    @contextlib.contextmanager
    def aimed(self, kind: DeviceKind, target: str | None) -> Iterator[None]:
        """What is opened in here goes to that device of the sound server; None: to its default.
        In the sound thread."""
        if target is None:
            yield
            return
        self._set(_VARIABLES[kind], target)
        try:
            yield
        finally:
            self._set(_VARIABLES[kind], "")

    def opened(self, stream: Stream) -> None:
        """A stream is open: the list stands still until none is."""
        self._open.append(stream)

    def closed(self, stream: Stream) -> None:
        """It is closed."""
        self._open.remove(stream)

    def settled(self, stream: Stream) -> None:
        """It opened: whatever was tried for it before may be tried again."""
        self._renewed.pop((stream.kind, stream.name), None)

    # ------------------------------------------------------------ what is missing

    def seek(self, stream: Stream) -> None:
        """A device cannot be had while others are open: have another process look for it, and
        make the list anew when it is there. In the sound thread; returns at once."""
        key = (stream.kind, stream.name)
        self._targets.pop(key, None)  # what was there under that name may be gone
        last = self._renewed.get(key)
        if not self._open or self._looking or (last is not None and self._clock() - last < AGAIN):
            return  # with nothing open the next try makes the list anew by itself
        self._looking = True
        self._looker.submit(lambda: self._seek(key, PULSE if self.server else stream.name))

    def _seek(self, key: tuple[str, str], name: str) -> None:
        try:
            listing = self._ask()
        finally:
            self._looking = False
        kind: DeviceKind = "input" if key[0] == "input" else "output"
        if listing is not None and listing.has(name, kind):
            self._learn(listing, kind, key[1])
            self._renewed[key] = self._clock()
            self.worker.submit(self.renew)

    def flush(self, timeout: float = 2.0) -> bool:
        """Wait until both threads have done what they were told, for `timeout` seconds each;
        whether they have."""
        return self._looker.flush(timeout) and self.worker.flush(timeout)

    def renew(self) -> None:
        """Close every stream, see the devices anew, open them again. In the sound thread."""
        streams = list(self._open)
        log.info("the list of sound devices is made anew, with %d streams open", len(streams))
        for stream in streams:
            stream.shut()
        for stream in streams:
            stream.reopen()

    # ------------------------------------------------------------ PulseAudio somewhere else

    def carry(self, server: str, client_config: str = "") -> None:
        """All sound goes to this PulseAudio server from now on, "" back to this machine's devices.
        Open streams are moved. In the sound thread: libpulse reads the environment whenever it
        connects, and nothing of it runs while nothing is open."""
        streams = list(self._open)
        for stream in streams:
            stream.shut()
        self.server = server
        self._targets.clear()
        self._set("PULSE_SERVER", server)
        self._set("PULSE_CLIENTCONFIG", client_config if server else "")
        for stream in streams:
            stream.reopen()

    def _set(self, name: str, value: str) -> None:
        self._own.setdefault(name, os.environ.get(name))
        own = self._own[name]
        if value:
            os.environ[name] = value
        elif own is not None:
            os.environ[name] = own
        else:
            with contextlib.suppress(KeyError):
                del os.environ[name]
