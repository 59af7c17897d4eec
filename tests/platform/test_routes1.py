"""Generation 1: the table of routes, and which server knows which switch number."""

from __future__ import annotations

import pytest

from tui.platform.bad_setting import BadSetting
from tui.platform.gen1.routes import ROUTES1, server_of
from tui.platform.gen2.routes import Route

SERVERS = {"025": "area.example", "0250000": "near.example", "02500001234": " own.example "}


@pytest.mark.parametrize(
    ("number", "server"),
    [
        ("02500001234", "own.example"),
        ("02500001235", "near.example"),
        ("02510000000", "area.example"),
        ("01000000000", ""),
        ("", ""),
    ],
)
def test_the_longest_entry_that_a_switch_number_begins_with_names_the_server(
    number: str, server: str
) -> None:
    assert server_of(number, SERVERS) == server
    assert server_of(number, {}) == ""


def test_the_table_is_the_observed_one() -> None:
    assert ROUTES1.server.format(server="cc.example") == "https://cc.example:1047"
    assert ROUTES1.route("getinfo") == Route("GET", "Api/Client/getinfo")
    assert ROUTES1.route("member_states") == Route("GET", "Talk/Api/getMemberCallStates")
    assert ROUTES1.route("check_phone") == Route("GET", "Talk/Mapi/checkRegisterStatus")


def test_every_entry_can_be_said_otherwise() -> None:
    made = ROUTES1.overridden(
        {"server": "https://{server}:2047", "groups": "/v2/groups", "user_agent": "x"}
    )
    assert made.server.format(server="cc.example") == "https://cc.example:2047"
    assert made.route("groups") == Route("GET", "v2/groups")
    assert (made.user_agent, made.members) == ("x", ROUTES1.members)


@pytest.mark.parametrize(
    "values",
    [
        {"grups": "x"},
        {"groups": "https://elsewhere.example/x"},
        {"groups": "a/../b"},
        {"groups": "a//b"},
        {"groups": "a b"},
        {"groups": ""},
        {"members": ""},
        {"server": "https://{host}"},
        {"web": "https://{}"},
        {"web": "https://{real_domain"},
        {"sip_username": "{un.x}"},
    ],
)
def test_an_override_that_cannot_work_is_refused(values: dict[str, str]) -> None:
    with pytest.raises(BadSetting) as caught:
        ROUTES1.overridden(values)
    assert caught.value.key in values
