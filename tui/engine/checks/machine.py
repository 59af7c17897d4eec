"""Checks of this machine: what is installed, and the disk."""

from __future__ import annotations

import importlib
import os
import shutil
import tempfile
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from tui.config.provision.kept_copy import LastLook
from tui.engine.checks.runner import Finding, fail, ok, warn

MUCH: Final = 100 * 1024 * 1024
_CARRY: Final = {"aioice": "aioice", "pyOpenSSL": "OpenSSL.SSL", "pylibsrtp": "pylibsrtp"}
"""ICE, DTLS and SRTP, which are loaded when the first call begins: packages and their modules."""
LITTLE: Final = 10 * 1024 * 1024
"""Bytes free on the disk: under the first it is said, under the second it is a failure."""


def opus(source: Callable[[], str], deep: Callable[[], bool]) -> Finding:
    """Which libopus is used, and whether it conceals by a net; the last resort has no in-band FEC
    of ours."""
    try:
        found, by_net = source(), deep()
    except Exception as error:  # whatever a native library does when it is loaded
        return fail("check.opus.none", kind=type(error).__name__)
    if found.startswith("pyav"):
        return warn("check.opus.pyav", source=found)
    return ok("check.opus.deep" if by_net else "check.opus.ok", source=found)


def libraries(
    load: Callable[[str], Any] = importlib.import_module,
    version_of: Callable[[str], str] = version,
    *,
    sound_wanted: bool = True,
) -> Finding:
    """What carries a call's sound, and PortAudio: found, and which."""
    try:
        carried = ", ".join(f"{name} {version_of(name)}" for name in _CARRY)
        for module in _CARRY.values():
            load(module)
    except (ImportError, PackageNotFoundError, OSError) as error:
        return fail("check.libraries.none", kind=type(error).__name__)
    tell = fail if sound_wanted else warn
    try:
        portaudio = str(load("sounddevice").get_portaudio_version()[1])
    except (ImportError, OSError):
        # sounddevice raises OSError where the library itself is not installed.
        return tell("check.libraries.no_portaudio", found=carried)
    except Exception as error:  # one that lacks what is called in it, or that finds its driver dead
        return tell("check.libraries.bad_portaudio", found=carried, kind=type(error).__name__)
    return ok("check.libraries.ok", found=f"{carried}, {portaudio.partition(',')[0]}")


def settings(look: LastLook, now: float) -> Finding:
    """When the administrator's settings came, and what came of the last look for them."""
    values = dict(look.values)
    if not look.good:
        return fail(look.why or "provision.never", **values)
    if look.why:
        return warn(look.why, **values)
    hours = f"{max(0.0, now - look.good) / 3600:.0f}"
    return ok("check.settings.ok", hours=hours)


def disk(
    folder: Path, free: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free
) -> Finding:
    """History, log and instance id can be written, and there is room for them."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(prefix=".check-", dir=folder)
        try:
            os.write(handle, b"yimi")
            os.fsync(handle)
        finally:
            os.close(handle)
            os.unlink(name)
        left = free(folder)
    except OSError as error:
        return fail("check.disk.unwritable", path=folder, why=error.strerror or "?")
    values = {"path": folder, "mb": left // (1024 * 1024)}
    if left < LITTLE:
        return fail("check.disk.full", **values)
    if left < MUCH:
        return warn("check.disk.low", **values)
    return ok("check.disk.ok", **values)
