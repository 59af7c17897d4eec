"""The script of a group: beside the call where there is room, else by a key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.content import Content

from tests.terminal import scripted_port as s
from tui.config.schema import Config
from tui.console.widgets.markdown import escaped, rendered
from tui.port import replace
from tui.port.events import CallChanged, CallRemoved

SCRIPT = """\
# Good morning, {agent}

Ask for the **contract number** of {name}.

- the price: *120*
- [ ] the address
1. say goodbye
> from {number}
"""


def config(folder: Path, **scripts: str) -> Config:
    """A config with these scripts."""
    files = {}
    for group, text in scripts.items():
        file = folder / f"{group}.md"
        file.write_text(text, "utf-8")
        files["*" if group == "any" else group.replace("_", "-")] = str(file)
    return Config(scripts=files)


CALL = replace(s.TALKING, known="Wang *Fang*")


async def test_in_a_wide_terminal_it_stands_beside_the_call(console: Any, tmp_path: Path) -> None:
    made = config(tmp_path, Pre_sales=SCRIPT, any="other")
    async with console(size=(120, 40), config=made) as c:
        assert "Good morning" not in c.screen_text
        await c.happen(CallChanged(CALL))
        assert "Good morning, Li Ming" in c.screen_text
        assert "Ask for the contract number of Wang *Fang*." in c.screen_text
        assert "• the price: 120" in c.screen_text
        assert "• [ ] the address" in c.screen_text
        assert "1. say goodbye" in c.screen_text
        assert "from 120 0000 0001" in c.screen_text
        assert "Today" not in c.screen_text
        await c.happen(CallChanged(s.ENDED), CallRemoved(CALL.key))
        assert "Good morning" not in c.screen_text
        assert "Today" in c.screen_text


async def test_in_a_narrow_one_a_key_shows_it(console: Any, tmp_path: Path) -> None:
    made = config(tmp_path, any=SCRIPT)
    async with console(s.with_call(CALL), config=made) as c:
        assert "Good morning" not in c.screen_text
        await c.press("alt+s")
        assert "Good morning, Li Ming" in c.screen_text
        await c.press("alt+s")
        assert "Good morning" not in c.screen_text


async def test_another_group_has_its_own_and_one_without_has_none(
    console: Any, tmp_path: Path
) -> None:
    made = config(tmp_path, Night="for the night")
    async with console(s.with_call(CALL), config=made, size=(120, 40)) as c:
        assert "for the night" not in c.screen_text
        await c.happen(CallChanged(replace(CALL, group="Night")))
        assert "for the night" in c.screen_text


async def test_a_file_that_is_not_there_says_so(console: Any, tmp_path: Path) -> None:
    made = Config(scripts={"*": str(tmp_path / "none.md")})
    async with console(s.with_call(CALL), config=made) as c:
        await c.press("alt+s")
        assert "There is no file none.md" in c.screen_text


def plain(text: str) -> str:
    found: Content = rendered(text)
    return found.plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("one\ntwo", "one two\n"),
        ("## *Head* ##", "Head\n"),
        ("a **b** _c_ `d`", "a b c d\n"),
        ("snake_case_name 2 * 3 * 4", "snake_case_name 2 * 3 * 4\n"),
        ("[site](https://crm.invalid)", "site (https://crm.invalid)\n"),
        ("<https://crm.invalid>", "https://crm.invalid\n"),
        ("\\*not\\*", "*not*\n"),
        ("- a\n  - b", "• a\n  • b\n"),
        ("- [x] done", "• [x] done\n"),
        ("3) c", "3. c\n"),
        ("---", "─" * 20 + "\n"),
        ("[/] [@click=app.quit]x[/]", "[/] [@click=app.quit]x[/]\n"),
        ("a\n\n\n\nb", "a\n\nb\n"),
    ],
)
def test_what_of_markdown_is_known_is_shown_and_the_rest_as_it_is(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize("value", ["[x](http://evil.invalid)", "# head", "*a* `b` _c_", "- [ ] x"])
def test_a_value_is_never_read_as_markdown(value: str) -> None:
    assert plain(f"is {escaped(value)}") == f"is {value}\n"


async def test_what_a_file_holds_cannot_move_the_cursor(console: Any, tmp_path: Path) -> None:
    made = config(tmp_path, any="a \x1b[2J\x1b]52;c;eA==\x07 b \u202e c")
    async with console(s.with_call(CALL), config=made) as c:
        await c.press("alt+s")
        assert "a b c" in c.screen_text
        assert "\x1b" not in c.screen_text
