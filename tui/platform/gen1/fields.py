"""The names of generation 1's JSON (`[fields1]`), as its vendor's public clients read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from tui.platform.json_paths import JsonPaths


@dataclass(frozen=True, slots=True)
class Fields1(JsonPaths):
    """From the top of the answer, but for what begins with `group_`, `seat_` and `state_`: from the
    entry."""

    section: ClassVar[str] = "fields1"
    success: str = "0"
    server: str = "data.server"
    """Of the directory of servers."""
    domain: str = "data.domain"
    real_domain: str = "data.real_domain"
    http_port: str = "data.http_port"
    http_ports: str = "data.http_ports"
    eid: str = "data.eid"
    enterprise_name: str = "data.epName"
    extension_start: str = "data.epProfile.extension_start"
    extension_end: str = "data.epProfile.extension_end"
    auto_answer: str = "data.epProfile.allow_auto_answer"
    auto_answer_seconds: str = "data.epProfile.auto_answer_duration"
    verify_phone: str = "data.epProfile.terminal_need_reg"
    user_number: str = "data.number"
    user_name: str = "data.displayname"
    user_groups: str = "data.inGroups"
    user_duty: str = "data.duty"
    """Who is a supervisor: that this says so is assumed."""
    supervisor_duty: str = "1"
    """What `user_duty` is for one (assumed); several, separated by spaces."""
    monitor: str = "data.epProfile.allow_monitor"
    """0: the enterprise has no supervising."""
    groups: str = "data"
    group_gid: str = "id"
    group_name: str = "name"
    members: str = "data.data"
    members_total: str = "data.recordsTotal"
    seat_number: str = "number"
    seat_name: str = "displayname"
    seat_id: str = "uid"
    seat_work_number: str = "work_number"
    seat_state: str = "service_control"
    states: str = "data"
    state_uid: str = "uid"
    state_call: str = "state"


FIELDS1: Final = Fields1()
