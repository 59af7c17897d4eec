"""The help is a table: what a key does stands in a column of its own, at any width."""

from __future__ import annotations

from typing import Any

import pytest
from rich.cells import cell_len, set_cell_size

from tests.terminal import scripted_port as s
from tui.config.schema import Config, UiSettings
from tui.console.actions.action import key_name
from tui.console.actions.registry import REGISTRY
from tui.console.screens.dialogs.help import KEY_CELLS


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("size", [(80, 24), (40, 12), (120, 40)])
async def test_under_the_keys_stands_nothing_but_keys(
    console: Any, size: tuple[int, int], language: str
) -> None:
    config = Config(ui=UiSettings(language=language))
    async with console(s.IDLE, size=size, config=config) as c:
        await c.press("f1")
        names = {key_name(key) for each in REGISTRY for key in (each.key, each.alias) if key}
        for width in (size[0], 60, 100):
            await c.pilot.resize_terminal(width, size[1])
            await c.settle()
            said = str(c.app.screen.query_one("#box Static").render())
            _title, *tables, _foot = said.split("\n\n")
            lines = [line for table in tables for line in table.splitlines()[1:]]
            assert len(lines) > 40
            assert all(cell_len(line) <= min(width, 72) - 7 for line in lines)
            for line in lines:
                assert {*set_cell_size(line, KEY_CELLS).split()} <= names, line
