"""What is worked out for a change: all that it changes, and no more."""

from __future__ import annotations

from typing import Any

import pytest
from textual.css.stylesheet import Stylesheet
from textual.dom import DOMNode

from tests.terminal import scripted_port as s
from tests.waiting import until
from tui.console.screens.console import ConsoleScreen
from tui.console.view import View
from tui.port import replace
from tui.port.events import CallChanged, CallOffered, WrapUpChanged
from tui.port.values import WrapUp, WrapUpMode

RINGS = (CallChanged(s.RINGING),)
WRITE_UP = WrapUp(
    entry=1,
    number=s.ENDED.number,
    outgoing=False,
    talk_time=201.0,
    ended=s.ENDED.outcome,
    began=s.NOW,
    until=None,
    mode=WrapUpMode.OPTIONAL,
    outcomes=("Resolved", "Call back"),
)
OVER = (CallChanged(s.ENDED), WrapUpChanged(WRITE_UP))
WIDTH_AND_HEIGHT = ((80, 24), (80, 12), (120, 40))


@pytest.mark.parametrize("size", WIDTH_AND_HEIGHT, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("happens", [RINGS, OVER], ids=["rings", "over"])
async def test_every_widget_has_the_style_that_all_the_rules_give_it(
    console, happens, size
) -> None:
    async with console(s.with_call(s.TALKING), size=size) as c:
        for event in happens:
            c.port.happen(event)
        await c.settle()
        widgets = list(c.app.screen.walk_children())
        found = [each.styles.base.get_rules() for each in widgets]
        c.app.stylesheet.update(c.app.screen)
        assert [each.styles.base.get_rules() for each in widgets] == found


async def test_a_call_that_rings_has_the_style_of_its_panel_worked_out_and_no_other(
    console, monkeypatch
) -> None:
    async with console() as c:
        # Some time after the first frame it is built by itself.
        await until(lambda: c.app.screen.directory is not None)
        await c.settle()
        worked_out: list[DOMNode] = []
        apply = Stylesheet.apply

        def noted(sheet: Stylesheet, node: DOMNode, **options: Any) -> None:
            worked_out.append(node)
            apply(sheet, node, **options)

        monkeypatch.setattr(Stylesheet, "apply", noted)
        c.port.happen(CallChanged(replace(s.RINGING, key="2")))
        await c.settle()
        assert worked_out == [c.app.screen.panel]


async def test_a_fact_that_changes_nothing_on_the_screen_draws_nothing(
    console, monkeypatch
) -> None:
    async with console() as c:
        drawn: list[View] = []
        show = ConsoleScreen.show

        def noted(screen: ConsoleScreen, view: View) -> None:
            drawn.append(view)
            show(screen, view)

        monkeypatch.setattr(ConsoleScreen, "show", noted)
        c.port.happen(CallChanged(replace(s.RINGING, key="2")))
        c.port.happen(CallOffered("1conf_2", s.RINGING.number))
        await c.settle()
        assert len(drawn) == 1
