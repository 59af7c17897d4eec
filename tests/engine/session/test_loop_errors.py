"""What a library throws inside of a callback is known and logged, and ends nothing."""

from __future__ import annotations

import asyncio

import pytest

from tui.engine import process


async def test_an_error_inside_of_a_callback_is_logged_and_the_loop_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(process._failed)
    try:
        loop.call_soon(lambda: dict[str, str]()["garbage from the network"])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    finally:
        loop.set_exception_handler(None)
    (record,) = caplog.records
    assert "callback" in record.getMessage()
    assert record.exc_info is not None
    assert record.exc_info[0] is KeyError
