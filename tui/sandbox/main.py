"""`yimi sandbox`: arguments, the ready file, and when to end."""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import json
import logging
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from tui.sandbox.dialplan import dial_plan_text
from tui.sandbox.server import Options, Sandbox

HOLD_GRACE = 30.0
"""How long a sandbox that nobody holds yet waits for a first holder, in seconds."""
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
    parser.add_argument("--seed", type=int, help="make names of calls repeatable")
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


async def serve(options: Options, ready_file: Path | None, hold: Path | None) -> None:
    """Run a sandbox until SIGTERM or SIGINT, or until nobody holds it."""
    sandbox = Sandbox(options)
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    await sandbox.start()
    waits = [loop.create_task(stop.wait())]
    if hold is not None:
        # The first look is before it says that it is ready: who waits for that may let go then.
        released = until_released(hold, is_held(hold))
        waits.append(loop.create_task(released))  # type: ignore[arg-type]
    try:
        if ready_file is not None:
            write_ready(ready_file, sandbox.ready)
        else:
            print(json.dumps(sandbox.ready, ensure_ascii=False), flush=True)
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await sandbox.close()


def run(argv: list[str]) -> int:
    """`yimi sandbox ARGV…`; the exit code: 0, or 1 when the port is taken."""
    parser = argparse.ArgumentParser(
        prog="yimi sandbox", description="A call platform in a box, for this machine only."
    )
    add_arguments(parser)
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.ERROR, format="%(asctime)s %(name)s %(message)s")
    if args.verbose:
        logging.getLogger("tui").setLevel(logging.INFO)
    options = Options(
        port=args.port,
        auto_call=None if args.no_auto_call else args.auto_call,
        token_life=args.token_life,
        seed=args.seed,
        big_directory=args.big_directory,
    )
    try:
        try:
            asyncio.run(serve(options, args.ready_file, args.hold))
        finally:
            if args.ready_file is not None:
                args.ready_file.unlink(missing_ok=True)
    except OSError as error:
        print(f"yimi sandbox: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
