"""Colour themes from TOML files that a user can copy and change.

A theme is looked for in the user's directory first, then where the package keeps its own. The
keys are those of `themes/yimi-dark.toml`; an unknown key is an error in words, not a guess.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import msgspec
from rich.color import ColorSystem
from textual.color import Color, ColorParseError
from textual.theme import BUILTIN_THEMES, Theme

from tui.config.errors import ConfigError
from tui.config.toml.text import table_of, text_of
from tui.console.i18n import config_sentence, tr

DEFAULT_THEME: Final = "yimi-dark"
SIXTEEN: Final = "ansi-16"
"""The theme in the terminal's own colours."""
_COLOURS: Final = frozenset(
    [
        "primary",
        "secondary",
        "accent",
        "warning",
        "error",
        "success",
        "foreground",
        "background",
        "surface",
        "panel",
    ]
)
VARIABLES: Final = frozenset(
    [
        "dim",
        "strong",
        "key",
        "ring",
        "good",
        "bad",
        "bar",
        "rule",
        "field",
        "field-focus",
        "field-text",
    ]
)
"""Colours of our own, each with a meaning; every theme gives all of them."""
BORDERS: Final = ("unicode", "ascii")


class ThemeError(ValueError):
    """A theme that cannot be used; the text names the file and what is wrong."""


class LoadedTheme(msgspec.Struct, frozen=True):
    """A theme, and whether lines are drawn with ASCII characters (for terminals that draw the
    line characters two cells wide)."""

    theme: Theme
    ascii_borders: bool


def theme_directories(user: Path | None = None) -> tuple[Path, ...]:
    """Where themes are looked for, in order."""
    package = Path(__file__).parents[1]
    own = (package / "themes", package.parent / "themes")
    return (user, *own) if user else own


def load_theme(name: str, directories: Iterable[Path]) -> LoadedTheme:
    """The theme of that name. Raises ThemeError."""
    for directory in directories:
        path = directory / f"{name}.toml"
        if os.path.isfile(path):
            try:
                return _read(name, table_of(text_of(path), path.name))
            except ConfigError as error:
                raise ThemeError(config_sentence(error)) from error
            except (OSError, ThemeError) as error:
                raise ThemeError(f"{path.name}: {error}") from error
    raise ThemeError(tr("theme.none", name=repr(name)))


def suited(name: str, colours: ColorSystem | None) -> str:
    """The theme for a terminal with these colours (None: no colours): its own sixteen where
    it has no more, since fields of other themes look alike there."""
    more = colours in (ColorSystem.EIGHT_BIT, ColorSystem.TRUECOLOR)
    return name if more or name != DEFAULT_THEME else SIXTEEN


def all_themes(directories: Iterable[Path]) -> tuple[dict[str, LoadedTheme], tuple[str, ...]]:
    """Every theme that can be used, by name, and a sentence for every file that cannot. Of two
    with one name the first directory's counts."""
    themes: dict[str, LoadedTheme] = {}
    wrong: list[str] = []
    seen: set[str] = set()
    for directory in directories:
        for path in sorted(directory.glob("*.toml")):
            if path.stem not in seen:
                seen.add(path.stem)
                try:
                    themes[path.stem] = load_theme(path.stem, [directory])
                except ThemeError as error:
                    wrong.append(str(error))
    return themes, tuple(wrong)


def _read(name: str, table: dict[str, Any]) -> LoadedTheme:
    for section in ("colours", "variables"):
        if not isinstance(table.get(section, {}), dict):
            raise ThemeError(tr("theme.section", name=section))
    borders = table.pop("borders", "unicode")
    ansi, dark = table.pop("ansi", False), table.pop("dark", True)
    colours, variables = table.pop("colours", {}), table.pop("variables", {})
    if table:
        raise ThemeError(tr("theme.unknown", names=", ".join(sorted(table))))
    if borders not in BORDERS:
        raise ThemeError(tr("theme.borders", names=", ".join(BORDERS)))
    if unknown := set(colours) - _COLOURS:
        raise ThemeError(tr("theme.unknown_colours", names=", ".join(sorted(unknown))))
    if missing := VARIABLES - set(variables):
        raise ThemeError(tr("theme.missing_variables", names=", ".join(sorted(missing))))
    if "primary" not in colours:
        raise ThemeError(tr("theme.missing_colour", name="primary"))
    _check_colours({**colours, **{key: variables[key] for key in VARIABLES}})
    if ansi:
        # Textual's own rules name variables that only its 16-colour themes define.
        variables = {**BUILTIN_THEMES["ansi-dark" if dark else "ansi-light"].variables, **variables}
    theme = Theme(name=name, ansi=ansi, dark=dark, variables=variables, **colours)
    return LoadedTheme(theme, borders == "ascii")


def _check_colours(colours: dict[str, Any]) -> None:
    """Textual finds a colour that is none only when it draws with it, and stops."""
    for name, value in colours.items():
        try:
            Color.parse(value)
        except (ColorParseError, TypeError, AttributeError):
            raise ThemeError(tr("theme.no_colour", name=name, value=repr(value))) from None
