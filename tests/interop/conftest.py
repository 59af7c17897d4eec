"""Strangers as fixtures: each is started for one test and ended with it.

These tests are run by name (``pytest tests/interop``). What they need from outside is installed by
``.ci/run``; where it is missing they fail and say what to install, for a skipped stranger proves
nothing.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from baresip import Baresip
from jssip_phone import JsSip
from kamailio import Kamailio


@pytest.fixture
async def kamailio(tmp_path: Path) -> AsyncIterator[Kamailio]:
    """A running Kamailio with rtpengine."""
    server = Kamailio(tmp_path)
    try:
        await server.start()
        yield server
    finally:
        await server.end()


@pytest.fixture
async def baresip(tmp_path: Path) -> AsyncIterator[Baresip]:
    """A plain SIP phone that says 700 Hz."""
    phone = Baresip(tmp_path, "customer", 700)
    try:
        await phone.start()
        yield phone
    finally:
        await phone.end()


@pytest.fixture
async def jssip(tmp_path: Path) -> AsyncIterator[JsSip]:
    """JsSIP in a browser, not yet registered anywhere."""
    phone = JsSip(tmp_path)
    try:
        await phone.start()
        yield phone
    finally:
        await phone.end()
