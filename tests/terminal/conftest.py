"""A real app on a scripted port, with both clocks standing still unless a test moves them."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from textual import events
from textual.cache import LRUCache
from textual.css.stylesheet import Stylesheet
from textual.keys import _character_to_key
from textual.pilot import Pilot

from tests.terminal import scripted_port as script
from tests.terminal.kept import Kept
from tests.waiting import LIMIT, press, quiet, rest, until
from tui.config.schema import Config
from tui.console import i18n
from tui.console.app import YimiApp
from tui.port.snapshot import Snapshot
from tui.port.values import Phase


@pytest.fixture(autouse=True)
def _at_no_far_away_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is shown does not hang on where the tests are started from."""
    for name in ("PULSE_SERVER", "SSH_CONNECTION", "TMUX", "STY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session", autouse=True)
def _styles_are_parsed_once() -> Iterator[None]:
    """A style sheet with the same variables comes to the same rules, which nothing changes: textual
    keeps what it has parsed as long as an app lives, and here 1,200 of them follow each other."""
    begin, set_variables = Stylesheet.__init__, Stylesheet.set_variables
    parsed: dict[frozenset[tuple[str, str]], Any] = defaultdict(lambda: LRUCache(4096))

    def with_rules(self: Stylesheet, *, variables: dict[str, str] | None = None) -> None:
        begin(self, variables=variables)
        self._parse_cache = parsed[frozenset(self._variables.items())]

    def with_other_rules(self: Stylesheet, variables: dict[str, str]) -> None:
        self._parse_cache = LRUCache(1)  # it is emptied
        set_variables(self, variables)
        self._parse_cache = parsed[frozenset(variables.items())]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "__init__", with_rules)
        patch.setattr(Stylesheet, "set_variables", with_other_rules)
        yield


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
        await press(self.app, *keys)
        await self.settle()

    async def happen(self, *events: object) -> None:
        self.port.happen(*events)
        await self.settle()

    async def settle(self) -> None:
        """All that happens by itself at this instant has happened and is drawn."""
        await quiet(self.app)

    async def rest(self) -> None:
        """What the app does after a lag is done too: a search, a mark that rests."""
        await rest(self.app)

    async def burst(self, *keys: str) -> None:
        """Keys that come together, as from a fast hand over a slow line."""
        for key in keys:
            name = _character_to_key(key) if len(key) == 1 else key
            event = events.Key(name, key if len(key) == 1 else None)
            event.set_sender(self.app)
            self.app.post_message(event)
        await quiet(self.app)

    async def shows(self, words: str, limit: float = LIMIT) -> None:
        """These words stand on the terminal, now or within `limit` seconds."""
        await until(
            lambda: words in self.screen_text,
            limit,
            what=lambda: f"{words!r} on the screen:\n{self.screen_text}",
        )

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


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-kept", action="store_true", help="write tests/terminal/kept anew")


@pytest.fixture
def kept(request: pytest.FixtureRequest) -> Kept:
    """`kept({name: text})`: it is as tests/terminal/kept has it (`kept.py`)."""
    return Kept(bool(request.config.getoption("--write-kept", False)))


Opener = Callable[..., AbstractAsyncContextManager[Console]]


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    """No test reads the language that another one left."""
    i18n.set_language("en")
    yield
    i18n.set_language("en")


def _in_session(port: Any) -> bool:
    return bool(port.snapshot().phase is Phase.SIGNED_IN)


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Iterator[Opener]:
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
        make: Callable[..., YimiApp] = YimiApp,
        **options: Any,
    ) -> AsyncIterator[Console]:
        clock = Clock()
        if port is None:
            port = script.ScriptedPort(script.IDLE if snapshot is None else snapshot)
        # As the launcher has it: an engine that is in a session is taken up, without a form first.
        options.setdefault("resuming", port is not False and _in_session(port))
        app = make(
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

    yield opened
    monkeypatch.undo()
    time.tzset()  # the C library forgets the tests' zone too
