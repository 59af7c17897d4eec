"""ICE with the given servers: each is asked, and must give what it is there for."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from tui.engine.checks.runner import Finding, fail, ok, warn, worst

_SERVER: Final = re.compile(
    r"(?P<scheme>stuns?|turns?):(?:(?P<user>[^:@\s]+):(?P<password>[^@\s]+)@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:?@/\[\]]{1,255})(?::(?P<port>[0-9]{1,5}))?"
    r"(?:\?transport=(?P<transport>udp|tcp))?"
)


@dataclass(frozen=True)
class Server:
    """One STUN or TURN server, taken apart. The password is not shown."""

    scheme: str
    host: str
    port: int
    user: str | None = None
    password: str | None = None
    transport: str = "udp"

    def __repr__(self) -> str:
        return f"Server({self.name})"

    @property
    def turn(self) -> bool:
        """Whether it relays."""
        return self.scheme.startswith("turn")

    @property
    def name(self) -> str:
        """For a sentence; without the password."""
        return f"{self.scheme}:{self.host}:{self.port}"


Gather = Callable[[Server | None], Awaitable[frozenset[str]]]
"""The kinds of candidate ("host", "srflx", "relay") that come with that server, or without one."""


def server(url: str) -> Server | None:
    """`stun:HOST[:PORT]`, `turn:USER:PASSWORD@HOST[:PORT][?transport=tcp]`; None for others."""
    found = _SERVER.fullmatch(url.strip())
    if found is None:
        return None
    secure = found["scheme"].endswith("s")
    port = int(found["port"] or (5349 if secure else 3478))
    transport = found["transport"] or ("tcp" if secure else "udp")
    host = found["host"].strip("[]")
    return Server(found["scheme"], host, port, found["user"], found["password"], transport)


def with_credentials(url: str, user: str, password: str) -> Server | None:
    """A server whose credentials stand apart from its address; None for an address that is none."""
    found = server(url)
    return found if found is None or not user else replace(found, user=user, password=password)


async def ice(
    urls: Sequence[str | Server | None], gather: Gather, *, local: bool = False
) -> Finding:
    """This machine has an address to be reached at, and each server answers. `local`: the
    platform is on this machine, where loopback does."""
    kinds = await gather(None)
    if "host" not in kinds and not local:
        return fail("check.ice.no_address")
    if not urls:
        return ok("check.ice.none")
    parsed = [server(url) if isinstance(url, str) else url for url in urls]
    known = [found for found in parsed if found is not None]
    if len(known) < len(parsed):
        return fail("check.ice.bad")
    # At once: one that is silent costs seconds, and a check has only so many.
    found = worst(await asyncio.gather(*(_asked(each, gather) for each in known)))
    if found.state != "ok":
        return found
    names = ", ".join(each.name for each in known)
    return ok("check.ice.ok", n=len(known), servers=names)


async def _asked(one: Server, gather: Gather) -> Finding:
    """Whether this server gives what it is there for."""
    try:
        kinds = await gather(one)
    except OSError:
        kinds = frozenset()
    if ("relay" if one.turn else "srflx") in kinds:
        return ok("check.ice.ok", n=1, servers=one.name)
    if one.turn:
        return fail("check.ice.turn_failed", server=one.name)
    # Without a STUN server a call may still work in the same network: TURN was put there because
    # it does not.
    return warn("check.ice.stun_failed", server=one.name)


async def gather(given: Server | None) -> frozenset[str]:
    """The real thing, by aioice."""
    import aioice

    options: dict[str, Any] = {}
    if given is not None and given.turn:
        options = {
            "turn_server": (given.host, given.port),
            "turn_username": given.user,
            "turn_password": given.password,
            "turn_ssl": given.scheme == "turns",
            "turn_transport": given.transport,
        }
    elif given is not None:
        options = {"stun_server": (given.host, given.port)}
    connection = aioice.Connection(ice_controlling=True, **options)
    try:
        await connection.gather_candidates()
        return frozenset(candidate.type for candidate in connection.local_candidates)
    finally:
        await connection.close()
