"""Hands and eyes in front of the screen of an app that runs."""

from __future__ import annotations

from collections.abc import Callable

from textual.pilot import Pilot

from tests.e2e.box import PATIENCE
from tests.waiting import press, until


class ScreenPlayer:
    """Reads the screen, waits for what is to stand on it, and presses keys."""

    def __init__(self, pilot: Pilot[str]) -> None:
        self.pilot = pilot

    @property
    def text(self) -> str:
        lines = self.pilot.app.screen._compositor.render_strips()
        return "\n".join("".join(part.text for part in line) for line in lines)

    async def see(self, *words: str) -> None:
        """Wait until all the words stand on the screen."""
        await until(
            lambda: all(word in self.text for word in words),
            PATIENCE,
            what=lambda: f"{words} in\n{self.text}",
            interval=0.05,  # to put the screen together takes some milliseconds
        )

    async def wait(self, what: Callable[[], object]) -> None:
        """Wait until it is so."""
        await until(what, PATIENCE)

    async def press(self, *keys: str) -> None:
        """One after the other. The pilot's own press waits 30 s for a screen that a key closed."""
        await press(self.pilot.app, *keys)
