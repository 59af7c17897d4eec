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
from tui.platform.token import Token
from tui.platform.web import socket_url
from tui.secrets import Secret
from tui.text import clean_text

_DOMAIN: Final = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9a-fA-F:]{2,45}\]"
)
_PBX: Final = re.compile(r"sips?:[!-~]{1,250}")
_TOKEN: Final = re.compile(r"[!-~]{1,4096}")
MAX_GROUPS: Final = 1000
"""Entries read from one list: more on one page is no page."""
SHORTEST_LIFE: Final = 1.0


@dataclass(frozen=True, slots=True)
class SipLine:
    """Where to register: `url` of the WebSocket, the SIP domain, the PBX's address of record."""

    url: str
    domain: str
    pbx: str


def read_token(data: Any) -> Token:
    """`{"token", "expires_in"}`. Raises PlatformError 50005."""
    given = _object(data, codes.UNREADABLE_LOGIN, "token")
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
    root = _object(data, code, "login data")
    info = _object(root.get("userInfo"), code, "userInfo")
    enterprise = _object(root.get("enterprise", {}), code, "enterprise")
    groups = _list(root.get("groupInfo") or [], code, "groupInfo")
    user = UserData(
        number=_digits(info.get("number"), code, "userInfo.number"),
        displayname=_text(info.get("displayname")),
        eid=_digits(info.get("eid"), code, "userInfo.eid"),
        groups=tuple(_group(each, code) for each in groups),
        extension_start=_optional_digits(enterprise.get("extension_start")),
        extension_end=_optional_digits(enterprise.get("extension_end")),
        epname=_text(enterprise.get("epName") or enterprise.get("epname")),
        auto_answer=_auto_answer(enterprise),
    )
    return user, _sip_line(root.get("sip"))


def read_groups(data: Any, page: int) -> GroupPage:
    """`{current_page, last_page, total, data[]}`. Raises PlatformError 50008."""
    code = codes.UNREADABLE_GROUPS
    root = _object(data, code, "groups")
    if isinstance(root.get("data"), dict):
        root = root["data"]
    groups = tuple(_group(each, code) for each in _list(root.get("data"), code, "groups"))
    current = _count(root.get("current_page"), page, code)
    return GroupPage(
        current_page=current,
        last_page=_count(root.get("last_page"), current, code),
        total=_count(root.get("total"), len(groups), code),
        groups=groups,
    )


def read_members(data: Any, gid: str, page: int) -> MemberPage:
    """`{data: [{gid, name, current_page, last_page, total, seats[]}]}`: paging and seats stand
    inside `data[0]`; no element means no members. Raises PlatformError 50009."""
    code = codes.UNREADABLE_MEMBERS
    found = _list(_object(data, code, "members").get("data"), code, "members")
    if not found:
        return MemberPage(gid, "", page, page, 0, ())
    group = _object(found[0], code, "members")
    seats = tuple(_seat(each, code) for each in _list(group.get("seats"), code, "seats"))
    current = _count(group.get("current_page"), page, code)
    return MemberPage(
        gid=_text(group.get("gid")) or gid,
        name=_text(group.get("name")),
        current_page=current,
        last_page=_count(group.get("last_page"), current, code),
        total=_count(group.get("total"), len(seats), code),
        seats=seats,
    )


def _group(data: Any, code: int) -> Group:
    given = _object(data, code, "group")
    state_id, state_name = _state(given.get("group_real_time_state"))
    return Group(
        gid=_digits(given.get("gid"), code, "gid"),
        name=_text(given.get("name")),
        id=_text(given.get("id")),
        state_id=state_id,
        state_name=state_name,
    )


def _seat(data: Any, code: int) -> Seat:
    given = _object(data, code, "seat")
    state_id, state_name = _state(given.get("seat_real_time_state"))
    return Seat(
        number=_text(given.get("number")),
        displayname=_text(given.get("displayname")),
        id=_text(given.get("id")),
        work_number=_text(given.get("work_number")),
        state_id=state_id,
        state_name=state_name,
    )


def _state(data: Any) -> tuple[int | None, str]:
    """A live state; the platform leaves it out now and then, so that anything is a state."""
    if not isinstance(data, dict):
        return None, ""
    return _integer(data.get("state_id")), _text(data.get("state_name"))


def _sip_line(data: Any) -> SipLine:
    code = codes.UNREADABLE_LOGIN
    given = _object(data, code, "sip")
    domain, url = given.get("domain"), given.get("url")
    if not isinstance(domain, str) or not _DOMAIN.fullmatch(domain):
        raise PlatformError(code, "sip.domain")
    if not isinstance(url, str):
        raise PlatformError(code, "sip.url")
    pbx = given.get("pbx") or f"sip:PBX@{domain}"
    if not isinstance(pbx, str) or not _PBX.fullmatch(pbx):
        raise PlatformError(code, "sip.pbx")
    return SipLine(socket_url(url), domain, pbx)


def _auto_answer(enterprise: dict[str, Any]) -> int:
    seconds = _integer(enterprise.get("auto_answer_duration")) or 0
    wanted = enterprise.get("allow_auto_answer") in (1, "1", True)
    return seconds if wanted and 0 < seconds <= 60 else 0


def _object(data: Any, code: int, what: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise PlatformError(code, what)
    return data


def _list(data: Any, code: int, what: str) -> list[Any]:
    if not isinstance(data, list) or len(data) > MAX_GROUPS:
        raise PlatformError(code, what)
    return data


def _text(data: Any) -> str:
    """Text to show; a number as its digits, anything else as nothing."""
    if isinstance(data, str):
        return clean_text(data)
    number = _integer(data)
    return "" if number is None else str(number)


def _digits(data: Any, code: int, what: str) -> str:
    text = _optional_digits(data)
    if not text:
        raise PlatformError(code, what)
    return text


def _optional_digits(data: Any) -> str:
    text = _text(data)
    return text if text.isascii() and text.isdigit() and len(text) <= 19 else ""


def _count(data: Any, default: int, code: int) -> int:
    if data is None:
        return default
    number = _integer(data)
    if number is None or number < 0:
        raise PlatformError(code, "paging")
    return number


def _integer(data: Any) -> int | None:
    """An integer, or digits in a string; None for anything else, and for more than 18 digits."""
    if isinstance(data, str) and data.isascii() and data.isdigit() and len(data) <= 18:
        return int(data)
    if isinstance(data, int) and not isinstance(data, bool) and abs(data) < 10**18:
        return data
    return None
