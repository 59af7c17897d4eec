"""What can be wrong with the config, as message ids with values and as English.

The config is read before there is a language, by processes without a catalogue too: so the error
carries its own words, and `tui.i18n.config_sentence` says the same in another language.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Part = tuple[str, Mapping[str, str]]
"""A message id and its values. A value that is an id of this table stands for its words."""

WORDS: Final = {
    "config.at": "{file}, line {line}: ",
    "config.in": "{file}: ",
    "config.end": ".",
    "config.near": " Did you mean {near}?",
    "config.known": " There are: {known}.",
    "config.plain": "{text}",
    "config.not_toml": "{file} is not TOML: {error}.",
    "config.deep": "{file} is nested too deeply.",
    "config.not_utf8": "{file} is not UTF-8 text.",
    "config.unreadable": "{file} cannot be read: {error}.",
    "config.no_profile": "There is no profile {name}",
    "config.no_section": "there is no section or setting {key}",
    "config.no_setting": "there is no setting {key} in {section}",
    "config.is_section": "{name} is a section, not a value",
    "config.named": "a profile is named by its section: [{section}.NAME]",
    "config.people": "people is a list of sections: {section}",
    "config.person": "each of {section} has a name and a number",
    "config.kind": "{key} must be {kind}, not {given}",
    "config.range": "{key} must be from {low} to {high}, not {given}",
    "config.choices": "{key} must be one of {choices}, not {given}",
    "config.like": "{key} cannot be {given}: {doc}",
    "config.server": "{key} in [servers] is no switch number, nor how one begins",
    "config.password": "a password does not belong into the config; the system's keyring keeps it, "
    "when you ask for it at sign-in",
    "config.misplaced": "{name} of [{section}] does not belong there",
    "config.misplaced_section": "{name} does not belong there",
    "config.that": "that",
    "config.kind.bool": "true or false",
    "config.kind.int": "a whole number",
    "config.kind.float": "a number",
    "config.kind.str": "text in quotes",
    "config.kind.list": "a list of texts",
    "config.kind.server": "a server's name in quotes",
    "config.kind.keys": "a key in quotes or a list of keys",
}


class ConfigError(Exception):
    """The config cannot be used; the text is a sentence for the person who wrote it, and `parts`
    are the same for a catalogue."""

    def __init__(self, *parts: Part | str) -> None:
        self.parts: tuple[Part, ...] = tuple(
            ("config.plain", {"text": part}) if isinstance(part, str) else part for part in parts
        )
        super().__init__("".join(_said(*part) for part in self.parts))


def _said(id: str, values: Mapping[str, str]) -> str:
    return WORDS[id].format(**{name: WORDS.get(value, value) for name, value in values.items()})
