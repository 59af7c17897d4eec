"""The port's values to JSON and back, without loss: every type of `commands`, `events` and
`state`, found by walking their type hints, so that a new field needs no line here.

A dataclass is an object whose `"$"` names it; an enum is its value; a tuple an array; a float
that JSON cannot say is `{"$": "float", "value": "inf"}`. A `Secret` crosses in the clear: the
socket is for one user only. Errors say where, never what, so that nothing secret is logged.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from tui.engine.commands import Command, Result
from tui.engine.events import Event
from tui.engine.state import Snapshot
from tui.secrets import Secret

TAG: Final = "$"
ROOTS: Final[tuple[type, ...]] = (*get_args(Command), *get_args(Event), Result, Snapshot)
"""What crosses the port; whatever their fields hold is found from here."""

Json = dict[str, Any]
Decoder = Callable[[Any], Any]


class CodecError(ValueError):
    """The JSON is not the form of the type that is expected there."""


def to_json(value: object) -> Json:
    """The JSON form of a command, an event, a result or a snapshot (any dataclass of the port).
    Raises CodecError for anything else."""
    if type(value) not in _known().values():
        raise CodecError(f"{type(value).__name__} does not cross the port")
    encoded: Json = _encode(value)
    return encoded


def from_json(data: object) -> Any:
    """The value of a JSON form, by its tag. Raises CodecError, and nothing else."""
    return _decode_tagged(data, _known())


@cache
def _known() -> Mapping[str, type]:
    """Every dataclass that can cross, by its name."""
    found: dict[str, type] = {}
    waiting: list[Any] = list(ROOTS)
    while waiting:
        hint = waiting.pop()
        if get_origin(hint) is not None:
            waiting.extend(get_args(hint))
        elif is_dataclass(hint) and isinstance(hint, type) and found.get(hint.__name__) is not hint:
            if hint.__name__ in found:
                raise TypeError(f"two types of the port are called {hint.__name__}")
            found[hint.__name__] = hint
            waiting.extend(_hints(hint).values())
    return found


@cache
def _hints(cls: type) -> Mapping[str, Any]:
    return get_type_hints(cls)


@cache
def fingerprint() -> str:
    """Eight hexadecimal digits over names and types of all that crosses: two processes whose
    ports differ in any field differ here, with no number for anyone to forget. Taken from the
    source's own spelling, so that it is the same on every Python."""
    digest = hashlib.sha256()
    for name, cls in sorted(_known().items()):
        parts = [f"{f.name}:{f.type}" for f in fields(cls)]
        parts += (
            f"{hint.__name__}={[member.value for member in hint]}"
            for hint in _hints(cls).values()
            if isinstance(hint, type) and issubclass(hint, Enum)
        )
        digest.update(f"{name}({', '.join(parts)})\n".encode())
    return digest.hexdigest()[:8]


# ---------------------------------------------------------------- there


def _encode(value: object) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return value if math.isfinite(value) else {TAG: "float", "value": repr(value)}
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, tuple):
        return [_encode(item) for item in value]
    if isinstance(value, Secret):
        return {TAG: "Secret", "value": value.reveal()}
    if is_dataclass(value):
        encoded: Json = {TAG: type(value).__name__}
        encoded.update((f.name, _encode(getattr(value, f.name))) for f in fields(value))
        return encoded
    raise CodecError(f"a {type(value).__name__} has no JSON form")


# ---------------------------------------------------------------- and back


def _decode_tagged(data: object, allowed: Mapping[str, type]) -> Any:
    if not isinstance(data, dict):
        raise CodecError("an object is expected")
    cls = allowed.get(name) if isinstance(name := data.get(TAG), str) else None
    if cls is None:
        raise CodecError("an object of an unexpected type")
    return _decode_dataclass(cls, data)


def _decode_dataclass(cls: type, data: Json) -> Any:
    decoders = _field_decoders(cls)
    values: dict[str, Any] = {}
    for name, item in data.items():
        if name == TAG:
            continue
        decoder = decoders.get(name)
        if decoder is None:
            raise CodecError(f"{cls.__name__} has an unknown field")
        try:
            values[name] = decoder(item)
        except CodecError as error:
            raise CodecError(f"{cls.__name__}.{name}: {error}") from None
    missing = _required(cls) - values.keys()
    if missing:
        raise CodecError(f"{cls.__name__} lacks {', '.join(sorted(missing))}")
    return cls(**values)


@cache
def _field_decoders(cls: type) -> Mapping[str, Decoder]:
    return {name: _decoder(hint) for name, hint in _hints(cls).items()}


@cache
def _required(cls: type) -> frozenset[str]:
    assert is_dataclass(cls)
    return frozenset(
        f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING
    )


def _decoder(hint: Any) -> Decoder:
    """The function that reads what the hint describes."""
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return _union_decoder(get_args(hint))
    if origin is tuple:
        return _tuple_decoder(get_args(hint))
    if hint is float:
        return _decode_float
    if hint in (str, int, bool, NoneType):
        return _plain_decoder(hint)
    if hint is Secret:
        return _decode_secret
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _enum_decoder(hint)
    if isinstance(hint, type) and is_dataclass(hint):
        allowed = {hint.__name__: hint}
        return lambda data: _decode_tagged(data, allowed)
    raise TypeError(f"no JSON form for {hint!r}")


def _plain_decoder(cls: type) -> Decoder:
    def decode(data: Any) -> Any:
        if type(data) is not cls:  # a bool is no int here
            raise CodecError(f"a {cls.__name__} is expected")
        return data

    return decode


def _decode_float(data: Any) -> float:
    if isinstance(data, dict) and data.get(TAG) == "float":
        data = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}.get(str(data.get("value")))
    if type(data) not in (int, float):
        raise CodecError("a float is expected")
    try:
        return float(data)
    except OverflowError:
        raise CodecError("a float is expected") from None


def _decode_secret(data: Any) -> Secret:
    if isinstance(data, dict) and data.get(TAG) == "Secret":
        value = data.get("value")
        if isinstance(value, str):
            return Secret(value)
    raise CodecError("a secret is expected")


def _enum_decoder(cls: type[Enum]) -> Decoder:
    # By type as well as value: 1, 1.0 and True are one key to Python.
    members = {(type(member.value), member.value): member for member in cls}

    def decode(data: Any) -> Enum:
        member = members.get((type(data), data)) if isinstance(data, str | int) else None
        if member is None:
            raise CodecError(f"a {cls.__name__} is expected")
        return member

    return decode


def _tuple_decoder(args: tuple[Any, ...]) -> Decoder:
    if len(args) == 2 and args[1] is Ellipsis:
        item = _decoder(args[0])
        return lambda data: tuple(item(entry) for entry in _array(data))
    items = [_decoder(arg) for arg in args]

    def decode(data: Any) -> tuple[Any, ...]:
        array = _array(data)
        if len(array) != len(items):
            raise CodecError(f"{len(items)} values are expected")
        return tuple(item(entry) for item, entry in zip(items, array, strict=True))

    return decode


def _array(data: Any) -> list[Any]:
    if not isinstance(data, list):
        raise CodecError("an array is expected")
    return data


def _union_decoder(args: tuple[Any, ...]) -> Decoder:
    """Dataclasses by their tag; of the rest the first that fits (the port's unions hold at most
    one plain type beside None, so the order does not matter)."""
    tagged = {arg.__name__: arg for arg in args if isinstance(arg, type) and is_dataclass(arg)}
    others = [_decoder(arg) for arg in args if arg not in tagged.values()]

    def decode(data: Any) -> Any:
        for decoder in others:
            try:
                return decoder(data)
            except CodecError:
                continue
        return _decode_tagged(data, tagged)

    return decode
