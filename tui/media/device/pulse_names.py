"""The sinks and sources of a sound server by their own names: what PulseAudio, or PipeWire in its
place, has to offer, where PortAudio sees one device for all of it.

By `pulsectl`, over libpulse, which waits for its server without limit: so in a thread that this
does not wait for longer than LIMIT, and the first time in a process of its own (`enumerate`).
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

log = logging.getLogger(__name__)

LIMIT: Final = 3.0
"""Seconds for the server to say what there is."""
MOST: Final = 64
"""Of either kind; no desk has more."""
_NOT_A_MONITOR: Final = 0xFFFFFFFF
_PROCESS: Final = "application.process.id"
Named = tuple[tuple[str, str], ...]
"""For each: how people know it, and what the server calls it."""


@dataclass(frozen=True, slots=True)
class ServerDevices:
    """What a server has, in its order; what of it this process is on, as the server calls it."""

    sources: Named = ()
    sinks: Named = ()
    recorded: tuple[str, ...] = ()
    played: tuple[str, ...] = ()
    silenced: bool = False
    """Whether something that this process plays is heard by nobody: it, or the sink that it is on,
    is muted there or turned down to nothing."""


def look(limit: float = LIMIT) -> tuple[Named, Named]:
    """Sources and sinks now, in the server's order; none where no server answers in time. What
    a sink plays is also a source to the server, and no microphone: these are left out."""
    there = DeviceNames(limit)() or ServerDevices()
    return there.sources, there.sinks


class DeviceNames:
    """Asks again and again, some 4 ms each. While a question hangs no other is asked."""

    def __init__(self, limit: float = LIMIT) -> None:
        self._limit = limit
        self._thread: threading.Thread | None = None

    def __call__(self) -> ServerDevices | None:
        """What there is now; None where no server answers in time."""
        if self._thread is not None and self._thread.is_alive():
            return None
        found: list[ServerDevices] = []
        self._thread = threading.Thread(target=_ask, args=(found,), name="pulse-names", daemon=True)
        self._thread.start()
        self._thread.join(self._limit)
        return found[0] if found else None


def _ask(found: list[ServerDevices]) -> None:
    try:
        import pulsectl

        with pulsectl.Pulse("yimi", connect=False) as pulse:
            pulse.connect(autospawn=False)
            sources, sinks = pulse.source_list(), pulse.sink_list()
            recorded = _ours((one.source, one) for one in pulse.source_output_list())
            plays = pulse.sink_input_list()
            played = _ours((one.sink, one) for one in plays)
            silent = {one.index for one in sinks if _is_silent(one)}
            silenced = bool(played & silent) or bool(
                _ours((one.sink, one) for one in plays if _is_silent(one))
            )
        own = (one for one in sources if one.monitor_of_sink == _NOT_A_MONITOR)
        found.append(
            ServerDevices(
                named(own), named(sinks), _names(sources, recorded), _names(sinks, played), silenced
            )
        )
    except Exception as problem:  # no libpulse, no server, one that speaks nonsense
        log.debug("no names from a sound server: %s", type(problem).__name__)


def _ours(streams: Iterable[tuple[int, Any]]) -> set[int]:
    """The devices of those streams that are of this process."""
    own = str(os.getpid())
    return {device for device, one in streams if one.proplist.get(_PROCESS) == own}


def _is_silent(one: Any) -> bool:
    return bool(one.mute) or one.volume.value_flat <= 0.0


def _names(devices: Iterable[Any], numbers: set[int]) -> tuple[str, ...]:
    return tuple(str(one.name) for one in devices if one.index in numbers)


def named(devices: Iterable[Any]) -> Named:
    """Each by its description; of two that have the same, by the server's name besides, which
    stays the same wherever it is plugged in again."""
    pairs = [(str(one.description or one.name).strip(), str(one.name)) for one in devices][:MOST]
    shown = [description for description, _ in pairs]
    return tuple(
        (f"{description} [{name}]" if shown.count(description) > 1 else description, name)
        for description, name in pairs
        if description and name and "\0" not in name
    )
