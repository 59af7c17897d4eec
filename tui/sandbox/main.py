"""`yimi sandbox`: arguments, the ready file, and when to end."""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import importlib
import json
import logging
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from types import FrameType

from tui.sandbox.doors import Doors, ready
from tui.sandbox.fixtures import MORE_START, Fixtures
from tui.sandbox.options import LANGUAGES, SandboxOptions
from tui.sandbox.pbx.dialplan import dial_plan_text

HOLD_GRACE = 30.0
"""How long a sandbox that nobody holds yet waits for a first holder, in seconds."""
MEDIA = "tui.sandbox.audio.leg"
MEDIA_AFTER = 1.0
"""Seconds until the media library is loaded, beside what is asked then: it is half of all that is
loaded, and the first call comes later."""
HOLD_POLL = 1.0
"""Seconds between two looks whether somebody holds it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `yimi sandbox`; the dial plan stands below them."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = dial_plan_text()
    parser.add_argument("--port", type=int, default=0, help="TCP port on loopback; 0 = any free")
    parser.add_argument(
        "--ready-file", type=Path, help="write one line of JSON there once it is running"
    )
    parser.add_argument(
        "--hold",
        type=Path,
        metavar="FILE",
        help="end when no process holds a shared lock (flock) on FILE any more",
    )
    parser.add_argument(
        "--auto-call",
        type=float,
        default=4.0,
        metavar="SECONDS",
        help="a customer calls each agent this long after it is first idle (default: 4)",
    )
    parser.add_argument(
        "--no-auto-call", action="store_true", help="customers call by the control API alone"
    )
    parser.add_argument(
        "--token-life", type=float, default=1800.0, metavar="SECONDS", help="of a web sign-in"
    )
    parser.add_argument(
        "--big-directory", action="store_true", help="a group of 10,000 members in the directory"
    )
    parser.add_argument(
        "--language",
        choices=LANGUAGES,
        default="en",
        help="in which the platform says why it refuses (default: en)",
    )
    parser.add_argument(
        "--agents",
        type=int,
        default=0,
        metavar="N",
        help=f"so many more accounts, from extension {MORE_START} on",
    )
    parser.add_argument("--seed", type=int, help="make names of calls repeatable")
    parser.add_argument(
        "--strange",
        type=int,
        metavar="SEED",
        help="a platform as unlike the usual one as it may be, by seed",
    )
    parser.add_argument(
        "--replay",
        type=Path,
        metavar="FILE",
        help="say the platform's side of recorded messages, and nothing else",
    )
    parser.add_argument("--verbose", action="store_true", help="log to standard error")


def write_ready(path: Path, ready: dict[str, object]) -> None:
    """One line of JSON, there as a whole or not at all; for its owner only, as it names
    passwords (though only invented ones)."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(json.dumps(ready, ensure_ascii=False) + "\n")
    Path(name).replace(path)


def is_held(path: Path) -> bool:
    """Whether a process holds a shared lock on the file."""
    try:
        with path.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


async def until_released(path: Path, held_once: bool = False) -> None:
    """Return when nobody has held a shared lock on the file: after a first holder at once, else
    after the grace."""
    started = time.monotonic()
    free = 0
    while True:
        await asyncio.sleep(HOLD_POLL)
        held = is_held(path)
        held_once = held_once or held
        # Two looks: between an engine that ends and the next one there may be a moment of nobody.
        free = 0 if held else free + 1
        if free > 1 and (held_once or time.monotonic() - started > HOLD_GRACE):
            return


async def serve(
    options: SandboxOptions, doors: Doors, tell: Callable[[dict[str, object]], None], hold: KeptFile
) -> None:
    """Run a sandbox until SIGTERM or SIGINT, or until nobody holds it."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    waits = [loop.create_task(stop.wait())]
    if hold.file is not None:
        released = until_released(hold.file, hold.held_once)
        waits.append(loop.create_task(released))  # type: ignore[arg-type]
    from tui.sandbox.server import StandingSandbox

    standing = StandingSandbox(options)
    standing.on_ready = tell
    try:
        await standing.start(doors)
        # A thread that nobody waits for: a sandbox may end while it loads.
        media = Thread(target=importlib.import_module, args=(MEDIA,), daemon=True)
        loop.call_later(MEDIA_AFTER, media.start)
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await standing.close()


@dataclass(frozen=True, slots=True)
class KeptFile:
    """The file to keep a sandbox alive by, and whether somebody has held it already."""

    file: Path | None
    held_once: bool


def run(argv: list[str], parsed_by: type[argparse.ArgumentParser] = argparse.ArgumentParser) -> int:
    """`yimi sandbox ARGV…`; the exit code: 0, or 1 when the port is taken or the recording cannot
    be read. `parsed_by` says in its own way what it does not understand."""
    parser = parsed_by(
        prog="yimi sandbox", description="A call platform in a box, for this machine only."
    )
    add_arguments(parser)
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.ERROR, format="%(asctime)s %(name)s %(message)s")
    if args.verbose:
        logging.getLogger("tui").setLevel(logging.INFO)
    try:
        doors = Doors.open(args.port)
    except (OSError, OverflowError) as error:
        print(f"yimi sandbox: {error}", file=sys.stderr)
        return 1

    def end(_signal: int, _frame: FrameType | None) -> None:
        """A signal that comes before the event loop takes it. What is raised in here may be lost in
        whatever was being imported, a finalizer or a callback, so nothing is raised."""
        if args.ready_file is not None:
            args.ready_file.unlink(missing_ok=True)
        os._exit(0)

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, end)

    def tell(ready: dict[str, object]) -> None:
        if args.ready_file is not None:
            write_ready(args.ready_file, ready)
        else:
            print(json.dumps(ready, ensure_ascii=False), flush=True)

    try:
        # The first look is before it says that it is ready: who waits for that may let go then.
        hold = KeptFile(args.hold, args.hold is not None and is_held(args.hold))
        fixtures = Fixtures()
        fixtures.add_agents(args.agents)
        tell(ready(fixtures, doors.port, doors.port1))
        return _answer(args, doors, tell, hold)
    finally:
        doors.close()
        if args.ready_file is not None:
            args.ready_file.unlink(missing_ok=True)


def _answer(
    args: argparse.Namespace,
    doors: Doors,
    tell: Callable[[dict[str, object]], None],
    hold: KeptFile,
) -> int:
    """Load what answers at the doors, and answer; the exit code."""
    # Nothing here speaks TLS, but the web library reads all authorities of the machine when it
    # is loaded.
    os.environ.setdefault("SSL_CERT_FILE", os.devnull)
    from tui.sandbox.replay import read_recording

    try:
        replay = read_recording(args.replay) if args.replay is not None else ()
    except (ValueError, OSError) as error:
        print(f"yimi sandbox: {error}", file=sys.stderr)
        return 1
    options = SandboxOptions(
        port=args.port,
        auto_call=None if args.no_auto_call else args.auto_call,
        token_life=args.token_life,
        seed=args.seed,
        big_directory=args.big_directory,
        agents=args.agents,
        language=args.language,
        strange=args.strange,
        replay=replay,
    )
    asyncio.run(serve(options, doors, tell, hold))
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
