"""What can be wrong with the config, as message ids with values and as English.

The config is read before there is a language, by processes without a catalogue too: so the error
carries its own words, and `tui.console.i18n.config_sentence` says the same in another language.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Part = tuple[str, Mapping[str, str]]
"""A message id and its values. A value that is an id of this table stands for its words."""

END: Final[Part] = ("config.end", {})

WORDS: Final = {
    "config.at": "{file}, line {line}: ",
    "config.in": "{file}: ",
    "config.end": ".",
    "config.near": " Did you mean {near}?",
    "config.known": " There are: {known}.",
    "config.plain": "{text}",
    "config.not_toml": "{file} is not TOML: {error}.",
    "config.toml.twice": "this stands there a second time; put both together",
    "config.toml.value": "what stands behind = is no value. Text is in quotes, yes and no are true "
    "and false, a number is digits and a point",
    "config.toml.line": "a line is [section], or name = value, or # and a remark",
    "config.toml.behind": "something stands behind the value. Text is in quotes, and so is a "
    "number that begins with 0",
    "config.toml.bracket": "the ] of the section is missing",
    "config.toml.list": "a list has no end, or a comma in it is missing",
    "config.toml.braces": "the closing brace is missing; what is in braces stands on one line",
    "config.toml.text": "a text has no end: its second quote is missing",
    "config.toml.backslash": "in \"…\" a backslash is written twice; in '…' it stands as it is",
    "config.toml.sign": "{sign} has no meaning there. Copies and input methods write it in the "
    "place of a quote, a blank or another sign",
    "config.toml.name": "a name with {sign} in it stands in quotes",
    "config.deep": "this is nested too deeply",
    "config.long_number": "a number has more digits than a setting can have",
    "config.not_utf8": "{file}, line {line}: this is not UTF-8 text.",
    "config.no_file": "{file} is no file that can be read to its end.",
    "config.no_such_file": "There is no file {file}.",
    "config.leads_nowhere": "{file} leads to {to}, which is not there.",
    "config.unreadable": "{file} cannot be read: {error}.",
    "config.no_profile": "There is no profile {name}",
    "config.no_section": "there is no section or setting {key}",
    "config.belongs": "{key} is a setting of {section}; write that line above it",
    "config.profiles": "a sign-in has a name of its own: [profiles.NAME] stands above its settings",
    "config.no_setting": "there is no setting {key} in {section}",
    "config.is_section": "{name} is a section, not a value",
    "config.named": "a profile is named by its section: [{section}.NAME]",
    "config.people": "people is a list of sections: {section}",
    "config.person": "each of {section} has a name and a number",
    "config.queues": "queues is a list of sections, {most} at most: {section}",
    "config.queue": "each of {section} has a name, log_in and log_out with in_hint, or pause and "
    "unpause with paused_hint, or both",
    "config.pauses": 'pauses names what is dialled for a break, such as lunch = "*461"',
    "config.kind": "{key} must be {kind}, not {given}",
    "config.range": "{key} must be from {low} to {high}, not {given}",
    "config.choices": "{key} must be one of {choices}, not {given}",
    "config.control": "{key} holds a character that no setting can have ({code})",
    "config.like": "{key} cannot be {given}: {doc}",
    "config.action_what": "{name} wants one of the two: a command, or a url",
    "config.server": "{key} in [servers] is no switch number, nor how one begins",
    "config.password": "a password does not belong into the config; the system's keyring keeps it, "
    "when you ask for it at sign-in",
    "config.locked": "{key} is locked by {system}; take it out here",
    "config.locked_here": "only {system} can lock settings; take this out",
    "config.not_signed": "these settings do not carry the administrator's signature. "
    '"yimi provision" fetches them again',
    "config.provision_here": "only {system} says where settings come from; take this out",
    "config.misplaced": "{name} of [{section}] does not belong there",
    "config.misplaced_section": "{name} does not belong there",
    "config.that": "that",
    "config.table": "a section",
    "config.kind.bool": "true or false",
    "config.kind.int": "a whole number",
    "config.kind.float": "a number",
    "config.kind.str": "text in quotes",
    "config.kind.list": "a list of texts",
    "config.kind.server": "a server's name in quotes",
    "config.kind.keys": "a key in quotes or a list of keys",
    "config.route": '{key} must read like "GET path", relative to the backend, not {given}',
    "config.path": "{key} must be a path on the server, not {given}",
    "config.place": "{key} has a place that is not filled: {given}. There are: {known}",
    "config.taken": "{key} cannot be {given}: that is the code of {other}",
    "config.xml_name": "{key} must be names of XML, separated by spaces, not {given}",
    "config.code": "{key} must be one code or several, separated by spaces, not {given}",
    "config.json_path": "{key} must be names joined by dots, not {given}",
    "config.header": '{key} must read like "Authorization: Bearer {place}", not {given}',
    "config.header_name": "{key} must be the name of a header, not {given}",
    "config.no_name": "there is no setting {name} there",
    "path.not_made": "{path} cannot be made: {why}. YIMI_RUNTIME_DIR can name another directory.",
    "path.not_written": "{path} cannot be written: {why}. Make room there, or name another "
    "directory with YIMI_RUNTIME_DIR.",
    "path.no_directory": "{path} is not a directory of its own. YIMI_RUNTIME_DIR can name another.",
    "path.not_ours": "{path} belongs to another user. YIMI_RUNTIME_DIR can name another directory.",
    "path.open": "{path} is open to others. chmod 700 closes it.",
    "config.one_of": "{key} must be one of {known}, not {given}",
}


class ConfigError(Exception):
    """The config cannot be used; the text is a sentence for the person who wrote it, and `parts`
    are the same for a catalogue."""

    def __init__(self, *parts: Part | str) -> None:
        self.parts: tuple[Part, ...] = tuple(
            ("config.plain", {"text": part}) if isinstance(part, str) else part for part in parts
        )
        self.others: tuple[ConfigError, ...] = ()
        """What else is wrong in the same file."""
        super().__init__("".join(_said(*part) for part in self.parts))


def _said(id: str, values: Mapping[str, str]) -> str:
    return WORDS[id].format(**{name: WORDS.get(value, value) for name, value in values.items()})


def meant(key: str, known: tuple[str, ...]) -> tuple[Part, ...]:
    """The end of a sentence about an unknown name: what may have been meant."""
    import difflib  # only where something is wrong

    alike = [each for each in known if each.casefold() == key.casefold()]
    near = alike or difflib.get_close_matches(key, known, 1)
    if near:
        return END, ("config.near", {"near": repr(near[0])})
    return (END, ("config.known", {"known": ", ".join(known)})) if known else (END,)
