"""Strangers as fixtures: each is started for one test and ended with it.

These tests are run by name (``pytest tests/interop``). What they need from outside is installed by
``.ci/run``; where it is missing they fail and say what to install, for a skipped stranger proves
nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest

from tests.interop.asterisk_pbx import Asterisk
from tests.interop.baresip import Baresip
from tests.interop.browser_phone import BrowserPhone
from tests.interop.kamailio import Kamailio
from tests.interop.our_desk import SEATED, OurDesk, seated

LAST = 20_000
"""Characters of a PBX's log: the messages of the last steps."""


def pytest_runtest_setup() -> None:
    """A test begins without a desk."""
    SEATED.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What every desk of a test that failed heard and said stands in the report, and what the
    proxy or the PBX says: a stranger does the same but once in a while."""
    report = yield
    if report.when == "call" and report.failed:
        report.sections += [(f"the wire of {desk.address}", desk.wire()) for desk in SEATED]
        proxy = getattr(item, "funcargs", {}).get("kamailio")
        if isinstance(proxy, Kamailio):
            report.sections.append(("the proxy", proxy.log))
        pbx = getattr(item, "funcargs", {}).get("pbx")
        if isinstance(pbx, Asterisk):
            report.sections.append(("the PBX", pbx.log()[-LAST:]))
    return report


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
async def jssip(tmp_path: Path) -> AsyncIterator[BrowserPhone]:
    """JsSIP in a browser, not yet registered anywhere."""
    phone = BrowserPhone(tmp_path, "jssip")
    try:
        await phone.start()
        yield phone
    finally:
        await phone.end()


@pytest.fixture
async def sipjs(tmp_path: Path) -> AsyncIterator[BrowserPhone]:
    """SIP.js in a browser, not yet registered anywhere."""
    phone = BrowserPhone(tmp_path, "sipjs")
    try:
        await phone.start()
        yield phone
    finally:
        await phone.end()


@pytest.fixture(scope="session")
def asterisk_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asterisk]:
    """One Asterisk for all tests that leave it as it was."""
    server = Asterisk(tmp_path_factory.mktemp("pbx"))
    try:
        asyncio.run(server.start())
        yield server
    finally:
        asyncio.run(server.end())


@pytest.fixture
async def asterisk(asterisk_of_all: Asterisk) -> AsyncIterator[Asterisk]:
    """A running Asterisk without a call."""
    yield asterisk_of_all
    await asterisk_of_all.hang_up()


@pytest.fixture
async def desk(asterisk: Asterisk, tmp_path: Path) -> AsyncIterator[OurDesk]:
    """Alice's desk at Asterisk, registered, whose microphone says 1200 Hz."""
    async with seated(asterisk, tmp_path, "alice", 1200) as ours:
        yield ours
