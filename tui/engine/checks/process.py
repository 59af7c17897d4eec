"""`python -m tui.engine.checks.process`: the check before the shift without an engine.

What is to be checked is said in arguments, the password in one line on standard input (empty: not
given). Each change is a line of JSON, the checks as they are then. Exit code 0 when nothing
failed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from tui.config.paths import Paths
from tui.config.reader import load
from tui.config.schema import Config, ConfigError, Profile
from tui.config.user_settings import overlay, settings_file
from tui.engine.checks.runner import Course, passed
from tui.engine.checks.shift_check import ShiftCheck, Subject, probes_of
from tui.engine.session.platform_factory import make_platform
from tui.log import setup, take_output
from tui.port.commands import SignIn
from tui.port.events import ChecksChanged
from tui.port.values import HEADSET, Check
from tui.port.wire.codec import to_json
from tui.secrets import Secret


def main(argv: Sequence[str] | None = None) -> int:
    """Carry the check out."""
    parser = argparse.ArgumentParser(
        prog="python -m tui.engine.checks.process", description=__doc__
    )
    parser.add_argument("--config", type=Path)
    parser.add_argument("--profile", default="")
    options = parser.parse_args(argv)
    os.umask(0o077)
    paths = Paths.find()
    try:
        config = load(options.config)
        if options.config is not None:
            config, _ = overlay(config, settings_file(options.config))
        profile = config.profile(options.profile) if options.profile else Profile()
    except ConfigError as error:
        print(f"yimi: {error}", file=sys.stderr)
        return 2
    password = Secret(sys.stdin.readline().rstrip("\n"))
    out = os.dup(1)
    os.close(take_output(paths.log_file))
    setup(paths.log_file)
    subject = subject_of(config, paths, profile, password)
    with os.fdopen(out, "w", encoding="utf-8") as lines:

        def tell(checks: tuple[Check, ...]) -> None:
            print(json.dumps(to_json(ChecksChanged(checks))), file=lines, flush=True)

        asyncio.run(_run(subject, tell))
    return 1  # never: it ends by itself


def subject_of(config: Config, paths: Paths, profile: Profile, password: Secret) -> Subject:
    """What a profile, or without one the plain settings, amount to."""
    return Subject(
        config,
        paths,
        lambda command: make_platform(config, command),
        SignIn.of(profile, password),
        server=HEADSET if os.environ.get("YIMI_HEADSET") else os.environ.get("PULSE_SERVER", ""),
        probes=probes_of(config),
    )


async def _run(subject: Subject, tell: Any) -> NoReturn:
    shift = ShiftCheck(subject)
    try:
        good = passed(await Course(shift.steps(), tell).run())
    finally:
        await shift.close()
    # At once: a look-up that hangs, or a driver, has a thread that nobody can end, and asyncio
    # would wait for it. All that is to be said is said.
    os._exit(0 if good else 1)


if __name__ == "__main__":
    sys.exit(main())
