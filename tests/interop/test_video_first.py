"""A browser whose offer has video before the audio, bundled as each of its policies bundles."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.interop.chromium import Page
from tests.media.conftest import Collector
from tests.waiting import until
from tui.media.leg.leg import AudioLeg
from tui.media.pcm.sources import ToneSource
from tui.media.pcm.tones import strength
from tui.media.sdp.direction import Direction

WE_SAY, IT_SAYS = 440, 1200
"""In hertz."""


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Page]:
    """A page that speaks, and shows a picture that nobody wants."""
    page = Page(tmp_path, Path(__file__).with_name("video_first.js"))
    try:
        await page.start()
        yield page
    finally:
        await page.end()


async def _both_are_heard(browser: Page, heard: Collector) -> None:
    async def hears() -> bool:
        return bool(abs(await browser.call("loudest") - WE_SAY) < 15)

    await until(lambda: strength(heard.last(0.5), IT_SAYS) > 0.05, 20)
    await until(hears, 20, interval=0.1)


@pytest.mark.parametrize("policy", ["balanced", "max-compat", "max-bundle"])
async def test_its_audio_is_heard_both_ways_however_it_bundles(browser: Page, policy: str) -> None:
    heard = Collector()
    leg = AudioLeg(source=ToneSource(WE_SAY), sink=heard, loopback=True)
    try:
        await browser.call("accept", await leg.answer(await browser.call("offer", policy, IT_SAYS)))
        await _both_are_heard(browser, heard)
        path = leg._connections.current
        await browser.call("accept", await leg.answer(await browser.call("again")))
        assert leg._connections.current is path
        assert leg.direction is Direction.SENDRECV
        heard.pcm.clear()
        await _both_are_heard(browser, heard)
    finally:
        await leg.close()
