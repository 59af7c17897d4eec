"""Of a dialog's choices one changes nothing: it stands first, names Esc, and Esc takes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from tests.terminal import scripted_port as s
from tests.terminal.scripted_history import history
from tests.terminal.threeway import JOINED
from tui.config.schema import Config, UiSettings
from tui.console.screens.dialogs.breaks import BreakDialog
from tui.console.screens.dialogs.dialog import ChoiceDialog, failure_dialog, kicked_dialog
from tui.console.screens.dialogs.leave import LeaveDialog
from tui.console.screens.dialogs.parked import ParkedDialog
from tui.console.screens.dialogs.question import QuestionDialog
from tui.console.screens.dialogs.who_stays import WhoStaysDialog
from tui.console.view import View
from tui.console.widgets.formats import Clocks
from tui.port import replace
from tui.port.colleagues import ParkingSlot
from tui.port.values import Question, QuestionKind, message
from tui.port.work import BreakChoice

THREE = replace(s.TALKING, third=JOINED)


def calm() -> Clocks:
    """Between two looks at them nobody has typed for a while."""
    return Clocks(monotonic=count(s.NOW, 5.0).__next__)


DIALOGS: dict[str, Callable[[View], ChoiceDialog]] = {
    "BreakDialog": lambda _: BreakDialog([BreakChoice("lunch", "Lunch", 45.0)]),
    "LeaveDialog": LeaveDialog,
    "ParkedDialog": lambda _: ParkedDialog([ParkingSlot("701", True, s.NOW)], calm()),
    "QuestionDialog": lambda _: QuestionDialog(
        Question(QuestionKind.REFER, "1", "12000000009"), calm()
    ),
    "WhoStaysDialog": lambda _: WhoStaysDialog(THREE),
    "failure": lambda _: failure_dialog(message("login.50003")),
    "kicked": lambda view: kicked_dialog(view.snapshot, calm()),
    "kicked at a kiosk": lambda view: kicked_dialog(view.snapshot, calm(), kiosk=True),
}


def kinds(of: type[ChoiceDialog]) -> Iterator[str]:
    for each in of.__subclasses__():
        yield each.__name__
        yield from kinds(each)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", DIALOGS)
async def test_the_choice_that_changes_nothing_stands_first_and_is_what_esc_takes(
    console: Any, name: str, language: str
) -> None:
    config = Config(ui=UiSettings(language=language))
    async with console(s.IDLE, config=config) as c:
        taken: list[str | None] = []
        dialog = DIALOGS[name](c.app.view)
        c.app.push_screen(dialog, taken.append)
        await c.settle()
        ways = [str(option.prompt) for option in dialog.options.options]
        assert ["Esc" in way for way in ways] == [True, *(False for _ in ways[1:])], ways
        dialog.dismiss(dialog.options.options[0].id)
        await c.settle()
        c.app.push_screen(DIALOGS[name](c.app.view), taken.append)
        await c.settle()
        await c.press("escape")
        assert taken == [dialog.options.options[0].id] * 2


def test_every_kind_of_dialog_was_looked_at() -> None:
    assert {*kinds(ChoiceDialog)} <= {*DIALOGS}


async def test_where_esc_goes_back_to_whom_no_choice_claims_it(console: Any) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        await c.press("f4", *"1007", "enter")
        assert "how?   Esc: somebody else" in c.screen_text
        assert "Talk on (Esc)" not in c.screen_text
        await c.press("escape")
        assert "how?" not in c.screen_text


@pytest.mark.parametrize("key", ["ctrl+g", "ctrl+q", "f1"])
async def test_under_a_dialog_no_key_is_shown_that_is_the_dialogs(console: Any, key: str) -> None:
    async with console(s.IDLE, port=s.ScriptedPort(s.IDLE)) as c:
        history(c.port)
        await c.press("f10")
        before = c.keys
        assert "Enter Call again" in before
        await c.press(key)
        assert "Enter" not in c.keys
        assert "F2 Dial" in c.keys
        await c.press("escape")
        assert c.keys == before
