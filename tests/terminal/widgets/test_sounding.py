"""How a call sounds, on the screen: a figure and a word, who does not hear whom, the details."""

from __future__ import annotations

from typing import Any

import pytest
from textual.geometry import Region

from tests.terminal import scripted_port as s
from tui.config.schema import Config, UiSettings
from tui.console.widgets.call.sound_quality import word_of
from tui.port import replace
from tui.port.commands import CloseCall, GetHistory, Mute, RebuildAudio, Result
from tui.port.events import QualityChanged
from tui.port.values import Hearing, HistoryEntry, HistoryPage, Levels, Quality

GOOD = Quality(
    mos=4.2,
    codec="opus",
    loss=0.012,
    remote_loss=0.0,
    jitter=3.0,
    rtt=23.0,
    delay=45.0,
    repaired=0.01,
    concealed=0.002,
)
TALKING = replace(s.with_call(s.TALKING), levels=Levels(4, 6), quality=GOOD)


@pytest.mark.parametrize(
    ("mos", "word"),
    [(4.4, "good"), (3.96, "good"), (3.94, "fair"), (3.5, "poor"), (3.0, "bad"), (1.0, "bad")],
)
def test_a_score_has_a_word(mos: float, word: str) -> None:
    assert word_of(mos)[0] == f"quality.{word}"


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_score_stands_beside_the_number_of_the_call(console, size) -> None:
    async with console(TALKING, size=size) as c:
        line = c.line("120 0000 0001")
        assert "quality 4.2 good" in line
        assert "for Pre-sales" in line
        await c.happen(QualityChanged(replace(GOOD, mos=3.2)))
        assert "quality 3.2 poor" in c.line("120 0000 0001")
        await c.happen(QualityChanged(replace(GOOD, mos=None)))
        assert "quality" not in c.screen_text


async def test_a_long_name_of_a_group_does_not_push_the_score_away(console) -> None:
    account = replace(s.ACCOUNT, group="A very long name of a group that goes on and on " * 2)
    async with console(replace(TALKING, account=account)) as c:
        assert "quality 4.2 good" in c.line("120 0000 0001")


async def test_a_new_score_repaints_its_own_cells_only(console) -> None:
    async with console(TALKING) as c:
        card = c.app.screen.panel.card
        painted: list[tuple[Region, ...]] = []
        refresh = card.refresh

        def noted(*regions: Region, **rest: bool) -> Any:
            painted.append(regions)
            refresh(*regions, **rest)
            return card

        card.refresh = noted
        await c.happen(QualityChanged(GOOD))
        assert painted == []
        await c.happen(QualityChanged(replace(GOOD, mos=4.1)))
        (regions,) = painted
        assert [region.width for region in regions] == [1]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_details_are_on_a_key(console, size) -> None:
    async with console(TALKING, size=size) as c:
        assert "round trip" not in c.screen_text
        await c.press("ctrl+f")
        assert "opus  round trip  23 ms  buffer  45 ms  jitter  3 ms" in c.screen_text
        assert "lost  1.2 % of theirs,  0.0 % of yours" in c.screen_text
        assert "repaired  1.0 %, filled in  0.2 %" in c.screen_text
        await c.happen(QualityChanged(None))
        assert "There are no figures yet." in c.screen_text
        await c.press("ctrl+f")
        assert "figures yet" not in c.screen_text
        assert "If you hang up now" in c.screen_text


@pytest.mark.parametrize(
    ("hearing", "sentence", "key", "command"),
    [
        (Hearing.NOT_HEARD, "They do not hear you.   ^Y Renew sound", "ctrl+y", RebuildAudio()),
        (Hearing.HEARS_NOTHING, "You hear nothing of them.   ^Y", "ctrl+y", RebuildAudio()),
        (Hearing.MUTED_SPEAKING, "but you are muted.   F7 Unmute", "f7", Mute(on=False)),
        (Hearing.GONE, "are gone.   ^X Close call", "ctrl+x", CloseCall()),
    ],
)
async def test_who_does_not_hear_whom_is_said_with_the_key_that_helps(
    console, hearing: Hearing, sentence: str, key: str, command: object
) -> None:
    call = replace(s.TALKING, muted=hearing is Hearing.MUTED_SPEAKING)
    async with console(replace(TALKING, calls=(call,))) as c:
        await c.happen(QualityChanged(replace(GOOD, hearing=hearing)))
        assert sentence in c.screen_text
        nothing = hearing in (Hearing.HEARS_NOTHING, Hearing.GONE)
        assert ("quality 4.2" in c.screen_text) is not nothing
        c.clock.now += 5
        await c.press(key)
        assert c.port.sent[-1] == command


async def test_a_call_that_is_there_cannot_be_closed_like_one_that_is_gone(console) -> None:
    async with console(TALKING) as c:
        c.clock.now += 5
        await c.press("ctrl+x")
        assert not [each for each in c.port.sent if isinstance(each, CloseCall)]


async def test_the_hints_are_chinese_in_the_chinese_console(console) -> None:
    config = Config(ui=UiSettings(language="zh"))
    async with console(TALKING, config=config) as c:
        assert "音质 4.2 良好" in c.line("120 0000 0001")
        await c.happen(QualityChanged(replace(GOOD, hearing=Hearing.HEARS_NOTHING)))
        assert "您听不到对方。   ^Y 重建语音" in c.screen_text
        await c.press("ctrl+f")
        assert "往返  23 毫秒" in c.screen_text


async def test_the_history_says_how_a_call_sounded(console) -> None:
    entry = HistoryEntry(
        id=1, began=s.WALL - 600, number="12000000001", outgoing=False, quality=GOOD, worst_mos=3.0
    )
    async with console() as c:
        c.port.answers[GetHistory] = lambda command: Result(True, value=HistoryPage((entry,), 1))
        await c.press("f10")
        assert "sound 4.2 good, 1.2 % lost, opus" in c.screen_text
