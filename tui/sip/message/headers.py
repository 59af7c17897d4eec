"""Header fields: an ordered multi-dict whose names know no case and no compact forms.

RFC 3261 §7.3. Values are kept as they came, unfolded and without white space at the ends;
what they mean is read when somebody asks, once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeVar

from tui.sip.errors import RemoteProtocolError
from tui.sip.message.grammar import split_list

T = TypeVar("T")

COMPACT: Final = {
    "a": "accept-contact",
    "b": "referred-by",
    "c": "content-type",
    "d": "request-disposition",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "j": "reject-contact",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "n": "identity-info",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
    "y": "identity",
}
"""One-letter names of the IANA registry, to lower-case long ones."""

LISTS: Final = frozenset(
    (
        *("accept", "accept-contact", "accept-encoding", "accept-language", "alert-info"),
        *("allow", "allow-events", "call-info", "contact", "content-encoding"),
        *("content-language", "diversion", "error-info", "history-info", "in-reply-to"),
        *("p-asserted-identity", "p-associated-uri", "p-preferred-identity", "path"),
        *("proxy-require", "reason", "record-route", "reject-contact", "remote-party-id"),
        *("require", "route"),
        *("security-client", "security-server", "security-verify", "service-route"),
        *("supported", "unsupported", "via", "warning"),
    )
)
"""Headers that may hold several values between commas. Credentials and challenges do not."""

_SPECIAL: Final = {
    "call-id": "Call-ID",
    "cseq": "CSeq",
    "www-authenticate": "WWW-Authenticate",
    "mime-version": "MIME-Version",
    "min-se": "Min-SE",
    "rack": "RAck",
    "rseq": "RSeq",
    "sip-etag": "SIP-ETag",
    "sip-if-match": "SIP-If-Match",
}
_KNOWN: Final = (
    *LISTS,
    *_SPECIAL,
    *COMPACT.values(),
    *("authorization", "authentication-info", "content-disposition", "date", "expires"),
    *("flow-timer", "max-forwards", "min-expires", "organization", "priority", "privacy"),
    *("proxy-authenticate", "proxy-authorization", "replaces", "reply-to", "retry-after"),
    *("server", "timestamp", "user-agent"),
)


def long_name(key: str) -> str:
    """How we write a header whose lower-case name is `key`: `call-id` is `Call-ID`."""
    return _SPECIAL.get(key) or key.title()


KEYS: Final = {
    **{key: key for key in _KNOWN},
    **{long_name(key): key for key in _KNOWN},
    **COMPACT,
    **{short.upper(): key for short, key in COMPACT.items()},
}
"""The spellings that nearly all messages use, to the key. Others go the long way."""


class Headers:
    """The headers of one message, in order.

    `get()` and `items()` give raw values; `get_all()` splits those headers that are lists.
    """

    __slots__ = ("_cache", "_index", "_items")

    def __init__(self, items: Iterable[tuple[str, str]] = ()) -> None:
        self._items: list[tuple[str, str]] = []
        self._index: dict[str, list[str]] = {}
        self._cache: dict[str, Any] = {}
        for name, value in items:
            self.add(name, value)

    @classmethod
    def of_wire(cls, items: list[tuple[str, str]], index: dict[str, list[str]]) -> Headers:
        """Headers over lists that the parser has made already; they are not copied."""
        headers = cls.__new__(cls)
        headers._items = items
        headers._index = index
        headers._cache = {}
        return headers

    def get(self, name: str, default: str | None = None) -> str | None:
        """The first value, raw and unsplit."""
        values = self._index.get(_key(name))
        return values[0] if values else default

    def get_all(self, name: str) -> list[str]:
        """Every value; where the header is a list, every item of every line."""
        key = _key(name)
        values = self._index.get(key, [])
        if key not in LISTS:
            return list(values)
        return [item for value in values for item in split_list(value)]

    def add(self, name: str, value: str) -> None:
        """One more line at the end."""
        key = _key(name)
        self._items.append((name, value))
        self._index.setdefault(key, []).append(value)
        self._cache.clear()

    def set(self, name: str, value: str) -> None:
        """This value alone, in the place of the first that was there, else at the end."""
        key = _key(name)
        if key not in self._index:
            self.add(name, value)
            return
        items: list[tuple[str, str]] = []
        done = False
        for old_name, old_value in self._items:
            if _key(old_name) != key:
                items.append((old_name, old_value))
            elif not done:
                items.append((name, value))
                done = True
        self._items = items
        self._index[key] = [value]
        self._cache.clear()

    def remove(self, name: str) -> None:
        """Every line of this name; none is no error."""
        key = _key(name)
        if self._index.pop(key, None) is not None:
            self._items = [item for item in self._items if _key(item[0]) != key]
            self._cache.clear()

    def items(self) -> list[tuple[str, str]]:
        """(name, raw value) of every line in order; the names long, as we write them."""
        return [(_written(name), value) for name, value in self._items]

    def parsed(self, key: str, parse: Callable[[str], T]) -> T:
        """The first value of `key` (lower case, long) as `parse` reads it, and keep that.

        RemoteProtocolError when there is none, or when `parse` refuses it.
        """
        found = self._cache.get(key)
        if found is None:
            values = self._index.get(key)
            if not values:
                raise RemoteProtocolError(f"no {long_name(key)} header")
            found = self._cache[key] = parse(values[0])
        result: T = found
        return result

    def parsed_all(self, key: str, parse: Callable[[str], T]) -> tuple[T, ...]:
        """Every item of every line of `key` as `parse` reads it, and keep that."""
        slot = key + "*"
        found = self._cache.get(slot)
        if found is None:
            found = tuple([parse(item) for item in self.get_all(key)])
            self._cache[slot] = found
        result: tuple[T, ...] = found
        return result

    def copy(self) -> Headers:
        """Headers of the same lines that change apart from these."""
        return Headers(self._items)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and _key(name) in self._index

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.items())

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        """Same names and values in the same order."""
        return isinstance(other, Headers) and self._pairs() == other._pairs()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        """Names only: values hold credentials."""
        return f"<Headers {', '.join(_written(name) for name, _ in self._items)}>"

    def _pairs(self) -> list[tuple[str, str]]:
        return [(_key(name), value) for name, value in self._items]


def _key(name: str) -> str:
    return KEYS.get(name) or name.lower()


def _written(name: str) -> str:
    key = KEYS.get(name)
    return long_name(key) if key is not None else name
