"""What the console looks and sounds like: language, theme, keys, settings put in force."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import App

from tui.config.schema import Config
from tui.console import i18n
from tui.console.actions.keymap import check as check_keys
from tui.console.actions.keymap import remapped
from tui.console.actions.own_actions import take
from tui.console.actions.registry import use_registry
from tui.console.attention import Attention
from tui.console.parts.drawing import Drawing
from tui.console.theming import all_themes
from tui.console.widgets.formats import use_outcomes
from tui.console.widgets.glyphs import use_ascii
from tui.port.values import Message, message

if TYPE_CHECKING:
    from collections.abc import Iterable


class Appearance:
    """What can be changed while the console runs."""

    def __init__(
        self,
        app: App[Any],
        drawing: Drawing,
        attention: Attention,
        config: Config | None,
        theme_directories: tuple[Path, ...],
        *,
        bind_keys: Callable[[], None],
        suited: Callable[[str], str],
    ) -> None:
        """`bind_keys` puts the keys of the registry in force; `suited` names the theme to draw
        with where the settings name one."""
        self._app, self._drawing, self._attention = app, drawing, attention
        self._config, self._bind_keys, self._suited = config, bind_keys, suited
        self.theme_directories = theme_directories
        """Where themes are looked for, in order."""
        self.wrong: tuple[str, ...] = ()
        """What of the config's keys cannot be used, in sentences."""

    def use_first_keys(self) -> None:
        """Put the config's keys in force."""
        good, bad = check_keys(keys) if (keys := take(self.config)) else ({}, ())
        self.wrong = tuple(map(i18n.render, bad))
        use_outcomes(self.config.wrapup.outcomes)
        self.use_keys(good)

    @property
    def config(self) -> Config:
        """The settings in force."""
        return self._config or Config()

    def use_keys(self, keys: Mapping[str, tuple[str, ...]]) -> None:
        """Put these keys in force, by action; checked ones (`tui.console.actions.keymap.check`)."""
        use_registry(remapped(keys, letters=self.config.ui.letters))
        self._bind_keys()

    def set_language(self, language: str) -> None:
        """Speak this language from now on, and draw everything again. What keeps words between
        two drawings has a method `retranslate`."""
        i18n.set_language(language)
        for screen in self._app.screen_stack:
            for part in (screen, *screen.walk_children()):
                retranslate = getattr(part, "retranslate", None)
                if retranslate is not None:
                    retranslate()
        self._drawing.draw()

    def use_config(self, config: Config) -> None:
        """Put changed settings in force, as far as they are the screen's."""
        self._config = config
        notices = config.notices
        self._attention.bell, self._attention.title = notices.bell, notices.title
        self._attention.osc9, self._attention.osc777 = notices.osc9, notices.osc777
        self._app.set_class(config.ui.calm, "-calm")
        self._drawing.change(calm=config.ui.calm)
        self.use_keys(check_keys(take(config))[0])
        self.use_theme(self._suited(config.ui.theme))
        self.set_language(config.ui.language or i18n.from_locale(os.environ))

    def use_theme(self, name: str) -> tuple[str, ...]:
        """Draw with this theme from now on, read again from its file. Returns what is wrong with
        any theme; where this one is wrong, the one in force stays."""
        themes, wrong = all_themes(self.theme_directories)
        theme = themes.get(name)
        if theme is None:
            return wrong or (f"no theme is called {name!r}",)
        self._app.register_theme(theme.theme)
        self._app.theme = theme.theme.name
        use_ascii(theme.ascii_borders)
        self._app.set_class(theme.ascii_borders, "-ascii")
        self._app.refresh_css(animate=False)
        for screen in self._app.screen_stack:
            screen.refresh(layout=True)
        self.set_language(i18n.language())  # draws every sign again
        return wrong

    def reload_themes(self) -> None:
        """Read the themes again; one notice for all that failed."""
        if wrong := self.use_theme(self._app.theme):
            self._drawing.change(notice=message("themes.wrong", what=" ".join(wrong)))
        else:
            self._drawing.change(notice=message("themes.read"))


def said_together(sentences: Iterable[str]) -> Message | None:
    """One notice for all that is wrong with the settings; None when nothing is."""
    what = " ".join(sentences)
    return message("settings.wrong", what=what) if what else None
