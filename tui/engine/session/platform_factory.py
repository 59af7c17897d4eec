"""What a sign-in of each kind is given: which fields it has filled in, and which platform object it
gets, with what the config says of it."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from pathlib import Path
from random import Random, SystemRandom
from typing import TYPE_CHECKING

from tui.engine.session.sign_in_fields import pbx_fields, platform_fields
from tui.platform.base import LineIdentities, SessionKind
from tui.platform.json_values import Skipped, left_out
from tui.secrets import Secret
from tui.sip.transport.address import trust

if TYPE_CHECKING:
    from tui.config.schema import Config, Profile
    from tui.platform.base import Platform
    from tui.platform.pbx.platform import Plain
    from tui.platform.relays import Relays
    from tui.port.commands import Result, SignIn


def make_platform(
    config: Config,
    command: SignIn,
    *,
    clock: Callable[[], float] = time.monotonic,
    rng: Random | None = None,
    skipped: Skipped = left_out,
) -> Platform:
    """The platform of a sign-in. What its room needs is imported when it is needed. `skipped` hears
    of entries of its lists that could not be read."""
    if command.kind == SessionKind.SIP:
        return plain(config.profile_for(SessionKind.SIP, command.profile, command.un))
    if command.kind == SessionKind.PLATFORM1:
        return _platform1(config, command, skipped)
    from tui.platform.gen2.platform import Platform2

    return Platform2(
        routes=config.routes,
        fields=config.fields,
        line=identities(config),
        clock=clock,
        rng=rng or SystemRandom(),
        tls=_tls(config),
        skipped=skipped,
    )


def checked_fields(config: Config, command: SignIn) -> SignIn | Result:
    """The command as it may be sent, or why it cannot (50001)."""
    if command.kind == SessionKind.SIP:
        return pbx_fields(config, command)
    return platform_fields(command)


def identities(config: Config) -> LineIdentities:
    """Who may speak to us on the line, as the config says."""
    said = config.platform
    return LineIdentities(said.pbx, said.callers, said.content_types)


def _tls(config: Config) -> ssl.SSLContext | None:
    """Whom the web side is trusted by; None: by whom this machine trusts."""
    return trust(config.tls.ca_file) if config.tls.ca_file else None


def plain(profile: Profile) -> Plain:
    """Any PBX, as the profile says."""
    from tui.platform.pbx.platform import Entry, Plain, PlainSettings

    settings = PlainSettings(
        url=profile.backend,
        auth_user=profile.auth_user,
        outbound_proxy=profile.outbound_proxy,
        realms=profile.realms,
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


def _platform1(config: Config, command: SignIn, skipped: Skipped) -> Platform:
    """Generation 1 wants of the config what generation 2 gets with the login data: of the profile
    chosen, else of the only one there is for that generation."""
    from tui.platform.gen1.platform import Platform1

    profile = config.profile_for(command.kind, command.profile)
    return Platform1(
        gateway=command.gateway or profile.gateway,
        servers=config.servers,
        directory=profile.directory,
        seed=Secret(profile.seed),
        routes=config.routes1,
        tls=_tls(config),
        fields=config.fields1,
        line=identities(config),
        skipped=skipped,
    )
