"""`python -m tui.media.device.enumerate`: what sound devices there are now, as one line of JSON.

PortAudio lists devices once, and listing them again stops every stream of the process: so a
process that is in a call has another one look. It ends at once, whatever it finds.
"""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from tui.media.device import pulse_names

log = logging.getLogger(__name__)

DeviceKind = Literal["input", "output"]

LIMIT: Final = 10.0
"""Seconds for the process that looks."""
MOST: Final = 256
"""Devices that are looked at."""
PULSE: Final = "pulse"
"""The device by which ALSA reaches PulseAudio (libasound2-plugins)."""
_TOLD: Final = 500
"""Bytes of what a process that failed wrote last."""
_PLACE: Final = re.compile(r"\s*\(hw:[^()]*\)\s*$")


@dataclass(frozen=True, slots=True)
class Listing:
    """The devices by their names as people know them, each once: a sound server's first, then
    PortAudio's in its order."""

    portaudio: bool = False
    """Whether PortAudio could be used at all."""
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    default_input: str = ""
    default_output: str = ""
    sources: pulse_names.Named = ()
    """Of the sound server, by the same names, and what the server calls them; `sinks` as well."""
    sinks: pulse_names.Named = ()

    def target(self, name: str, kind: DeviceKind) -> tuple[str, str] | None:
        """The sound server's device that is meant: its name, and what the server calls it."""
        known = self.sources if kind == "input" else self.sinks
        index = best([shown for shown, _ in known], name)
        return None if index is None or not name else known[index]

    def has(self, name: str, kind: DeviceKind) -> bool:
        """Whether this device is there; "" is the default one."""
        names = self.inputs if kind == "input" else self.outputs
        if not name:
            return bool(self.default_input if kind == "input" else self.default_output)
        return best(names, name) is not None


def bare(name: str) -> str:
    """A device's name without its place: ALSA's "(hw:1,0)" changes when a headset is pulled and
    put back."""
    return _PLACE.sub("", name).strip()


def best(names: Sequence[str], wanted: str) -> int | None:
    """Which of the names is meant: the same, else the same but for the place, else the first one
    that holds it, in any case. None when there is none."""
    plain = bare(wanted).casefold()
    for fits in (
        lambda name: name == wanted,
        lambda name: bare(name).casefold() == plain,
        lambda name: plain != "" and plain in name.casefold(),
    ):
        for index, name in enumerate(names):
            if fits(name):
                return index
    return None


def entries_of(library: Any) -> list[Mapping[str, Any]]:
    """What `sounddevice` lists; where one device cannot be read (a name in no known encoding),
    the others."""
    try:
        return list(library.query_devices())
    except Exception as problem:
        log.warning("the list of devices is read one by one: %s", type(problem).__name__)
    found: list[Mapping[str, Any]] = []
    for index in range(MOST):
        try:
            found.append(library.query_devices(index))
        except library.PortAudioError:
            break  # there are no more
        except Exception:
            log.warning("sound device %d is left out", index)
    return found


def find(
    entries: Sequence[Mapping[str, Any]], wanted: str, kind: DeviceKind
) -> Mapping[str, Any] | None:
    """PortAudio's entry of the device of that name, None when there is none."""
    usable = [entry for entry in entries if entry[f"max_{kind}_channels"] > 0]
    index = best([str(entry["name"]) for entry in usable], wanted)
    return None if index is None else usable[index]


def listed(library: Any) -> Listing:
    """What `sounddevice` sees, as it was when it was initialised."""

    def names(kind: DeviceKind) -> tuple[str, ...]:
        found = [e["name"] for e in entries_of(library) if e[f"max_{kind}_channels"] > 0]
        return tuple(dict.fromkeys(filter(None, (bare(str(name)) for name in found))))

    def default(kind: DeviceKind) -> str:
        try:
            return bare(str(library.query_devices(None, kind)["name"]))
        except (ValueError, library.PortAudioError):  # UnicodeDecodeError is a ValueError
            return ""

    return Listing(True, names("input"), names("output"), default("input"), default("output"))


def look() -> Listing:
    """What there is, seen by this process: for one that has nothing open."""
    try:
        import sounddevice
    except (ImportError, OSError):
        return Listing()
    except Exception:  # PortAudio is there and does not start
        return Listing()
    return with_server(listed(sounddevice))


def with_server(listing: Listing) -> Listing:
    """And what the sound server has, where PortAudio can reach it."""
    if PULSE not in {*listing.inputs, *listing.outputs}:
        return listing
    sources, sinks = pulse_names.look()
    return replace(
        listing,
        inputs=tuple(dict.fromkeys([*(shown for shown, _ in sources), *listing.inputs])),
        outputs=tuple(dict.fromkeys([*(shown for shown, _ in sinks), *listing.outputs])),
        sources=sources,
        sinks=sinks,
    )


def ask(limit: float = LIMIT, environment: Mapping[str, str] | None = None) -> Listing | None:
    """What there is, seen by a process of its own; None when it could not say. Takes a good part
    of a second: call it in a thread."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tui.media.device.enumerate"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=limit,
            check=True,
            cwd=Path(__file__).parents[3],
            env={**os.environ, **(environment or {})},
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return Listing(
            found["portaudio"],
            tuple(found["inputs"]),
            tuple(found["outputs"]),
            found["default_input"],
            found["default_output"],
            tuple((shown, name) for shown, name in found["sources"]),
            tuple((shown, name) for shown, name in found["sinks"]),
        )
    except (OSError, ValueError, KeyError, TypeError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or b""  # of a process that failed, or was too slow
        log.warning(
            "the devices could not be listed: %s %s",
            error,
            said[-_TOLD:].decode("utf-8", "replace"),
        )
        return None


def main() -> int:
    """Print what there is."""
    print(json.dumps(asdict(look())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
