"""Any PBX: what the config says stands in for a platform's web side."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tui.platform.base import Credentials, PlatformError
from tui.platform.pbx.platform import (
    PAGE,
    Entry,
    Plain,
    PlainSettings,
    parse_address,
    read_people,
)
from tui.secrets import Secret

URL = "wss://pbx.example:8443/ws"


async def signed_in(settings: PlainSettings, un: str = "1001@pbx.example", url: str = "") -> Plain:
    plain = Plain(settings)
    user = await plain.sign_in(Credentials(un, Secret("open sesame"), "", backend=url))
    assert user.groups == ()
    plain.start_token_renewal(lambda error: None)
    await plain.check_in("0")
    await plain.check_out()
    await plain.close()
    return plain


@pytest.mark.parametrize(
    ("text", "aor"),
    [
        ("1001@pbx.example", "sip:1001@pbx.example"),
        (" SIP:li.ming@PBX.example ", "sip:li.ming@pbx.example"),
        ("sips:1001@pbx.example:5061", "sip:1001@pbx.example:5061"),
        ("sip:1001@pbx.example;transport=ws?Subject=x", "sip:1001@pbx.example"),
    ],
)
def test_an_address_of_record_is_written_one_way(text: str, aor: str) -> None:
    assert str(parse_address(text)) == aor


@pytest.mark.parametrize("text", ["", "1001", "@pbx.example", "1001@", "tel:+86", "a b@c", "x@y z"])
def test_what_is_no_address_of_record_is_refused(text: str) -> None:
    with pytest.raises(PlatformError) as caught:
        parse_address(text)
    assert caught.value.message_id == "login.bad_address"


async def test_the_account_to_register_comes_from_what_was_typed_and_the_config() -> None:
    settings = PlainSettings(url=URL, outbound_proxy="sip:edge.example")
    account = (await signed_in(settings)).sip_account("0")
    assert (account.aor, account.username) == ("sip:1001@pbx.example", "1001")
    assert (account.domain, account.url, account.pbx) == ("pbx.example", URL, "")
    assert account.route == "sip:edge.example"
    other = PlainSettings(url=URL, auth_user="agent-1001")
    account = (await signed_in(other, "1001@pbx.example:5070", "ws://127.0.0.1:1/ws")).sip_account(
        "0"
    )
    assert (account.username, account.domain) == ("agent-1001", "pbx.example:5070")
    assert account.url == "ws://127.0.0.1:1/ws"
    assert "sesame" not in repr(account)


@pytest.mark.parametrize(
    ("url", "message_id"),
    [
        ("", "login.no_websocket"),
        ("ws://pbx.example/ws", "login.insecure-line"),
        ("https://pbx.example", ""),
    ],
)
async def test_only_a_websocket_that_is_safe_is_registered_at(url: str, message_id: str) -> None:
    with pytest.raises(PlatformError) as caught:
        await signed_in(PlainSettings(), url=url)
    assert caught.value.message_id == message_id


async def test_the_directory_has_its_groups_and_pages() -> None:
    people = [Entry(f"Agent {n:03}", str(2000 + n), "Sales") for n in range(PAGE + 1)]
    people += [Entry("", "1007"), Entry("Nobody", "")]
    plain = await signed_in(PlainSettings(url=URL, people=tuple(people)))
    groups = await plain.get_groups()
    assert [group.name for group in groups.groups] == ["Sales", "pbx.example"]
    first = await plain.get_group_members("Sales")
    second = await plain.get_group_members("Sales", 2)
    assert (len(first.seats), first.last_page, first.total) == (PAGE, 2, PAGE + 1)
    assert [(seat.number, seat.displayname) for seat in second.seats] == [("2050", "Agent 050")]
    assert first.seats[0].state_id is None
    alone = await plain.get_group_members("pbx.example")
    assert [(seat.number, seat.displayname) for seat in alone.seats] == [("1007", "1007")]
    assert (await plain.get_group_members("nothing")).seats == ()


async def test_an_empty_directory_has_one_empty_page() -> None:
    page = await (await signed_in(PlainSettings(url=URL))).get_groups()
    assert (page.groups, page.last_page, page.total) == ((), 1, 0)


async def test_a_csv_file_is_read_beside_the_config_and_cleaned(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("\ufeffNumber,Name,Group\r\n1007,Wang\x07 Fang,Sales\r\n1008\r\n", "utf-8")
    plain = await signed_in(
        PlainSettings(url=URL, people=(Entry("Zhao Lei", "1009", "Sales"),), people_file=file)
    )
    seats = (await plain.get_group_members("Sales")).seats
    assert [(seat.number, seat.displayname) for seat in seats] == [
        ("1007", "Wang Fang"),
        ("1009", "Zhao Lei"),
    ]
    assert [seat.number for seat in (await plain.get_group_members("pbx.example")).seats] == [
        "1008"
    ]


def test_a_csv_file_without_a_head_has_name_number_group(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text('"Fang, Wang",1007,Sales\n\n', "utf-8")
    assert read_people(file)[0][0] == Entry("Fang, Wang", "1007", "Sales")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
@pytest.mark.parametrize("between", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_csv_file_may_be_written_by_any_spreadsheet(
    tmp_path: Path, encoding: str, between: str, end: str
) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes(f"name{between}number{end}李明{between}1007{end}".encode(encoding))
    assert read_people(file) == ([Entry("李明", "1007", "")], 0)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00", b'a,"b\n'])
async def test_a_file_that_cannot_be_read_is_said_where_the_directory_would_be(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "people.csv"
    if content is not None:
        file.write_bytes(content)
    plain = await signed_in(PlainSettings(url=URL, people_file=file))
    if content == b'a,"b\n':  # not well formed, and readable
        assert (await plain.get_groups()).total == 1
        return
    with pytest.raises(PlatformError) as caught:
        await plain.get_groups()
    assert caught.value.message_id == "directory.unreadable"
    assert "people.csv" in caught.value.info


async def test_rows_beyond_what_is_read_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.platform.pbx.platform.MOST_PEOPLE", 3)
    file = tmp_path / "people.csv"
    file.write_text("".join(f"A{number},{number}\n" for number in range(10)), "utf-8")
    plain = await signed_in(PlainSettings(url=URL, people_file=file))
    page = await plain.get_groups()
    assert page.left_out == 7
    assert (await plain.get_group_members(page.groups[0].gid)).total == 3


async def test_a_pipe_in_place_of_the_directory_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "people.csv")
    plain = await signed_in(PlainSettings(url=URL, people_file=tmp_path / "people.csv"))
    with pytest.raises(PlatformError) as caught:
        await plain.get_groups()
    assert caught.value.info == "people.csv: not a regular file"
