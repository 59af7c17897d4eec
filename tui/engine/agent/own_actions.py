"""Actions of the agent's own (config, [actions]): a command or a URL, with the call's values.

Never through a shell; each value is part of one argument, escaped in a URL. What came of it is a
sentence. A program that goes on is left alone: it is the agent's, not ours.
"""

from __future__ import annotations

import asyncio
import subprocess
import threading
from contextlib import suppress
from typing import Final

from tui.config.work import OwnAction
from tui.engine.agent.templates import arguments, filled, values_of
from tui.engine.calls import Calls
from tui.engine.context import log
from tui.port.commands import Result
from tui.port.values import message
from tui.text import clean_text

PATIENCE: Final = 10.0
"""Seconds after which it is said that a program still runs."""
MOST: Final = 8
"""Programs at the same time."""
_KEPT: Final = 4096
"""Bytes of what a program writes that are looked at."""


class OwnActions:
    """Runs what the config names."""

    def __init__(
        self,
        calls: Calls,
        actions: tuple[OwnAction, ...],
        opener: tuple[str, ...],
        *,
        patience: float = PATIENCE,
    ) -> None:
        self._calls = calls
        self._actions = {each.name: each for each in actions}
        self._opener = opener
        self._patience = patience
        self._running: set[asyncio.Future[Result]] = set()

    async def run(self, name: str, ccnumber: str) -> Result:
        """Run the one of that name, about the call of that ccNumber ("": the one there is)."""
        wanted = self._actions.get(name)
        if wanted is None:
            return Result(False, message("own.unknown", name=clean_text(name, 40)))
        if len(self._running) >= MOST:
            return Result(False, message("own.too_many", most=MOST))
        call = self._calls.find(ccnumber) or self._calls.context.snapshot.call
        values = values_of(self._calls, call)
        if wanted.url:
            words = (*self._opener, filled(wanted.url, values, encode=True))
        else:
            words = arguments(wanted.command, values, self._opener)
        done = self._start(wanted.words, words)
        with suppress(TimeoutError):
            return await asyncio.wait_for(asyncio.shield(done), self._patience)
        return Result(True, message("own.still_runs", name=wanted.words))

    def _start(self, name: str, words: tuple[str, ...]) -> asyncio.Future[Result]:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Result] = loop.create_future()
        self._running.add(done)

        def over(result: Result) -> None:
            self._running.discard(done)
            if not done.done():
                done.set_result(result)

        def run() -> None:
            result = _run(name, words)
            with suppress(RuntimeError):  # the engine is gone meanwhile
                loop.call_soon_threadsafe(over, result)

        threading.Thread(target=run, name="own action", daemon=True).start()
        return done


def _run(name: str, words: tuple[str, ...]) -> Result:
    """In a thread of its own, which neither the loop nor the engine's end waits for."""
    try:
        process = subprocess.Popen(  # noqa: S603 - the words are the config's, no shell
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        log.warning("the action %s did not start: %s", name, type(error).__name__)
        why = getattr(error, "strerror", None) or str(error)
        return Result(False, message("own.not_started", name=name, program=words[0], why=why))
    assert process.stdout is not None
    written = b""
    with process.stdout as output:
        while chunk := output.read(_KEPT):
            written = (written + chunk)[:_KEPT]
    code = process.wait()
    lines = written.decode("utf-8", "replace").strip().splitlines()
    if code:
        log.warning("the action %s ended with %d", name, code)
        said = clean_text(lines[-1], 160) if lines else ""
        return Result(False, message("own.failed", name=name, code=code, said=said), code)
    if not lines:
        return Result(True, message("own.done", name=name))
    return Result(True, message("own.said", name=name, said=clean_text(lines[0], 160)))
