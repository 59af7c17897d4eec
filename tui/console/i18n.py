"""Sentences by message id, in the language of the moment.

The catalogues are gettext's: `locale/LANGUAGE/LC_MESSAGES/yimi.mo`, made from the `.po` beside
it by `python -m tui.console.catalogue`. The ids are ours ("login.50003"), not the English text, so
English is a catalogue like any other and a sentence can be improved without touching code.

The language can change while the program runs: `set_language`, then the app has everything drawn
again (`Appearance.set_language` does both).
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from tui.config.errors import WORDS, ConfigError
from tui.port.values import Message, message
from tui.text.finding import folded

DEFAULT: Final = "en"
LOCALE: Final = Path(__file__).parent / "locale"
DOMAIN: Final = "yimi"
_PLACE: Final = re.compile(r"\{(\w+)\}")
_APART: Final = re.compile(r"( ?)\{(\w+)\}")
"""With the blank before it, which goes with a value that is empty."""
_language = DEFAULT
_taught: dict[str, str] = {}
"""Sentences that the config has, in whatever language: the same in all."""


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    wanted = [language, DEFAULT] if language != DEFAULT else [DEFAULT]
    return gettext.translation(DOMAIN, LOCALE, languages=wanted)


def languages() -> tuple[str, ...]:
    """The languages that have a catalogue."""
    return tuple(sorted(path.parents[1].name for path in LOCALE.glob(f"*/*/{DOMAIN}.mo")))


def language() -> str:
    """The code of the language in use, such as "zh"."""
    return _language


def language_name(code: str) -> str:
    """A language's name in itself, for a list to choose from: "English", "中文"."""
    name = _catalogue(code).gettext("language.name")
    return code if name == "language.name" else name


def from_locale(environment: Mapping[str, str]) -> str:
    """The language that the system asks for, by gettext's rules: LC_ALL, LC_MESSAGES, LANG, the
    first that is set; where that is not C, LANGUAGE comes before it and may list several. The
    first of ours, else English."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((environment[name] for name in names if environment.get(name)), "C")
    if _code(locale) in ("c", "posix"):
        return DEFAULT
    wanted = [*environment.get("LANGUAGE", "").split(":"), locale]
    return next((_code(each) for each in wanted if _code(each) in languages()), DEFAULT)


def set_language(language: str) -> None:
    """Speak this language from now on: "en", "zh" or a locale's name such as "zh_CN.UTF-8". One
    without a catalogue falls back to English."""
    global _language
    code = _code(language)
    _language = code if code in languages() else DEFAULT


def _code(locale: str) -> str:
    return re.split(r"[-_.@]", locale.strip(), maxsplit=1)[0].lower()


def teach(sentences: Mapping[str, str]) -> None:
    """Sentences by id, in place of those taught before: what the agent's own actions are called."""
    _taught.clear()
    _taught.update(sentences)


def sentences(prefixes: tuple[str, ...]) -> dict[str, str]:
    """The sentences whose ids begin so, without their values: for whoever has no catalogue."""
    known: dict[str, str] = {}
    for code in (DEFAULT, _language):
        catalogue = getattr(_catalogue(code), "_catalog", {})
        known |= {
            id: text
            for id, text in catalogue.items()
            if isinstance(id, str) and id.startswith(prefixes)
        }
    return known


def render(sentence: Message) -> str:
    """The sentence in words.

    An id that no catalogue knows is shown as itself, with its values. A value named `n` that is
    a whole number picks the plural form. A placeholder without a value stays as it is written;
    values are put in as they are and never looked at for further placeholders. What a platform
    said in its own words, the value `info`, stands behind a sentence that has no place for it, and
    does not say the same.
    """
    values = dict(sentence.values)
    catalogue = _catalogue(_language)
    if sentence.id in _taught:
        return _taught[sentence.id]
    template = catalogue.gettext(sentence.id)
    if values.get("n", "").isdecimal():
        plural = catalogue.ngettext(sentence.id, sentence.id, int(values["n"]))
        template = plural if plural != sentence.id else template
    if template == sentence.id:
        return " ".join((sentence.id, *(f"{name}={value}" for name, value in sentence.values)))

    def said(place: re.Match[str]) -> str:
        value = values.get(place[2], place[0].lstrip())
        return f"{place[1]}{value}" if value else ""

    text = _APART.sub(said, template)
    if template.endswith("{info}"):  # the platform may have said nothing
        return text.rstrip()
    info = values.get("info", "")
    if info and "{info}" not in template and info.casefold() not in text.casefold():
        return tr("with_info", text=text, info=info)
    return text


def names(id: str) -> tuple[list[str], ...]:
    """A sentence that is a list of names with commas, in the language of the moment, then in
    English, where the two differ: what a language calls a thing, the other way is known as well."""
    said = (_catalogue(_language).gettext(id), _catalogue(DEFAULT).gettext(id))
    return tuple(each.split(",") for each in dict.fromkeys(said))


def ids_saying(word: str, beginnings: tuple[str, ...]) -> tuple[str, ...]:
    """The ids with one of those beginnings whose sentence holds the word (a folded one), in the
    language of the moment."""
    sentences: Mapping[object, str] = getattr(_catalogue(_language), "_catalog", {})
    return tuple(
        id
        for id, sentence in sentences.items()
        if isinstance(id, str)
        and id.startswith(beginnings)
        and word in folded(_PLACE.sub("", sentence))
    )


def config_sentence(error: ConfigError) -> str:
    """What is wrong with the config, in the language of the moment."""

    def said(value: str) -> str:
        return tr(value) if value in WORDS else value

    return "".join(
        tr(id, **{name: said(value) for name, value in values.items()})
        for id, values in error.parts
    )


def tr(id: str, **values: object) -> str:
    """`render` of an id and its values."""
    return render(message(id, **values))
