"""The app's part for what it looks and sounds like: language, theme, settings put in force.

A part of the app by inheritance; the values are the app's, see `YimiApp.__init__`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tui import i18n
from tui.config import Config
from tui.engine.state import message
from tui.keymap import check as check_keys
from tui.screens.drawing import Drawing
from tui.theming import all_themes
from tui.widgets.glyphs import use_ascii

if TYPE_CHECKING:
    from pathlib import Path

    from tui.theming import Look


class Looks(Drawing):
    """What can be changed while it runs."""

    theme_directories: tuple[Path, ...]
    _look: Look

    def use_keys(self, keys: Mapping[str, tuple[str, ...]]) -> None:
        """Put these keys in force, by action; checked ones (`tui.keymap.check`)."""
        raise NotImplementedError

    def set_language(self, language: str) -> None:
        """Speak this language from now on, and draw everything again. What keeps words between
        two drawings has a method `retranslate`."""
        i18n.set_language(language)
        for screen in self.screen_stack:
            for part in (screen, *screen.walk_children()):
                retranslate = getattr(part, "retranslate", None)
                if retranslate is not None:
                    retranslate()
        self._draw()

    @property
    def config(self) -> Config:
        """The settings in force."""
        return self._config or Config()

    def use_config(self, config: Config) -> None:
        """Put changed settings in force, as far as they are the screen's."""
        self._config = config
        notices = config.notices
        self.attention.bell, self.attention.title = notices.bell, notices.title
        self.attention.osc9, self.attention.osc777 = notices.osc9, notices.osc777
        self.use_keys(check_keys(config.keys)[0])
        self.use_theme(config.ui.theme)
        self.set_language(config.ui.language or i18n.from_locale(os.environ))

    def use_theme(self, name: str) -> tuple[str, ...]:
        """Draw with this theme from now on, read again from its file; what cannot be used of all
        themes is returned, and then the look stays as it is, if it is this one's fault."""
        looks, wrong = all_themes(self.theme_directories)
        look = looks.get(name)
        if look is None:
            return wrong or (f"no theme is called {name!r}",)
        self._look = look
        self.register_theme(look.theme)
        self.theme = look.theme.name
        use_ascii(look.ascii_borders)
        self.set_class(look.ascii_borders, "-ascii")
        self.refresh_css(animate=False)
        for screen in self.screen_stack:
            screen.refresh(layout=True)
        self.set_language(i18n.language())  # draws every sign again
        return wrong

    def reload_themes(self) -> None:
        """Read the themes again; one notice for all that failed."""
        if wrong := self.use_theme(self.theme):
            self._update(notice=message("themes.wrong", what=" ".join(wrong)))
        else:
            self._update(notice=message("themes.read"))
