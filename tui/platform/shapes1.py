"""The JSON of generation 1 into values; as careful as `shapes`, whose errors these are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from tui.platform import codes
from tui.platform.base import Group, GroupPage, MemberPage, PlatformError, Seat, UserData
from tui.platform.jsonvalues import (
    count_of,
    digits_of,
    integer_of,
    list_of,
    object_of,
    optional_digits,
    text_of,
)
from tui.platform.shapes import auto_answer, domain_of
from tui.platform.web import Reply

_STATUS: Final = {
    **dict.fromkeys((4, 7, 8), codes.WRONG_PASSWORD),
    **dict.fromkeys((3, 6), codes.NO_ENTERPRISE),
}
"""`status` of getinfo that says why not; any other is a server error."""
_OFFLINE, _ONLINE = 1, 2
_WEB_HOST: Final = re.compile(r"[A-Za-z0-9.\[\]:-]{1,255}")
MAX_GROUPS: Final = 10_000
"""This generation gives all groups at once."""


@dataclass(frozen=True, slots=True)
class Found:
    """What getinfo says of an enterprise: its SIP domain, its web server, its id."""

    domain: str
    real_domain: str
    http_port: str
    http_ports: str
    eid: str
    epname: str


@dataclass(frozen=True, slots=True)
class Enterprise:
    """What getEpProfile says. `verify`: whether a callback phone must be verified."""

    extension_start: str
    extension_end: str
    auto_answer: int
    verify: bool


def status_of(reply: Reply) -> int | None:
    """The `status` of an answer; None where there is none to trust."""
    if not 200 <= reply.http < 300 or not isinstance(reply.body, dict):
        return None
    return integer_of(reply.body.get("status"))


def data_of(reply: Reply, code: int, message_id: str = "") -> Any:
    """The `data` of a yes; else PlatformError with `code`: 50000 where the server itself failed."""
    status = status_of(reply)
    if status is None:
        raise PlatformError(codes.SERVER_ERROR, reply.info)
    if status != 0:
        raise PlatformError(code, f"{status} {reply.info}".strip(), message_id)
    return reply.body.get("data")


def read_server(reply: Reply) -> str:
    """The server that the directory names. Raises PlatformError 50002."""
    data = data_of(reply, codes.NO_SERVER)
    name = data.get("server") if isinstance(data, dict) else None
    if not isinstance(name, str) or not name.strip():
        raise PlatformError(codes.NO_SERVER, "the directory names no server")
    return name.strip()


def read_info(reply: Reply) -> Found:
    """getinfo. Raises PlatformError 50003, 50004, 50000, and 50005 for data that cannot be."""
    status = status_of(reply)
    if status != 0:
        found = codes.SERVER_ERROR if status is None else _STATUS.get(status, codes.SERVER_ERROR)
        raise PlatformError(found, f"{'' if status is None else status} {reply.info}".strip())
    code = codes.UNREADABLE_LOGIN
    data = object_of(reply.body.get("data"), code, "getinfo")
    real_domain = text_of(data.get("real_domain"))
    if not _WEB_HOST.fullmatch(real_domain):
        raise PlatformError(code, "real_domain")
    return Found(
        domain=domain_of(data.get("domain"), code, "domain"),
        real_domain=real_domain,
        http_port=optional_digits(data.get("http_port")),
        http_ports=optional_digits(data.get("http_ports")),
        eid=digits_of(data.get("eid"), code, "eid"),
        epname=text_of(data.get("epName")),
    )


def read_profile(reply: Reply) -> Enterprise:
    """getEpProfile. Raises PlatformError 50005."""
    code = codes.UNREADABLE_LOGIN
    data = object_of(data_of(reply, code), code, "getEpProfile")
    profile = object_of(data.get("epProfile"), code, "epProfile")
    return Enterprise(
        extension_start=optional_digits(profile.get("extension_start")),
        extension_end=optional_digits(profile.get("extension_end")),
        auto_answer=auto_answer(profile),
        verify=integer_of(profile.get("terminal_need_reg")) != 0,
    )


def read_member(reply: Reply, found: Found, enterprise: Enterprise) -> UserData:
    """getMemberInfo. Raises PlatformError 50005."""
    code = codes.UNREADABLE_LOGIN
    data = object_of(data_of(reply, code), code, "getMemberInfo")
    groups = list_of(data.get("inGroups") or [], code, "inGroups")
    return UserData(
        number=digits_of(data.get("number"), code, "number"),
        displayname=text_of(data.get("displayname")),
        eid=found.eid,
        groups=tuple(_group(each, code) for each in groups),
        extension_start=enterprise.extension_start,
        extension_end=enterprise.extension_end,
        epname=found.epname,
        auto_answer=enterprise.auto_answer,
    )


def read_groups(reply: Reply, page: int) -> GroupPage:
    """getGroups: all of them are page 1. Raises PlatformError 50008."""
    code = codes.UNREADABLE_GROUPS
    rows = list_of(data_of(reply, code), code, "groups", MAX_GROUPS)
    groups = tuple(_group(each, code) for each in rows)
    return GroupPage(page, 1, len(groups), groups if page == 1 else ())


def read_members(reply: Reply, gid: str, name: str, page: int, length: int) -> MemberPage:
    """searchEpMembers: `length` rows from `(page - 1) * length` on. Raises PlatformError 50009."""
    code = codes.UNREADABLE_MEMBERS
    data = object_of(data_of(reply, code), code, "members")
    seats = tuple(_seat(each, code) for each in list_of(data.get("data"), code, "members"))
    known = (page - 1) * length + len(seats)
    # The total stands beside the rows, as that kind of table has it, or one level higher.
    total = count_of(data.get("recordsTotal", reply.body.get("recordsTotal")), known, code)
    return MemberPage(gid, name, page, max(1, -(-total // length)), total, seats)


def _group(data: Any, code: int) -> Group:
    given = object_of(data, code, "group")
    gid = digits_of(given.get("id"), code, "id")
    # Here the id is what one signs in with: no other number of a group is told.
    return Group(gid=gid, name=text_of(given.get("name")), id=gid)


def _seat(data: Any, code: int) -> Seat:
    given = object_of(data, code, "member")
    service = integer_of(given.get("service_control"))
    state = None if service is None else _OFFLINE if service == 0 else _ONLINE
    return Seat(
        number=text_of(given.get("number")),
        displayname=text_of(given.get("displayname")),
        id=text_of(given.get("uid") or given.get("id")),
        work_number=text_of(given.get("work_number")),
        state_id=state,
        state_message="" if service is None else codes.SERVICE.get(service, ""),
    )
