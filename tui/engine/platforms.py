"""Which platform object a sign-in gets: by its kind, with what the config says of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random, SystemRandom
from typing import TYPE_CHECKING

from tui.secrets import Secret

if TYPE_CHECKING:
    from tui.config import Config
    from tui.engine.commands import SignIn
    from tui.platform.base import Platform


def make_platform(
    config: Config,
    command: SignIn,
    *,
    clock: Callable[[], float] = time.monotonic,
    rng: Random | None = None,
) -> Platform:
    """The platform of a sign-in. What its room needs is imported when it is needed."""
    if command.kind == "platform1":
        return _platform1(config, command)
    from tui.platform.platform2 import Platform2

    return Platform2(routes=config.routes, clock=clock, rng=rng or SystemRandom())


def _platform1(config: Config, command: SignIn) -> Platform:
    """Generation 1 wants of the config what generation 2 gets with the login data: of the profile
    chosen, else of the only one there is for that generation."""
    from tui.platform.platform1 import Platform1

    profile = config.profile_for(command.kind, command.profile)
    return Platform1(
        gateway=profile.gateway,
        servers=config.servers,
        directory=profile.directory,
        seed=Secret(profile.seed),
        routes=config.routes1,
    )
