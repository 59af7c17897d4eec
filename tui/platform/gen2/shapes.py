"""The platform's JSON into values. Nothing in it is trusted to be there, or to be what it should.

Each reader raises PlatformError with the code for its kind of data when the shape is wrong, and
never anything else. Numbers come as numbers or as digits in a string; ids end up as text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tui.plain_value import replace
from tui.platform import codes
from tui.platform.base import Group, GroupPage, MemberPage, PlatformError, Seat, UserData
from tui.platform.gen2.fields import FIELDS, Fields
from tui.platform.gen2.token import Token
from tui.platform.json_paths import JsonPaths, at, list_at
from tui.platform.json_values import (
    Skipped,
    count_of,
    digits_of,
    each_of,
    flag_of,
    integer_of,
    left_out,
    list_of,
    object_of,
    optional_digits,
    text_of,
)
from tui.platform.web.addresses import socket_url
from tui.secrets import Secret

_DOMAIN: Final = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9a-fA-F:]{2,45}\]"
)
_PBX: Final = re.compile(r"sips?:[!-~]{1,250}")
_TOKEN: Final = re.compile(r"[!-~]{1,8192}")
_CARRIED: Final = re.compile(r"(?i)^bearer +")
_SECONDS: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{0,9})?")
_SEAT_STATES: Final = (1, 2)
"""Offline, online: the others are not listed."""
USUAL_LIFE: Final = 600.0
"""Where the platform does not say how long a token lives."""
SHORTEST_LIFE: Final = 1.0
LONGEST_LIFE: Final = 31_536_000
"""Seconds: a year is as good as for ever, whatever unit was meant."""


@dataclass(frozen=True, slots=True)
class SipLine:
    """Where to register: `url` of the WebSocket, the SIP domain, the PBX's address of record."""

    url: str
    domain: str
    pbx: str


def read_token(body: Any, names: Fields = FIELDS, skipped: Skipped = left_out) -> Token:
    """The token, and its life in seconds; `USUAL_LIFE` where that is not said, or cannot be read:
    a token serves without it, and one that ended before is refused and renewed. Raises
    PlatformError 50005 where there is no token."""
    value = at(body, names.token)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    # Some say with it how it is carried.
    value = _CARRIED.sub("", value.strip()) if isinstance(value, str) else ""
    if not _TOKEN.fullmatch(value):
        raise PlatformError(codes.UNREADABLE_LOGIN, _missing("token", names.token))
    return Token(Secret(value), life_of(body, names, skipped))


def has_token(body: Any, names: Fields = FIELDS) -> bool:
    """Whether an answer says a token, readable or not."""
    return at(body, names.token) not in (None, "")


def life_of(body: Any, names: Fields = FIELDS, skipped: Skipped = left_out) -> float:
    """The life of a token, in seconds. `skipped` hears of one that is not a number above 0."""
    life = at(body, names.token_life)
    if isinstance(life, str) and _SECONDS.fullmatch(life.strip()):
        life = float(life)
    # "nan" compares false.
    if isinstance(life, bool) or not isinstance(life, int | float) or not life > 0:
        place = _missing("token_life", names.token_life)
        skipped(PlatformError(codes.UNREADABLE_LOGIN, place))
        return USUAL_LIFE
    return max(SHORTEST_LIFE, float(min(life, LONGEST_LIFE)))


def as_signed_in(user: UserData, un: str) -> UserData:
    """The same with the extension as the agent typed it, where the platform wrote it as a number:
    leading zeros count."""
    same = user.number != un and user.number.lstrip("0") == un.lstrip("0")
    return replace(user, number=un) if same else user


def read_user(
    body: Any, names: Fields = FIELDS, skipped: Skipped = left_out
) -> tuple[UserData, SipLine]:
    """The agent, the groups, the enterprise and the line. Raises PlatformError 50005."""
    code = codes.UNREADABLE_LOGIN
    number, eid = at(body, names.user_number), at(body, names.user_eid)
    around = at(body, names.extension_start.rpartition(".")[0])
    if around not in (None, [], ""):  # some write an empty object so
        object_of(around, code, _missing("extension_start", names.extension_start))
    what = _missing("user_groups", names.user_groups)
    groups = list_of(at(body, names.user_groups) or [], code, what, names.group_gid)
    first, last = extension_range(body, names, skipped)
    user = UserData(
        number=digits_of(number, code, _missing("user_number", names.user_number)),
        displayname=text_of(at(body, names.user_name)),
        eid=digits_of(eid, code, _missing("user_eid", names.user_eid)),
        groups=each_of(groups, lambda each: _group(each, code, names), skipped),
        extension_start=first,
        extension_end=last,
        epname=_enterprise_name(body, names),
        auto_answer=auto_answer(at(body, names.auto_answer), at(body, names.auto_answer_seconds)),
    )
    return user, _sip_line(body, names)


def _enterprise_name(body: Any, names: Fields) -> str:
    """Its name; some write the key of it otherwise (`epName`)."""
    other = at(body, names.enterprise_name.replace("epname", "epName"))
    return text_of(other or at(body, names.enterprise_name))


def read_groups(
    body: Any, page: int, names: Fields = FIELDS, skipped: Skipped = left_out
) -> GroupPage:
    """One page of groups; the page of a platform that does not say is the one asked for. Raises
    PlatformError 50008."""
    code = codes.UNREADABLE_GROUPS
    object_of(body, code, _missing("groups", names.groups))
    rows = at(body, names.groups)
    if (
        isinstance(rows, dict) and at(rows, names.groups) is not None
    ):  # the page in a wrapping of its own
        body = rows
        rows = at(body, names.groups)
    rows = list_of(rows, code, _missing("groups", names.groups), names.group_gid)
    groups = each_of(rows, lambda each: _group(each, code, names), skipped)
    count = _counts(body, code, names, skipped)
    current = count("page", page)
    return GroupPage(
        current_page=current,
        last_page=count("last_page", current),
        total=count("total", len(groups)),
        groups=groups,
    )


def read_members(
    body: Any, gid: str, page: int, names: Fields = FIELDS, skipped: Skipped = left_out
) -> MemberPage:
    """One page of a group's members: paging and seats stand inside of the group; no group in a list
    that is there means no members. Raises PlatformError 50009."""
    code = codes.UNREADABLE_MEMBERS
    object_of(body, code, "members")
    group = at(body, names.members)
    where, _, last = names.members.rpartition(".")
    if group is None and last.isdecimal() and at(body, where) in ([], {}):
        return MemberPage(gid, "", page, page, 0, ())
    group = object_of(group, code, _missing("members", names.members))
    what = _missing("members_seats", names.members_seats)
    rows = list_of(list_at(group, names.members_seats), code, what, names.seat_number)
    seats = each_of(rows, lambda each: _seat(each, code, names), skipped)
    count = _counts(group, code, names, skipped)
    current = count("page", page)
    return MemberPage(
        gid=text_of(at(group, names.group_gid)) or gid,
        name=text_of(at(group, names.group_name)),
        current_page=current,
        last_page=count("last_page", current),
        total=count("total", len(seats)),
        seats=seats,
    )


def _counts(body: Any, code: int, names: Fields, skipped: Skipped) -> Callable[[str, int], int]:
    """Reads a number of pages or rows by its name, with what counts where there is none."""

    def count(name: str, default: int) -> int:
        path: str = getattr(names, name)
        unread = PlatformError(code, _missing(name, path))
        return count_of(at(body, path), default, lambda: skipped(unread))

    return count


def _group(data: Any, code: int, names: Fields) -> Group:
    given = object_of(data, code, "group")
    return Group(
        gid=digits_of(at(given, names.group_gid), code, _missing("group_gid", names.group_gid)),
        name=text_of(at(given, names.group_name)),
        id=text_of(at(given, names.group_id)),
        # The platform leaves the live state out now and then.
        state_id=integer_of(at(given, names.group_state)),
        state_name=text_of(at(given, names.group_state_name)),
    )


def _seat(data: Any, code: int, names: Fields) -> Seat:
    given = object_of(data, code, "seat")
    state = integer_of(at(given, names.seat_state))
    # A state that has no word, and no meaning that is known, is shown as its number.
    unnamed = "" if state in (None, *_SEAT_STATES) else str(state)
    return Seat(
        number=text_of(at(given, names.seat_number)),
        displayname=text_of(at(given, names.seat_name)),
        id=text_of(at(given, names.seat_id)),
        work_number=text_of(at(given, names.seat_work_number)),
        state_id=state,
        state_name=text_of(at(given, names.seat_state_name)) or unnamed,
    )


def _sip_line(body: Any, names: Fields) -> SipLine:
    code = codes.UNREADABLE_LOGIN
    place = _missing("line_domain", names.line_domain)
    domain, url = domain_of(at(body, names.line_domain), code, place), at(body, names.line_url)
    if not isinstance(url, str):
        raise PlatformError(code, _missing("line_url", names.line_url))
    pbx = at(body, names.line_pbx) or f"sip:PBX@{domain}"
    if not isinstance(pbx, str) or not _PBX.fullmatch(pbx):
        raise PlatformError(code, _missing("line_pbx", names.line_pbx))
    return SipLine(socket_url(url.strip()), domain, pbx)


def _missing(name: str, path: str) -> str:
    """What is not where it should be, and the setting that says where it is."""
    return f"{path} ([fields] {name})"


def domain_of(data: Any, code: int, what: str) -> str:
    """A SIP domain, which becomes part of an address: nothing but a host's name or address."""
    domain = data.strip() if isinstance(data, str) else ""
    if not _DOMAIN.fullmatch(domain):
        raise PlatformError(code, what)
    return domain


def auto_answer(allowed: Any, duration: Any) -> int:
    """The seconds after which the enterprise wants calls answered; 0 = it does not."""
    seconds = integer_of(duration) or 0
    return seconds if flag_of(allowed) and 0 < seconds <= 60 else 0


def extension_range(body: Any, names: JsonPaths, skipped: Skipped) -> tuple[str, str]:
    """The first and the last extension, "" for one that cannot be read: that is told, for then
    every number counts as an outside one."""
    ends: list[str] = []
    for name in ("extension_start", "extension_end"):
        path: str = getattr(names, name)
        ends.append(optional_digits(at(body, path)))
        if not ends[-1]:
            what = f"{path} ([{names.section}] {name})"
            skipped(PlatformError(codes.UNREADABLE_LOGIN, what))
    return ends[0], ends[1]
