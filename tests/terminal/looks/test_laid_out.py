"""A widget is drawn for the size that a layout gave it, whether or not Textual tells of it."""

from __future__ import annotations

from typing import Any

from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.geometry import Size
from textual.widget import Widget

from tests.terminal.conftest import Console
from tests.terminal.screens.test_colleagues import LAMPS, at_pbx, people
from tests.waiting import quiet
from tui.console.screens.directory.pane import DirectoryPane
from tui.console.widgets.laid_out import when_laid_out


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
