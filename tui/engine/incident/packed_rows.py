"""A long queue of values that hardly anybody reads, small in memory: the newest as they are, the
older ones packed together, for they say much the same. In an hour of calls that is a tenth."""

from __future__ import annotations

import pickle
import zlib
from collections import deque
from collections.abc import Iterator
from typing import Any, Final, Generic, NamedTuple, TypeVar

from tui.log import get_logger

log = get_logger("incident")

Value = TypeVar("Value")
TOGETHER: Final = 64
"""Values in one pack: a millisecond to pack, and to unpack."""


class _Pack(NamedTuple):
    """So many values; as they are, where one of them cannot be packed."""

    many: int
    data: bytes
    plain: tuple[Any, ...]


class PackedRows(Generic[Value]):
    """First in, first out. Values are equal when they come out, not the same."""

    def __init__(self, together: int = TOGETHER) -> None:
        self._together = together
        self._oldest: deque[Value] = deque()
        self._packs: deque[_Pack] = deque()
        self._newest: list[Value] = []
        self._packed = 0

    def __len__(self) -> int:
        return len(self._oldest) + self._packed + len(self._newest)

    def __iter__(self) -> Iterator[Value]:
        """From the oldest to the newest."""
        yield from self._oldest
        for pack in self._packs:
            yield from _unpacked(pack)
        yield from self._newest

    def append(self, value: Value) -> None:
        self._newest.append(value)
        if len(self._newest) >= self._together:
            self._packs.append(_packed(tuple(self._newest)))
            self._packed += len(self._newest)
            self._newest.clear()

    def first(self) -> Value:
        """The oldest. IndexError when there is none."""
        if not self._oldest:
            if self._packs:
                pack = self._packs.popleft()
                self._packed -= pack.many
                self._oldest.extend(_unpacked(pack))
            else:
                self._oldest.extend(self._newest)
                self._newest.clear()
        return self._oldest[0]

    def popleft(self) -> Value:
        """Take the oldest out. IndexError when there is none."""
        self.first()
        return self._oldest.popleft()


def _packed(values: tuple[Any, ...]) -> _Pack:
    try:
        data = zlib.compress(pickle.dumps(values, pickle.HIGHEST_PROTOCOL), 1)
    except Exception as problem:  # whatever a value's own way of being written raises
        log.debug("rows are kept as they are: %s", type(problem).__name__)
        return _Pack(len(values), b"", values)
    return _Pack(len(values), data, ())


def _unpacked(pack: _Pack) -> tuple[Any, ...]:
    """Only what this process has packed itself is ever unpacked."""
    return pickle.loads(zlib.decompress(pack.data)) if pack.data else pack.plain  # noqa: S301
