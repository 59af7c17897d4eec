"""What a platform says and nobody expected, met by an engine: kept, told, and named with the
setting that would let it in."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.e2e.box import Box, Desk
from tests.waiting import until
from tui.config.schema import PlatformSettings
from tui.platform.not_understood import SkippedKind
from tui.port.commands import GetNotUnderstood, JoinGroup
from tui.port.values import NotUnderstood, NotUnderstoodReport

GENERATIONS = (2,)
"""The line is the same at both."""


async def told(desk: Desk) -> list[NotUnderstood]:
    result = await desk.engine.execute(GetNotUnderstood())
    assert isinstance(result.value, NotUnderstoodReport)
    assert dict(result.value.counts)[SkippedKind.REFUSED] == len(result.value.items)
    return list(result.value.items)


async def test_a_content_type_that_is_refused_is_told_and_logged_with_its_setting(
    box: Box, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(box, tmp_path, platform=PlatformSettings(content_types=("text/xml",)))
    try:
        with caplog.at_level(logging.WARNING):
            assert (await desk.engine.execute(desk.sign_in_command())).ok
            group = box.agent("1001")["groups"][0]["gid"]
            assert (await desk.engine.execute(JoinGroup(group))).ok
            await until(lambda: told(desk))
        item = (await told(desk))[-1]
        assert (item.kind, item.where) == (SkippedKind.REFUSED, "MESSAGE")
        assert item.what == "415 content: application/pidf+xml; expected text/xml"
        assert item.setting == "[platform] content_types"
        assert any(item.what in line and item.setting in line for line in caplog.messages)
    finally:
        await desk.engine.close()
