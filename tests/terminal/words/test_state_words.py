"""What the platform calls a state is said in the console's language where it is known; and what is
offered, told and reached here and now."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.terminal import languages
from tests.terminal import scripted_port as s
from tui.config.schema import Paths
from tui.console import i18n
from tui.console.screens.directory.model import seat_state
from tui.port import replace
from tui.port.snapshot import Snapshot
from tui.port.values import Phase, Seat, Voice, VoiceState


@pytest.mark.parametrize(
    ("word", "english", "chinese"),
    [
        ("空闲", "idle", "空闲"),
        ("示闲", "idle", "空闲"),
        ("离线", "offline", "离线"),
        ("忙碌", "busy", "忙碌"),
        ("示忙", "busy", "忙碌"),
        ("通话中", "in a call", "通话中"),
        ("振铃", "ringing", "振铃"),
        ("Idle", "idle", "空闲"),
        ("外呼任务", "外呼任务", "外呼任务"),
    ],
)
def test_a_known_word_is_translated_and_another_stays(word, english, chinese) -> None:
    seat = Seat("1007", "Wang Fang", state_id=2, state_name=word)
    assert seat_state(seat)[0] == english
    i18n.set_language("zh")
    assert seat_state(seat)[0] == chinese


async def test_a_colleague_is_found_by_the_word_that_is_shown_and_by_the_platforms(console) -> None:
    port = languages.port("zh", s.IDLE)
    async with console(port=port) as c:
        await c.press("f3", "right", "/", *"idle")
        await c.rest()
        assert [seat.number for seat in c.app.screen.directory.members.items] == ["1007"]
        await c.press(*["backspace"] * 4, *"通话")
        await c.rest()
        assert [seat.number for seat in c.app.screen.directory.members.items] == ["1008"]
        await c.press(*["backspace"] * 2, *"wf")
        await c.rest()
        assert [seat.number for seat in c.app.screen.directory.members.items] == ["1007"]


async def test_renewing_the_sound_is_offered_only_where_there_is_a_device(console) -> None:
    there = s.with_call(s.TALKING)
    async with console(there) as c:
        assert "rebuild" in {action.id for action in c.app.works}
        c.app.change(snapshot=replace(there, voice=Voice(VoiceState.NO_DEVICE)))
        assert "rebuild" not in {action.id for action in c.app.works}


async def test_the_log_page_before_a_sign_in_tells_no_time_that_never_began(
    console, tmp_path: Path
) -> None:
    paths = Paths(tmp_path, tmp_path, tmp_path, tmp_path)
    async with console(Snapshot(phase=Phase.SIGNED_OUT), paths=paths, size=(120, 40)) as c:
        await c.press("ctrl+l")
        assert "no round trip measured" in c.screen_text
        assert "None" not in c.screen_text
        assert " for " not in c.line("│ line")


async def test_help_shows_first_what_works_here_and_now(console) -> None:
    async with console(s.with_call(s.TALKING), size=(100, 60)) as c:
        await c.press("f1")
        text = c.screen_text
        assert text.index("Here and now") < text.index("Put the call on hold")
        await c.press("escape")
    async with console(size=(100, 60)) as c:
        await c.press("f1")
        assert "Put the call on hold" not in c.screen_text.partition("Elsewhere")[0]
        assert "Type a number and call it" in c.screen_text.partition("Elsewhere")[0]


async def test_up_and_down_go_through_a_form(console) -> None:
    async with console(Snapshot(), prefill=languages.PREFILL) as c:
        screen = c.app.screen
        assert screen.focused is screen.pwd.input
        await c.press("down")
        assert screen.focused is screen.switch.input
        await c.press("up", "up")
        assert screen.focused is screen.un.input
    async with console() as c:
        await c.press("ctrl+g", "down", "down", "down")
        assert c.app.screen.focused is c.app.screen.volume.input
        await c.press("up")
        assert c.app.screen.focused is c.app.screen.devices.picks["ring_device"]


async def test_a_sandbox_is_said_to_be_one_as_long_as_it_is(console) -> None:
    async with console(sandbox=True) as c:
        assert "sandbox" in c.screen_text.splitlines()[0]
    async with console() as c:
        assert "sandbox" not in c.screen_text
