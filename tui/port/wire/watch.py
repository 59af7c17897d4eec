"""The door for those who only look: a second socket of an engine, open to the users that the config
names, and to nobody else.

An engine's own socket lies in a directory that no other user can enter. This one lies where all
can see it; who comes is told by the kernel (SO_PEERCRED), so where the system cannot tell, nobody
is let in. The socket's name begins with the agent's extension: that is how it is found.
"""

from __future__ import annotations

import grp
import os
import pwd
import re
import socket
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tui.log import get_logger
from tui.port.wire.sockets import address, peer

log = get_logger("watch")

PREFIX: Final = "yimi-watch-"
"""The directory of one user's engines: this, and the uid."""
_SUFFIX: Final = ".sock"
_UNSAFE: Final = re.compile(r"[^0-9A-Za-z._@+-]")


@dataclass(frozen=True, slots=True)
class WatchRules:
    """Who may look: login names, and groups as `@GROUP`; and where the sockets lie."""

    allow: tuple[str, ...] = ()
    directory: Path = Path("/tmp")  # noqa: S108 - the directory in it is made, and checked


def admitted(connection: socket.socket, rules: WatchRules) -> str:
    """The login name of the other end, if it may look; else ""."""
    found = peer(connection)
    if found is None:
        return ""
    try:
        user = pwd.getpwuid(found[1])
        groups = {grp.getgrgid(gid).gr_name for gid in _groups(user)}
    except KeyError:
        return ""
    names = {user.pw_name, *(f"@{group}" for group in groups)}
    return user.pw_name if names.intersection(rules.allow) else ""


def _groups(user: pwd.struct_passwd) -> list[int]:
    known = []
    for gid in os.getgrouplist(user.pw_name, user.pw_gid):
        with suppress(KeyError):
            known.append(grp.getgrgid(gid).gr_gid)
    return known


def open_door(rules: WatchRules, extension: str, key: str) -> tuple[socket.socket, Path] | None:
    """A socket that listens, and its path; None, with a line in the log, where there can be none.
    Nobody allowed: none."""
    if not rules.allow:
        return None
    folder = rules.directory / f"{PREFIX}{os.geteuid()}"
    path = folder / f"{_UNSAFE.sub('_', extension)}-{key[:8]}{_SUFFIX}"
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _make(folder)
        path.unlink(missing_ok=True)
        with address(path) as name:
            listening.bind(name)
        path.chmod(0o666)  # anybody may knock; `admitted` says who comes in
        listening.listen(8)
        listening.setblocking(False)
    except OSError as error:
        log.warning("nobody can look: %s", error)
        listening.close()
        return None
    return listening, path


def _make(folder: Path) -> None:
    """The directory, ours alone to write. Raises OSError."""
    folder.mkdir(mode=0o755, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise PermissionError(f"{folder} belongs to somebody else")
    folder.chmod(0o755)


def doors(directory: Path, extension: str) -> list[tuple[Path, int]]:
    """The sockets of that extension's engines, each with the uid that it must be served by."""
    found = []
    for folder in sorted(directory.glob(f"{PREFIX}*")):
        uid = folder.name.removeprefix(PREFIX)
        with suppress(OSError):
            owner = folder.lstat()
            # Whoever made the directory answers in it: not in the name of another user.
            if stat.S_ISDIR(owner.st_mode) and uid == str(owner.st_uid):
                begins = f"{_UNSAFE.sub('_', extension)}-"
                found += [
                    (path, owner.st_uid)
                    for path in sorted(folder.glob(f"*{_SUFFIX}"))
                    if path.name.rpartition("-")[0] + "-" == begins
                ]
    return found


def knock(path: Path, uid: int) -> socket.socket:
    """A connection to a door that this user serves. Raises OSError."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        with address(path) as name:
            connection.connect(name)
        found = peer(connection)
        if found is None or found[1] != uid:
            raise PermissionError(f"{path} is served by somebody else")
    except BaseException:
        connection.close()
        raise
    return connection
