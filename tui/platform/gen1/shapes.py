"""The JSON of generation 1 into values; as careful as `shapes`, whose errors these are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from tui.plain_value import replace
from tui.platform import codes
from tui.platform.base import Group, GroupPage, MemberPage, PlatformError, Seat, UserData
from tui.platform.gen1.fields import FIELDS1, Fields1
from tui.platform.gen2.shapes import auto_answer, domain_of, extension_range
from tui.platform.json_paths import at, list_at
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
from tui.platform.web.reply import Reply

_STATUS: Final = {
    **dict.fromkeys((4, 7, 8), codes.WRONG_PASSWORD),
    **dict.fromkeys((3, 6), codes.NO_ENTERPRISE),
}
"""`status` of getinfo that says why not; any other is a server error."""
_OFFLINE, _ONLINE = 1, 2
_IN_A_CALL: Final = (3, 4, 5)
"""Ringing, talking, holding."""
_WEB_HOST: Final = re.compile(r"[A-Za-z0-9.\[\]:-]{1,255}")


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
    monitor: bool
    """Supervisors may listen."""


def status_of(reply: Reply) -> int | None:
    """The `status` of an answer, 0 for a yes however it is said; None where there is none to
    trust."""
    if not 200 <= reply.http < 300 or not isinstance(reply.body, dict):
        return None
    given = at(reply.body, reply.paths.status)
    if reply.paths.is_success(given):
        return 0
    return integer_of(given) or None


def answer_of(reply: Reply, code: int, message_id: str = "") -> Any:
    """The answer of a yes; else PlatformError with `code`: 50000 where the server itself failed."""
    status = status_of(reply)
    if status is None:
        raise PlatformError(codes.SERVER_ERROR, _words(reply))
    if status != 0:
        raise PlatformError(code, f"{status} {reply.info}".strip(), message_id)
    return reply.body


def _words(reply: Reply) -> str:
    """What an answer says that is no yes and has no status; the setting where it says nothing."""
    missing = f"{reply.paths.status} ([{reply.paths.section}] status)"
    return reply.info or reply.words or missing


def read_server(reply: Reply, names: Fields1 = FIELDS1) -> str:
    """The server that the directory names. Raises PlatformError 50002."""
    name = at(answer_of(reply, codes.NO_SERVER), names.server)
    if not isinstance(name, str) or not name.strip():
        raise PlatformError(codes.NO_SERVER, _missing("server", names.server))
    return name.strip()


def read_info(reply: Reply, names: Fields1 = FIELDS1) -> Found:
    """getinfo. Raises PlatformError 50003, 50004, 50000, and 50005 for data that cannot be."""
    status = status_of(reply)
    if status != 0:
        found = codes.SERVER_ERROR if status is None else _STATUS.get(status, codes.SERVER_ERROR)
        raise PlatformError(found, _words(reply) if status is None else f"{status} {reply.info}")
    code = codes.UNREADABLE_LOGIN
    body = reply.body
    real_domain = text_of(at(body, names.real_domain))
    if not _WEB_HOST.fullmatch(real_domain):
        raise PlatformError(code, _missing("real_domain", names.real_domain))
    return Found(
        domain=domain_of(at(body, names.domain), code, _missing("domain", names.domain)),
        real_domain=real_domain,
        http_port=optional_digits(at(body, names.http_port)),
        http_ports=optional_digits(at(body, names.http_ports)),
        eid=digits_of(at(body, names.eid), code, _missing("eid", names.eid)),
        epname=text_of(at(body, names.enterprise_name)),
    )


def read_profile(reply: Reply, names: Fields1 = FIELDS1, skipped: Skipped = left_out) -> Enterprise:
    """getEpProfile. Raises PlatformError 50005 where the object that holds the range is missing."""
    code = codes.UNREADABLE_LOGIN
    body = answer_of(reply, code)
    around = names.extension_start.rpartition(".")[0]
    if around and at(body, around) not in ([], ""):  # some write an empty object so
        object_of(at(body, around), code, _missing("extension_start", names.extension_start))
    first, last = extension_range(body, names, skipped)
    return Enterprise(
        extension_start=first,
        extension_end=last,
        auto_answer=auto_answer(at(body, names.auto_answer), at(body, names.auto_answer_seconds)),
        verify=flag_of(at(body, names.verify_phone)) is not False,
        monitor=flag_of(at(body, names.monitor)) is not False,
    )


def read_member(
    reply: Reply,
    found: Found,
    enterprise: Enterprise,
    names: Fields1 = FIELDS1,
    skipped: Skipped = left_out,
) -> UserData:
    """getMemberInfo. Raises PlatformError 50005."""
    code = codes.UNREADABLE_LOGIN
    body = answer_of(reply, code)
    rows = at(body, names.user_groups) or []
    what = _missing("user_groups", names.user_groups)
    groups = list_of(rows, code, what, names.group_gid)
    number = at(body, names.user_number)
    return UserData(
        number=digits_of(number, code, _missing("user_number", names.user_number)),
        displayname=text_of(at(body, names.user_name)),
        eid=found.eid,
        groups=each_of(groups, lambda each: _group(each, code, names), skipped),
        extension_start=enterprise.extension_start,
        extension_end=enterprise.extension_end,
        epname=found.epname,
        auto_answer=enterprise.auto_answer,
        supervisor=enterprise.monitor and _is_supervisor(at(body, names.user_duty), names),
    )


def _is_supervisor(duty: object, names: Fields1) -> bool:
    said = str(duty) if isinstance(duty, bool) else text_of(duty)
    return said in names.supervisor_duty.split()


def read_groups(
    reply: Reply, page: int, names: Fields1 = FIELDS1, skipped: Skipped = left_out
) -> GroupPage:
    """getGroups: all of them are page 1. Raises PlatformError 50008."""
    code = codes.UNREADABLE_GROUPS
    found = at(answer_of(reply, code), names.groups)
    rows = list_of(found, code, _missing("groups", names.groups), names.group_gid)
    groups = each_of(rows, lambda each: _group(each, code, names), skipped)
    return GroupPage(page, 1, len(groups), groups if page == 1 else ())


def read_members(
    reply: Reply,
    gid: str,
    name: str,
    page: int,
    length: int,
    names: Fields1 = FIELDS1,
    skipped: Skipped = left_out,
) -> MemberPage:
    """searchEpMembers: `length` rows from `(page - 1) * length` on. Raises PlatformError 50009."""
    code = codes.UNREADABLE_MEMBERS
    body = answer_of(reply, code)
    found = list_at(body, names.members)
    rows = list_of(found, code, _missing("members", names.members), names.seat_number)
    seats = each_of(rows, lambda each: _seat(each, code, names), skipped)
    known = (page - 1) * length + len(rows)
    # The total stands beside the rows, as that kind of table has it, or one level higher.
    said = at(body, names.members_total)
    if said is None:
        said = at(body, names.members_total.rpartition(".")[2])
    unread = PlatformError(code, _missing("members_total", names.members_total))
    total = count_of(said, known, lambda: skipped(unread))
    return MemberPage(gid, name, page, max(1, -(-total // length)), total, seats)


def read_states(reply: Reply, names: Fields1 = FIELDS1) -> dict[str, int]:
    """getMemberCallStates: `state` by `uid`. A row without one of them is skipped. Raises
    PlatformError 50010 where there is nothing else."""
    code = codes.UNREADABLE_STATES
    found = at(answer_of(reply, code), names.states)
    rows = list_of(found, code, _missing("states", names.states), names.state_uid)
    states: dict[str, int] = {}
    for row in rows:
        uid, state = text_of(at(row, names.state_uid)), integer_of(at(row, names.state_call))
        if uid and state is not None:
            states[uid] = state
    if rows and not states:
        raise PlatformError(code, _missing("state_call", names.state_call))
    return states


def with_call_state(seat: Seat, state: int | None) -> Seat:
    """A member with what `getMemberCallStates` says, where that says more than the list: of a
    call, or of one whom the list says nothing of."""
    if state is None or state not in codes.CALL_STATE:
        return seat
    if state not in _IN_A_CALL and seat.state_id is not None:
        return seat
    online = _OFFLINE if state == 0 else _ONLINE
    return replace(seat, state_id=online, state_message=codes.CALL_STATE[state])


def _group(data: Any, code: int, names: Fields1) -> Group:
    given = object_of(data, code, "group")
    gid = digits_of(at(given, names.group_gid), code, _missing("group_gid", names.group_gid))
    # Here the id is what one signs in with: no other number of a group is told.
    return Group(gid=gid, name=text_of(at(given, names.group_name)), id=gid)


def _seat(data: Any, code: int, names: Fields1) -> Seat:
    given = object_of(data, code, "member")
    service = integer_of(at(given, names.seat_state))
    state = None if service is None else _OFFLINE if service == 0 else _ONLINE
    return Seat(
        number=text_of(at(given, names.seat_number)),
        displayname=text_of(at(given, names.seat_name)),
        id=text_of(at(given, names.seat_id) or given.get("id")),
        work_number=text_of(at(given, names.seat_work_number)),
        state_id=state,
        state_name="" if service in (None, *codes.SERVICE) else str(service),
        state_message="" if service is None else codes.SERVICE.get(service, ""),
    )


def _missing(name: str, path: str) -> str:
    """What is not where it should be, and the setting that says where it is."""
    return f"{path} ([fields1] {name})"
