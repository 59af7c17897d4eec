"""Each main state at both sizes, in both languages, in every theme: words and colours.

One app for all looks of one size and language: it is told of one state after the other, and
changes its theme as an agent would.
"""

from __future__ import annotations

import pytest

from tests.terminal import languages
from tests.terminal.kept import Drawn, drawn, look
from tui.config.schema import Config, UiSettings
from tui.console.theming import all_themes, theme_directories
from tui.port.snapshot import Snapshot

pytestmark = pytest.mark.once

SIZES = {"80x24": (80, 24), "120x40": (120, 40)}
THEMES = ("yimi-dark", "yimi-light", "high-contrast", "ansi-16")
STATES: tuple[str, ...] = (
    "sign-in-failed",
    "groups",
    "idle",
    "line-lost",
    "ringing",
    "muted",
    "on-hold",
)
STATES += ("three-way", "third-failed", "wrap-up", "ended")
OPENED: dict[str, tuple[str, tuple[str, ...]]] = {
    "history": ("idle", ("f10",)),
    "figures": ("not-heard", ("ctrl+f",)),
    "directory": ("talking", ("f3",)),
    "who-stays": ("three-way", ("f8",)),
    "settings": ("idle", ("ctrl+g",)),
}


def test_no_theme_is_left_out() -> None:
    assert set(all_themes(theme_directories())[0]) == set(THEMES)


@pytest.mark.parametrize("language", languages.LANGUAGES)
@pytest.mark.parametrize("size", SIZES)
async def test_every_state_looks_as_it_is_kept(console, kept, language: str, size: str) -> None:
    states = languages.states(language)
    first, options = states["sign-in-failed"]
    port = languages.port(language, first)
    drawings: dict[str, dict[str, Drawn]] = {}
    async with console(
        first,
        port=port,
        size=SIZES[size],
        config=Config(ui=UiSettings(language=language)),
        **options,
    ) as c:

        async def become(*those: Snapshot) -> None:
            for snapshot in those:
                c.app.change(snapshot=snapshot, notice=None)
                await c.settle()

        for theme in THEMES:
            assert c.app.appearance.use_theme(theme) == ()
            await c.settle()
            for name in STATES:
                await become(states[name][0])
                drawings.setdefault(name, {})[theme] = drawn(c.app)
            for name, (state, keys) in OPENED.items():
                await become(states["idle"][0], states[state][0])
                c.clock.now += 1  # within a moment after, no key that changed its meaning works
                await c.press(*keys)
                c.clock.now -= 1
                c.app.drawing.draw()
                await c.settle()
                c.app.screen.refresh()  # what is behind a dialog is drawn anew with it only
                await c.settle()
                drawings.setdefault(name, {})[theme] = drawn(c.app)
                c.app.change(history=False, directory=False, figures=False)
                while len(c.app.screen_stack) > 1:
                    c.app.pop_screen()
                await c.settle()
    kept({f"looks/{name}-{language}-{size}": look(each) for name, each in drawings.items()})
