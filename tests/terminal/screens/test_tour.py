"""The tour: six sentences on the first day, in nobody's way, skipped and called again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.terminal import languages
from tests.terminal import scripted_port as s
from tui.config.schema import Config, Paths, UiSettings
from tui.port.events import CallChanged, CallRemoved


def paths(folder: Path) -> Paths:
    return Paths(folder / "config", folder, folder / "run", folder / "data")


async def test_it_comes_by_itself_once(console, tmp_path: Path) -> None:
    async with console(paths=paths(tmp_path)) as c:
        assert "1/6" in c.screen_text
        assert "F5 answers, F8 declines" in c.screen_text
        for at in range(2, 7):
            await c.press("enter")
            assert f"{at}/6" in c.screen_text
        await c.press("enter")
        assert "/6" not in c.screen_text
        assert "No call." in c.screen_text
    async with console(paths=paths(tmp_path)) as c:
        assert "1/6" not in c.screen_text


async def test_it_is_skipped_by_escape_and_called_again(console, tmp_path: Path) -> None:
    async with console(paths=paths(tmp_path)) as c:
        await c.press("escape")
        assert "/6" not in c.screen_text
        assert (tmp_path / "tour-seen").exists()
        c.app.do("tour")
        await c.settle()
        assert "1/6" in c.screen_text
        await c.press("enter", "f1", "t")
        assert "1/6" in c.screen_text


async def test_a_call_takes_its_place_and_it_goes_on_after_it(console, tmp_path: Path) -> None:
    async with console(paths=paths(tmp_path)) as c:
        await c.press("enter")
        await c.happen(CallChanged(s.RINGING))
        assert "2/6" not in c.screen_text
        assert "120 0000 0001" in c.line("▶")
        await c.press("enter")
        await c.happen(CallRemoved("1"))
        assert "2/6" in c.screen_text


@pytest.mark.parametrize("language", languages.LANGUAGES)
async def test_each_sentence_fits_its_place(console, language: str) -> None:
    config = Config(ui=UiSettings(language=language))
    async with console(languages.day(language), config=config) as c:
        c.app.do("tour")
        for at in range(1, 7):
            await c.settle()
            rows = c.app.screen.panel.card.text.splitlines()
            assert f"{at}/6" in "".join(rows)
            assert "…" not in "".join(rows)
            assert "Esc" in rows[-1]
            await c.press("enter")


async def test_without_a_place_to_remember_it_nobody_is_shown_it(console) -> None:
    async with console() as c:
        assert "/6" not in c.screen_text
