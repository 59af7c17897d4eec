"""The screen beneath all others, asked for at any moment of the app's life."""

from __future__ import annotations

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
