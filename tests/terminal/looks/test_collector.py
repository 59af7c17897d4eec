"""When the console's garbage is collected: not while it starts, and not while somebody types."""

from __future__ import annotations

import gc

import pytest
from textual.events import Key

from tests.terminal import scripted_port as s
from tests.waiting import rest
from tui.config.schema import Config
from tui.launcher import collector
from tui.launcher.supervised_app import SupervisedApp

pytestmark = pytest.mark.usefixtures("pythons_own_collector")


async def test_garbage_waits_until_the_screen_stands_and_nobody_has_typed_for_a_while() -> None:
    now = [s.NOW]
    collector.hold_off()
    app = SupervisedApp(
        s.ScriptedPort(),
        Config(),
        clock=lambda: now[0],
        wall=lambda: s.WALL,
        when_ready=lambda: None,
    )
    async with app.run_test():
        await rest(app)
        app.post_message(Key("f1", None))
        await rest(app)
        now[0] += 1
        app._collect()
        assert not gc.isenabled(), "a key came a second ago"
        now[0] += 60
        app._collect()
        assert gc.isenabled()
        assert gc.get_freeze_count() > 10_000, "what a screen is made of is looked through no more"


async def test_each_new_screen_is_set_aside_once() -> None:
    app = SupervisedApp(
        s.ScriptedPort(),
        Config(),
        clock=lambda: s.NOW,
        wall=lambda: s.WALL,
        when_ready=lambda: None,
    )
    async with app.run_test() as pilot:
        await rest(app)
        seen = set(app._set_aside)
        assert seen == {app.view.screen}
        await pilot.resize_terminal(100, 30)
        await rest(app)
        assert app._set_aside == seen
