"""The directory by its keys: pages, members, live states, filter, place, what Enter does."""

from __future__ import annotations

import pytest
from textual.geometry import Region

from tests.terminal import scripted_port as s
from tests.terminal.scripted_directory import House, seat
from tui.console.screens.directory.candidates import candidates
from tui.console.screens.directory.model import DirectoryModel
from tui.console.widgets.rows import Row
from tui.port import replace
from tui.port.commands import Dial, GetGroupMembers, GetGroups, Result, Transfer
from tui.port.events import CallChanged
from tui.port.values import Group, GroupPage, MemberPage, Seat, message


async def look_again(c) -> None:
    """The periodic refresh, without waiting for it."""
    c.app.screen_stack[0].directory._refresh()
    await c.app.workers.wait_for_complete(
        [worker for worker in c.app.workers if worker.name == "directory"]
    )
    await c.settle()


async def test_f3_shows_groups_and_the_members_of_the_first(console) -> None:
    async with console() as c:
        House(c.port)
        await c.press("f3")
        assert "Groups 1/1" in c.line("Directory")
        assert "▸ Group 01" in c.line("Group 01")
        assert "all offline" in c.line("Group 01")
        assert "someone idle" in c.line("Group 02")
        assert "all busy" in c.line("Group 03")
        assert "1100   Agent 1100" in c.line("1100")
        assert "in a call" in c.line("1102")  # 通话中, in the words of this console
        assert "page 1/3  25 members" in c.screen_text


async def test_a_group_that_is_marked_shows_its_members(console) -> None:
    async with console() as c:
        house = House(c.port)
        house.seats[house.groups[1].gid] = [seat(1700)]
        await c.press("f3", "down")
        await c.rest()
        assert "Agent 1700" in c.screen_text
        assert "page 1/1  1 member" in c.screen_text


async def test_page_keys_and_a_jump_turn_the_pages(console) -> None:
    async with console() as c:
        House(c.port)
        await c.press("f3", "right", "pagedown")
        assert "Agent 1110" in c.screen_text
        assert "Agent 1109" not in c.screen_text
        assert "page 2/3" in c.screen_text
        await c.press("ctrl+e", "3", "enter")
        assert "Agent 1124" in c.screen_text
        await c.press("pagedown")
        assert "page 3/3" in c.screen_text
        await c.press("pageup", "pageup")
        assert "page 1/3" in c.screen_text


async def test_groups_have_pages_too(console) -> None:
    async with console() as c:
        House(c.port, groups=25)
        await c.press("f3", "pagedown")
        await c.rest()
        assert "Groups 2/3" in c.screen_text
        assert "Group 11" in c.screen_text
        assert "Group 10" not in c.screen_text


async def test_states_come_live_and_the_place_is_kept(console) -> None:
    async with console() as c:
        house = House(c.port)
        await c.press("f3", "right", "down", "down")
        assert "▸ 1102" in c.line("1102")
        gid = house.groups[0].gid
        house.seats[gid][4] = seat(1104, "小休")
        house.groups[0] = replace(house.groups[0], state_id=1)
        await look_again(c)
        assert "小休" in c.line("1104")
        assert "someone idle" in c.line("Group 01")
        assert "▸ 1102" in c.line("1102")
        house.seats[gid].insert(0, seat(1099))
        await look_again(c)
        assert "▸ 1102" in c.line("1102")


async def test_a_look_that_found_nothing_new_paints_nothing(console) -> None:
    async with console() as c:
        House(c.port)
        await c.press("f3", "right")
        await look_again(c)
        pane = c.app.screen.directory
        painted: list[Region] = []
        pane.members.refresh = lambda *regions, **options: painted.append(regions)
        pane.groups.refresh = lambda *regions, **options: painted.append(regions)
        await look_again(c)
        assert painted == []


async def test_one_changed_state_paints_part_of_one_line(console) -> None:
    async with console() as c:
        house = House(c.port)
        await c.press("f3", "right")
        pane = c.app.screen.directory
        painted: list[Region] = []
        pane.members.refresh = lambda *regions, **options: painted.extend(regions)
        house.seats[house.groups[0].gid][3] = seat(1103, "X")
        await look_again(c)
        assert len(painted) == 1
        assert painted[0].y == 3
        assert painted[0].height == 1
        assert painted[0].width <= 14


async def test_a_closed_directory_asks_for_nothing(console) -> None:
    async with console() as c:
        house = House(c.port)
        await c.press("f3")
        before = house.reads
        await c.press("f3")
        assert "Groups 1/" not in c.screen_text
        c.app.screen.directory._refresh()
        await c.settle()
        assert house.reads == before


async def test_states_that_the_platform_left_out_are_endured(console) -> None:
    async with console() as c:
        house = House(c.port)
        house.groups[0] = Group("1000000001", "Group 01")
        house.seats["1000000001"] = [Seat("1100", "Agent 1100")]
        await c.press("f3")
        assert "–" in c.line("Agent 1100")
        assert c.line("Group 01").count("–") == 2


async def test_rows_of_a_directory_file_that_are_left_out_are_said(console) -> None:
    async with console() as c:
        House(c.port)
        page = GroupPage(1, 1, 1, (Group("1000000001", "Group 01"),), left_out=7)
        c.port.answers[GetGroups] = lambda command: Result(True, value=page)
        await c.press("f3")
        assert "7 rows beyond the limit are left out." in c.screen_text


async def test_states_that_could_not_be_read_are_said_beside_the_members(console) -> None:
    async with console() as c:
        house = House(c.port)
        members = house._members

        def without_states(command: GetGroupMembers) -> Result:
            page = replace(members(command).value, states_code=50010, states_info="no such member")
            return Result(True, value=page)

        c.port.answers[GetGroupMembers] = without_states
        await c.press("f3")
        assert "50010" in c.screen_text
        assert "Agent 1100" in c.screen_text


async def test_a_filter_finds_members_on_every_page(console) -> None:
    async with console() as c:
        House(c.port)
        await c.press("f3", "right", "slash", *"1123")
        await c.settle()
        assert "Agent 1123" in c.screen_text
        assert "Agent 1100" not in c.screen_text
        assert "1 of 25 found" in c.screen_text
        await c.press("escape")
        assert "Agent 1100" in c.screen_text
        assert "page 1/3" in c.screen_text


async def test_a_filter_stays_when_it_is_entered_and_escape_takes_it_back(console) -> None:
    async with console() as c:
        House(c.port, groups=25)
        await c.press("f3", "slash", *"group 2", "enter")
        await c.rest()
        assert "Group 25" in c.screen_text
        assert "Group 19" not in c.screen_text
        assert "filter: group 2" in c.screen_text
        await c.press("escape")
        assert "filter:" not in c.screen_text
        await c.press("escape")
        assert "Groups 1/" not in c.screen_text


async def test_enter_on_a_member_calls_them(console) -> None:
    async with console() as c:
        House(c.port)
        await c.press("f3", "right", "down", "enter")
        assert Dial("1101") in c.port.sent


async def test_in_a_call_enter_and_f4_ask_how(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        House(c.port)
        for key in ("enter", "f4"):
            await c.press("f3", "right", "home", key)
            assert "1100 Agent 1100: how?" in c.screen_text
            await c.press("escape", "f3")
        await c.press("f3", "right", "f4", "1")
        assert Transfer("1000000001", "1100", "Agent 1100") in c.port.sent


async def test_an_incoming_call_covers_nothing_of_the_directory(console) -> None:
    async with console() as c:
        House(c.port)
        await c.press("f3", "right", "slash", *"110")
        await c.happen(CallChanged(s.RINGING))
        await c.settle()
        assert "120 0000 0001" in c.screen_text
        assert "110" in c.line("Filter")
        assert "Agent 1100" in c.screen_text
        await c.press("3")
        assert "1103" in c.line("Filter")


async def test_it_stands_beside_the_call_from_a_hundred_columns_on(console) -> None:
    async with console(s.with_call(s.TALKING), size=(120, 40)) as c:
        House(c.port)
        await c.press("f3")
        assert c.app.screen.directory.region.x >= 60
        assert "120 0000 0001" in c.line("Directory") or "120 0000 0001" in c.screen_text


async def test_why_it_could_not_be_read_is_said_and_what_is_known_stays(console) -> None:
    async with console() as c:
        house = House(c.port)
        await c.press("f3")
        house.failure = Result(False, message("login.50009", code=50009))
        await look_again(c)
        assert "50009" in c.screen_text
        assert "Agent 1100" in c.screen_text


async def test_a_directory_that_cannot_be_read_at_all_says_so(console) -> None:
    async with console() as c:
        House(c.port).failure = Result(False, message("engine.line_lost"))
        await c.press("f3")
        assert "The line to the platform is lost" in c.screen_text


@pytest.mark.parametrize("members", [10, 10_000])
async def test_a_long_page_makes_only_the_lines_that_are_seen(console, members) -> None:
    async with console() as c:
        house = House(c.port)
        seats = tuple(seat(10_000 + at) for at in range(members))
        c.port.answers[GetGroupMembers] = lambda command: Result(
            True, value=MemberPage(command.gid, "Group 01", 1, 1, members, seats)
        )
        del house
        made: list[Seat] = []
        await c.press("f3", "f3")
        lines = c.app.screen.directory.members
        row = lines._row_of

        def noted(item: Seat, width: int) -> Row:
            made.append(item)
            made_row: Row = row(item, width)
            return made_row

        lines._row_of = noted
        lines._window = []
        await c.press("f3", "right", "end")
        assert f"Agent {10_000 + members - 1}" in c.screen_text
        assert len(made) < 250


async def test_the_frame_that_first_shows_the_directory_has_its_members(console) -> None:
    async with console() as c:
        House(c.port)
        members = c.app.screen._build_directory().members
        await c.settle()
        frames: list[str] = []

        def drawn() -> None:
            if members.size.area:
                frames.append(members.text)

        c.app.post_display_hook = drawn
        await c.press("f3")
        assert "Agent" in frames[0]


async def test_names_from_the_platform_are_never_read_as_markup(console) -> None:
    async with console() as c:
        house = House(c.port)
        house.seats["1000000001"] = [
            Seat("1100", "Bob [/] [@click=app.quit]x[/]", state_name="[b]")
        ]
        house.groups[0] = replace(house.groups[0], name="[/x]")
        await c.press("f3", "right")
        assert "Bob [/] [@c" in c.screen_text
        assert "[b]" in c.line("Bob")
        assert "[/x]" in c.screen_text


async def test_when_there_are_fewer_pages_than_there_were_the_last_is_shown(console) -> None:
    async with console() as c:
        house = House(c.port, groups=25)
        await c.press("f3", "pagedown", "pagedown")
        await c.rest()
        await c.press("right", "pagedown", "pagedown")
        assert "Groups 3/3" in c.screen_text
        assert "page 3/3" in c.screen_text
        del house.groups[13:]
        for gid in house.seats:
            del house.seats[gid][12:]
        await look_again(c)
        await c.rest()
        assert "Groups 2/2" in c.screen_text
        assert "Group 13" in c.screen_text
        assert "page 1/2  12 members" in c.screen_text
        await c.press("right", "pagedown")
        assert "page 2/2" in c.screen_text
        for gid in house.seats:
            del house.seats[gid][1:]
        await look_again(c)
        assert "page 1/1  1 member" in c.screen_text
        assert "Agent 1100" in c.screen_text


async def test_a_group_that_is_deleted_while_it_is_looked_at_gives_way_to_the_next(console) -> None:
    async with console() as c:
        house = House(c.port)
        house.seats[house.groups[1].gid] = [seat(1700)]
        house.seats[house.groups[2].gid] = [seat(1800)]
        await c.press("f3", "down")
        await c.rest()
        assert "Agent 1700" in c.screen_text
        del house.groups[1]
        await look_again(c)
        await c.rest()
        assert "▸ Group 03" in c.line("Group 03")
        assert "Agent 1800" in c.screen_text
        assert "Agent 1700" not in c.screen_text
        assert "50009" not in c.screen_text


async def test_when_the_last_group_is_gone_nobody_of_it_can_be_spoken_to(console) -> None:
    async with console() as c:
        house = House(c.port, groups=1)
        await c.press("f3")
        assert "Agent 1100" in c.screen_text
        house.groups.clear()
        await look_again(c)
        assert "Agent 1100" not in c.screen_text
        assert "Groups 1/1" in c.screen_text
        assert "page 1/1  0 members" in c.screen_text
        house.groups.append(Group("1000000009", "Group 09", state_id=1))
        house.seats["1000000009"] = [seat(1900)]
        await look_again(c)
        await c.rest()
        assert "Agent 1900" in c.screen_text


async def test_a_filter_finds_nobody_on_pages_that_are_there_no_more(console) -> None:
    async with console() as c:
        house = House(c.port, groups=1)
        await c.press("f3", "right", "pagedown", "pagedown")
        assert "Agent 1124" in c.screen_text
        del house.seats[house.groups[0].gid][3:]
        await look_again(c)
        await c.press("slash", *"1124")
        await c.rest()
        assert "0 of 3" in c.screen_text


def _members(page: int, *numbers: str) -> MemberPage:
    seats = tuple(Seat(number=number, displayname=f"Agent {number}") for number in numbers)
    return MemberPage("1", "Sales", page, 2, 4, seats)


async def test_pages_that_overlap_show_nobody_twice_and_offer_nobody_without_a_number() -> None:
    """Somebody came before them while they were read, or the platform minds no page."""
    sales, service = Group(gid="1", name="Sales"), Group(gid="2", name="Service")
    answers: dict[object, GroupPage | MemberPage] = {
        GetGroups(1): GroupPage(1, 2, 2, (sales,)),
        GetGroups(2): GroupPage(2, 2, 2, (sales, service)),
        GetGroupMembers("1", 1): _members(1, "1001", "1002", ""),
        GetGroupMembers("1", 2): _members(2, "1002", "1003", ""),
    }

    async def ask(command: object) -> Result:
        return Result(True, value=answers[command])

    model = DirectoryModel(ask)
    for page in (1, 2):
        await model.read_groups(page)
        await model.read_members("1", page)
    assert model.all_groups() == [sales, service]
    assert [each.number for each in model.seats("1")] == ["1001", "1002", "", "1003", ""]
    found = candidates(model, "", "1001", ("1000", "1999"))
    assert [each.callee for each in found] == ["1002", "1003", "1", "2"]
