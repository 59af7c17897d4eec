"""The sinks and sources of a sound server by their own names: what PulseAudio, or PipeWire in its
place, has to offer, where PortAudio sees one device for all of it.

By `pulsectl`, over libpulse, which waits for its server without limit: so in a process of its own
(`enumerate`), and in a thread that this does not wait for longer than LIMIT.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from typing import Any, Final

log = logging.getLogger(__name__)

LIMIT: Final = 3.0
"""Seconds for the server to say what there is."""
MOST: Final = 64
"""Of either kind; no desk has more."""
_NOT_A_MONITOR: Final = 0xFFFFFFFF
Named = tuple[tuple[str, str], ...]
"""For each: how people know it, and what the server calls it."""


def look(limit: float = LIMIT) -> tuple[Named, Named]:
    """Sources and sinks now, in the server's order; none where no server answers in time. What
    a sink plays is also a source to the server, and no microphone: these are left out."""
    found: list[tuple[Named, Named]] = []
    thread = threading.Thread(target=_ask, args=(found,), name="pulse-names", daemon=True)
    thread.start()
    thread.join(limit)
    return found[0] if found else ((), ())


def _ask(found: list[tuple[Named, Named]]) -> None:
    try:
        import pulsectl

        with pulsectl.Pulse("yimi", connect=False) as pulse:
            pulse.connect(autospawn=False)
            sources, sinks = pulse.source_list(), pulse.sink_list()
        own = (one for one in sources if one.monitor_of_sink == _NOT_A_MONITOR)
        found.append((named(own), named(sinks)))
    except Exception as problem:  # no libpulse, no server, one that speaks nonsense
        log.debug("no names from a sound server: %s", type(problem).__name__)


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
