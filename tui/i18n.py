"""Sentences by message id, in the language of the moment.

The catalogues are gettext's: `tui/locale/LANGUAGE/LC_MESSAGES/yimi.mo`, made from the `.po` beside
it by `python -m tui.catalogue`. The ids are ours ("login.50003"), not the English text, so English
is a catalogue like any other and a sentence can be improved without touching code.
"""

from __future__ import annotations

import gettext
import re
from functools import cache
from typing import Final

from tui.catalogue import DOMAIN, LOCALE
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


def use(language: str) -> None:
    """Speak this language from now on ("en"); one without a catalogue falls back to English."""
    global _language
    _language = language if language in languages() else DEFAULT


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


def tr(id: str, **values: object) -> str:
    """`render` of an id and its values."""
    return render(message(id, **values))
