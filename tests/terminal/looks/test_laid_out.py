"""A widget is drawn for the size that a layout gave it, whether or not Textual tells of it."""

from __future__ import annotations

from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.geometry import Size
from textual.widget import Widget

from tests.terminal import scripted_port as s
from tests.terminal.colleagues import LAMPS, at_pbx, people
from tests.terminal.conftest import Console
from tests.waiting import quiet
from tui.console.screens.directory.pane import DirectoryPane
from tui.console.widgets.laid_out import when_laid_out
from tui.port import replace


def looked_at_before_the_layout(app: App[Any], shown: Widget) -> None:
    """What a frame does that is drawn between a widget's being shown and the layout, and then
    whoever asks where the widget stands, as the focus does and the terminal's cursor."""
    app.screen._compositor.update_widgets({shown})
    assert shown.region.area


def directory(con: Console) -> DirectoryPane:
    """It was never open."""
    screen: Any = con.app.screen_stack[0]
    pane: DirectoryPane = screen._build_directory()
    assert not pane.is_open
    return pane


async def test_one_list_stands_where_there_is_room_for_one_whoever_asks_before_the_layout(
    console,
) -> None:
    async with console(at_pbx(colleagues=LAMPS), size=(100, 30)) as con:
        people(con.port)
        pane = directory(con)
        await con.settle()
        with con.app._context():
            pane.open()
        looked_at_before_the_layout(con.app, pane)
        await con.settle()
        assert pane.groups.display
        assert not pane.members.display


async def test_both_lists_stand_in_a_wider_terminal_and_one_in_the_old(console) -> None:
    async with console(at_pbx(colleagues=LAMPS), size=(100, 30)) as con:
        people(con.port)
        pane = directory(con)
        await con.press("f3")  # though it is only being built
        for columns, both in ((100, False), (160, True), (100, False)):
            await con.pilot.resize_terminal(columns, 30)
            await con.settle()
            assert pane.groups.display
            assert pane.members.display is both


class Told(Widget):
    """Hidden at first; remembers the sizes that it is told of."""

    DEFAULT_CSS = "Told { width: 10; height: 2; display: none; }"

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[Size] = []

    def on_mount(self) -> None:
        when_laid_out(self, lambda: self.sizes.append(self.outer_size))


class Stage(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.told = Told()

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield self.told


async def test_a_widget_is_told_of_each_size_once_and_of_being_shown_again() -> None:
    app = Stage()
    async with app.run_test():
        await quiet(app)
        assert app.told.sizes == []
        app.told.display = True
        looked_at_before_the_layout(app, app.told)
        await quiet(app)
        assert app.told.sizes == [Size(10, 2)]
        app.told.refresh(layout=True)
        await quiet(app)
        assert app.told.sizes == [Size(10, 2)]
        app.told.styles.width = 20
        await quiet(app)
        assert app.told.sizes == [Size(10, 2), Size(20, 2)]
        app.told.display = False
        await quiet(app)
        app.told.display = True
        await quiet(app)
        assert app.told.sizes == [Size(10, 2), Size(20, 2), Size(20, 2)]


@pytest.mark.parametrize("opened", [(), ("ctrl+q",)])
@pytest.mark.parametrize("state", ["wrap-up", "talking"])
async def test_whatever_size_a_terminal_had_before_it_shows_what_one_of_its_size_shows(
    console, state: str, opened: tuple[str, ...]
) -> None:
    """A dialog may stand over it. No clock runs here that would draw it once more by chance."""
    snapshot = {
        "wrap-up": replace(s.with_call(s.ENDED), wrapup=s.WRAPUP),
        "talking": s.with_call(s.TALKING),
    }[state]
    sizes = ((120, 40), (40, 12), (80, 24), (200, 50), (100, 30), (60, 20))
    wanted = []
    for size in sizes:
        async with console(snapshot, size=size) as con:
            await con.press(*opened)
            await con.rest()
            wanted.append(con.screen_text)
    async with console(snapshot, size=sizes[0]) as con:
        await con.press(*opened)
        for size in (*sizes, *reversed(sizes)):
            await con.pilot.resize_terminal(*size)
            await con.rest()
            assert con.screen_text == wanted[sizes.index(size)], size
