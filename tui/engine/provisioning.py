"""The administrator's settings, looked for again while an engine begins: they count from the next
start, and the desk never waits for them."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Final

from tui.config.errors import ConfigError
from tui.config.provision.kept_copy import last_look
from tui.config.reader import administrators
from tui.engine.context import EngineContext, log
from tui.port.values import message

APART: Final = 900.0
"""Seconds between two looks: engines that come and go do not ask at each start."""


async def look(context: EngineContext, folder: Path) -> None:
    """Ask the server once, unless somebody did a moment ago. New settings are told to the agent,
    a failure stands in the log and in `yimi doctor`."""
    try:
        config = administrators()
    except ConfigError:
        return  # this engine would not have begun with it; the next start says it
    if not config.provision.url or 0 <= time.time() - last_look(folder).at < APART:
        return
    from tui.config.provision.fetch import FetchError, fetch

    try:
        new = await asyncio.to_thread(fetch, config, folder)
    except FetchError as error:
        log.warning("the administrator's settings did not come: %s %s", error.id, error.values)
        return
    if new:
        context.notice(message("provision.new"), serious=False)
