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
from tests.interop.our_desk import AGENT, CUSTOMER, EXPERT, SEATED, OurDesk, at_kamailio, seated
from tests.interop.programs import started

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
    async with started(Kamailio(tmp_path)) as server:
        yield server


@pytest.fixture
async def baresip(tmp_path: Path) -> AsyncIterator[Baresip]:
    """A plain SIP phone that says 700 Hz."""
    async with started(Baresip(tmp_path, "customer", CUSTOMER)) as phone:
        yield phone


@pytest.fixture
async def jssip(tmp_path: Path) -> AsyncIterator[BrowserPhone]:
    """JsSIP in a browser, not yet registered anywhere."""
    async with started(BrowserPhone(tmp_path, "jssip")) as phone:
        yield phone


@pytest.fixture
async def sipjs(tmp_path: Path) -> AsyncIterator[BrowserPhone]:
    """SIP.js in a browser, not yet registered anywhere."""
    async with started(BrowserPhone(tmp_path, "sipjs")) as phone:
        yield phone


@pytest.fixture
async def agent(kamailio: Kamailio, tmp_path: Path) -> AsyncIterator[OurDesk]:
    """Our agent at Kamailio, 1001, registered, with nobody called yet."""
    async with at_kamailio(kamailio, tmp_path, "1001", AGENT) as ours:
        yield ours


@pytest.fixture
async def second(kamailio: Kamailio, tmp_path: Path) -> AsyncIterator[OurDesk]:
    """A second desk of ours at Kamailio, 1003."""
    async with at_kamailio(kamailio, tmp_path, "1003", EXPERT) as ours:
        yield ours


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
    async with seated(asterisk, tmp_path, "alice", AGENT) as ours:
        yield ours
