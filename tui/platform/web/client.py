"""JSON over HTTP to one backend, with every failure on the way turned into a PlatformError."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import quote, urlencode, urljoin

from tui.platform import codes
from tui.platform.base import PlatformError
from tui.platform.gen2.routes import TOKEN_HEADER, Route
from tui.platform.json_paths import PATHS, JsonPaths
from tui.platform.json_values import (
    Skipped,
    left_out,
)
from tui.platform.web.addresses import origin, shown
from tui.platform.web.answer_body import (
    MAX_BYTES,
    expanded,
    no_answer,
    parsed,
    unfolded,
    words_of_page,
)
from tui.platform.web.cookies import Cookies
from tui.platform.web.http_client import (
    HttpClient,
    HttpError,
    HttpResponse,
    NameNotFound,
    NoProxy,
    NoTls,
    NotReached,
    Unverified,
)
from tui.platform.web.reply import NO_SUCH_ROUTE, NoSuchRoute, Reply
from tui.secrets import Secret
from tui.text import clean_text

MAX_REDIRECTS: Final = 3
_IN_ADDRESSES: Final = ":/?#[]@!$&'()*+,;=%~"
_NO_WORDS: Final = 2
"""Characters of what says nothing in words."""
MOST_WAIT: Final = 600.0
"""Seconds for which a server is left alone at most: a slip of its own must not silence us."""


class Web:
    """One backend. `limit` is the time for one request in seconds, redirects and all; `tls` says
    whom to trust (None: whom this machine does); `cookies` are said back to who gave them;
    `skipped` hears of words around an answer."""

    def __init__(
        self,
        base: str,
        *,
        limit: float = 10.0,
        user_agent: str = "yimi",
        tls: ssl.SSLContext | None = None,
        paths: JsonPaths | None = None,
        token_header: str = TOKEN_HEADER,
        cookies: Cookies | None = None,
        skipped: Skipped = left_out,
    ) -> None:
        self.base = base
        self._skipped = skipped
        self._around = ""
        self._paths = paths or PATHS
        self._token_header = token_header
        self._limit = limit
        # Not compressed; what is all the same is expanded here, to a size that we bound.
        self._http = HttpClient(
            tls=tls,
            fields={"Accept": "application/json", "User-Agent": user_agent},
            cookies=cookies,
        )

    async def request(
        self,
        route: Route,
        *,
        token: Secret | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        form: bool = False,
        bare: bool = False,
    ) -> Reply:
        """Ask, and read the answer; with `bare` a yes without a word is one. PlatformError 50002
        when the host's name leads nowhere, 50000 when no JSON came for any other reason, with a
        sentence of its own for a server that is down and one that is not who it should be; a
        refusal in JSON is a Reply."""
        sent = dict(headers or {})
        if token:
            name, _, value = self._token_header.partition(":")
            sent[name.strip()] = value.strip().replace("{token}", token.reveal())
        url = self.base + route.path
        if query:
            url += ("&" if "?" in url else "?") + urlencode(query)
        content = None
        if body is not None:
            kind = "application/x-www-form-urlencoded" if form else "application/json"
            sent.setdefault("Content-Type", kind)
            content = (urlencode(_form(body)) if form else json.dumps(body)).encode()
        try:
            async with asyncio.timeout(self._limit):
                for _ in range(MAX_REDIRECTS + 1):
                    response = await self._http.request(
                        route.method, url, fields=sent, body=content, most=MAX_BYTES
                    )
                    if not 300 <= response.status < 400:
                        return self._reply(response, bare=bare)
                    url = self._redirected(url, response, route.method)
        except NameNotFound as error:
            info = f"the backend's name was not found: {error}"
            raise PlatformError(codes.NO_SERVER, info) from None
        except TimeoutError:
            info = "no answer in time"
            raise PlatformError(codes.SERVER_ERROR, info, codes.SERVER_DOWN) from None
        except NoProxy as error:
            raise PlatformError(codes.SERVER_ERROR, str(error), codes.NO_PROXY) from None
        except NoTls as error:
            raise PlatformError(codes.SERVER_ERROR, str(error), codes.NO_TLS) from None
        except Unverified as error:
            raise PlatformError(codes.SERVER_ERROR, str(error), codes.UNVERIFIED) from None
        except NotReached as error:
            raise PlatformError(codes.SERVER_ERROR, str(error), codes.SERVER_DOWN) from None
        except HttpError as error:
            raise PlatformError(codes.SERVER_ERROR, str(error)) from None
        except ValueError as error:  # an argument that no header or address can carry
            raise PlatformError(codes.BAD_ARGUMENT, type(error).__name__) from None
        raise PlatformError(codes.SERVER_ERROR, f"too many redirects, to {shown(url)} at last")

    def _reply(self, response: HttpResponse, *, bare: bool) -> Reply:
        """An answer that is no redirect. Gateways in front of a backend refuse in pages of their
        own, or without a word: then HTTP's status is what is said. A 401 is about the token in any
        words; a 403 may be about the address of this machine."""
        content = expanded(response.body, response.fields.get("content-encoding", ""))
        http = response.status
        if bare and 200 <= http < 300 and not content.strip():
            return Reply(http, None, self._paths)
        yes = 200 <= http < 300
        said = "" if yes else clean_text(f"HTTP {http} {response.reason}").strip()
        wait = 0.0 if yes else _asked_to_wait(response.fields.get("retry-after", ""))
        if wait:
            said = f"{said}, again in {wait:.0f} s"
        try:
            given, around = parsed(content, response.charset)
        except PlatformError as error:
            if yes:
                raise PlatformError(codes.SERVER_ERROR, no_answer(response, content)) from error
            words = words_of_page(content, response.charset)
            if len(words) > _NO_WORDS and response.reason.casefold() not in words.casefold():
                said = f"{said}: {words}"
            if http == HTTPStatus.UNAUTHORIZED:
                return Reply(http, None, self._paths, said)
            if http in NO_SUCH_ROUTE:
                raise NoSuchRoute(codes.SERVER_ERROR, said) from None
            raise PlatformError(codes.SERVER_ERROR, said, wait=wait) from None
        if around and around != self._around:  # each answer may have the same
            self._around = around
            self._skipped(PlatformError(codes.SERVER_ERROR, f"words around an answer: {around}"))
        return Reply(http, unfolded(given), self._paths, said, wait)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    def _redirected(self, url: str, response: HttpResponse, method: str) -> str:
        """Where to, on this very server: a redirect must not carry a token elsewhere, nor make a
        request that changes something into another."""
        given = response.fields.get("location", "").strip()
        if not given:
            raise PlatformError(codes.SERVER_ERROR, f"redirected ({response.status}) to nowhere")
        # Many write it as people read it, with spaces and in UTF-8.
        where = quote(given.encode("latin-1"), safe=_IN_ADDRESSES)
        try:
            there = urljoin(url, where)
        except ValueError:
            info = f"redirected ({response.status}) to what is no address: {shown(where)}"
            raise PlatformError(codes.SERVER_ERROR, info) from None
        if origin(there) != origin(self.base):
            info = f"redirected to another server: {shown(there)}"
            raise PlatformError(codes.SERVER_ERROR, info)
        if method != "GET" and response.status not in (307, 308):
            info = f"redirected ({response.status}) to {shown(there)}"
            raise PlatformError(codes.SERVER_ERROR, info)
        return there


def _form(body: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in body.items()}


def _asked_to_wait(text: str) -> float:
    """Seconds, or until a date (RFC 9110 §10.2.3), as far as they are obeyed; 0 for neither."""
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), MOST_WAIT)
    try:
        until = parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return 0.0
    return min(max(0.0, until - time.time()), MOST_WAIT)
