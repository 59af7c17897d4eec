"""Reading config.toml: from text to settings, or to a sentence that says what is wrong and where.

Apart from `tui.config`, so that who only needs the defaults does not pay for a parser.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import Field, fields, replace
from typing import Any, Final, cast

from tui.config import MESSAGES, ROUTES, ROUTES1, Config, Person, Policies, Profile
from tui.config_words import ConfigError, Part

_PASSWORDS: Final = frozenset(("password", "passwd", "pwd", "passphrase", "secret"))


def parse(text: str, name: str) -> Config:
    """The settings in a text. Raises ConfigError, which names `name` and the line."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(("config.not_toml", {"file": name, "error": str(error)})) from None
    except RecursionError:
        raise ConfigError(("config.deep", {"file": name})) from None
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
                raise self._error((key,), "config.no_section", key, sections, key=repr(key))
            if not isinstance(value, dict):
                raise self._error((key,), "config.is_section", name=f"[{key}]")
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
            raise self._error(path, "config.is_section", name=f"[profiles.{name}]")
        own = value.get("policies")
        if own is not None:
            if not isinstance(own, dict):
                raise self._error((*path, "policies"), "config.is_section", name="policies")
            own = self._section((*path, "policies"), own, policies)
        people = self._people((*path, "people"), value.get("people", []))
        rest = {key: each for key, each in value.items() if key not in ("policies", "people")}
        if "name" in rest:
            raise self._error((*path, "name"), "config.named", section=path[0])
        defaults = Profile(name=name, policies=own, people=people)
        return cast(Profile, self._section(path, rest, defaults))

    def _people(self, path: tuple[str, ...], value: Any) -> tuple[Person, ...]:
        where = f"[[{'.'.join(path)}]]"
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise self._error(path, "config.people", section=where)
        found = []
        for each in value:
            for key, text in each.items():
                if key not in _PERSON:
                    unknown = {"key": repr(key), "section": where}
                    raise self._error(path, "config.no_setting", key, _PERSON, **unknown)
                if not isinstance(text, str):
                    raise self._kind(path, key, "str", text)
            person = Person(**{"name": "", "number": "", **each})
            if not person.name or not person.number:
                raise self._error(path, "config.person", section=where)
            found.append(person)
        return tuple(found)

    def _section(self, path: tuple[str, ...], table: dict[str, Any], defaults: Any) -> Any:
        known = {each.name: each for each in fields(defaults) if "doc" in each.metadata}
        values = {}
        for key, value in table.items():
            where = (*path, key)
            if key not in known:
                unknown = {"key": repr(key), "section": f"[{'.'.join(path)}]"}
                raise self._error(where, "config.no_setting", key, tuple(known), **unknown)
            values[key] = self._value(where, value, known[key])
        return replace(defaults, **values)

    def _value(self, path: tuple[str, ...], value: Any, known: Field[Any]) -> Any:
        key, kind = path[-1], str(known.type)
        given = written(value) if known.repr else "config.that"
        wrong = {"key": key, "kind": f"config.kind.{_KINDS[kind]}", "given": given}
        if kind == "float" and type(value) is int:
            value = float(value)
        if kind.startswith("tuple"):
            if type(value) is not list or not all(type(each) is str for each in value):
                raise self._error(path, "config.kind", **wrong)
            for each in value:
                self._like(path, each, known)
            return tuple(value)
        if type(value).__name__ != kind:
            raise self._error(path, "config.kind", **wrong)
        low, high = known.metadata["low"], known.metadata["high"]
        # Written so that "nan" fails too.
        if low is not None and not low <= value <= high:
            span = {"low": f"{low:g}", "high": f"{high:g}", "given": str(value)}
            raise self._error(path, "config.range", **span, key=key)
        choices = known.metadata["choices"]
        if choices and value not in choices:
            listed = ", ".join(map(written, choices))
            raise self._error(path, "config.choices", choices=listed, given=written(value), key=key)
        if kind == "str":
            self._like(path, value, known)
        return value

    def _like(self, path: tuple[str, ...], value: str, known: Field[Any]) -> None:
        like = known.metadata["like"]
        if like and not re.fullmatch(like, value):
            given = written(value) if known.repr else "config.that"
            doc = known.metadata["doc"].removesuffix(".")
            raise self._error(path, "config.like", given=given, doc=doc, key=path[-1])

    def _names(self, section: str, table: dict[str, Any], known: tuple[str, ...]) -> dict[str, str]:
        for key, value in table.items():
            if key not in known:
                unknown = {"key": repr(key), "section": f"[{section}]"}
                raise self._error((section, key), "config.no_setting", key, known, **unknown)
            if not isinstance(value, str):
                raise self._kind((section, key), key, "str", value)
        return dict(table)

    def _servers(self, table: dict[str, Any]) -> dict[str, str]:
        for key, value in table.items():
            if not (key.isascii() and key.isdigit()):
                raise self._error(("servers", key), "config.server", key=repr(key))
            if not isinstance(value, str) or not value.strip():
                raise self._kind(("servers", key), key, "server", value)
        return dict(table)

    def _keys(self, table: dict[str, Any]) -> dict[str, tuple[str, ...]]:
        keys = {}
        for action, value in table.items():
            listed = value if isinstance(value, list) else [value]
            if not listed or not all(isinstance(each, str) and each.strip() for each in listed):
                raise self._kind(("keys", action), action, "keys", value)
            keys[action] = tuple(listed)
        return keys

    def _no_passwords(self, table: dict[str, Any], path: tuple[str, ...]) -> None:
        for key, value in table.items():
            if key.casefold() in _PASSWORDS and not isinstance(value, dict):
                # The value is not quoted: the sentence may end up in a log.
                raise self._error((*path, key), "config.password")
            for each in value if isinstance(value, list) else [value]:
                if isinstance(each, dict):
                    self._no_passwords(each, (*path, key))

    def _kind(self, path: tuple[str, ...], key: str, kind: str, value: object) -> ConfigError:
        given = written(value)
        return self._error(path, "config.kind", kind=f"config.kind.{kind}", given=given, key=key)

    def _error(
        self,
        path: tuple[str, ...],
        id: str,
        unknown: str = "",
        choice: tuple[str, ...] = (),
        /,
        **values: str,
    ) -> ConfigError:
        """With the line where it stands, and what may have been meant by an `unknown` name."""
        line = _line_of(self.text, path)
        where = {"file": self.name, "line": str(line)}
        at: Part = ("config.at" if line else "config.in", where)
        tail = meant(unknown, choice) if unknown else (END,)
        return ConfigError(at, (id, values), *tail)


_PERSON: Final = tuple(each.name for each in fields(Person))
_TABLES: Final = {"routes": ROUTES, "routes1": ROUTES1, "messages": MESSAGES}
_KINDS: Final = {
    **{kind: kind for kind in ("bool", "int", "float", "str")},
    "tuple[str, ...]": "list",
}
END: Final[Part] = ("config.end", {})


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


def meant(key: str, known: tuple[str, ...]) -> tuple[Part, ...]:
    """The end of a sentence about an unknown name: what may have been meant."""
    near = difflib.get_close_matches(key, known, 1)
    if near:
        return END, ("config.near", {"near": repr(near[0])})
    return (END, ("config.known", {"known": ", ".join(known)})) if known else (END,)


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
