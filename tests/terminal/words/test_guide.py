"""The guide's key table is the registry's: `python -m tui.console.actions.registry` prints it."""

from __future__ import annotations

from pathlib import Path

from tui.console.actions.registry import markdown

GUIDE = Path(__file__).parents[3] / "docs/guide.md"
BEGIN, END = "<!-- keys: begin -->\n", "<!-- keys: end -->"


def test_the_guide_shows_the_keys_of_the_registry() -> None:
    _, _, rest = GUIDE.read_text("utf-8").partition(BEGIN)
    table, _, _ = rest.partition(END)
    assert table.strip() == markdown().strip(), (
        "run python -m tui.console.actions.registry, and put it there"
    )
