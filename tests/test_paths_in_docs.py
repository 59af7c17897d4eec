"""What the documents name in the source is there: a file that moved takes its name along."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/*.md", "tests/**/*.md")
    for page in ROOT.glob(pattern)
    if page.name != "CHANGELOG.md" and not {".venv", "node_modules"} & set(page.parts)
)
NAMED = re.compile(r"`((?:[\w-]+/)+[\w-]+\.py)\b")
"""A module with its room, as the documents write it: from the root, from `tui` or from `tests`."""
FROM = (ROOT, ROOT / "tui", ROOT / "tests")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_module_that_a_page_names_is_there(page: Path) -> None:
    named = set(NAMED.findall(page.read_text("utf-8")))
    gone = {name for name in named if not any((root / name).is_file() for root in FROM)}
    assert not gone


def test_modules_are_named_at_all() -> None:
    assert any(NAMED.search(page.read_text("utf-8")) for page in PAGES)
