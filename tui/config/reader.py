"""Reading config.toml: from text to settings, or to a sentence that says what is wrong and where.

Apart from `tui.config.schema`, so that who only needs the defaults does not pay for a parser.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import Field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Final, cast

from tui.config.errors import END, ConfigError, Part, meant
from tui.config.layers import LOCKED, broken_locks, system_file, unknown_lock
from tui.config.not_toml import not_toml
from tui.config.paths import Paths
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
from tui.platform.bad_setting import BadSetting

_LONG: Final = re.compile(r"[0-9A-Fa-f_]{17}")
_DEEP: Final = re.compile(r"(?:[\[{][^\[\]{}]*){50}")
_PASSWORDS: Final = frozenset(("password", "passwd", "pwd", "passphrase", "secret"))


def load(path: Path | None, *, wanted: bool = False) -> Config:
    """The settings in a file over those of the administrator's (`layers.system_file`, and what it
    has fetched); the latter alone when `path` is None or there is no such file, the defaults where
    there is neither. `wanted`: somebody named the file.

    Raises ConfigError when a file cannot be read or understood, or a file that is wanted is not
    there.
    """
    config = administrators()
    if config.provision.url:
        config = _provisioned(config)
    if path is None or path.absolute() == system_file():
        return config
    return _layer(path, path.name, config, wanted=wanted)


def administrators() -> Config:
    """What stands in the administrator's file alone. Raises ConfigError."""
    system = system_file()
    return _layer(system, str(system), Config(), system=True)


def _layer(
    path: Path, name: str, below: Config, *, system: bool = False, wanted: bool = False
) -> Config:
    try:
        text = text_of(path)
    except FileNotFoundError:
        if wanted:
            raise ConfigError(("config.no_such_file", {"file": str(path)})) from None
        return below
    return _with_files(parse(text, name, below, system=system), path.parent)


def _provisioned(config: Config) -> Config:
    """With the settings that came from the administrator's server, where there is a copy."""
    from tui.config.provision.kept_copy import NAME, read_copy

    folder = Paths.find().state
    text = read_copy(config.provision, folder)
    if text is None:
        return config
    # Where they come from next time is said by the administrator's file alone.
    read = parse(text, NAME, config, system=True)
    return _with_files(replace(read, provision=config.provision), folder)


def text_of(path: Path) -> str:
    """The text of a file that a person writes: UTF-8, with a byte-order mark or without, whatever
    its ends of lines. Raises FileNotFoundError, and ConfigError with the line of what it is not, or
    for a link whose file is not there: somebody has put settings there."""
    try:
        if path.is_fifo() or path.is_socket():  # reading it would wait for ever
            raise ConfigError(("config.no_file", {"file": str(path)}))
        data = path.read_bytes()
    except FileNotFoundError:
        if not os.path.islink(path):
            raise
        where = {"file": str(path), "to": os.path.realpath(path)}
        raise ConfigError(("config.leads_nowhere", where)) from None
    except OSError as error:
        if isinstance(error, NotADirectoryError) and not os.path.lexists(path.parent):
            raise FileNotFoundError from None  # a home that is none, as of a service's user
        why = error.strerror or str(error)
        raise ConfigError(("config.unreadable", {"file": str(path), "error": why})) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = str(data.count(b"\n", 0, error.start) + 1)
        raise ConfigError(("config.not_utf8", {"file": path.name, "line": line})) from None
    text = text.replace("\r\n", "\n")
    return text if "\n" in text else text.replace("\r", "\n")


def _with_files(config: Config, folder: Path) -> Config:
    """The same with the files that it names found beside it."""
    if config.tls.ca_file:
        ca_file = str(folder / Path(config.tls.ca_file).expanduser())
        config = replace(config, tls=replace(config.tls, ca_file=ca_file))
    lookup = config.lookup
    if lookup.csv or lookup.vcard:
        csv, vcard = (
            str(folder / Path(file).expanduser()) if file else ""
            for file in (lookup.csv, lookup.vcard)
        )
        config = replace(config, lookup=replace(lookup, csv=csv, vcard=vcard))
    if config.scripts:
        scripts = {
            group: str(folder / Path(file).expanduser()) for group, file in config.scripts.items()
        }
        config = replace(config, scripts=scripts)
    if not any(profile.people_file for profile in config.profiles):
        return config
    profiles = tuple(
        replace(each, people_file=str(folder / Path(each.people_file).expanduser()))
        if each.people_file
        else each
        for each in config.profiles
    )
    return replace(config, profiles=profiles)


def parse(
    text: str, name: str = "config.toml", below: Config | None = None, *, system: bool = False
) -> Config:
    """The settings in a text, over those of `below`; `system`: it is the administrator's. Raises
    ConfigError, which names `name` and the line; with `others` where more is wrong."""
    reader = _Reader(text, name, below or Config(), system=system)
    config = reader.config(table_of(text, name))
    if reader.wrong:
        first, *others = sorted(reader.wrong, key=lambda each: int(each.parts[0][1]["line"]))
        first.others = tuple(others)
        raise first
    return config


def table_of(text: str, name: str) -> dict[str, Any]:
    """The tables of a TOML text, whatever a person or a program left in it. Raises ConfigError."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise not_toml(text, name, str(error)) from None
    except RecursionError:
        raise _somewhere(text, name, _DEEP, "config.deep") from None
    except ValueError:  # an integer of more digits than Python converts
        raise _somewhere(text, name, _LONG, "config.long_number") from None
    waiting: list[Any] = [table]
    while waiting:
        value = waiting.pop()
        if isinstance(value, int) and value.bit_length() > 64:  # TOML has no longer ones
            raise _somewhere(text, name, _LONG, "config.long_number")
        if isinstance(value, dict | list):
            waiting.extend(value.values() if isinstance(value, dict) else value)
    return table


def _somewhere(text: str, name: str, pattern: re.Pattern[str], id: str) -> ConfigError:
    """With the first line that looks like it, where there is one."""
    line = next((n for n, each in enumerate(text.split("\n"), 1) if pattern.search(each)), 0)
    at: Part = ("config.at" if line else "config.in", {"file": name, "line": str(line)})
    return ConfigError(at, (id, {}), END)


class _Reader:
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
        for path, text in _texts(table, ()):
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
        line = _line_of(self.text, path)
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


_NAMED: Final[dict[str, type]] = {"breaks": Break, "actions": OwnAction}
"""Sections of tables with names of the agent's own."""
_PERSON: Final = tuple(each.name for each in fields(Person))
_KINDS: Final = {
    **{kind: kind for kind in ("bool", "int", "float", "str")},
    "tuple[str, ...]": "list",
}


_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
"""What no file, program or peer can be told; a line end and a tab may mean something."""


def _texts(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every text in the file's tables and lists, and where it stands."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _texts(each, (*path, key))
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, path)


def written(value: object, limit: int = 60) -> str:
    """A value as TOML has it, shortened to `limit` characters; of a section the id of its words."""
    if isinstance(value, dict):
        return "config.table"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    elif isinstance(value, (list, tuple)):
        parts = ("{…}" if isinstance(each, dict) else written(each, limit) for each in value)
        text = "[" + ", ".join(parts) + "]"
    else:
        text = str(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _line_of(text: str, path: tuple[str, ...]) -> int:
    """The line of a key as people write TOML, 0 when it is written in another way."""
    section: tuple[str, ...] = ()
    for number, raw in enumerate(text.split("\n"), 1):  # as TOML and editors count them
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
