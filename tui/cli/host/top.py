"""`yimi top`: every engine on this machine, a line each, for its administrator.

An engine speaks to its own user alone; so root looks at each user's engines from a process that has
become that user.
"""

from __future__ import annotations

import asyncio
import json
import os
import stat
import sys
import time
from argparse import Namespace
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tui.cli.exits import NO_ENGINE, OK, complain
from tui.clock import instant
from tui.config.paths import APP, Paths
from tui.console import i18n
from tui.console.i18n import render, tr
from tui.launcher.find_engines import EnginesFound, find_running
from tui.port.machines.call_machine import CallState
from tui.port.snapshot import Snapshot
from tui.port.values import Message
from tui.port.wire.codec import CodecError, from_json, to_json
from tui.text import clean_text

PERIOD: Final = 2.0
"""Seconds between two looks on a terminal."""
SAMPLE: Final = 0.5
"""Seconds over which a single look measures the processor."""
_LOOK_LIMIT: Final = 10.0
"""Seconds for a process that looks as another user."""
COLUMNS: Final = (
    *(("user", 8), ("ext", 6), ("name", 12), ("seat", 8), ("call", 22)),
    *(("mos", 4), ("line", 6), ("mem", 6), ("cpu", 5), ("pid", 7)),
)
"""Columns of the table: the last part of their message id, and their cells."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An engine as it was found: whose, and what it does."""

    user: str
    pid: int
    screens: int
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class Load:
    """`memory` in bytes, proportional (PSS), and `cpu` in seconds since the start; None where the
    system does not say."""

    memory: int | None = None
    cpu: float | None = None


def load_of(pid: int, proc: Path = Path("/proc")) -> Load:
    """What a process uses, by the kernel's own figures (proc(5))."""
    memory = cpu = None
    with suppress(OSError, ValueError, IndexError):
        lines = (proc / str(pid) / "smaps_rollup").read_text().splitlines()
        pss = next(line for line in lines if line.startswith("Pss:"))
        memory = int(pss.split()[1]) * 1024
    with suppress(OSError, ValueError, IndexError):
        # The name in brackets may hold anything, brackets too.
        fields = (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()
        cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return Load(memory, cpu)


# ---------------------------------------------------------------- finding


def directories(own: Path, *, everybody: bool) -> list[Path]:
    """Where engines may be: ours, and for the administrator those of all users."""
    found = [own]
    if everybody:
        found += [path / APP for path in sorted(Path("/run/user").glob("*"))]
        found += sorted(Path("/tmp").glob(f"{APP}-[0-9]*"))  # noqa: S108
    return list(dict.fromkeys(found))


async def look(directory: Path) -> tuple[list[Seen], list[Message]]:
    """The engines in a directory, and why others could not be spoken to."""
    owner = _owner(directory)
    if owner is None:
        return [], []
    user = user_name(owner.st_uid)
    if owner.st_uid == os.geteuid():
        found: EnginesFound = await find_running(directory)
        seen = [Seen(user, e.pid, e.screens, e.snapshot) for e in found.engines]
        return seen, list(found.refused)
    return await asyncio.to_thread(_look_as, owner.st_uid, owner.st_gid, user, directory)


def _owner(directory: Path) -> os.stat_result | None:
    """Whose directory it is; None where it is none, or gone."""
    try:
        found = directory.lstat()
    except OSError:
        return None
    return found if stat.S_ISDIR(found.st_mode) else None


def _look_as(uid: int, gid: int, user: str, directory: Path) -> tuple[list[Seen], list[Message]]:
    """The same from a process that has become that user."""
    import subprocess

    command = [sys.executable, "-m", "tui.cli.host.top", str(directory)]
    try:
        done = subprocess.run(  # noqa: S603 - our own module, our own arguments
            command,
            capture_output=True,
            timeout=_LOOK_LIMIT,
            user=uid,
            group=gid,
            extra_groups=(),
            env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(sys.path)},
            cwd="/",
            check=True,
        )
        rows = json.loads(done.stdout)
        return [Seen(user, row["pid"], row["screens"], _snapshot(row)) for row in rows], []
    except (OSError, ValueError, KeyError, TypeError, CodecError, subprocess.SubprocessError):
        return [], [Message("top.not_seen", (("user", user),))]


def _snapshot(row: Mapping[str, Any]) -> Snapshot:
    found = from_json(row["snapshot"])
    if not isinstance(found, Snapshot) or found.account is None:
        raise ValueError("a snapshot is expected")
    return found


def _told(directory: Path) -> str:
    """What `_look_as` reads: the engines of this process's user as JSON."""
    found = asyncio.run(find_running(directory))
    return json.dumps(
        [
            {"pid": e.pid, "screens": e.screens, "snapshot": to_json(e.snapshot)}
            for e in found.engines
        ]
    )


def user_name(uid: int) -> str:
    """The login name, else the number."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


async def look_everywhere(places: Iterable[Path]) -> tuple[list[Seen], list[Message]]:
    """All engines, by user and extension."""
    looks = await asyncio.gather(*map(look, places))
    seen = [each for found, _ in looks for each in found]
    seen.sort(key=lambda each: (each.user, _account(each)["extension"], each.pid))
    return seen, [each for _, refused in looks for each in refused]


# ---------------------------------------------------------------- showing


def _account(seen: Seen) -> dict[str, str]:
    account = seen.snapshot.account
    if account is None:
        return {"extension": "", "name": "", "group": ""}
    told = {"extension": account.un, "name": account.displayname, "group": account.group}
    # Another user's process said it: not to be trusted with this terminal.
    return {name: clean_text(value) for name, value in told.items()}


def row_of(seen: Seen, load: Load, before: Load, seconds: float) -> dict[str, Any]:
    """One engine as plain values: memory in bytes, the processor in per cent of one core over
    those seconds, the call's time in seconds."""
    snapshot, call = seen.snapshot, seen.snapshot.call
    live = call is not None and call.state is not CallState.ENDED
    cpu = None
    if load.cpu is not None and before.cpu is not None and seconds > 0:
        cpu = round(100 * max(0.0, load.cpu - before.cpu) / seconds, 1)
    since = None
    if call is not None and live:
        since = round(instant() - (call.answered or call.since), 1)
    quality = snapshot.quality
    return {
        "user": seen.user,
        "pid": seen.pid,
        "screens": seen.screens,
        **_account(seen),
        "seat": snapshot.seat_state.name.lower(),
        "line": snapshot.connection.state.value,
        "call": None
        if call is None or not live
        else {"number": clean_text(call.number), "state": call.state.value, "seconds": since},
        "mos": None if quality is None or quality.mos is None else round(quality.mos, 1),
        "memory": load.memory,
        "cpu": cpu,
    }


def table(rows: Sequence[Mapping[str, Any]], width: int) -> list[str]:
    """The rows with a heading, cut at so many cells."""
    from tui.console.widgets.formats import duration, fit

    def line(values: Mapping[str, str]) -> str:
        cells = [fit(values[name], room) for name, room in COLUMNS]
        return fit("  ".join(cells), width).rstrip()

    found = [line({name: tr(f"top.{name}") for name, _ in COLUMNS})]
    for row in rows:
        call, memory, cpu = row["call"], row["memory"], row["cpu"]
        told = ""
        if call is not None:
            told = f"{call['number']} {duration(call['seconds'] or 0)}"
        values = {
            "user": row["user"],
            "ext": row["extension"],
            "name": row["name"],
            "seat": row["seat"],
            "call": told,
            "mos": "–" if row["mos"] is None else f"{row['mos']:.1f}",
            "line": row["line"],
            "mem": "–" if memory is None else f"{memory / 2**20:.0f} MB",
            "cpu": "–" if cpu is None else f"{cpu:.0f} %",
            "pid": str(row["pid"]),
        }
        found.append(line(values))
    return found


def run(options: Namespace) -> int:
    """Show them; the exit code."""
    i18n.set_language(i18n.from_locale(os.environ))
    once = options.once or options.json or not sys.stdout.isatty()
    try:
        return asyncio.run(_show(as_json=options.json, once=once))
    except KeyboardInterrupt:
        return OK


async def _show(*, as_json: bool, once: bool) -> int:
    places = directories(Paths.find().runtime, everybody=os.geteuid() == 0)
    seen, refused = await look_everywhere(places)
    loads = {each.pid: load_of(each.pid) for each in seen}
    at = time.monotonic()
    wait = SAMPLE
    while True:
        await asyncio.sleep(wait)
        if not once:
            seen, refused = await look_everywhere(places)
        now, passed = {each.pid: load_of(each.pid) for each in seen}, time.monotonic() - at
        rows = [
            row_of(each, now[each.pid], loads.get(each.pid, now[each.pid]), passed) for each in seen
        ]
        loads, at, wait = now, time.monotonic(), PERIOD
        if once:
            return _once(rows, refused, as_json=as_json)
        _draw(rows, refused)


def _once(rows: list[dict[str, Any]], refused: list[Message], *, as_json: bool) -> int:
    for why in refused:
        complain(render(why), OK)
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
    elif rows:
        print("\n".join(table(rows, _width())))
    else:
        return complain(tr("cli.no_engine"), NO_ENGINE)
    return OK


def _width() -> int:
    try:
        return max(40, os.get_terminal_size(sys.stdout.fileno()).columns)
    except (OSError, ValueError):
        return 200


def _draw(rows: list[dict[str, Any]], refused: list[Message]) -> None:
    """The whole picture from the top left; what is longer than before is wiped."""
    lines = table(rows, _width()) if rows else [tr("cli.no_engine")]
    lines += [render(why) for why in refused]
    sys.stdout.write("\x1b[H" + "".join(f"{line}\x1b[K\r\n" for line in lines) + "\x1b[J")
    sys.stdout.flush()


if __name__ == "__main__":
    print(_told(Path(sys.argv[1])))
