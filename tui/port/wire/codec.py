"""The port's values to JSON and back, without loss: every type that a command, an event, a result
or the snapshot can hold.

A value is an object whose `"$"` names its class; an enum is its value; a tuple an array; a
`Secret` `{"$": "Secret", "value": …}`, in the clear: the socket is for one user only. What JSON
cannot say of floats is written as Python's `json` writes it (Infinity, -Infinity, NaN). Errors
say where, never what, so that nothing secret is logged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any, Final, get_args, get_origin, get_type_hints

from msgspec import ValidationError, convert, to_builtins

from tui.plain_value import PlainValue
from tui.port.commands import Command, Result
from tui.port.events import Event
from tui.port.snapshot import Snapshot
from tui.secrets import Secret

TAG: Final = "$"
ROOTS: Final = (Command, Event, Result, Snapshot)
"""What crosses the port; whatever their fields hold is found from here."""

Json = dict[str, Any]


class CodecError(ValueError):
    """The value, or the JSON, is not of the type that is expected there."""


def to_json(value: object) -> Json:
    """The JSON form of any value of the port. It is read once before it is handed out, so that a
    wrong value is found by whoever made it. Raises CodecError."""
    if known().get(type(value).__name__) is not type(value):
        raise CodecError(f"{type(value).__name__} does not cross the port")
    form: Json = to_builtins(value, enc_hook=_write_secret)
    from_json(form)
    return form


def from_json(data: object) -> Any:
    """The value of a JSON form, by its tag. Raises CodecError, and nothing else."""
    name = data.get(TAG) if isinstance(data, dict) else None
    cls = known().get(name) if isinstance(name, str) else None
    if cls is None:
        raise CodecError("an object of the port is expected")
    try:
        return convert(data, cls, dec_hook=_read_other)
    except ValidationError as error:
        place = str(error).rpartition(" - at ")[2] if " - at " in str(error) else ""
        raise CodecError(f"{cls.__name__} does not fit {place}".rstrip()) from None


def _write_secret(value: object) -> Json:
    if not isinstance(value, Secret):
        raise CodecError(f"a {type(value).__name__} has no JSON form")
    return {TAG: "Secret", "value": value.reveal()}


def _read_other(cls: type, data: object) -> object:
    """What is neither a plain type nor a value of ours: a Secret, and nothing else is."""
    match data:
        case {"$": "Secret", "value": str(text)} if cls is Secret:
            return Secret(text)
    raise ValidationError("a secret is expected")


@cache
def _walk() -> tuple[type[PlainValue | Enum], ...]:
    """Every class that can cross."""
    found: list[type[PlainValue | Enum]] = []
    waiting: list[Any] = list(ROOTS)
    while waiting:
        hint = waiting.pop()
        if get_origin(hint) is not None:
            waiting.extend(get_args(hint))
        elif isinstance(hint, type) and issubclass(hint, PlainValue | Enum) and hint not in found:
            found.append(hint)
            waiting.extend(get_type_hints(hint).values())
    return tuple(found)


@cache
def known() -> Mapping[str, type[PlainValue]]:
    """Every value that can cross, by its name."""
    values = [cls for cls in _walk() if issubclass(cls, PlainValue)]
    by_name = {cls.__name__: cls for cls in values}
    if len(by_name) != len(values):
        raise TypeError("two values of the port have one name")
    return by_name


@cache
def fingerprint() -> str:
    """Eight hexadecimal digits over names and types of all that crosses: two processes whose
    ports differ in any field differ here, with no number for anyone to forget. Taken from the
    source's own spelling, so that it is the same on every Python."""
    digest = hashlib.sha256()
    for cls in sorted(_walk(), key=lambda each: each.__name__):
        if issubclass(cls, Enum):
            parts = [repr(member.value) for member in cls]
        else:
            parts = [f"{name}:{hint}" for name, hint in cls.__annotations__.items()]
        digest.update(f"{cls.__name__}({', '.join(parts)})\n".encode())
    return digest.hexdigest()[:8]
