"""The web wire of generation 2. Nobody has published it: all of it is assumed, and stands here.

Every path is relative to the backend's address. Bodies are JSON both ways. An answer is an object
with `status` (200 or 0, or left out, is yes; anything else is the code of a refusal), `info` and
`data`; a refusal may come with any HTTP status. All but `sign_in` carry the token in
`Authorization: Bearer TOKEN`; 401 or 403 says that the token is not taken (any longer).

| route | request | answer |
|---|---|---|
| sign_in | headers as in `signature`; `{"switchnumber", "callintype", "number"}` | `data: {"token", "expires_in"}`, the life in seconds |
| renew | `{}` with the old token | as sign_in; the old token serves until the new one is used |
| user | | `data: {"userInfo": {"displayname", "eid", "number"}, "groupInfo": [{"gid", "eid", "name"}], "enterprise": {"epname", "extension_start", "extension_end", …}, "sip": {"url", "domain", "pbx"}}`: the line to register at; `pbx` may be left out, and is then `sip:PBX@DOMAIN` |
| check_in | `{"gid", "callintype", "number"}` | a refusal when the bound SIP phone does not exist |
| check_out | `{}` | |
| groups | `?page=1` | `{"current_page", "last_page", "total", "data": [group]}` (specification, getGroups) |
| members | `?gid=GID&seat_page=1` | `{"data": [{"gid", "name", "current_page", "last_page", "total", "seats": [seat]}]}` (specification, getGroupMembers) |
"""  # noqa: E501 - a table

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

_ROUTE: Final = re.compile(r"(GET|POST|PUT) +/?([!-~]+)")


@dataclass(frozen=True, slots=True)
class Route:
    """A method, and a path relative to the backend's address, without a leading `/`."""

    method: str
    path: str


@dataclass(frozen=True, slots=True)
class Routes:
    """The table. In the config a route is written "GET path" (`[routes]`)."""

    sign_in: Route = Route("POST", "user/token")
    renew: Route = Route("POST", "user/token/renew")
    user: Route = Route("GET", "user/info")
    check_in: Route = Route("POST", "seat/check-in")
    check_out: Route = Route("POST", "seat/check-out")
    groups: Route = Route("GET", "groups")
    members: Route = Route("GET", "groups/members")
    source: str = "webrtc-sdk"
    """The value of the header `source` at sign-in."""
    sip_username: str = "{un}_{eid16}"
    """Who registers, in the address of record and in the digest."""
    user_agent: str = "callcenter_webrtc/2 (gid={gid})"
    """The SIP User-Agent: carries the group signed in to."""

    def overridden(self, values: Mapping[str, str]) -> Routes:
        """The same with some values changed. ValueError names what cannot be used."""
        changed: dict[str, Any] = {}
        known = {each.name: getattr(self, each.name) for each in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"there is no route {name!r}")
            changed[name] = _read(name, value) if isinstance(known[name], Route) else value
        made = replace(self, **changed)
        try:
            made.sip_username.format(un="1", eid="1", eid16="1")
            made.user_agent.format(gid="1", eid="1")
        except (KeyError, IndexError, ValueError, AttributeError):
            raise ValueError("sip_username or user_agent has an unknown place") from None
        return made


def _read(name: str, value: str) -> Route:
    found = _ROUTE.fullmatch(value.strip())
    if not found or "://" in value or ".." in value or "//" in value:
        raise ValueError(f'the route {name} must read like "GET path", relative to the backend')
    return Route(found[1], found[2])


ROUTES: Final = Routes()
