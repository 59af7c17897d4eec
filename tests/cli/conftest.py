"""The language is put back after each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tui.console import i18n


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    i18n.set_language("en")
    yield
    i18n.set_language("en")
