"""`python -m tui.engine.probe.process`: a probe in a process of its own.

The password comes in one line on standard input; what there is to say goes out as lines of JSON,
each a `Message` of the port. Whatever a sound library prints goes to the log. It ends with 0 when
the probe went through, 1 when not; SIGTERM and SIGINT sign out, and the file is kept.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from tui import __version__
from tui.config.paths import Paths
from tui.config.reader import load
from tui.config.schema import Config, ConfigError, Profile
from tui.config.user_settings import overlay, settings_file
from tui.engine.probe.listening import CALL_LIMIT, Listening, Tell
from tui.engine.probe.masking import Masker
from tui.engine.probe.record import Record
from tui.log import setup, take_output
from tui.platform import control
from tui.port import replace
from tui.port.commands import SignIn
from tui.port.values import Message, message
from tui.port.wire.codec import to_json
from tui.secrets import Secret


def main(argv: Sequence[str] | None = None) -> int:
    """Run one; the exit code."""
    options = _options(argv)
    os.umask(0o077)
    paths = Paths.find().prepare()
    try:
        config = load(options.config)
        config, _ = overlay(config, settings_file(options.config))
        profile = config.profile(options.profile)
        config = config.with_profile(profile.name)
    except ConfigError as error:
        print(f"yimi: {error}", file=sys.stderr)
        return 2
    password = Secret(sys.stdin.readline().rstrip("\n"))
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as lines:

        def tell(said: Message) -> None:
            print(json.dumps(to_json(said)), file=lines, flush=True)

        try:
            # "x": what is there already is never written over, whoever is quicker.
            out = options.output.open("x", encoding="utf-8")
        except FileExistsError:
            tell(message("probe.exists", path=options.output))
            return 1
        except OSError as error:
            tell(message("probe.not_written", path=options.output, why=error.strerror))
            return 1
        os.close(take_output(paths.log_file))
        setup(paths.log_file)
        failure = asyncio.run(_run(options, config, paths, profile, password, out, tell))
        if failure is not None:
            tell(failure)
    sys.stdout.flush()
    os._exit(0 if failure is None else 1)  # a driver's thread must not keep it


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tui.engine.probe.process", description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--profile", required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--gid", default="")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--call", action="store_true")
    return parser.parse_args(argv)


async def _run(
    options: argparse.Namespace,
    config: Config,
    paths: Paths,
    profile: Profile,
    password: Secret,
    out: TextIO,
    tell: Tell,
) -> Message | None:
    """Sign in, listen, sign out. Why it did not go through; None when it did."""
    assumed = control.ASSUMED.overridden(config.messages)
    record = Record(out, Masker(secrets_of(profile, password), parties_of(assumed)), assumed)
    record.begin(
        yimi=__version__,
        profile=profile.name,
        platform=profile.kind,
        until="call" if options.call else f"{options.seconds:g} s",
    )
    seconds = CALL_LIMIT if options.call else options.seconds
    # The seat is to be idle as after any sign-in: nobody looks at a check before the shift here.
    config = replace(config, policies=replace(config.policies, check_before_idle=False))
    listening = Listening(config, paths, record, tell, seconds, call=options.call)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, listening.stop)
    try:
        failure = await listening.run(SignIn.of(profile, password), options.gid)
    finally:
        record.end()
        record.close()
    for (kind, what), setting in record.settings.items():
        tell(message("probe.item", kind=kind, what=what, setting=setting))
    tell(
        message(
            "probe.written",
            path=options.output,
            heard=record.heard,
            skipped=sum(record.skipped.values()),
            refused=record.refused,
        )
    )
    if failure is None and record.trouble:
        return message("probe.not_written", path=options.output, why=record.trouble)
    return failure


def secrets_of(profile: Profile, password: Secret) -> tuple[str, ...]:
    """What must not stand in the file, wherever a platform says it."""
    return password.reveal(), profile.seed, profile.turn_credential


def parties_of(assumed: control.Assumed) -> tuple[str, ...]:
    """The attributes that hold somebody's number, as this platform names them."""
    settings = ("party", "callee", "switchnumber", "hold_number", "kick_party")
    return tuple(
        dict.fromkeys(name for each in settings for name in getattr(assumed, each).split())
    )


if __name__ == "__main__":
    sys.exit(main())
