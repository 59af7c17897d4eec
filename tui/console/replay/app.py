"""The console on a recording: its own screen, a port that replays, clocks that stand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from textual import events

from tui.config.schema import Config, NoticeSettings
from tui.console.app import YimiApp
from tui.console.lowest_screen import lowest
from tui.console.replay.player import SPEEDS, Player
from tui.console.replay.words import line_of
from tui.console.screens.console import ConsoleScreen
from tui.console.screens.ladder_page import LadderPage
from tui.console.terminal.colours import colours_of
from tui.console.widgets.ladder import LadderPane
from tui.port.values import message

_QUIET: Final = NoticeSettings(bell=False, title=False, osc9=False, osc777=False)
_LEAPS: Final = {"pageup": -10.0, "pagedown": 10.0, "up": -60.0, "down": 60.0}
"""Seconds, by key."""
_ON_THE_PAGE: Final = ("left", "right", "space")
"""The keys that move in time over the page of messages as well: the others scroll it."""
_APART: Final = 0.05
"""Seconds between two drawings while it plays, at least."""


class ReplayApp(YimiApp):
    """Nothing can be done here but to move in time. Keys: docs/incidents.md."""

    def __init__(
        self,
        player: Player,
        config: Config,
        themes: Path | None = None,
        *,
        suits: Callable[[str, Any], str] = lambda name, colours: name,
    ) -> None:
        """`themes` is the user's directory of themes; `suits` gives the theme in place of the
        wanted one that a terminal of these colours can draw."""
        self._suits = suits
        super().__init__(
            player,
            replace(config, notices=_QUIET),
            resuming=True,
            themes=themes,
            clock=lambda: player.moment,
            wall=player.wall,
        )
        self.player = player
        self.pane = LadderPane(self.clocks)
        self._turn = asyncio.Event()
        """Something was pressed while it plays."""
        skipped = player.recorded.skipped
        if skipped:
            self.attach(player, notice=message("replay.skipped", lines=skipped))
        self.change(watching=True, replay=line_of(player))

    def suited_theme(self, name: str) -> str:
        return self._suits(name, colours_of(self.console))

    def screen_ready(self) -> None:
        """The console is built: the messages stand beside it, where there is room."""
        super().screen_ready()
        screen = lowest(self, ConsoleScreen)
        if screen is not None and not self.pane.is_attached:
            screen.add_class("-replayed")
            screen.query_one("#body").mount(self.pane)
            self.call_after_refresh(self._show)

    # ------------------------------------------------------------ keys

    async def on_event(self, event: events.Event) -> None:
        ours = isinstance(event, events.Key) and not event.is_forwarded and self.drawing.drawn_once
        if not (ours and isinstance(event, events.Key) and self._moves(event.key)):
            await super().on_event(event)

    def _moves(self, key: str) -> bool:
        """Move by that key; whether it is one that does."""
        over = self.screen
        digit = key if len(key) == 1 and key.isdecimal() else ""
        if isinstance(over, LadderPage):
            if key not in _ON_THE_PAGE and not digit:
                return False
        elif not isinstance(over, ConsoleScreen):
            return False
        player = self.player
        match key:
            case "right":
                player.next()
            case "left":
                player.back()
            case "home":
                player.seek(player.recorded.began)
            case "end":
                player.seek(player.recorded.ended)
            case "pageup" | "pagedown" | "up" | "down":
                player.seek(player.moment + _LEAPS[key])
            case "space":
                self._play_or_stop()
            case "l" | "alt+l":
                self.pages.toggle_ladder()
            case "q" | "escape":
                self.exit()
            case _ if digit:
                player.speed = SPEEDS[int(digit)]
            case _:
                return False
        self._turn.set()
        self._show()
        return True

    # ------------------------------------------------------------ playing

    def _play_or_stop(self) -> None:
        player = self.player
        player.playing = not player.playing
        if player.playing:
            if player.at_end:
                player.seek(player.recorded.began)
            self.run_worker(self._play(), name="play", group="play", exclusive=True)

    async def _play(self) -> None:
        """Go on as time does, `speed` times as fast, until stopped or at the end. What is drawn is
        each event, and each second; faster than real time, no more often than an eye can see."""
        player, loop = self.player, asyncio.get_running_loop()
        while player.playing and not player.at_end:
            first, began, speed = player.moment, loop.time(), player.speed
            second = first + max(1.0 - (first - player.recorded.began) % 1.0, _APART)
            target = max(min(second, player.due or second), first + _APART * speed)
            self._turn.clear()
            try:
                async with asyncio.timeout((target - first) / speed):
                    await self._turn.wait()
            except TimeoutError:
                player.seek(target)
            else:
                if player.moment == first:
                    player.seek(min(target, first + (loop.time() - began) * speed))
            self._show()
        player.playing = False
        self._show()

    def _show(self) -> None:
        """The line, the clocks and the messages of this moment."""
        self.change(replay=line_of(self.player))
        self.pane.show(self.player.ladder)
