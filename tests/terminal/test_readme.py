"""README's key table is the registry's: `python -m tui.actions` prints it."""

from __future__ import annotations

from pathlib import Path

from tui import i18n
from tui.actions import markdown

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- keys: begin -->\n", "<!-- keys: end -->"


def test_readme_shows_the_keys_of_the_registry() -> None:
    i18n.set_language("en")
    _, _, rest = README.read_text("utf-8").partition(BEGIN)
    table, _, _ = rest.partition(END)
    assert table.strip() == markdown().strip(), "run python -m tui.actions, and put it there"
