"""The platform's JSON into values. Nothing in it is trusted to be there, or to be what it should.

Each reader raises PlatformError with the code for its kind of data when the shape is wrong, and
never anything else. Numbers come as numbers or as digits in a string; ids end up as text.
"""

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
from tui.platform.token import Token
from tui.platform.web import socket_url
from tui.secrets import Secret

_DOMAIN: Final = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9a-fA-F:]{2,45}\]"
)
_PBX: Final = re.compile(r"sips?:[!-~]{1,250}")
_TOKEN: Final = re.compile(r"[!-~]{1,4096}")
SHORTEST_LIFE: Final = 1.0


@dataclass(frozen=True, slots=True)
class SipLine:
    """Where to register: `url` of the WebSocket, the SIP domain, the PBX's address of record."""

    url: str
    domain: str
    pbx: str


def read_token(data: Any) -> Token:
    """`{"token", "expires_in"}`. Raises PlatformError 50005."""
    given = object_of(data, codes.UNREADABLE_LOGIN, "token")
    value, life = given.get("token"), given.get("expires_in")
    if isinstance(life, str) and life.isascii() and life.isdigit() and len(life) < 10:
        life = int(life)
    # A year is as good as for ever, and "nan" compares false.
    if isinstance(life, bool) or not isinstance(life, int | float) or not 0 < life <= 31_536_000:
        raise PlatformError(codes.UNREADABLE_LOGIN, "token: expires_in")
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise PlatformError(codes.UNREADABLE_LOGIN, "token")
    return Token(Secret(value), max(SHORTEST_LIFE, float(life)))


def read_user(data: Any) -> tuple[UserData, SipLine]:
    """`userInfo`, `groupInfo`, `enterprise` and `sip`. Raises PlatformError 50005."""
    code = codes.UNREADABLE_LOGIN
    root = object_of(data, code, "login data")
    info = object_of(root.get("userInfo"), code, "userInfo")
    enterprise = object_of(root.get("enterprise", {}), code, "enterprise")
    groups = list_of(root.get("groupInfo") or [], code, "groupInfo")
    user = UserData(
        number=digits_of(info.get("number"), code, "userInfo.number"),
        displayname=text_of(info.get("displayname")),
        eid=digits_of(info.get("eid"), code, "userInfo.eid"),
        groups=tuple(_group(each, code) for each in groups),
        extension_start=optional_digits(enterprise.get("extension_start")),
        extension_end=optional_digits(enterprise.get("extension_end")),
        epname=text_of(enterprise.get("epName") or enterprise.get("epname")),
        auto_answer=auto_answer(enterprise),
    )
    return user, _sip_line(root.get("sip"))


def read_groups(data: Any, page: int) -> GroupPage:
    """`{current_page, last_page, total, data[]}`. Raises PlatformError 50008."""
    code = codes.UNREADABLE_GROUPS
    root = object_of(data, code, "groups")
    if isinstance(root.get("data"), dict):
        root = root["data"]
    groups = tuple(_group(each, code) for each in list_of(root.get("data"), code, "groups"))
    current = count_of(root.get("current_page"), page, code)
    return GroupPage(
        current_page=current,
        last_page=count_of(root.get("last_page"), current, code),
        total=count_of(root.get("total"), len(groups), code),
        groups=groups,
    )


def read_members(data: Any, gid: str, page: int) -> MemberPage:
    """`{data: [{gid, name, current_page, last_page, total, seats[]}]}`: paging and seats stand
    inside `data[0]`; no element means no members. Raises PlatformError 50009."""
    code = codes.UNREADABLE_MEMBERS
    found = list_of(object_of(data, code, "members").get("data"), code, "members")
    if not found:
        return MemberPage(gid, "", page, page, 0, ())
    group = object_of(found[0], code, "members")
    seats = tuple(_seat(each, code) for each in list_of(group.get("seats"), code, "seats"))
    current = count_of(group.get("current_page"), page, code)
    return MemberPage(
        gid=text_of(group.get("gid")) or gid,
        name=text_of(group.get("name")),
        current_page=current,
        last_page=count_of(group.get("last_page"), current, code),
        total=count_of(group.get("total"), len(seats), code),
        seats=seats,
    )


def _group(data: Any, code: int) -> Group:
    given = object_of(data, code, "group")
    state_id, state_name = _state(given.get("group_real_time_state"))
    return Group(
        gid=digits_of(given.get("gid"), code, "gid"),
        name=text_of(given.get("name")),
        id=text_of(given.get("id")),
        state_id=state_id,
        state_name=state_name,
    )


def _seat(data: Any, code: int) -> Seat:
    given = object_of(data, code, "seat")
    state_id, state_name = _state(given.get("seat_real_time_state"))
    return Seat(
        number=text_of(given.get("number")),
        displayname=text_of(given.get("displayname")),
        id=text_of(given.get("id")),
        work_number=text_of(given.get("work_number")),
        state_id=state_id,
        state_name=state_name,
    )


def _state(data: Any) -> tuple[int | None, str]:
    """A live state; the platform leaves it out now and then, so that anything is a state."""
    if not isinstance(data, dict):
        return None, ""
    return integer_of(data.get("state_id")), text_of(data.get("state_name"))


def _sip_line(data: Any) -> SipLine:
    code = codes.UNREADABLE_LOGIN
    given = object_of(data, code, "sip")
    domain, url = domain_of(given.get("domain"), code, "sip.domain"), given.get("url")
    if not isinstance(url, str):
        raise PlatformError(code, "sip.url")
    pbx = given.get("pbx") or f"sip:PBX@{domain}"
    if not isinstance(pbx, str) or not _PBX.fullmatch(pbx):
        raise PlatformError(code, "sip.pbx")
    return SipLine(socket_url(url), domain, pbx)


def domain_of(data: Any, code: int, what: str) -> str:
    """A SIP domain, which becomes part of an address: nothing but a host's name or address."""
    if not isinstance(data, str) or not _DOMAIN.fullmatch(data):
        raise PlatformError(code, what)
    return data


def auto_answer(enterprise: dict[str, Any]) -> int:
    """The seconds after which the enterprise wants calls answered; 0 = it does not."""
    seconds = integer_of(enterprise.get("auto_answer_duration")) or 0
    wanted = enterprise.get("allow_auto_answer") in (1, "1", True)
    return seconds if wanted and 0 < seconds <= 60 else 0
