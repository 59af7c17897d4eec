"""Two languages: every sentence in both, nothing of one in the other, and widths right in both."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len

from tests.terminal import languages
from tests.terminal import scripted_port as s
from tui.config.schema import Config, UiSettings
from tui.console import catalogue, i18n
from tui.console.actions.action import key_name
from tui.console.screens.base import reachable
from tui.port.snapshot import Snapshot
from tui.port.values import message

pytestmark = pytest.mark.once

PLACE = re.compile(r"\{(\w+)\}")
STATES = sorted(languages.states("en"))
WITHOUT_WORDS = {"group_state.unknown", "keys.unnamed", "next.none"}
WITHOUT_WORDS |= {"settings.osc9", "settings.osc777"}
WITHOUT_WORDS |= {f"check.title.{id}" for id in ("tls", "websocket", "ice")}
WITHOUT_WORDS |= {"check.state.waiting", "check.state.running"}
WITHOUT_WORDS |= {"line_type.pulse", "sound.pulse", "top.mos", "top.cpu", "kiosk.pin"}
"""Sentences that are a sign in every language."""
MIXED = ("groups", "idle", "ringing", "transferring", "three-way", "wrap-up")
"""The states in which names of the platform stand in a console of the other language."""
OF_A_CALL: tuple[str, ...] = (
    "submit",
    "answer",
    "dial",
    "party",
    "hold",
    "mute",
    "hangup",
    "cannot_take",
    "status",
)
OF_A_CALL += ("digits", "palette")
"""The keys that the bar has whenever they work, in either language."""


def speaking(language: str, **ui: object) -> Config:
    return Config(ui=UiSettings(language=language, **ui))  # type: ignore[arg-type]


# ---------------------------------------------------------------- the catalogues


@pytest.mark.parametrize("language", languages.LANGUAGES)
def test_no_sentence_is_missing_in_a_language(language) -> None:
    known = languages.sentences(language)
    everything = {id for each in languages.LANGUAGES for id in languages.sentences(each)}
    assert sorted(everything - set(known)) == []
    assert [id for id, text in known.items() if not text] == []


def test_what_is_missing_is_listed_by_language(tmp_path) -> None:
    for language, text in (("en", "A"), ("zh", "")):
        folder = tmp_path / language / "LC_MESSAGES"
        folder.mkdir(parents=True)
        more = 'msgid "a.c"\nmsgstr "C"\n' if language == "en" else ""
        (folder / "yimi.po").write_text(f'msgid "a.b"\nmsgstr "{text}"\n{more}', "utf-8")
    assert catalogue.missing(tmp_path) == {"zh": ["a.b", "a.c"]}
    assert catalogue.missing() == {}


def test_every_catalogue_is_held_to_this() -> None:
    assert i18n.languages() == languages.LANGUAGES


def test_the_places_of_a_sentence_are_the_same_in_every_language() -> None:
    """The number may stand where English has the ordinal: Chinese has no ending for it. What a
    setting is for is written in English alone; Chinese names the file where examples stand."""
    english, chinese = (languages.sentences(each) for each in languages.LANGUAGES)
    for id, text in english.items():
        there = {"n" if name == "ordinal" else name for name in PLACE.findall(text)}
        there -= {"doc"} if id == "config.like" else set()
        assert {"n" if name == "ordinal" else name for name in PLACE.findall(chinese[id])} == there


def test_no_sentence_of_the_english_catalogue_has_chinese_in_it() -> None:
    english = languages.sentences("en")
    assert [text for text in english.values() if languages.CHINESE.search(text)] == []


def test_no_sentence_of_the_chinese_catalogue_is_left_in_english() -> None:
    found = {
        id: strange
        for id, text in languages.sentences("zh").items()
        if (strange := languages.strangers(PLACE.sub(" ", text), allowed=set()))
    }
    assert found == {}
    plain = {
        id
        for id, text in languages.sentences("zh").items()
        if not languages.CHINESE.search(text) and PLACE.sub("", text).strip()
    }
    assert plain <= WITHOUT_WORDS


def test_chinese_needs_no_plural() -> None:
    i18n.set_language("zh")
    one, three = (i18n.tr("signin.missing_fields", n=n) for n in (1, 3))
    assert one.replace("1", "3") == three


# ---------------------------------------------------------------- which language


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_GB.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "fr:zh_TW:en"}, "zh"),
        ({"LANG": "C", "LANGUAGE": "zh"}, "en"),
        ({"LANG": "fr_FR.UTF-8"}, "en"),
    ],
)
def test_the_system_says_the_language_by_gettexts_rules(environment, language) -> None:
    assert i18n.from_locale(environment) == language


@pytest.mark.parametrize("name", ["zh", "zh_CN.UTF-8", "zh-Hans", "ZH"])
def test_a_language_may_be_named_as_a_locale_is(name) -> None:
    i18n.set_language(name)
    assert i18n.language() == "zh"


def test_each_language_has_its_own_name_for_itself() -> None:
    assert [i18n.language_name(each) for each in i18n.languages()] == ["English", "中文"]


async def test_the_config_comes_before_the_locale(console, monkeypatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    async with console() as c:
        assert "空闲" in c.screen_text
    async with console(config=speaking("en")) as c:
        assert "IDLE" in c.screen_text


async def test_the_language_changes_while_a_call_goes_on(console) -> None:
    snapshot = languages.states("zh")["talking"][0]
    async with console(snapshot, config=speaking("en")) as c:
        assert "TALKING 3:21" in c.screen_text
        c.app.appearance.set_language("zh")
        await c.settle()
        assert "通话中 3:21" in c.screen_text
        assert languages.strangers(c.screen_text, allowed=set()) == []
        c.app.appearance.set_language("en")
        await c.settle()
        shown = without_names(c.screen_text)
        assert languages.CHINESE.findall(shown) == []


@pytest.mark.parametrize("name", ["directory", "history", "tones", "wrap-up"])
async def test_what_is_open_changes_its_language_too(console, name) -> None:
    state, steps = languages.OPENED.get(name, (name, languages.pressing()))
    port = languages.port("zh", languages.states("zh")[state][0])
    async with console(port=port, config=speaking("en")) as c:
        await steps(c)
        c.app.appearance.set_language("zh")
        await c.settle()
        assert languages.strangers(c.screen_text, allowed=set()) == [], c.screen_text


async def test_a_form_keeps_what_was_typed_when_the_language_changes(console) -> None:
    snapshot, options = languages.states("en")["sign-in"]
    async with console(snapshot, config=speaking("en"), **options) as c:
        await c.press(*"1001")
        c.app.appearance.set_language("zh")
        await c.settle()
        assert "1001" in c.line("分机号")
        assert "回拨话机" in c.line("语音方式")
        assert languages.strangers(c.screen_text, allowed=set()) == []


# ---------------------------------------------------------------- nothing of one in the other


def without_names(text: str) -> str:
    for name in languages._CHINESE_NAMES.values():
        text = text.replace(name, "")
    return text


def check(c, language: str) -> None:
    """The screen is of one language, and each of its lines as wide as the terminal."""
    text = c.screen_text
    width, height = c.app.size
    assert len(text.split("\n")) == height
    assert {cell_len(line) for line in text.split("\n")} == {width}
    if language == "zh":
        assert languages.strangers(text, allowed=set()) == [], text
    else:
        assert languages.CHINESE.findall(text) == [], text


def without_key_bar(text: str) -> str:
    """The key bar changes with every new action, and is looked at by itself."""
    return "\n".join(line.rstrip() for line in text.split("\n")[:-1]) + "\n"


@pytest.mark.parametrize("language", languages.LANGUAGES)
@pytest.mark.parametrize("state", STATES)
async def test_a_state_is_in_one_language_and_its_keys_fit_80_columns(
    console, kept, state, language
) -> None:
    snapshot, options = languages.states(language)[state]
    async with console(snapshot, config=speaking(language), **options) as c:
        check(c, language)
        if state != "kicked":  # its dialog lies over the bar
            call_keys = [
                f"{key_name(action.key)} {i18n.tr(action.label_of(c.app.view))}"
                for action in reachable(c.app.screen_stack[0], c.app.works)
                if action.id in OF_A_CALL
            ]
            keys = c.keys
            assert [each for each in call_keys if each not in keys] == [], keys
        kept({f"shown/{language}/{state}": without_key_bar(c.screen_text)})


@pytest.mark.parametrize("language", languages.LANGUAGES)
@pytest.mark.parametrize("name", sorted(languages.OPENED))
async def test_what_a_key_opens_is_in_one_language(console, kept, name, language) -> None:
    state, steps = languages.OPENED[name]
    snapshot, options = languages.states(language)[state]
    port = languages.port(language, snapshot)
    async with console(port=port, config=speaking(language), **options) as c:
        await steps(c)
        check(c, language)
        kept({f"shown/{language}/{name}": without_key_bar(c.screen_text)})


@pytest.mark.parametrize("language", languages.LANGUAGES)
@pytest.mark.parametrize("state", ["idle", "ringing", "three-way", "wrap-up"])
async def test_a_wide_terminal_is_in_one_language(console, kept, state, language) -> None:
    snapshot, options = languages.states(language)[state]
    async with console(snapshot, size=(120, 40), config=speaking(language), **options) as c:
        check(c, language)
        kept({f"shown/{language}/{state}-120x40": without_key_bar(c.screen_text)})


async def test_chinese_in_the_english_console_is_only_what_the_platform_sent(console) -> None:
    for state in MIXED:
        snapshot, options = languages.states("zh")[state]
        async with console(snapshot, config=speaking("en"), **options) as c:
            left = without_names(c.screen_text)
            assert languages.CHINESE.findall(left) == [], f"{state}:\n{c.screen_text}"


async def test_english_in_the_chinese_console_is_only_what_the_platform_sent(console) -> None:
    names = set(languages._CHINESE_NAMES)
    for state in MIXED:
        snapshot, options = languages.states("en")[state]
        async with console(snapshot, config=speaking("zh"), **options) as c:
            left = languages.strangers(c.screen_text, allowed=names)
            assert left == [], f"{state}:\n{c.screen_text}"


async def test_a_failure_that_the_platform_words_stays_in_its_words(console) -> None:
    failure = message("refused.unknown", code=599, info="客户已列入黑名单")
    async with console(s.IDLE, config=speaking("en")) as c:
        c.app.change(notice=failure)
        await c.settle()
        assert "The call failed (599). 客户已列入黑名单" in c.screen_text


async def test_help_tells_every_action_in_chinese(console) -> None:
    async with console(Snapshot(), config=speaking("zh")) as c:
        await c.press("f1")
        assert "显示全部按键及其作用" in c.screen_text
