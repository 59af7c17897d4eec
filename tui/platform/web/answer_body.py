"""The body of an answer: expanded, and read as JSON whatever stands around it; or what a page says
that stands in its place."""

from __future__ import annotations

import re
import zlib
from contextlib import suppress
from html import unescape
from typing import Any, Final

from tui.platform import codes
from tui.platform.base import PlatformError
from tui.platform.json_values import json_among_words, parsed_json
from tui.platform.not_understood import masked
from tui.platform.web.http_client import HttpResponse
from tui.text import clean_text, decoded

MAX_BYTES: Final = 1024 * 1024
_tags = re.compile(r"<[^>]{0,200}>")
_title = re.compile(r"<title[^>]*>([^<]{1,200})", re.I).search


def expanded(content: bytes, encoding: str) -> bytes:
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


def no_answer(response: HttpResponse, content: bytes) -> str:
    """What stands in the place of an answer. A web page is that of a network that wants a sign-in
    of its own, or of a wrong address: its title says which."""
    if response.content_type != "text/html" and not _is_marked_up(content):
        return "the answer is not JSON"
    title = words_of_page(content, response.charset) if _is_marked_up(content) else ""
    return f"a web page, and no answer: {title}" if title else "a web page, and no answer"


def _is_marked_up(content: bytes) -> bool:
    return content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"


def words_of_page(content: bytes, charset: str) -> str:
    """The title of a page, or the first line of plain text; "" for neither."""
    text = decoded(content[:65536], charset)
    if text.lstrip()[:1] in ("{", "["):
        return ""  # JSON that is broken
    if not _is_marked_up(content):
        return clean_text(text.strip().partition("\n")[0], 80).strip()
    found = _title(text)
    return clean_text(unescape(found[1]), 80).strip() if found else ""


def unfolded(given: Any) -> Any:
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


def parsed(body: bytes, charset: str) -> tuple[Any, str]:
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
