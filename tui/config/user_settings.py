"""What an agent changes on the settings screen: a file beside the config, which stays untouched.

It has the config's own form, but only some of its sections, and it counts before the config. As a
program writes it, a mistake in it stops nobody: what is not understood is left out, and said.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final

from tui.config.errors import END
from tui.config.layers import is_locked, system_file
from tui.config.schema import Config, ConfigError
from tui.config.toml.text import table_of, text_of

ALLOWED: Final[Mapping[str, tuple[str, ...]]] = {
    "audio": ("input", "output", "ring_device", "volume", "gain", "ring", "ring_volume"),
    "ui": ("theme", "language", "letters"),
    "notices": ("bell", "title", "osc9", "osc777"),
}
"""Section by section, what the file may change; besides it [keys], by action."""


def settings_file(config_file: Path) -> Path:
    """Where the settings that belong to this config are."""
    return config_file.with_name("settings.toml")


def overlay(config: Config, path: Path) -> tuple[Config, tuple[ConfigError, ...]]:
    """The config with the settings on top, and a sentence for each that could not be used."""
    try:
        table = table_of(text_of(path), path.name)
    except FileNotFoundError:
        return config, ()
    except ConfigError as error:
        return config, (error,)
    wrong: list[ConfigError] = []
    for section, values in table.items():
        if not isinstance(values, dict) or (section not in ALLOWED and section != "keys"):
            what = ("config.misplaced_section", {"name": repr(section)})
            wrong.append(ConfigError(("config.in", {"file": path.name}), what, END))
            continue
        for name, value in values.items():
            try:
                config = _with(config, path.name, section, name, value)
            except ConfigError as error:
                wrong.append(error)
    return config, tuple(wrong)


def _with(config: Config, file: str, section: str, name: str, value: Any) -> Config:
    """The config with one setting more. Raises ConfigError."""
    import tomli_w

    from tui.config import reader as config_reader

    if section != "keys" and name not in ALLOWED[section]:
        where = {"name": repr(name), "section": section}
        raise ConfigError(("config.in", {"file": file}), ("config.misplaced", where), END)
    if is_locked(config.locked, section, name):
        of = {"key": f"{section}.{name}", "system": str(system_file())}
        raise ConfigError(("config.in", {"file": file}), ("config.locked", of), END)
    # Through the config's own reader: the same checks, the same sentences.
    one = config_reader.parse(tomli_w.dumps({section: {name: value}}), file)
    if section == "keys":
        return replace(config, keys={**config.keys, **one.keys})
    changed = replace(getattr(config, section), **{name: getattr(getattr(one, section), name)})
    return replace(config, **{section: changed})


def save(path: Path, changes: Mapping[str, Mapping[str, Any]]) -> None:
    """Put these into the file, beside what stands there. Raises OSError. The file is replaced in
    one step, so that no reader ever sees half of it; a link to it stays one. One that cannot be
    read is kept beside it, as `….unreadable`: somebody may have written it by hand."""
    import tomli_w

    path = Path(os.path.realpath(path))
    try:
        table = table_of(text_of(path), path.name)
    except FileNotFoundError:
        table = {}
    except ConfigError:
        if path.is_file():
            path.read_bytes()  # a fault that passes is raised: it says nothing about the file
        table = {}
        path.replace(path.with_name(f"{path.name}.unreadable"))
    for section, values in changes.items():
        old = table.get(section)
        table[section] = {**(old if isinstance(old, dict) else {}), **values}
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with fresh.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(tomli_w.dumps(table).encode())
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def values_of(config: Config) -> dict[str, dict[str, Any]]:
    """What the file may change, as it is in force."""
    return {
        section: {
            each.name: getattr(getattr(config, section), each.name)
            for each in fields(getattr(config, section))
            if each.name in names
        }
        for section, names in ALLOWED.items()
    }
