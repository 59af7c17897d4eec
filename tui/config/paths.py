"""Where files live: the XDG directories, and a runtime directory that nobody else can enter."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tui.config.frozen import frozen

APP = "yimi"


class PathError(Exception):
    """A directory cannot be used; the text is a sentence."""


@frozen
class Paths:
    """`config` holds config.toml and `themes`; `state` logs, instance ids and the call history;
    `runtime` sockets, gone after a restart of the machine; `data` what is neither."""

    config: Path
    state: Path
    runtime: Path
    data: Path

    @classmethod
    def find(cls, environ: Mapping[str, str] | None = None) -> Paths:
        """The directories of this user. YIMI_CONFIG_DIR, YIMI_STATE_DIR, YIMI_RUNTIME_DIR and
        YIMI_DATA_DIR each put one somewhere else. Creates nothing."""
        given = os.environ if environ is None else environ
        own = {name: given.get(f"YIMI_{name.upper()}_DIR", "") for name in _NAMES}
        found = {name: Path(own[name]) if own[name] else _default(name, given) for name in _NAMES}
        return cls(**{name: path.absolute() for name, path in found.items()})

    @property
    def config_file(self) -> Path:
        return self.config / "config.toml"

    @property
    def log_file(self) -> Path:
        return self.state / "yimi.log"

    @property
    def themes(self) -> Path:
        """The user's own themes."""
        return self.config / "themes"

    def prepare(self) -> Paths:
        """Create the state directory and the runtime directory, 0700 each, and check the latter.

        Raises PathError when the runtime directory cannot be made or written in, is a link, or
        belongs to someone else, who could answer in the engine's place. A state directory that
        cannot be made costs the log and what is kept from one day to the next, which is said
        (`log.LogFile.trouble`).
        """
        with suppress(OSError):
            self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self.runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise PathError(f"{self.runtime} cannot be made: {error.strerror or error}.") from None
        status = self.runtime.lstat()
        if not stat.S_ISDIR(status.st_mode):
            raise PathError(f"{self.runtime} is not a directory of its own.")
        if status.st_uid != os.geteuid():
            raise PathError(f"{self.runtime} belongs to another user.")
        if status.st_mode & 0o077:
            try:
                self.runtime.chmod(0o700)
            except OSError:
                raise PathError(f"{self.runtime} is open to others.") from None
        if not os.access(self.runtime, os.W_OK, effective_ids=True):
            raise PathError(f"{self.runtime} cannot be written in.")
        return self


def _is_ours(directory: str) -> bool:
    """Whether it is what XDG_RUNTIME_DIR must be: there, of this user, and to be written in."""
    try:
        owner = os.stat(directory).st_uid
    except OSError:
        return False
    return owner == os.geteuid() and os.path.isdir(directory) and os.access(directory, os.W_OK)


_NAMES = ("config", "state", "runtime", "data")
_XDG = {
    "config": ("XDG_CONFIG_HOME", ".config"),
    "state": ("XDG_STATE_HOME", ".local/state"),
    "data": ("XDG_DATA_HOME", ".local/share"),
}


def _default(name: str, environ: Mapping[str, str]) -> Path:
    """By the XDG base directory specification: a variable counts only as an absolute path.

    platformdirs would say the same on Linux, for 30 ms more before the first frame.
    """
    if name == "runtime":
        runtime = environ.get("XDG_RUNTIME_DIR", "")
        if os.path.isabs(runtime) and _is_ours(runtime):
            return Path(runtime) / APP
        # No session manager (cron, a container), or that of another user (su): a directory that
        # only we can have made; `prepare` checks whose it is, for anybody may make some in there.
        return Path("/tmp") / f"{APP}-{os.geteuid()}"  # noqa: S108
    variable, below = _XDG[name]
    given = environ.get(variable, "")
    home = environ.get("HOME", "") or os.path.expanduser("~")
    return (Path(given) if os.path.isabs(given) else Path(home) / below) / APP
