"""A real app on a scripted port, with both clocks standing still unless a test moves them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from textual.pilot import Pilot

from tui.app import YimiApp
from tui.config import Config
from tui.engine.state import Snapshot


def _load() -> ModuleType:
    spec = spec_from_file_location("scripted_port", Path(__file__).parent / "scripted_port.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    import sys

    sys.modules["scripted_port"] = module
    spec.loader.exec_module(module)
    return module


script = _load()


@pytest.fixture(autouse=True)
def _at_no_far_away_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is shown does not hang on where the tests are started from."""
    for name in ("PULSE_SERVER", "SSH_CONNECTION", "TMUX"):
        monkeypatch.delenv(name, raising=False)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now: float = script.NOW

    def __call__(self) -> float:
        return self.now


class Console:
    """The app, its port, its clock and the pilot's hands."""

    def __init__(self, app: YimiApp, port: Any, clock: Clock, pilot: Pilot[str]) -> None:
        self.app, self.port, self.clock, self.pilot = app, port, clock, pilot

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.settle()

    async def happen(self, *events: object) -> None:
        self.port.happen(*events)
        await self.settle()

    async def settle(self) -> None:
        # Each pause lets every widget empty its queue; a switch of screens takes a few rounds.
        for _ in range(4):
            await self.pilot.pause()

    @property
    def screen_text(self) -> str:
        """What stands on the terminal, top to bottom, right now."""
        lines = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in line) for line in lines)

    @property
    def links(self) -> list[str]:
        """What on the terminal carries an action or a hyperlink."""
        return [
            segment.text
            for line in self.app.screen._compositor.render_strips()
            for segment in line
            if segment.style and (segment.style.link or "@click" in segment.style.meta)
        ]

    def line(self, containing: str) -> str:
        """The line of the terminal that contains this."""
        for line in self.screen_text.splitlines():
            if containing in line:
                return line
        raise AssertionError(f"{containing!r} is not on the screen:\n{self.screen_text}")

    @property
    def keys(self) -> str:
        """The key bar."""
        return self.screen_text.splitlines()[-1]


Opener = Callable[..., AbstractAsyncContextManager[Console]]


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Opener:
    """`async with console(snapshot, size=…, **app options) as c`."""
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    time.tzset()

    @asynccontextmanager
    async def opened(
        snapshot: Snapshot | None = None,
        *,
        size: tuple[int, int] = (80, 24),
        port: Any = None,
        config: Config | None = None,
        **options: Any,
    ) -> AsyncIterator[Console]:
        clock = Clock()
        if port is None:
            port = script.ScriptedPort(script.IDLE if snapshot is None else snapshot)
        app = YimiApp(
            port if port is not False else None,
            config or Config(),
            clock=clock,
            wall=lambda: script.WALL + clock.now - script.NOW,
            **options,
        )
        async with app.run_test(size=size, notifications=True) as pilot:
            opened = Console(app, port, clock, pilot)
            await opened.settle()
            yield opened

    return opened
