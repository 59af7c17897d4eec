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

from tui.platform.bad_setting import BadSetting

TOKEN_HEADER: Final = "Authorization: Bearer {token}"  # noqa: S105
PROOFS: Final = ("signature", "password", "md5", "sha256", "basic")
"""How the password is proved at sign-in: the vendor's signed headers; the password itself, or its
MD5 or SHA-256 in hexadecimal, in the body beside the extension; or HTTP's Basic."""
BODIES: Final = ("json", "form")
_HEADER: Final = re.compile(r"[A-Za-z0-9-]{1,60}: ?[ -~]*")
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
    proof: str = "signature"
    """One of PROOFS."""
    body: str = "json"
    """How the body of a request is written: one of BODIES."""
    token: str = TOKEN_HEADER
    """The header that carries the token."""
    header_source: str = "source"
    header_nonce: str = "nonce"
    header_auth_type: str = "auth-type"
    header_username: str = "username"
    header_signature: str = "signature"
    """The headers of the proof "signature"."""

    def overridden(self, values: Mapping[str, str]) -> Routes:
        """The same with some values changed. Raises BadSetting."""
        changed: dict[str, Any] = {}
        known = {each.name: getattr(self, each.name) for each in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise BadSetting(name, "config.no_name", name=repr(name))
            if isinstance(known[name], Route):
                changed[name] = _read(name, value)
            else:
                _check(name, value)
                changed[name] = value
        return replace(self, **changed)


def _read(name: str, value: str) -> Route:
    found = _ROUTE.fullmatch(value.strip())
    if not found or "://" in value or ".." in value or "//" in value:
        raise BadSetting(name, "config.route", given=repr(value))
    return Route(found[1], found[2])


def _check(name: str, value: str) -> None:
    choices = {"proof": PROOFS, "body": BODIES}.get(name)
    if choices is not None and value not in choices:
        raise BadSetting(name, "config.one_of", known=", ".join(choices), given=repr(value))
    if name == "token" and not (_HEADER.fullmatch(value) and value.count("{token}") == 1):
        raise BadSetting(name, "config.header", place="{token}", given=repr(value))
    if name.startswith("header_") and not _HEADER.fullmatch(f"{value}:"):
        raise BadSetting(name, "config.header_name", given=repr(value))
    filled = {"sip_username": ("un", "eid", "eid16"), "user_agent": ("gid", "eid")}.get(name)
    if filled is not None:
        check_places(name, value, filled)


def check_places(name: str, value: str, filled: tuple[str, ...]) -> None:
    """That a template has no places but these. Raises BadSetting."""
    try:
        value.format(**dict.fromkeys(filled, "1"))
    except (KeyError, IndexError, ValueError, AttributeError, TypeError):
        known = ", ".join(f"{{{each}}}" for each in filled)
        raise BadSetting(name, "config.place", given=repr(value), known=known) from None


ROUTES: Final = Routes()
