"""What a call needs to sound — ICE, DTLS, SRTP and the codecs — loaded when the first call begins.

It is half of what an engine holds in memory, so an engine that only waits goes without. A call
rings, or the far end of one is rung, while it loads; whoever needs it sooner waits for the rest.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import sys
from collections.abc import Callable
from typing import Any, Final

from tui.engine.context import log

_LEG: Final = "tui.media.leg.leg"


class LegRoom:
    """One for each engine. `on_failed` is told when a library does not load here: the next call
    tries again."""

    def __init__(self, on_failed: Callable[[], None]) -> None:
        self._on_failed = on_failed
        self._loading: asyncio.Task[Any] | None = None

    def ahead(self) -> None:
        """Begin to load, unless that is done or being done. What fails is a log line."""
        if self._loading is None:
            self._loading = asyncio.get_running_loop().create_task(self._load())
            self._loading.add_done_callback(self._loaded)

    async def loaded(self) -> Any:
        """`tui.media.leg.leg`. Raises what kept it from being loaded."""
        self.ahead()
        assert self._loading is not None
        return await asyncio.shield(self._loading)

    async def _load(self) -> Any:
        return await asyncio.get_running_loop().run_in_executor(None, _import)

    def _loaded(self, loading: asyncio.Task[Any]) -> None:
        if loading.cancelled():
            return
        error = loading.exception()
        if error is not None:
            self._loading = None
            log.error("the audio room could not be opened", exc_info=error)
            self._on_failed()

    async def close(self) -> None:
        """Wait no longer for what is being loaded."""
        loading, self._loading = self._loading, None
        if loading is not None:
            loading.cancel()
            await asyncio.gather(loading, return_exceptions=True)


def _import() -> Any:
    """In a thread: 0.3 s and more, once for the process. No collection looks through it again: one
    may fall into a call that came meanwhile."""
    fresh = _LEG not in sys.modules
    importlib.import_module("tui.media.warm_up").warm_up()
    module = importlib.import_module(_LEG)
    if fresh:
        gc.collect()
        gc.freeze()
    return module
