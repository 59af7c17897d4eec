"""From the tables of config.toml to settings, section by section, or to sentences that say what is
wrong and where: each value against what `schema` says of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import Field, fields, is_dataclass, replace
from typing import Any, Final, cast

from tui.config.errors import END, ConfigError, Part, meant
from tui.config.layers import LOCKED, broken_locks, system_file, unknown_lock
from tui.config.queues import CODE, MOST_QUEUES
from tui.config.schema import (
    WIRE,
    Break,
    Config,
    OwnAction,
    Person,
    Policies,
    Profile,
    QueueSettings,
    wire_table,
)
from tui.config.toml.places import line_of, texts, written
from tui.platform.bad_setting import BadSetting

_PASSWORDS: Final = frozenset(("password", "passwd", "pwd", "passphrase", "secret"))
_NAMED: Final[dict[str, type]] = {"breaks": Break, "actions": OwnAction}
"""Sections of tables with names of the agent's own."""
_PERSON: Final = tuple(each.name for each in fields(Person))
_KINDS: Final = {
    **{kind: kind for kind in ("bool", "int", "float", "str")},
    "tuple[str, ...]": "list",
}
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
"""What no file, program or peer can be told; a line end and a tab may mean something."""


class SectionReader:
    """Reads tables into settings, and knows where in the text a key stands. What is wrong is left
    out and kept in `wrong`, so that all of it can be said at once."""

    def __init__(self, text: str, name: str, below: Config, *, system: bool) -> None:
        self.text = text
        self.name = name
        self.below = below
        self.system = system
        self.wrong: list[ConfigError] = []

    @contextmanager
    def _kept(self) -> Iterator[None]:
        """What is found wrong within is kept, and the reading goes on behind it."""
        try:
            yield
        except ConfigError as error:
            self.wrong.append(error)

    def config(self, table: dict[str, Any]) -> Config:
        self._no_passwords(table, ())
        for path, text in texts(table, ()):
            if found := _CONTROL.search(text):  # not the text itself: it may be a secret
                which = {"key": path[-1], "code": f"U+{ord(found[0]):04X}"}
                self.wrong.append(self._error(path, "config.control", **which))
        for path in broken_locks(table, self.below.locked):
            locked = {"key": ".".join(path), "system": str(system_file())}
            self.wrong.append(self._error(path, "config.locked", **locked))
        values: dict[str, Any] = {}
        sections = tuple(each.name for each in fields(Config) if each.name != LOCKED)
        profiles: dict[str, Any] = {}
        for key, value in table.items():
            with self._kept():
                if key == LOCKED:
                    values[key] = self._locked(value)
                    continue
                if key not in sections:
                    if (home := _home_of(key)) and not isinstance(value, dict):
                        raise self._error((key,), "config.belongs", key=key, section=f"[{home}]")
                    raise self._error((key,), "config.no_section", key, sections, key=repr(key))
                if key == "profiles" and not _all_tables(value):
                    raise self._error((key,), "config.profiles")
                if not isinstance(value, dict):
                    raise self._error((key,), "config.is_section", name=f"[{key}]")
                if key in WIRE:
                    values[key] = self._wire(key, value)
                elif key == "servers":
                    values[key] = self._servers(value)
                elif key == "keys":
                    values[key] = self._keys(value)
                elif key == "scripts":
                    values[key] = self._scripts(value)
                elif key in _NAMED:
                    below = {each.name: each for each in getattr(self.below, key)}
                    for name, each in value.items():
                        below[name] = self._named(key, name, each, below.get(name))
                    values[key] = tuple(below.values())
                elif key == "profiles":
                    profiles = value
                else:
                    values[key] = self._section((key,), value, getattr(self.below, key))
                if isinstance(known := getattr(self.below, key), dict):
                    values[key] = {**known, **values[key]}
                if key == "provision" and not self.system and values.pop(key) != known:
                    where = {"system": str(system_file())}
                    raise self._error((key,), "config.provision_here", **where)
        policies = values.get("policies", self.below.policies)
        read = {}
        for name, value in profiles.items():
            with self._kept():
                read[name] = self._profile(name, value, policies)
        # The user's come first: the first is the one that a sign-in begins with.
        others = (each for each in self.below.profiles if each.name not in read)
        values["profiles"] = (*read.values(), *others)
        return replace(self.below, **values)

    def _locked(self, value: Any) -> tuple[str, ...]:
        """What nobody can say otherwise, in the administrator's file alone."""
        if not self.system:
            where = {"system": str(system_file())}
            raise self._error((LOCKED,), "config.locked_here", **where)
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self._kind((LOCKED,), LOCKED, "list", value)
        for each in value:
            with self._kept():
                if (wrong := unknown_lock(Config(), each)) is not None:
                    name, section, known = wrong
                    id = "config.no_setting" if section else "config.no_section"
                    of = {"key": repr(name), "section": f"[{section}]"}
                    raise self._error((LOCKED,), id, name, known, **of)
        return (*self.below.locked, *value)

    def _named(self, section: str, name: str, value: Any, below: Any) -> Any:
        """One of the tables [SECTION.NAME]."""
        path = (section, name)
        if not isinstance(value, dict):
            raise self._error(path, "config.is_section", name=f"[{section}.{name}]")
        if "name" in value:
            raise self._error((*path, "name"), "config.named", section=section)
        read = self._section(path, value, below or _NAMED[section](name=name))
        if isinstance(read, OwnAction) and bool(read.command) == bool(read.url):
            raise self._error(path, "config.action_what", name=f"[{section}.{name}]")
        return read

    def _scripts(self, table: dict[str, Any]) -> dict[str, str]:
        for group, value in table.items():
            if not isinstance(value, str) or not value.strip():
                raise self._kind(("scripts", group), group, "str", value)
        return dict(table)

    def _profile(self, name: str, value: Any, policies: Policies) -> Profile:
        path = ("profiles", name)
        if not isinstance(value, dict):
            raise self._error(path, "config.is_section", name=f"[profiles.{name}]")
        known = {each.name: each for each in self.below.profiles}
        below = known.get(name, Profile(name=name))
        own = value.get("policies")
        if own is not None:
            if not isinstance(own, dict):
                raise self._error((*path, "policies"), "config.is_section", name="policies")
            own = self._section((*path, "policies"), own, below.policies or policies)
        people = below.people
        if "people" in value:
            people = self._people((*path, "people"), value["people"])
        queues = below.queues
        if "queues" in value:
            queues = self._queues((*path, "queues"), value["queues"])
        apart = ("policies", "people", "queues")
        rest = {key: each for key, each in value.items() if key not in apart}
        if rest.pop("name", None) is not None:
            self.wrong.append(self._error((*path, "name"), "config.named", section=path[0]))
        own = own or below.policies
        defaults = replace(below, policies=own, people=people, queues=queues)
        return cast(Profile, self._section(path, rest, defaults))

    def _people(self, path: tuple[str, ...], value: Any) -> tuple[Person, ...]:
        where = f"[[{'.'.join(path)}]]"
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise self._error(path, "config.people", section=where)
        found = []
        for each in value:
            with self._kept():
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

    def _queues(self, path: tuple[str, ...], value: Any) -> tuple[QueueSettings, ...]:
        where = f"[[{'.'.join(path)}]]"
        listed = isinstance(value, list) and all(isinstance(each, dict) for each in value)
        if not listed or len(value) > MOST_QUEUES:
            raise self._error(path, "config.queues", section=where, most=str(MOST_QUEUES))
        found = []
        for each in value:
            with self._kept():
                pauses = each.get("pauses", {})
                good = isinstance(pauses, dict) and all(
                    isinstance(code, str) and code and re.fullmatch(CODE, code)
                    for code in pauses.values()
                )
                if not good:
                    raise self._error((*path, "pauses"), "config.pauses")
                rest = {key: one for key, one in each.items() if key != "pauses"}
                queue = self._section(path, rest, QueueSettings(pauses=dict(pauses)))
                if not queue.whole:
                    raise self._error(path, "config.queue", section=where)
                found.append(queue)
        return tuple(found)

    def _section(self, path: tuple[str, ...], table: dict[str, Any], defaults: Any) -> Any:
        known = {each.name: each for each in fields(defaults) if "doc" in each.metadata}
        values = {}
        for key, value in table.items():
            where = (*path, key)
            with self._kept():
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

    def _wire(self, section: str, table: dict[str, Any]) -> dict[str, str]:
        """What a platform has otherwise, checked by whoever will use it."""
        defaults = wire_table(section)
        known = tuple(each.name for each in fields(defaults))
        below = getattr(self.below, section)
        good: dict[str, str] = {}
        for key, value in table.items():
            with self._kept():
                if key not in known:
                    unknown = {"key": repr(key), "section": f"[{section}]"}
                    raise self._error((section, key), "config.no_setting", key, known, **unknown)
                if not isinstance(value, str):
                    raise self._kind((section, key), key, "str", value)
                good[key] = value
        while good:  # one that is bad is told, and those that are left are looked at again
            try:
                defaults.overridden({**below, **good})
                break
            except BadSetting as error:
                self.wrong.append(self._error((section, error.key), error.id, **error.values))
                if good.pop(error.key, None) is None:
                    break
        return good

    def _servers(self, table: dict[str, Any]) -> dict[str, str]:
        for key, value in table.items():
            with self._kept():
                if not (key.isascii() and key.isdigit()):
                    raise self._error(("servers", key), "config.server", key=repr(key))
                if not isinstance(value, str) or not value.strip():
                    raise self._kind(("servers", key), key, "server", value)
        return dict(table)

    def _keys(self, table: dict[str, Any]) -> dict[str, tuple[str, ...]]:
        keys = {}
        for action, value in table.items():
            listed = value if isinstance(value, list) else [value]
            with self._kept():
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
        line = line_of(self.text, path)
        where = {"file": self.name, "line": str(line)}
        at: Part = ("config.at" if line else "config.in", where)
        tail = meant(unknown, choice) if unknown else (END,)
        return ConfigError(at, (id, values), *tail)


def _all_tables(value: Any) -> bool:
    """Whether it is a table of tables, as [profiles.NAME] makes one."""
    return isinstance(value, dict) and all(isinstance(each, dict) for each in value.values())


def _home_of(key: str) -> str:
    """The section that has a setting of that name; "" where none has, or several."""
    defaults = Config()
    homes = [
        each.name
        for each in fields(Config)
        if is_dataclass(held := getattr(defaults, each.name))
        and any(one.name == key for one in fields(held))
    ]
    return homes[0] if len(homes) == 1 else ""
