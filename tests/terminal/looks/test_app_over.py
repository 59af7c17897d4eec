"""The app when it is over: what is asked for then, and what fails then."""

from __future__ import annotations

import pytest
from textual.app import App
from textual.screen import Screen

from tui.console.app import YimiApp
from tui.console.lowest_screen import lowest


class Form(Screen[None]):
    """A kind of screen."""


class FormApp(App[None]):
    """An app that begins with the form."""

    def get_default_screen(self) -> Form:
        return Form()


async def test_it_is_there_while_the_app_is_and_of_one_kind_only() -> None:
    app = FormApp()
    assert lowest(app, Screen) is None
    async with app.run_test():
        app.push_screen(Screen())
        assert isinstance(lowest(app, Form), Form)
    assert lowest(app, Screen) is None


async def test_another_kind_is_none() -> None:
    app: App[None] = App()
    async with app.run_test():
        assert lowest(app, Screen) is app.screen
        assert lowest(app, Form) is None


async def test_nothing_has_the_focus_before_the_first_screen_and_after_the_last() -> None:
    app = YimiApp()
    assert app.focused is None
    async with app.run_test() as pilot:
        await pilot.press("a")
    assert app.focused is None
    app.screen_ready()


class Fails(Screen[None]):
    """Has left something to be done when it goes, which fails then."""

    def on_unmount(self) -> None:
        self.app.call_next(self.look)

    def look(self) -> None:
        raise LookupError("the widgets are gone")


class ToldOf(YimiApp):
    """Keeps what fails when it is over."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def failed_when_over(self, error: Exception) -> None:
        self.told.append(str(error))


async def test_what_fails_while_the_app_ends_is_told_and_is_no_crash() -> None:
    app = ToldOf()
    async with app.run_test():
        await app.push_screen(Fails())
    assert app.told == ["the widgets are gone"]


async def test_what_fails_before_the_end_is_a_crash() -> None:
    app = ToldOf()

    async def crash() -> None:
        async with app.run_test() as pilot:
            await app.push_screen(Fails())
            app.pop_screen()
            await pilot.pause()

    with pytest.raises(LookupError, match="the widgets are gone"):
        await crash()
    assert app.told == []
