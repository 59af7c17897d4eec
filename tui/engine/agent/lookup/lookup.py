"""Who is calling: within 300 ms or not at all, beside the number and never in its place."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tui.engine.agent.lookup.sources import SourceError, of_command, of_url
from tui.engine.calls import Calls
from tui.engine.context import log
from tui.platform.web.http_client import HttpClient
from tui.port.snapshot import Call
from tui.text import clean_text

if TYPE_CHECKING:
    from tui.config.work import LookupSettings
    from tui.engine.agent.lookup.phone_book import PhoneBook

LIMIT: Final = 0.3
"""Seconds for all sources together."""
MOST_AT_ONCE: Final = 8
"""Calls that are looked up at the same time; more are not."""


@dataclass
class _Book:
    """A file, and what was read of it when it was last changed."""

    path: Path
    read: Callable[[Path], PhoneBook]
    stamp: tuple[int, int] = (0, 0)
    book: PhoneBook | None = None

    def find(self, number: str) -> str:
        """In a thread. A file that is not there, or is no book, has nobody; that is logged once."""
        try:
            state = self.path.stat()
            stamp = (state.st_mtime_ns, state.st_size)
            if stamp != self.stamp:
                self.stamp, self.book = stamp, None
                self.book = self.read(self.path)
                log.info("%s: %d numbers", self.path.name, len(self.book))
        except (OSError, ValueError) as error:
            if self.stamp != (-1, -1):
                log.warning("%s cannot be looked into: %s", self.path.name, error)
            self.stamp = (-1, -1) if isinstance(error, OSError) else self.stamp
        return "" if self.book is None else self.book.find(number)


class Lookup:
    """Puts `Call.known`. Sources are asked at the same time; the first of the order CSV, vCard,
    command, URL that knows the number counts."""

    def __init__(self, calls: Calls, settings: LookupSettings, *, limit: float = LIMIT) -> None:
        self._calls = calls
        self._settings = settings
        self._limit = limit
        self._asked = 0
        self._books: list[_Book] = []
        self._http = HttpClient()
        if settings.csv or settings.vcard:
            from tui.engine.agent.lookup import phone_book

            if settings.csv:
                read = phone_book.of_csv
                self._books.append(_Book(Path(settings.csv), lambda at: read(at, settings.region)))
            if settings.vcard:
                card = phone_book.of_vcard
                self._books.append(
                    _Book(Path(settings.vcard), lambda at: card(at, settings.region))
                )
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="books")
        """In the books, and in no thread that others need: a share of the network may not answer
        for hours."""
        self._look: asyncio.Future[str] | None = None
        """The look into the books that was begun last."""

    @property
    def wanted(self) -> bool:
        """Whether anybody is asked."""
        return bool(self._books or self._settings.command or self._settings.url)

    async def warm_up(self) -> None:
        """Read the books, so that the first call does not wait for them."""
        if self._books:
            await self._in_books("")

    def call_changed(self, before: Call | None, call: Call) -> None:
        """Told of every change of a call: a new one, and one with somebody else, is looked up."""
        new = before is None or before.number != call.number
        if new and call.live and call.number and self.wanted and self._asked < MOST_AT_ONCE:
            self._calls.context.spawn(self._look_up(call.key, call.number))

    async def _look_up(self, key: str, number: str) -> None:
        self._asked += 1
        try:
            known = await self.who(number)
        finally:
            self._asked -= 1
        call = self._calls.by_key(key)
        if call is not None and call.live and call.number == number and call.known != known:
            self._calls.put(call, known=known)

    async def who(self, number: str) -> str:
        """Who has this number; "" when nobody knows in time."""
        number = clean_text(number, 64)
        sources = [asyncio.ensure_future(each) for each in self._sources(number)]
        if not sources:
            return ""
        try:
            async with asyncio.timeout(self._limit):
                for source in sources:
                    if known := await source:
                        return known
        except TimeoutError:
            stuck = self._look is not None and not self._look.done()
            log.info("nobody said in time who has a number%s", ", the books hang" if stuck else "")
            return next((s.result() for s in sources if s.done() and _said(s)), "")
        finally:
            for source in sources:
                source.cancel()
            await asyncio.gather(*sources, return_exceptions=True)
        return ""

    def _sources(self, number: str) -> list[Awaitable[str]]:
        asked: list[Awaitable[str]] = []
        if self._books:
            asked.append(self._in_books(number))
        if self._settings.command:
            asked.append(self._quietly(of_command(self._settings.command, number)))
        if self._settings.url:
            asked.append(self._quietly(self._at_url(number)))
        return asked

    async def _in_books(self, number: str) -> str:
        """One look at a time; whoever gives up waiting leaves no second one behind."""
        while self._look is not None and not self._look.done():
            await asyncio.wait((self._look,))
        self._look = asyncio.get_running_loop().run_in_executor(
            self._thread,
            lambda: next((who for book in self._books if (who := book.find(number))), ""),
        )
        return await asyncio.shield(self._look)

    async def _at_url(self, number: str) -> str:
        return await of_url(self._http, self._settings.url, number)

    async def _quietly(self, source: Awaitable[str]) -> str:
        try:
            return await source
        except SourceError as error:
            log.warning("a look-up failed: %s", error)
            return ""

    async def close(self) -> None:
        """Let go of the connection and of the books."""
        await self._http.close()
        self._thread.shutdown(wait=False, cancel_futures=True)


def _said(source: asyncio.Future[str]) -> bool:
    return not source.cancelled() and source.exception() is None and bool(source.result())
