"""What is typed and pasted in a field, and fields that are asked before they are built."""

from __future__ import annotations

import pytest
from textual.events import Paste

from tests.terminal import scripted_port as s
from tui.console.screens.dialogs.dialog import ChoiceDialog
from tui.console.widgets.form.fields import Field


@pytest.mark.parametrize("pasted", ["\n1090", "\r\n\r\n1090\r\n", " \n1090", "1090\n1091"])
async def test_a_paste_puts_its_first_line_that_holds_something(console, pasted: str) -> None:
    async with console(s.IDLE) as c:
        await c.press("f2")
        c.app.screen.panel.dial.input.post_message(Paste(pasted))
        await c.settle()
        assert c.app.screen.panel.dial.value == "1090"


async def test_a_paste_of_line_ends_only_changes_nothing(console) -> None:
    async with console(s.IDLE) as c:
        await c.press("f2", "7")
        c.app.screen.panel.dial.input.post_message(Paste("\r\n\r\n"))
        await c.settle()
        assert c.app.screen.panel.dial.value == "7"


def test_a_field_that_is_not_yet_composed_can_be_read_written_and_told_to_take_the_cursor() -> None:
    field = Field("field.phone", "1")
    assert field.value == "1"
    field.value = "2"
    assert field.value == "2"
    field.focus_input()


async def test_a_dialog_holds_what_its_start_needs(console) -> None:
    async with console(s.IDLE):
        dialog = ChoiceDialog("leave.title", (), "", (("stay", "leave.stay"),), "stay")
        dialog.on_mount()  # before it is composed
        assert dialog.options.highlighted == 0


async def test_the_space_of_chinese_text_is_kept(console) -> None:
    async with console() as c:
        await c.press("f10", "王", "\u3000", "芳")
        assert c.app.screen.history.search.value == "王\u3000芳"
