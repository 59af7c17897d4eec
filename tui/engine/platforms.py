"""Which platform object a sign-in gets: by its kind, with what the config says of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from random import Random, SystemRandom
from typing import TYPE_CHECKING

from tui.platform.base import PLAIN_SIP
from tui.secrets import Secret

if TYPE_CHECKING:
    from tui.config import Config, Profile
    from tui.engine.commands import SignIn
    from tui.platform.base import Platform
    from tui.platform.plain import Plain
    from tui.platform.relays import Relays


def make_platform(
    config: Config,
    command: SignIn,
    *,
    clock: Callable[[], float] = time.monotonic,
    rng: Random | None = None,
) -> Platform:
    """The platform of a sign-in. What its room needs is imported when it is needed."""
    if command.kind == PLAIN_SIP:
        return plain(config.profile_for(PLAIN_SIP, command.profile, command.un))
    if command.kind == "platform1":
        return _platform1(config, command)
    from tui.platform.platform2 import Platform2

    return Platform2(routes=config.routes, clock=clock, rng=rng or SystemRandom())


def plain(profile: Profile) -> Plain:
    """Any PBX, as the profile says."""
    from tui.platform.plain import Entry, Plain, PlainSettings

    settings = PlainSettings(
        url=profile.backend,
        auth_user=profile.auth_user,
        outbound_proxy=profile.outbound_proxy,
        people=tuple(Entry(each.name, each.number, each.group) for each in profile.people),
        people_file=Path(profile.people_file) if profile.people_file else None,
    )
    return Plain(settings)


def relays(config: Config, profile: Profile, clock: Callable[[], float]) -> Relays:
    """The STUN and TURN servers of the profile, or of all profiles."""
    from tui.platform.relays import Relays

    return Relays(
        profile.ice_servers or config.audio.ice_servers,
        profile.turn_username,
        Secret(profile.turn_credential),
        profile.turn_renewal,
        clock=clock,
    )


def _platform1(config: Config, command: SignIn) -> Platform:
    """Generation 1 wants of the config what generation 2 gets with the login data: of the profile
    chosen, else of the only one there is for that generation."""
    from tui.platform.platform1 import Platform1

    profile = config.profile_for(command.kind, command.profile)
    return Platform1(
        gateway=command.gateway or profile.gateway,
        servers=config.servers,
        directory=profile.directory,
        seed=Secret(profile.seed),
        routes=config.routes1,
    )
