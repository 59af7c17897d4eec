"""The recipe of docs/pbx.md for Asterisk, run as it stands there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.interop.asterisk_pbx import Asterisk
from tests.interop.our_desk import OurDesk, seated
from tests.interop.programs import started
from tests.interop.recipe import RECIPE, make_certificates
from tui.port.commands import Answer, Dial
from tui.port.machines.call_machine import CallState

ONE, OTHER = 700, 1200
"""What they say, in hertz."""


@pytest.fixture
async def pbx(tmp_path: Path) -> AsyncIterator[Asterisk]:
    """Asterisk with the recipe's files."""
    make_certificates(tmp_path)
    async with started(Asterisk(tmp_path, RECIPE.read_text())) as server:
        yield server


async def test_with_the_recipe_two_phones_hear_one_another(pbx: Asterisk, tmp_path: Path) -> None:
    async with (
        seated(pbx, tmp_path, "1001", ONE) as caller,
        seated(pbx, tmp_path, "1002", OTHER) as called,
    ):
        await caller.do(Dial("1002"))
        ringing = await called.state(CallState.RINGING)
        assert ringing.name == "Wang Fang"
        await called.do(Answer())
        await caller.hears(OTHER)
        await called.hears(ONE)


async def test_over_tls_the_recipes_ca_is_believed_when_it_is_named_and_else_it_is_said(
    pbx: Asterisk, tmp_path: Path
) -> None:
    stranger = OurDesk(pbx.wss, pbx.domain, "1002", tmp_path, OTHER)
    ours = OurDesk(pbx.wss, pbx.domain, "1001", tmp_path, ONE, ca_file=tmp_path / "ca.pem")
    try:
        refused = await stranger.sign_in(pbx.password)
        assert refused.message is not None
        assert (refused.ok, refused.message.id) == (False, "login.ws-authority")
        assert (await ours.sign_in(pbx.password)).ok
        await ours.do(Dial("echo"))
        await ours.state(CallState.TALKING)
        await ours.hears(ONE)
    finally:
        await stranger.end()
        await ours.end()


async def test_a_certificate_for_another_name_is_said(pbx: Asterisk, tmp_path: Path) -> None:
    desk = OurDesk(
        pbx.wss.replace("127.0.0.1", "localhost"),
        pbx.domain,
        "1001",
        tmp_path,
        ONE,
        ca_file=tmp_path / "ca.pem",
    )
    try:
        refused = await desk.sign_in(pbx.password)
        assert refused.message is not None
        assert refused.message.id == "login.ws-certificate"
    finally:
        await desk.end()
