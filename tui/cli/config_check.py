"""`yimi config check`: everything that is wrong with the config, a line each, before anybody waits
for a console: the settings, the keys, the theme, the files that it names."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tui.cli.exits import OK, USAGE, complain

if TYPE_CHECKING:
    from tui.config.schema import Config


def run(options: Namespace) -> int:
    """The exit code: 0 when nothing is wrong, 2 else."""
    from tui.config.errors import ConfigError
    from tui.config.layers import system_file
    from tui.config.paths import Paths
    from tui.config.reader import load
    from tui.config.user_settings import overlay, settings_file
    from tui.console import i18n

    i18n.set_language(i18n.from_locale(os.environ))
    paths = Paths.find()
    file = options.config or paths.config_file
    wrong: list[str] = []
    try:
        config = load(file, wanted=options.config is not None)
    except ConfigError as error:
        wrong += [i18n.config_sentence(each) for each in (error, *error.others)]
    else:
        settings = settings_file(file)
        own = list(_beyond_the_file(config, paths.themes))
        config, bad = overlay(config, settings)
        wrong += map(i18n.config_sentence, bad)
        wrong += [sentence.format(file.name) for sentence in own]
        changed = (each for each in _beyond_the_file(config, paths.themes) if each not in own)
        wrong += [sentence.format(settings.name) for sentence in changed]
    for sentence in wrong:
        complain(sentence, USAGE)
    if not wrong:
        if os.path.isfile(system := system_file()):
            locks = "config.ok_system_locks" if config.locked else "config.ok_system"
            print(i18n.tr(locks, file=system, locked=", ".join(config.locked)))
        print(i18n.tr("config.ok" if os.path.exists(file) else "config.ok_defaults", file=file))
    return USAGE if wrong else OK


def _beyond_the_file(config: Config, themes: Path) -> Iterator[str]:
    """What only those know who use it; `{}` stands for the name of the file that says so."""
    from tui.console.actions.keymap import check as check_keys
    from tui.console.i18n import render, tr
    from tui.console.theming import all_themes, theme_directories

    for sentence in check_keys(config.keys)[1]:
        yield "{}, [keys]: " + _as_it_is(render(sentence))
    known, broken = all_themes(theme_directories(themes))
    yield from map(_as_it_is, broken)
    if config.ui.theme not in known:
        yield "{}, [ui]: " + _as_it_is(tr("theme.none", name=repr(config.ui.theme)))
    files = [config.tls.ca_file, *(profile.people_file for profile in config.profiles)]
    files += [config.lookup.csv, config.lookup.vcard, *config.scripts.values()]
    for each in filter(None, files):
        if not os.path.isfile(each):
            yield _as_it_is(tr("config.no_such_file", file=each))


def _as_it_is(text: str) -> str:
    """No place for a name, whatever stands in it."""
    return text.replace("{", "{{").replace("}", "}}")
