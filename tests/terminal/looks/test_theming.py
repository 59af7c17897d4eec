"""Themes are files that people change: what is wrong with one is said in words."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from rich.color import ColorSystem

from tui.console.theming import VARIABLES, ThemeError, load_theme, suited, theme_directories

OWN = Path(__file__).parents[3] / "themes"


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


def test_a_theme_saved_with_a_byte_order_mark_loads(tmp_path: Path) -> None:
    text = (OWN / "yimi-dark.toml").read_text()
    (tmp_path / "mine.toml").write_bytes(text.replace("\n", "\r\n").encode("utf-8-sig"))
    assert load_theme("mine", [tmp_path]).theme.name == "mine"


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("[" * 20_000 + "]" * 20_000, ", line 1: this is nested too deeply."),
        ("9" * 5_000, ", line 1: a number has more digits than a setting can have."),
        ("1e999999", ": unknown: x"),
        ('"\\uD800"', ', line 1: in "…" a backslash is written twice'),
    ],
    ids=["nested", "a number of 5,000 digits", "beyond any number", "no character"],
)
def test_whatever_stands_in_a_theme_is_a_sentence(tmp_path: Path, value: str, says: str) -> None:
    (tmp_path / "mine.toml").write_text(f"dark = {value}\n" if value[0] != "1" else f"x = {value}")
    with pytest.raises(ThemeError, match="^" + re.escape(f"mine.toml{says}")):
        load_theme("mine", [tmp_path])


def test_a_theme_in_the_encoding_of_another_system_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes("# 深色\n".encode("utf-16"))
    with pytest.raises(ThemeError, match=r"^mine\.toml, line 1: this is not UTF-8 text\.$"):
        load_theme("mine", [tmp_path])


def test_a_terminal_of_few_colours_gets_the_theme_of_its_own() -> None:
    for colours in (None, ColorSystem.STANDARD):
        assert suited("yimi-dark", colours) == "ansi-16"
        assert suited("high-contrast", colours) == "high-contrast"
    assert suited("yimi-dark", ColorSystem.EIGHT_BIT) == "yimi-dark"


@pytest.mark.skipif(shutil.which("tic") is None, reason="no tic to describe a terminal with")
@pytest.mark.parametrize(
    ("described", "environment", "found"),
    [
        ("", {}, "None"),
        ("colors#8, ", {}, "STANDARD"),
        ("colors#256, ", {}, "EIGHT_BIT"),
        ("", {"COLORTERM": "truecolor"}, "TRUECOLOR"),
        (None, {}, "STANDARD"),
    ],
    ids=["none", "eight", "256", "said by the terminal itself", "not known"],
)
def test_a_terminal_has_the_colours_that_the_system_knows_of_it(
    tmp_path: Path, described: str | None, environment: dict[str, str], found: str
) -> None:
    if described is not None:
        source = tmp_path / "source"
        source.write_text(f"strange|a terminal of the tests, {described}clear=x,\n")
        subprocess.run(["tic", "-x", "-o", tmp_path, source], check=True)
    asked = (
        "from rich.console import Console; from tui.console.terminal.colours import colours_of; "
        "found = colours_of(Console(force_terminal=True)); print(found and found.name)"
    )
    kept = {name: value for name, value in os.environ.items() if name != "COLORTERM"}
    told = subprocess.run(
        [sys.executable, "-c", asked],
        env={**kept, "TERM": "strange", "TERMINFO": str(tmp_path), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == found


def test_what_stands_on_the_terminals_own_background_is_seen_on_a_light_and_a_dark_one() -> None:
    look = load_theme("ansi-16", theme_directories())
    unseen = {"ansi_white", "ansi_bright_white", "ansi_black", "ansi_yellow", "ansi_bright_yellow"}
    for name in ("dim", "strong", "key", "ring", "good", "bad", "bar", "rule"):
        assert look.theme.variables[name] not in unseen, name
    assert not {look.theme.foreground, look.theme.warning, look.theme.error} & unseen


def test_what_textual_reads_of_the_environment_for_who_writes_programs_counts_for_nothing() -> None:
    given = {
        "TEXTUAL_LOG": "/nonexistent/log",
        "TEXTUAL_COLOR_SYSTEM": "none such",
        "TEXTUAL_PRESS": "q",
        "TEXTUAL": "headless",
        "TEXTUAL_ANIMATIONS": "none",
    }
    asked = "import os, tui.console; print(*sorted(n for n in os.environ if 'TEXTUAL' in n))"
    told = subprocess.run(
        [sys.executable, "-c", asked],
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == ["TEXTUAL_ANIMATIONS", "TEXTUAL_FPS"]
