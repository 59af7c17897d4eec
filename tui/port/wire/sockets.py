"""Where engines are found: sockets and locks in the runtime directory.

`engine-RANDOM.sock` is an engine that nobody has signed in to yet; `KEY.sock` the one that has the
account of that key, which holds `KEY.lock` as long as it lives. A socket nobody listens on is
stale: its engine was killed. The sockets are 0600 in a directory 0700, and each end checks the
other's uid.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import socket
import stat
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from tui.port.commands import SignIn

_SUFFIX: Final = ".sock"
_UNCLAIMED: Final = "engine-"
_PATH_LIMIT: Final = 100
"""Bytes of a socket's path that every system takes (104 on macOS, 108 on Linux)."""


_LOCAL, _LOCAL_PEERCRED, _LOCAL_PEERPID = 0, 1, 2
"""SOL_LOCAL and its options in macOS' <sys/un.h>."""
_XUCRED: Final = 76
"""Bytes of its struct xucred: version, uid, and 16 groups with their number."""


class RuntimeDirectoryError(Exception):
    """The runtime directory is not this user's alone, or cannot be made."""


def prepare(directory: Path) -> None:
    """Make the directory 0700 and ours. Raises RuntimeDirectoryError."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = directory.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise RuntimeDirectoryError(f"{directory} belongs to somebody else")
        if found.st_mode & 0o077:
            directory.chmod(0o700)
    except OSError as error:
        raise RuntimeDirectoryError(f"{directory}: {error.strerror}") from None


def account_key(account: SignIn) -> str:
    """The name of an account's socket and lock: the same for the same extension at the same
    enterprise of the same platform, however it is written."""
    parts = (
        account.kind,
        account.backend.strip().rstrip("/").lower(),
        account.switchnumber.strip(),
        account.un.strip(),
    )
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:24]


def fresh_name() -> str:
    """A name for the socket of an engine that has no account yet."""
    return f"{_UNCLAIMED}{secrets.token_hex(6)}{_SUFFIX}"


def is_claimed(path: Path) -> bool:
    """Whether the name is that of an engine with an account."""
    return path.suffix == _SUFFIX and not path.name.startswith(_UNCLAIMED)


@contextmanager
def address(path: Path) -> Iterator[str]:
    """The path as a socket takes it: one too long goes by way of its directory's descriptor."""
    if len(os.fsencode(path)) <= _PATH_LIMIT or not Path("/proc/self/fd").is_dir():
        yield str(path)
        return
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)


def listen(path: Path, backlog: int = 16) -> socket.socket:
    """A socket that listens at the path, for this user only. It appears there when it already
    listens, so that nobody takes it for a stale one."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    hidden = path.with_name(f".{path.name}")
    try:
        old = os.umask(0o177)
        try:
            with address(hidden) as name:
                listening.bind(name)
        finally:
            os.umask(old)
        listening.listen(backlog)
        listening.setblocking(False)
        hidden.rename(path)
    except BaseException:
        listening.close()
        raise
    return listening


def identity(path: Path) -> tuple[int, int] | None:
    """Which file lies at the path: another one has another identity. None where none is."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def connect(path: Path) -> socket.socket:
    """A connection to the engine at the path. Raises OSError: FileNotFoundError or
    ConnectionRefusedError when there is none, PermissionError when it is not ours."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        with address(path) as name:
            connection.connect(name)
        if not is_ours(connection):
            raise PermissionError(f"{path} is served by somebody else")
    except BaseException:
        connection.close()
        raise
    return connection


class _Connected(Protocol):
    def getsockopt(self, level: int, optname: int, buflen: int, /) -> bytes: ...


def peer(connection: _Connected, system: str = sys.platform) -> tuple[int, int] | None:
    """Process id and uid of the other end, as of its connecting (or listening); None where the
    system cannot tell: the directory guards then."""
    if system == "linux":
        size = struct.calcsize("3i")
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        pid, uid, _ = struct.unpack("3i", credentials)
        return pid, uid
    if system == "darwin":
        try:
            credentials = connection.getsockopt(_LOCAL, _LOCAL_PEERCRED, _XUCRED)
            of_process = connection.getsockopt(_LOCAL, _LOCAL_PEERPID, 4)
            _, uid = struct.unpack_from("II", credentials)
            (pid,) = struct.unpack("i", of_process)
        except (OSError, struct.error):
            return None
        return pid, uid
    return None


def is_ours(connection: _Connected) -> bool:
    """Whether the other end is this user's, as far as the system can tell."""
    found = peer(connection)
    return found is None or found[1] == os.geteuid()


# ---------------------------------------------------------------- claims


class AccountLock:
    """The flock that says whose engine has an account. The kernel lets go of it when the engine
    dies, however it dies. The file itself stays: taking it away would let two have it."""

    def __init__(self, directory: Path, key: str) -> None:
        self.key = key
        self.socket = directory / f"{key}{_SUFFIX}"
        self._path = directory / f"{key}.lock"
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)

    @property
    def here(self) -> bool:
        """Whether others find the file that this one holds."""
        held = os.fstat(self._file)
        return identity(self._path) == (held.st_dev, held.st_ino)

    def take(self) -> bool:
        """Whether the account is ours now. Never waits."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def release(self) -> None:
        """Let go. May be called again."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def answers(path: Path) -> bool:
    """Whether somebody listens at the path."""
    try:
        connect(path).close()
    except BlockingIOError:
        return True  # a full backlog: busy, not dead
    except OSError:
        return False
    return True


def live(directory: Path) -> list[Path]:
    """The sockets of the engines that live, those with an account first. Stale ones are taken
    away on the way."""
    found: list[Path] = []
    for path in sorted(directory.glob(f"*{_SUFFIX}")):
        if path.name.startswith("."):
            continue
        if answers(path):
            found.append(path)
        else:
            _remove_stale(directory, path)
    return sorted(found, key=lambda path: (not is_claimed(path), path.name))


def _remove_stale(directory: Path, path: Path) -> None:
    if not is_claimed(path):
        # The name is never used twice. An engine that renamed it meanwhile is no loss here.
        with suppress(OSError):
            path.unlink()
        return
    # Only the holder of the lock may put a socket there; with the lock in hand nobody does.
    try:
        lock = AccountLock(directory, path.name.removesuffix(_SUFFIX))
    except OSError:
        return  # nothing can be written there: then nothing can be taken away either
    try:
        if lock.take() and not answers(path):
            with suppress(OSError):
                path.unlink()
    finally:
        lock.release()
