"""Words: names in both languages, none twice, and what may stand behind them."""

from __future__ import annotations

import pytest

from tui.console import i18n
from tui.plain.verbs import VERBS
from tui.plain.words import WORDS, Vocabulary, names_of

VOCABULARY = Vocabulary({})


def parsed(line: str, *, noting: bool = False) -> tuple[str, str] | None:
    found = VOCABULARY.parse(line, noting=noting)
    return None if found is None else (found[0].id, found[1])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_word_has_a_name_and_no_name_says_two(language: str) -> None:
    i18n.set_language(language)
    seen: dict[str, str] = {}
    for word in WORDS:
        names = names_of(word.id)
        assert names
        assert not names[0].startswith("plain.word"), word.id
        for name in names:
            assert seen.setdefault(name, word.id) == word.id, name


def test_every_word_does_something() -> None:
    assert set(VERBS) == {word.id for word in WORDS}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("a", ("answer", "")),
        ("Transfer  Wang ", ("transfer", "Wang")),
        ("ＨＯＬＤ", ("hold", "")),
        ("can’t", ("cannot_take", "")),
        ("hang up", ("hangup", "")),
        ("hang 1", ("hangup", "1")),
        ("=", ("state", "")),
        ("？", ("help", "")),
        ("dial 1090", ("dial", "1090")),
        ("next busy", ("next", "busy")),
        ("hold the line", None),
        ("call back at ten", None),
        ("next week", None),
        ("answers", None),
        ("", None),
    ],
)
def test_a_line_is_a_word_or_it_is_not(line: str, found: tuple[str, str] | None) -> None:
    assert parsed(line) == found


def test_chinese_words_need_no_space() -> None:
    i18n.set_language("zh")
    assert parsed("转接王芳") == ("transfer", "王芳")
    assert parsed("恢复通话") == ("resume", "")
    assert parsed("transfer wang") == ("transfer", "wang")


def test_while_a_note_can_be_written_a_search_takes_nothing_behind_it() -> None:
    assert parsed("history of complaints", noting=True) is None
    assert parsed("history", noting=True) == ("history", "")
    assert parsed("note history of complaints", noting=True) == (
        "note",
        "history of complaints",
    )


def test_a_key_of_the_config_says_the_word() -> None:
    from tests.terminal.scripted_port import RINGING, with_call
    from tui.console.view import ScreenName, View

    view = View(snapshot=with_call(RINGING), screen=ScreenName.CONSOLE, connected=True)
    word = Vocabulary({"answer": ("f11",)}).of_key("f11", view)
    assert word is not None
    assert word.id == "answer"
