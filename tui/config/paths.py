"""Where files live: the XDG directories, and a runtime directory that nobody else can enter."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tui.config.errors import ConfigError
from tui.config.frozen import frozen
from tui.config.layers import SYSTEM_VARIABLE

APP = "yimi"


class PathError(ConfigError):
    """A directory cannot be used."""

    def __init__(self, id: str, path: Path, why: str = "") -> None:
        super().__init__((f"path.{id}", {"path": str(path), "why": why}))


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
            raise PathError("not_made", self.runtime, error.strerror or str(error)) from None
        status = self.runtime.lstat()
        if not stat.S_ISDIR(status.st_mode):
            raise PathError("no_directory", self.runtime)
        if status.st_uid != os.geteuid():
            raise PathError("not_ours", self.runtime)
        if status.st_mode & 0o077:
            try:
                self.runtime.chmod(0o700)
            except OSError:
                raise PathError("open", self.runtime) from None
        return self


def try_to_write(directory: Path) -> None:
    """Whether there is room for a socket, and for what stands in a file: before something that
    needs both is started. Raises PathError."""
    path = directory / f".{os.getpid()}"
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            os.write(file, b"!")
        finally:
            os.close(file)
            path.unlink(missing_ok=True)
    except FileNotFoundError:
        return  # whatever is started makes it
    except OSError as error:
        raise PathError("not_written", directory, error.strerror or str(error)) from None


def _is_ours(directory: str) -> bool:
    """Whether it is what XDG_RUNTIME_DIR must be: there, of this user, and to be written in."""
    try:
        owner = os.stat(directory).st_uid
    except OSError:
        return False
    return owner == os.geteuid() and os.path.isdir(directory) and os.access(directory, os.W_OK)


_NOBODYS = "/nonexistent"
"""Debian's home of users who have none."""
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
    return (Path(given) if os.path.isabs(given) else _home(environ) / below) / APP


def _home(environ: Mapping[str, str]) -> Path:
    """HOME where it is a path that all our processes read alike, else what the system knows of this
    user; a directory that nobody has (a container's user may have none) keeps nothing, and is
    said: nothing is left in the directory that we were started in."""
    given = environ.get("HOME", "")
    if os.path.isabs(given):
        return Path(given)
    import pwd

    try:
        return Path(pwd.getpwuid(os.geteuid()).pw_dir or _NOBODYS)
    except KeyError:
        return Path(_NOBODYS)


def settle() -> None:
    """Directories that this process's environment names from where it was started are those of the
    processes that it starts as well, wherever these run."""
    for variable in (*(f"YIMI_{name.upper()}_DIR" for name in _NAMES), SYSTEM_VARIABLE):
        if given := os.environ.get(variable, ""):
            os.environ[variable] = os.path.abspath(given)
