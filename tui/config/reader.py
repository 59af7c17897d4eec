"""Reading config.toml: from text to settings, or to a sentence that says what is wrong and where.

Apart from `tui.config.schema`, so that who only needs the defaults does not pay for a parser.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tui.config.errors import ConfigError
from tui.config.layers import system_file
from tui.config.paths import Paths
from tui.config.schema import Config
from tui.config.sections import SectionReader
from tui.config.toml.text import table_of, text_of


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
    reader = SectionReader(text, name, below or Config(), system=system)
    config = reader.config(table_of(text, name))
    if reader.wrong:
        first, *others = sorted(reader.wrong, key=lambda each: int(each.parts[0][1]["line"]))
        first.others = tuple(others)
        raise first
    return config
