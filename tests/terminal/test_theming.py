"""Themes are files that people change: what is wrong with one is said in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.theming import VARIABLES, ThemeError, load_theme, theme_directories

OWN = Path(__file__).parents[2] / "themes"


@pytest.mark.parametrize("name", sorted(path.stem for path in OWN.glob("*.toml")))
def test_every_theme_of_ours_loads(name: str) -> None:
    look = load_theme(name, theme_directories())
    assert look.theme.name == name
    assert set(look.theme.variables) >= VARIABLES


def test_the_sixteen_colour_theme_names_only_the_terminals_colours() -> None:
    look = load_theme("ansi-16", theme_directories())
    assert look.theme.ansi
    assert look.ascii_borders
    assert all(look.theme.variables[name].startswith("ansi_") for name in VARIABLES)


def test_a_users_theme_comes_first(tmp_path: Path) -> None:
    text = (OWN / "yimi-dark.toml").read_text().replace('"unicode"', '"ascii"', 1)
    (tmp_path / "yimi-dark.toml").write_text(text)
    assert load_theme("yimi-dark", theme_directories(tmp_path)).ascii_borders


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('borders = "unicode"', 'borders = "wavy"', "borders is one of"),
        ("dark = true", "drak = true", "unknown: drak"),
        ('ring = "#f0c674"', "", "missing variables: ring"),
        ('accent = "#d7a65f"', 'acent = "#d7a65f"', "unknown colours: acent"),
        ('primary = "#7aa2c8"', "", "missing colour: primary"),
        ("[colours]", "[colours", "mine.toml"),
    ],
)
def test_a_broken_theme_says_what_is_wrong(tmp_path: Path, old: str, new: str, says: str) -> None:
    text = (OWN / "yimi-dark.toml").read_text()
    assert old in text
    (tmp_path / "mine.toml").write_text(text.replace(old, new, 1))
    with pytest.raises(ThemeError, match=says):
        load_theme("mine", [tmp_path])


def test_a_theme_that_is_not_there_is_named() -> None:
    with pytest.raises(ThemeError, match="nowhere"):
        load_theme("nowhere", theme_directories())
