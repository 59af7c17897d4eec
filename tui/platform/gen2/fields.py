"""The names of generation 2's JSON (`[fields]`). Nobody has published them: all are assumed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tui.platform.json_paths import JsonPaths


@dataclass(frozen=True, slots=True)
class Fields(JsonPaths):
    """From the top of the answer, but for what begins with `group_` and `seat_`: from the entry.
    What begins with `ask_` is sent: names of a request's body and of its query."""

    token: str = "data.token"  # noqa: S105 - where it stands
    token_life: str = "data.expires_in"  # noqa: S105
    """Seconds."""
    user_number: str = "data.userInfo.number"
    user_name: str = "data.userInfo.displayname"
    user_eid: str = "data.userInfo.eid"
    user_groups: str = "data.groupInfo"
    enterprise_name: str = "data.enterprise.epname"
    extension_start: str = "data.enterprise.extension_start"
    extension_end: str = "data.enterprise.extension_end"
    auto_answer: str = "data.enterprise.allow_auto_answer"
    auto_answer_seconds: str = "data.enterprise.auto_answer_duration"
    line_url: str = "data.sip.url"
    line_domain: str = "data.sip.domain"
    line_pbx: str = "data.sip.pbx"
    groups: str = "data"
    page: str = "current_page"
    last_page: str = "last_page"
    total: str = "total"
    group_gid: str = "gid"
    group_name: str = "name"
    group_id: str = "id"
    group_state: str = "group_real_time_state.state_id"
    group_state_name: str = "group_real_time_state.state_name"
    members: str = "data.0"
    """The group whose members are asked for; paging stands in it."""
    members_seats: str = "seats"
    seat_number: str = "number"
    seat_name: str = "displayname"
    seat_id: str = "id"
    seat_work_number: str = "work_number"
    seat_state: str = "seat_real_time_state.state_id"
    seat_state_name: str = "seat_real_time_state.state_name"
    ask_un: str = "un"
    ask_pwd: str = "pwd"  # noqa: S105
    ask_switchnumber: str = "switchnumber"
    ask_callintype: str = "callintype"
    ask_number: str = "number"
    ask_gid: str = "gid"
    ask_page: str = "page"
    ask_members_page: str = "seat_page"


FIELDS: Final = Fields()
