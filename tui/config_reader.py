"""Reading config.toml: from text to settings, or to a sentence that says what is wrong and where.

Apart from `tui.config`, so that who only needs the defaults does not pay for a parser.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import Field, fields, replace
from typing import Any, Final, cast

from tui.config import MESSAGES, ROUTES, ROUTES1, Config, ConfigError, Person, Policies, Profile

_PASSWORDS: Final = frozenset(("password", "passwd", "pwd", "passphrase", "secret"))


def parse(text: str, name: str) -> Config:
    """The settings in a text. Raises ConfigError, which names `name` and the line."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name} is not TOML: {error}.") from None
    except RecursionError:
        raise ConfigError(f"{name} is nested too deeply.") from None
    return _Reader(text, name).config(table)


class _Reader:
    """Reads tables into settings, and knows where in the text a key stands."""

    def __init__(self, text: str, name: str) -> None:
        self.text = text
        self.name = name

    def config(self, table: dict[str, Any]) -> Config:
        self._no_passwords(table, ())
        values: dict[str, Any] = {}
        sections = tuple(each.name for each in fields(Config))
        for key, value in table.items():
            if key not in sections:
                raise self._error((key,), f"there is no section or setting {key!r}", key, sections)
            if not isinstance(value, dict):
                raise self._error((key,), f"[{key}] is a section, not a value")
            if key in _TABLES:
                values[key] = self._names(key, value, _TABLES[key])
            elif key == "servers":
                values[key] = self._servers(value)
            elif key == "keys":
                values[key] = self._keys(value)
            elif key == "profiles":
                continue
            else:
                values[key] = self._section((key,), value, getattr(Config, key))
        policies = values.get("policies", Policies())
        values["profiles"] = tuple(
            self._profile(name, value, policies)
            for name, value in table.get("profiles", {}).items()
        )
        return Config(**values)

    def _profile(self, name: str, value: Any, policies: Policies) -> Profile:
        path = ("profiles", name)
        if not isinstance(value, dict):
            raise self._error(path, f"[profiles.{name}] is a section, not a value")
        own = value.get("policies")
        if own is not None:
            if not isinstance(own, dict):
                raise self._error((*path, "policies"), "policies is a section, not a value")
            own = self._section((*path, "policies"), own, policies)
        people = self._people((*path, "people"), value.get("people", []))
        rest = {key: each for key, each in value.items() if key not in ("policies", "people")}
        if "name" in rest:
            raise self._error(
                (*path, "name"), f"a profile is named by its section: [{path[0]}.NAME]"
            )
        defaults = Profile(name=name, policies=own, people=people)
        return cast(Profile, self._section(path, rest, defaults))

    def _people(self, path: tuple[str, ...], value: Any) -> tuple[Person, ...]:
        where = ".".join(path)
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise self._error(path, f"people is a list of sections: [[{where}]]")
        found = []
        for each in value:
            for key, text in each.items():
                if key not in _PERSON:
                    what = f"there is no setting {key!r} in [[{where}]]"
                    raise self._error(path, what, key, _PERSON)
                if not isinstance(text, str):
                    raise self._error(path, f"{key} must be text in quotes, not {written(text)}")
            person = Person(**{"name": "", "number": "", **each})
            if not person.name or not person.number:
                raise self._error(path, f"each of [[{where}]] has a name and a number")
            found.append(person)
        return tuple(found)

    def _section(self, path: tuple[str, ...], table: dict[str, Any], defaults: Any) -> Any:
        known = {each.name: each for each in fields(defaults) if "doc" in each.metadata}
        values = {}
        for key, value in table.items():
            where = (*path, key)
            if key not in known:
                section = ".".join(path)
                what = f"there is no setting {key!r} in [{section}]"
                raise self._error(where, what, key, tuple(known))
            values[key] = self._value(where, value, known[key])
        return replace(defaults, **values)

    def _value(self, path: tuple[str, ...], value: Any, known: Field[Any]) -> Any:
        key, kind = path[-1], str(known.type)
        given = written(value) if known.repr else "that"
        wrong = f"{key} must be {_KINDS[kind]}, not {given}"
        if kind == "float" and type(value) is int:
            value = float(value)
        if kind.startswith("tuple"):
            if type(value) is not list or not all(type(each) is str for each in value):
                raise self._error(path, wrong)
            for each in value:
                self._like(path, each, known)
            return tuple(value)
        if type(value).__name__ != kind:
            raise self._error(path, wrong)
        low, high = known.metadata["low"], known.metadata["high"]
        # Written so that "nan" fails too.
        if low is not None and not low <= value <= high:
            raise self._error(path, f"{key} must be from {low:g} to {high:g}, not {value}")
        choices = known.metadata["choices"]
        if choices and value not in choices:
            listed = ", ".join(map(written, choices))
            raise self._error(path, f"{key} must be one of {listed}, not {written(value)}")
        if kind == "str":
            self._like(path, value, known)
        return value

    def _like(self, path: tuple[str, ...], value: str, known: Field[Any]) -> None:
        like = known.metadata["like"]
        if like and not re.fullmatch(like, value):
            given = written(value) if known.repr else "that"
            raise self._error(path, f"{path[-1]} cannot be {given}: {known.metadata['doc']}")

    def _names(self, section: str, table: dict[str, Any], known: tuple[str, ...]) -> dict[str, str]:
        for key, value in table.items():
            if key not in known:
                what = f"there is no setting {key!r} in [{section}]"
                raise self._error((section, key), what, key, known)
            if not isinstance(value, str):
                what = f"{key} must be text in quotes, not {written(value)}"
                raise self._error((section, key), what)
        return dict(table)

    def _servers(self, table: dict[str, Any]) -> dict[str, str]:
        for key, value in table.items():
            if not (key.isascii() and key.isdigit()):
                what = f"{key!r} in [servers] is no switch number, nor how one begins"
                raise self._error(("servers", key), what)
            if not isinstance(value, str) or not value.strip():
                what = f"{key} must be a server's name in quotes, not {written(value)}"
                raise self._error(("servers", key), what)
        return dict(table)

    def _keys(self, table: dict[str, Any]) -> dict[str, tuple[str, ...]]:
        keys = {}
        for action, value in table.items():
            listed = value if isinstance(value, list) else [value]
            if not listed or not all(isinstance(each, str) and each.strip() for each in listed):
                what = f"{action} must be a key in quotes or a list of keys, not {written(value)}"
                raise self._error(("keys", action), what)
            keys[action] = tuple(listed)
        return keys

    def _no_passwords(self, table: dict[str, Any], path: tuple[str, ...]) -> None:
        for key, value in table.items():
            if key.casefold() in _PASSWORDS and not isinstance(value, dict):
                # The value is not quoted: the sentence may end up in a log.
                what = "a password does not belong into the config; the system's keyring keeps it"
                raise self._error((*path, key), what + ", when you ask for it at sign-in")
            for each in value if isinstance(value, list) else [value]:
                if isinstance(each, dict):
                    self._no_passwords(each, (*path, key))

    def _error(
        self, path: tuple[str, ...], what: str, key: str = "", known: tuple[str, ...] = ()
    ) -> ConfigError:
        line = _line_of(self.text, path)
        where = f"{self.name}, line {line}" if line else self.name
        return ConfigError(f"{where}: {what.removesuffix('.')}.{meant(key, known) if key else ''}")


_PERSON: Final = tuple(each.name for each in fields(Person))
_TABLES: Final = {"routes": ROUTES, "routes1": ROUTES1, "messages": MESSAGES}
_KINDS: Final = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "str": "text in quotes",
    "tuple[str, ...]": "a list of texts",
}


def written(value: object, limit: int = 60) -> str:
    """A value as TOML has it, shortened to `limit` characters."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    elif isinstance(value, (list, tuple)):
        text = "[" + ", ".join(written(each, limit) for each in value) + "]"
    else:
        text = "a section" if isinstance(value, dict) else str(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def meant(key: str, known: tuple[str, ...]) -> str:
    """What may have been meant, as a sentence."""
    near = difflib.get_close_matches(key, known, 1)
    if near:
        return f" Did you mean {near[0]!r}?"
    return f" There are: {', '.join(known)}." if known else ""


def _line_of(text: str, path: tuple[str, ...]) -> int:
    """The line of a key as people write TOML, 0 when it is written in another way."""
    section: tuple[str, ...] = ()
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line.startswith("["):
            section = _dotted(line.strip("[]").partition("]")[0])
            if section[: len(path)] == path:
                return number
        elif "=" in line and not line.startswith("#"):
            key = (*section, *_dotted(line.partition("=")[0]))
            if key[: len(path)] == path:
                return number
    return 0


def _dotted(text: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in text.split("."))
