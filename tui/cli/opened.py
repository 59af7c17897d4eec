"""What most commands open before they do anything: the folders, the config, and a profile of it."""

from __future__ import annotations

import os
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path

from tui.cli.exits import complain_config, speak
from tui.config.errors import ConfigError
from tui.config.layers import system_file
from tui.config.paths import Paths
from tui.config.reader import load
from tui.config.schema import Config, Profile


@dataclass(frozen=True, slots=True)
class Opened:
    """`file` is the config's, absolute, there or not; `named` the profile that `--profile` names,
    None where it names none."""

    paths: Paths
    file: Path
    config: Config
    named: Profile | None = None

    @property
    def profile(self) -> Profile:
        """The one that is named, else the one that a front end begins with; an empty one where
        there is none."""
        return self.named or next(iter(self.config.profiles), Profile())


def opened(
    options: Namespace, *, prepare: bool = True, fetch: bool = False, profile: bool = False
) -> Opened | int:
    """What is there, in the config's language from now on; or the exit code, when why is said.

    `prepare` makes the folders; `fetch` fetches the administrator's settings where they never came;
    `profile` looks for the one that the options name.
    """
    try:
        paths = Paths.find()
        if prepare:
            paths.prepare()
        file = Path(options.config or paths.config_file).absolute()
        if fetch and os.path.isfile(system_file()):  # none else has settings to be fetched
            from tui.cli.host.provision import fetch_first

            fetch_first()
        config = load(file, wanted=options.config is not None)
        named = config.profile(options.profile) if profile and options.profile else None
    except ConfigError as error:
        return complain_config(error)
    speak(config)
    return Opened(paths, file, config, named)
