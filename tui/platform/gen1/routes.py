"""The web wire of generation 1: observed in the vendor's public clients, and where nothing shows
it, assumed. All of it stands here and can be said otherwise in the config (`[routes1]`).

Every request is a GET, every answer a JSON object `{status, info, data}` in which status 0 is yes.

| route | asked | answer |
|---|---|---|
| directory | the address in the profile, with `{switchnumber}` in it | `data: {"server": …}`: a host, or an address [assumed] |
| getinfo | `un`, `pwd`, `switchNumber`, `cFlag=1`, at `server` | `data: {domain, port, real_domain, http_port, http_ports, epName, eid}` |
| profile | all of the following at `web`, each with `un`, `pwd`, `eid` | `data.epProfile: {extension_start, extension_end, allow_auto_answer, auto_answer_duration, terminal_need_reg, …}` |
| member | | `data: {number, displayname, uid, duty, inGroups: [{id, eid, name}], …}` |
| update | `jsonStr={"data": {"callintype", "telephone" or "sip_telephone"}}` | |
| check_phone | `mobile` | status 0: the callback phone is verified |
| groups | | `data: [{id, eid, name}]`, all of them |
| member_states | `uid`: one or more, joined by commas | `data: [{uid, state}]`, `state` as `checkSeatState` numbers it [assumed] |
| members | `start`, `length`, `searchGid` (-1: in no group) | `data: {data: [{number, displayname, uid, service_control}], recordsTotal}` |

`pwd` is the MD5 of the password, in hexadecimal.
"""  # noqa: E501 - a table

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Final

from tui.platform.bad_setting import BadSetting
from tui.platform.gen2.routes import Route, check_places

_PATH: Final = re.compile(r"/?([!-~]+)")
_ADDRESSES: Final = ("server", "web")
_PLACES: Final = {
    "server": ("server",),
    "web": ("scheme", "real_domain", "http_port", "http_ports"),
    "sip_username": ("un", "eid", "eid16"),
}
"""What is filled into which template."""


@dataclass(frozen=True, slots=True)
class Routes1:
    """The table. `server` and `web` are addresses with scheme, host and port; the others are paths
    there, but for `user_agent` and `sip_username`."""

    server: str = "https://{server}:1047"
    """Where getinfo is asked. In the config's table of servers a name fills `{server}`; an address,
    or a name with a port, takes the place of all of this."""
    web: str = "{scheme}://{real_domain}"
    """Where all else is asked: `real_domain`, `http_port`, `http_ports` come with getinfo, `scheme`
    is the one that getinfo was asked by: https, but on this very machine."""
    getinfo: str = "Api/Client/getinfo"
    profile: str = "Talk/Api/getEpProfile"
    member: str = "Talk/Api/getMemberInfo"
    update: str = "Talk/Api/updateInfo"
    check_phone: str = "Talk/Mapi/checkRegisterStatus"
    groups: str = "Talk/Api/getGroups"
    members: str = "Talk/Api/searchEpMembers"
    member_states: str = "Talk/Api/getMemberCallStates"
    """"" where the platform has none: then it is not asked."""
    sip_username: str = "{un}_{eid16}"
    user_agent: str = "callcenter_webrtc"

    def route(self, name: str) -> Route:
        """One of the paths, as a route."""
        return Route("GET", getattr(self, name))

    def overridden(self, values: Mapping[str, str]) -> Routes1:
        """The same with some values changed. Raises BadSetting."""
        known = {each.name for each in fields(self)}
        changed: dict[str, str] = {}
        for name, value in values.items():
            if name not in known:
                raise BadSetting(name, "config.no_name", name=repr(name))
            free = name in (*_ADDRESSES, "sip_username", "user_agent")
            free = free or (name == "member_states" and not value)
            changed[name] = value if free else _path(name, value)
            if name in _PLACES:
                check_places(name, value, _PLACES[name])
        return replace(self, **changed)


def _path(name: str, value: str) -> str:
    found = _PATH.fullmatch(value.strip())
    if not found or "://" in value or ".." in value or "//" in value:
        raise BadSetting(name, "config.path", given=repr(value))
    return found[1]


ROUTES1: Final = Routes1()


def server_of(switchnumber: str, servers: Mapping[str, str]) -> str:
    """The server of a switch number, "" when there is none: the longest entry that the number
    begins with, so that an area code stands for all of its numbers."""
    found = [prefix for prefix in servers if prefix and switchnumber.startswith(prefix)]
    return servers[max(found, key=len)].strip() if found else ""
