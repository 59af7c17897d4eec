"""Sentences by message id, in the language of the moment.

The catalogues are gettext's: `tui/locale/LANGUAGE/LC_MESSAGES/yimi.mo`, made from the `.po` beside
it by `python -m tui.catalogue`. The ids are ours ("login.50003"), not the English text, so English
is a catalogue like any other and a sentence can be improved without touching code.

The language can change while the program runs: `set_language`, then the app has everything drawn
again (`YimiApp.set_language` does both).
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from tui.catalogue import DOMAIN, LOCALE
from tui.config_words import WORDS, ConfigError
from tui.engine.state import Message, message

DEFAULT: Final = "en"
_PLACE: Final = re.compile(r"\{(\w+)\}")
_language = DEFAULT


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


def render(sentence: Message) -> str:
    """The sentence in words.

    An id that no catalogue knows is shown as itself, with its values. A value named `n` that is
    a whole number picks the plural form. A placeholder without a value stays as it is written;
    values are put in as they are and never looked at for further placeholders.
    """
    values = dict(sentence.values)
    catalogue = _catalogue(_language)
    template = catalogue.gettext(sentence.id)
    if values.get("n", "").isdecimal():
        plural = catalogue.ngettext(sentence.id, sentence.id, int(values["n"]))
        template = plural if plural != sentence.id else template
    if template == sentence.id:
        return " ".join((sentence.id, *(f"{name}={value}" for name, value in sentence.values)))
    return _PLACE.sub(lambda found: values.get(found[1], found[0]), template)


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
