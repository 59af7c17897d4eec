"""JSON over HTTP to one backend, with every failure on the way turned into a PlatformError."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import time
import unicodedata
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from html import unescape
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import SplitResult, urlencode, urljoin, urlsplit

from tui.platform import codes
from tui.platform.base import PlatformError
from tui.platform.cookies import Cookies
from tui.platform.gen2.routes import TOKEN_HEADER, Route
from tui.platform.http_client import (
    HttpClient,
    HttpError,
    HttpResponse,
    NameNotFound,
    NoProxy,
    NoTls,
    NotReached,
    Unverified,
)
from tui.platform.json_paths import PATHS, JsonPaths, at
from tui.platform.json_values import (
    Skipped,
    flag_of,
    integer_of,
    json_among_words,
    left_out,
    parsed_json,
)
from tui.platform.not_understood import masked
from tui.secrets import Secret
from tui.text import clean_text, decoded

MAX_BYTES: Final = 1024 * 1024
MAX_REDIRECTS: Final = 3
_TOKEN_REFUSED: Final = (401, 403)
NO_SUCH_ROUTE: Final = (404, 405, 410, 501)
"""What HTTP says where nobody knows the path, or the method there."""
_OTHER_WORDS: Final = (
    *("message", "msg", "errmsg", "error.message", "error_description", "detail", "reason"),
    *("error", "title"),
)
"""Where gateways and frameworks put the words of a refusal (RFC 9457, RFC 6749 §5.2)."""
_OTHER_CODES: Final = ("code", "ret", "errcode", "errno", "error_code")
"""Where they put its code."""
_USUAL_YES: Final = (0, 1, 200)
_says_yes = re.compile(r"(?i)\b(?:success|succeed|ok\b)|成功").search
MOST_WAIT: Final = 600.0
"""Seconds for which a server is left alone at most: a slip of its own must not silence us."""
_FULL_WIDTH: Final = {0xFF01 + offset: 0x21 + offset for offset in range(94)} | {0x3002: 0x2E}
"""What an input method writes in place of ASCII."""
_SCHEME: Final = re.compile(r"(?i)^(https?):/{0,2}(?=[^/])")
_tags = re.compile(r"<[^>]{0,200}>")
_title = re.compile(r"<title[^>]*>([^<]{1,200})", re.I).search
_NO_WORDS: Final = 2
"""Characters of what says nothing in words."""
_MOST_WORDS: Final = 20
"""Texts of one `info` that are put together."""


class NoSuchRoute(PlatformError):
    """The server has nothing at that path."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: the HTTP status, the JSON value, and how the platform names what is in it."""

    http: int
    body: Any
    paths: JsonPaths = PATHS
    said: str = ""
    """HTTP's own words for a refusal, where the answer has none."""
    wait: float = 0.0
    """Seconds for which the server wants to be left alone."""

    @property
    def status(self) -> int:
        """The code of the answer: 200 is yes, any other why not."""
        given = at(self.body, self.paths.status)
        if given is None and self._own_code in codes.LOGIN:
            return self._own_code
        if given is None and self._says_no:
            return codes.SERVER_ERROR
        if given is not None and not self.paths.is_success(given):
            code = integer_of(given)
            return codes.SERVER_ERROR if code is None else code
        if 200 <= self.http < 300:
            return 200
        return self.http if self.http in _TOKEN_REFUSED else codes.SERVER_ERROR

    @property
    def _own_code(self) -> int:
        """The code of a refusal where it has no status: as the SDK hands it on (`{code, info}`)."""
        return integer_of(at(self.body, "code")) or 0

    @property
    def _says_no(self) -> bool:
        """Whether an answer without a status is a refusal all the same, as frameworks write it."""
        if self.body is False or any(
            flag_of(at(self.body, name)) is False for name in ("success", "ok")
        ):
            return True
        data = at(self.body, "data")
        error = "" if data is not None else clean_text(_words(at(self.body, "error")))
        if error != "" and flag_of(error) is not False:
            return True
        return data in (None, "", [], {}) and self._has_a_strange_code

    @property
    def _has_a_strange_code(self) -> bool:
        """A code that is none of those for a yes, beside words that do not say that it is one."""
        code = next(filter(None, (integer_of(at(self.body, name)) for name in _OTHER_CODES)), 0)
        return code not in _USUAL_YES and self.words != "" and not _says_yes(self.words)

    @property
    def token_refused(self) -> bool:
        """Whether the token was not taken, or not any longer."""
        return self.http in _TOKEN_REFUSED or self.status in _TOKEN_REFUSED

    @property
    def info(self) -> str:
        """The platform's own words, cleaned. A refusal of somebody before it may have them under
        another name; without any, HTTP's are told, or the status that was no yes."""
        if self.status == HTTPStatus.OK:
            return clean_text(_words(at(self.body, self.paths.info)))
        return self.words or self.said or self._strange_status

    @property
    def words(self) -> str:
        """What the answer says in words, wherever it has them; "" for none. A yes says there that
        it is one, most often."""
        places = (self.paths.info, *_OTHER_WORDS)
        said = (clean_text(_words(at(self.body, path))) for path in places)
        return next(filter(None, said), "")

    @property
    def _strange_status(self) -> str:
        given = at(self.body, self.paths.status)
        if given is None or integer_of(given) is not None:
            return ""
        said = clean_text(json.dumps(given, ensure_ascii=False), 60)
        return f"{self.paths.status} {said} ([{self.paths.section}] success)"


def base_url(backend: str) -> str:
    """The address that routes are relative to, with a final `/`.

    Raises PlatformError: 50002 when there is none, 50001 when it is no address of a web server, or
    is `http://` to another machine.
    """
    text = "".join(filter(_is_drawn, backend.translate(_FULL_WIDTH))).strip()
    if not text:
        raise PlatformError(codes.NO_SERVER, "no backend", codes.NO_BACKEND)
    text = _SCHEME.sub(r"\1://", text)
    if "://" not in text:
        text = "https://" + text
    parts = _split(text)
    if parts is None or parts.scheme not in ("http", "https") or parts.query or parts.fragment:
        raise PlatformError(codes.BAD_ARGUMENT, "the backend is no web address")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise PlatformError(
            codes.BAD_ARGUMENT, "http:// to another machine", codes.INSECURE_BACKEND
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}/"


def _is_drawn(character: str) -> bool:
    """Not so what copying brings along unseen: marks of order and direction, spaces of no width."""
    return unicodedata.category(character) != "Cf"


def socket_url(url: str) -> str:
    """The address of the SIP line, as login data give it. Raises PlatformError 50005 when it is no
    WebSocket address, or is `ws://` to another machine."""
    parts = _split(url)
    if parts is None or parts.scheme not in ("ws", "wss") or parts.fragment:
        raise PlatformError(codes.UNREADABLE_LOGIN, "the line's address is no WebSocket")
    if parts.scheme == "ws" and not is_loopback(parts.hostname or ""):
        info = "ws:// to another machine"
        raise PlatformError(codes.UNREADABLE_LOGIN, info, codes.INSECURE_LINE)
    return url


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: an address of it, or "localhost" itself. What stands before
    ".localhost" some resolvers look up in the DNS, so that it may be anywhere."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


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
        raise PlatformError(codes.SERVER_ERROR, f"too many redirects, to {_shown(url)} at last")

    def _reply(self, response: HttpResponse, *, bare: bool) -> Reply:
        """An answer that is no redirect. Gateways in front of a backend refuse in pages of their
        own, or without a word: then HTTP's status is what is said. A 401 is about the token in any
        words; a 403 may be about the address of this machine."""
        content = _expanded(response.body, response.fields.get("content-encoding", ""))
        http = response.status
        if bare and 200 <= http < 300 and not content.strip():
            return Reply(http, None, self._paths)
        yes = 200 <= http < 300
        said = "" if yes else clean_text(f"HTTP {http} {response.reason}").strip()
        wait = 0.0 if yes else _asked_to_wait(response.fields.get("retry-after", ""))
        if wait:
            said = f"{said}, again in {wait:.0f} s"
        try:
            given, around = _parsed(content, response.charset)
        except PlatformError as error:
            if yes:
                raise PlatformError(codes.SERVER_ERROR, _no_answer(response, content)) from error
            words = _words_of_page(content, response.charset)
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
        return Reply(http, _unfolded(given), self._paths, said, wait)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    def _redirected(self, url: str, response: HttpResponse, method: str) -> str:
        """Where to, on this very server: a redirect must not carry a token elsewhere, nor make a
        request that changes something into another."""
        where = response.fields.get("location", "")
        if not where:
            raise PlatformError(codes.SERVER_ERROR, f"redirected ({response.status}) to nowhere")
        there = urljoin(url, where)
        if _origin(there) != _origin(self.base):
            info = f"redirected to another server: {_shown(there)}"
            raise PlatformError(codes.SERVER_ERROR, info)
        if method != "GET" and response.status not in (307, 308):
            info = f"redirected ({response.status}) to {_shown(there)}"
            raise PlatformError(codes.SERVER_ERROR, info)
        return there


def _expanded(content: bytes, encoding: str) -> bytes:
    """What a server compressed though it was asked not to, once or several times over. Within the
    size that is taken."""
    names = [each.strip().lower() for each in encoding.split(",")]
    for name in reversed([each for each in names if each not in ("", "identity")]):
        if name not in ("gzip", "x-gzip", "deflate"):
            info = f"the answer is compressed ({clean_text(name, 20)})"
            raise PlatformError(codes.SERVER_ERROR, info)
        content = _expanded_once(content) if content else content
    return content


def _expanded_once(content: bytes) -> bytes:
    for wbits in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):  # some write "deflate" without its head
        expanded, rest = b"", content
        try:
            while rest and len(expanded) <= MAX_BYTES:  # gzip may come in several members
                one = zlib.decompressobj(wbits)
                expanded += one.decompress(rest, MAX_BYTES + 1 - len(expanded))
                rest = one.unused_data
        except zlib.error:
            if not expanded:
                continue
        if len(expanded) > MAX_BYTES:
            raise PlatformError(codes.SERVER_ERROR, "the answer is too long")
        return expanded
    raise PlatformError(codes.SERVER_ERROR, "the answer is compressed, and broken")


def _no_answer(response: HttpResponse, content: bytes) -> str:
    """What stands in the place of an answer. A web page is that of a network that wants a sign-in
    of its own, or of a wrong address: its title says which."""
    if response.content_type != "text/html" and not _is_marked_up(content):
        return "the answer is not JSON"
    title = _words_of_page(content, response.charset) if _is_marked_up(content) else ""
    return f"a web page, and no answer: {title}" if title else "a web page, and no answer"


def _is_marked_up(content: bytes) -> bool:
    return content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"


def _words_of_page(content: bytes, charset: str) -> str:
    """The title of a page, or the first line of plain text; "" for neither."""
    text = decoded(content[:65536], charset)
    if text.lstrip()[:1] in ("{", "["):
        return ""  # JSON that is broken
    if not _is_marked_up(content):
        return clean_text(text.strip().partition("\n")[0], 80).strip()
    found = _title(text)
    return clean_text(unescape(found[1]), 80).strip() if found else ""


def _words(given: Any) -> str:
    """Words in whatever shape they come: text, a number, several of them, or one for each field."""
    if isinstance(given, dict):
        given = list(given.values())
    several = given[:_MOST_WORDS] if isinstance(given, list) else [given]
    return " ".join(word for each in several if (word := _words_of_one(each)))


def _words_of_one(given: Any) -> str:
    if isinstance(given, str):
        return given
    number = integer_of(given)
    return "" if number is None else str(number)


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


def _unfolded(given: Any) -> Any:
    """JSON that stands as text in JSON, as gateways hand it on that do not look at it."""
    given = _unfolded_once(given)
    if isinstance(given, dict):
        return {name: _unfolded_once(value) for name, value in given.items()}
    return given


def _unfolded_once(given: Any) -> Any:
    if isinstance(given, str) and given.lstrip()[:1] in ("{", "["):
        with suppress(ValueError, RecursionError):
            return parsed_json(given)
    return given


def _parsed(body: bytes, charset: str) -> tuple[Any, str]:
    """JSON, in whatever encoding it is written; names in it may hold control characters, behind it
    may stand the end of a text of C, and around it words, which are told as well."""
    try:
        return parsed_json(body), ""
    except (ValueError, RecursionError):
        pass
    try:
        text = decoded(body, charset).rstrip("\0")
        try:
            return parsed_json(text), ""
        except ValueError:
            given, around = json_among_words(text)
            return given, masked(_tags.sub(" ", around), 80).strip() or "•"
    except (ValueError, RecursionError):
        raise PlatformError(codes.SERVER_ERROR, "the answer is not JSON") from None


def _split(url: str) -> SplitResult | None:
    """The parts of an address that names a host, a port where it is a number, and no password."""
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        return None
    # urlsplit drops line breaks in silence; nobody means an address with white space.
    return parts if usable and url.isprintable() and " " not in url else None


def _shown(url: str) -> str:
    """An address without its query, in which a proof or a token may stand."""
    return clean_text(url.partition("?")[0].partition("#")[0], 100)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = _split(url)
    if parts is None:
        return ("", None, None)
    return (
        parts.scheme,
        parts.hostname,
        parts.port or {"http": 80, "https": 443}.get(parts.scheme),
    )
