"""`python -m tui.engine.process`: an engine in a process and a session of its own.

It listens before it imports what is slow: whoever started it can attach at once, and is answered
when the engine is there. SIGTERM signs out (BYE, un-REGISTER, seat check-out) in bounded time;
SIGHUP means nothing to it. Nothing that fails in a task ends it: what fails is logged.
"""

from __future__ import annotations

import argparse
import asyncio
import faulthandler
import fcntl
import gc
import importlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from tui.config.paths import PathError, Paths
from tui.config.reader import load
from tui.config.schema import Config, ConfigError
from tui.config.user_settings import overlay, settings_file
from tui.engine.audio import native_stderr as noise
from tui.engine.own_account import OwnAccount
from tui.engine.service_notify import ServiceNotify
from tui.log import get_logger, note_signals, setup, take_output
from tui.media.short_slices import ask_for_short_slices
from tui.port import replace
from tui.port.values import message
from tui.port.wire.server import Host
from tui.port.wire.sockets import fresh_name, listen
from tui.port.wire.watch import WatchRules

log = get_logger("engine")

LAST_LIMIT: Final = 3.0
"""Seconds after the port is closed; then the process ends whatever still runs in it."""
_WARM: Final = ("tui.platform.gen2.platform",)


def main(argv: Sequence[str] | None = None) -> int:
    """Run an engine until it is done. 0 when it ended in good order, 1 when it failed or could not
    sign in by itself, 2 when what it was given cannot be used."""
    options = _options(argv)
    manager = ServiceNotify()
    os.umask(0o077)
    with suppress(PermissionError):
        os.setsid()  # PermissionError: whoever started us has seen to it
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        paths = Paths.find()
        if options.runtime is not None:
            paths = replace(paths, runtime=options.runtime.absolute())
        paths.prepare()
        config = load(options.config)
        if options.profile:
            config = config.with_profile(options.profile)
        wrong: tuple[ConfigError, ...] = ()
        if options.config is not None:
            config, wrong = overlay(config, settings_file(options.config))
        own = None
        if options.sign_in_fd is not None:
            own = OwnAccount.read(options.sign_in_fd, options.group)
    except (PathError, ConfigError, ValueError) as error:
        print(f"yimi: {error}", file=sys.stderr)
        return 2
    ask_for_short_slices()
    hold(options.hold)
    path = paths.runtime / fresh_name()
    try:
        listening = listen(path)
    except OSError as error:
        why = error.strerror or str(error)
        print(f"yimi: {PathError('not_written', paths.runtime, why)}", file=sys.stderr)
        return 2
    crash = _leave_terminal(paths.log_file)
    logfile = setup(paths.log_file)
    noise.listen(1, 2)
    for what in wrong:
        log.warning("setting left out: %s", what)
    faulthandler.enable(crash)  # with no detour: at that moment no thread of ours runs
    if options.ready_fd is not None:
        os.write(options.ready_fd, os.fsencode(path.name) + b"\n")
        os.close(options.ready_fd)
    try:
        code = asyncio.run(
            _serve(
                config,
                paths,
                listening,
                path,
                logfile.trouble(),
                config_file=options.config,
                manager=manager,
                own=own,
            )
        )
    except Exception:
        log.exception("the engine's process failed")
        path.unlink(missing_ok=True)
        return 1
    return code


def hold(files: Sequence[Path]) -> None:
    """Keep a shared lock on each file as long as this process lives: whoever can lock one
    exclusively knows that no engine needs it any more."""
    for file in files:
        fcntl.flock(os.open(file, os.O_RDWR | os.O_CREAT, 0o600), fcntl.LOCK_SH)


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tui.engine.process", description=__doc__)
    parser.add_argument("--runtime", type=Path, help="the runtime directory")
    parser.add_argument("--config", type=Path, help="config.toml")
    parser.add_argument("--profile", default="", help="whose policies are in force")
    parser.add_argument("--hold", type=Path, action="append", default=[], metavar="FILE")
    parser.add_argument("--sign-in-fd", type=int, help="where the sign-in to begin with is read")
    parser.add_argument("--group", default="", help="which group, where it signs in by itself")
    parser.add_argument("--ready-fd", type=int, help="where to write the socket's name")
    return parser.parse_args(argv)


def _leave_terminal(log_file: Path) -> int:
    """Nothing read from the terminal, nothing written to it. The descriptor of the log, for what
    is said when the process crashes; where the log cannot be written, one that leads nowhere."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return take_output(log_file)


async def _serve(
    config: Config,
    paths: Paths,
    listening: socket.socket,
    path: Path,
    no_log: str,
    *,
    config_file: Path | None,
    manager: ServiceNotify,
    own: OwnAccount | None,
) -> int:
    """Until the engine is done. The exit code: 0 where it could do what it was started for."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_failed)
    from tui.engine.engine import Engine  # after the socket listens: it takes a while

    engine = Engine(config, paths=paths, config_file=config_file)
    if config.provision.url:
        from tui.engine.provisioning import look

        engine.context.spawn(look(engine.context, paths.state))
    if no_log:
        what = message("log.not_written", path=paths.log_file, why=no_log)
        engine.context.notice(what, serious=False)
    watch = WatchRules(config.watch.allow, Path(config.watch.directory))
    host = Host(engine, paths.runtime, listening=listening, path=path, watch=watch)
    code = 0

    def end() -> None:
        manager.stopping()
        host.end()

    async def enter() -> None:
        nonlocal code
        if own is not None and (code := await own.enter(engine)):
            end()

    async def finished() -> None:
        await engine.finished.wait()
        manager.stopping()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGXCPU):
        loop.add_signal_handler(number, end)
    note_signals(loop)
    log.info("engine %d listens", os.getpid())
    warming = loop.create_task(asyncio.to_thread(_warm))
    serving = loop.create_task(host.serve())
    beside = [loop.create_task(each()) for each in (enter, finished)]
    manager.ready()
    await serving
    log.info("engine %d ends", os.getpid())
    end_soon()
    for task in beside:
        task.cancel()
    await asyncio.gather(warming, *beside, return_exceptions=True)
    manager.close()
    return code


def _warm() -> None:
    """Import what signing in needs, and take what was loaded so far out of the collector's sight,
    so that no collection of it ever falls into a call."""
    for name in _WARM:
        try:
            importlib.import_module(name)
        except ImportError:
            log.exception("%s cannot be imported", name)
    gc.collect()
    gc.freeze()


def end_soon(limit: float = LAST_LIMIT) -> None:
    """End the process even if a thread of a sound library hangs."""
    timer = threading.Timer(limit, os._exit, (0,))
    timer.daemon = True
    timer.start()


def _failed(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    log.error("%s", context.get("message"), exc_info=error)


if __name__ == "__main__":
    sys.exit(main())
