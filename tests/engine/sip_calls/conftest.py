"""The line side of an engine without a network, closed behind each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.engine.line_booth import Booth


@pytest.fixture
async def booth() -> AsyncIterator[Booth]:
    booth = Booth()
    yield booth
    await booth.close()
