"""What frees the microphone of echo and of noise, where it is wanted and its package is there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.media.device.echo import Echo
    from tui.media.device.noise import NoiseSuppression

log = logging.getLogger(__name__)


class MissingCleaner(StrEnum):
    """What is wanted and cannot be had. There is sound all the same."""

    ECHO = "no-echo-cancellation"
    NOISE = "no-noise-suppression"


async def cleaners(
    *, echo: bool, noise: bool, missing: Callable[[MissingCleaner], None]
) -> tuple[Echo | None, NoiseSuppression | None]:
    """The two that are wanted. Echo cancellation frees the voice of noise as well: with it there is
    no other for that. They are imported and made in a thread; `missing` hears of what is not."""
    return (
        await _echo(missing) if echo else None,
        await _noise(missing) if noise and not echo else None,
    )


async def _echo(missing: Callable[[MissingCleaner], None]) -> Echo | None:
    from tui.media.device import echo

    try:
        return await asyncio.to_thread(echo.make)
    except echo.EchoUnavailable as problem:
        log.warning("no echo cancellation: %s", problem)
        missing(MissingCleaner.ECHO)
        return None


async def _noise(missing: Callable[[MissingCleaner], None]) -> NoiseSuppression | None:
    from tui.media.device import noise

    try:
        return await asyncio.to_thread(noise.make)
    except noise.NoiseUnavailable as problem:
        log.warning("no noise suppression: %s", problem)
        missing(MissingCleaner.NOISE)
        return None
