"""Actions of the agent's own, by key, in the palette, the help and the key check."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.terminal import scripted_port as s
from tui.config.schema import Config
from tui.config.work import OwnAction
from tui.console.actions.keymap import check
from tui.console.actions.own_actions import take
from tui.console.actions.registry import all_actions, use_registry
from tui.console.i18n import render, tr
from tui.port.commands import Result
from tui.port.events import CallChanged
from tui.port.values import message
from tui.port.work_commands import RunAction

CRM = OwnAction("crm", title="Customer in the CRM", key="Alt+K", url="x:{number}", when="call")
TICKET = OwnAction("ticket", title="New ticket {n}", command=("ticket",))
CONFIG = Config(actions=(CRM, TICKET))


@pytest.fixture(autouse=True)
def _none_is_left() -> Iterator[None]:
    yield
    take(Config())
    use_registry(all_actions())


async def test_its_key_works_when_it_can_be_done_and_what_came_of_it_is_said(console: Any) -> None:
    async with console(config=CONFIG) as c:
        await c.press("alt+k")
        assert c.port.sent == []
        await c.happen(CallChanged(s.TALKING))
        c.port.answers[RunAction] = lambda command: Result(
            False, message("own.failed", name="Customer in the CRM", code=3, said="no such one")
        )
        await c.press("alt+k")
        await c.rest()
        assert c.port.sent == [RunAction("crm")]
        assert "Customer in the CRM failed with exit code 3. no such one" in c.screen_text


async def test_it_stands_in_the_help_and_in_the_palette(console: Any) -> None:
    async with console(s.with_call(s.TALKING), config=CONFIG, size=(100, 60)) as c:
        await c.press("f1")
        assert "Customer in the CRM" in c.line("ALT+K")
        await c.press("escape", "ctrl+p", *"ticket")
        await c.rest()
        await c.shows("New ticket {n}")
        await c.press("enter")
        await c.rest()
        assert RunAction("ticket") in c.port.sent


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("f5", "F5"),
        ("ctrl+z", "^Z"),
        ("enter", "Enter"),
        ("hyper+x", "HYPER"),
    ],
)
def test_its_key_is_checked_like_any_other(key: str, sentence: str) -> None:
    keys = take(Config(actions=(OwnAction("crm", key=key, command=("x",)),)))
    wrong = [render(each) for each in check(keys)[1]]
    assert len(wrong) == 1
    assert "own.crm" in wrong[0]
    assert sentence in wrong[0]


def test_two_with_one_key_are_told_of() -> None:
    keys = take(Config(actions=(CRM, OwnAction("other", key="alt-k", command=("x",)))))
    (wrong,) = (render(each) for each in check(keys)[1])
    assert "own.crm" in wrong
    assert "own.other" in wrong


def test_its_words_are_gone_with_it() -> None:
    take(CONFIG)
    assert tr("action.own.crm") == "Customer in the CRM"
    take(Config())
    assert tr("action.own.crm") == "action.own.crm"


async def test_the_number_of_a_call_is_copied(console: Any) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        c.app.do("copy_number")
        await c.settle()
        assert c.app.clipboard == "12000000001"
        assert "120 0000 0001 is on the clipboard." in c.screen_text
