"""What is wrong with the config is said in the language of the moment; without one in English."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.cli.exits import USAGE
from tui.cli.main import main
from tui.config.errors import WORDS
from tui.config.reader import load, parse
from tui.config.schema import Config, ConfigError
from tui.config.user_settings import overlay
from tui.console import i18n

WRONG = {
    "[ui]\nthem = 1": "2 行：[ui] 中没有设置 'them'。是否想写 'theme'？",
    "[ui]\ntheme = 1": "2 行：theme 应为引号中的文本，而不是 1。",
    "[policies]\ndecline = 1": "2 行：decline 应为 true 或 false，而不是 1。",
    "ui = 1": "1 行：[ui] 是段落，不是值。",
    "[servers]\nx = 'y'": "2 行：[servers] 中的 'x' 既不是总机号，也不是总机号的开头。",
    "[keys]\nmute = 1": "2 行：mute 应为引号中的按键，或按键列表，而不是 1。",
    "[profiles.x]\nseed = 'a'": "2 行：seed 不能是 所写的内容，写法见 config.example.toml。",
}


def test_the_english_catalogue_says_what_the_error_says() -> None:
    assert {id: i18n.tr(id) for id in WORDS} == WORDS


@pytest.mark.parametrize("text", WRONG)
def test_the_same_in_both_languages(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, "config.toml")
    assert i18n.config_sentence(caught.value) == str(caught.value)
    i18n.set_language("zh")
    assert i18n.config_sentence(caught.value) == f"config.toml 第 {WRONG[text]}"


def test_a_value_is_never_looked_at_for_places_or_ids(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        parse('[ui]\ntheme = "{key}"\nlanguage = 1', "{line}.toml")
    i18n.set_language("zh")
    assert i18n.config_sentence(caught.value).startswith("{line}.toml 第 3 行")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path)
    assert i18n.config_sentence(caught.value).startswith("无法读取 ")


def test_the_settings_of_the_screen_too(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('[profiles]\nx = 1\n[ui]\ntheme = "x"\nnothing = 1\n')
    _, wrong = overlay(Config(), file)
    i18n.set_language("zh")
    assert [i18n.config_sentence(error) for error in wrong] == [
        "settings.toml：'profiles' 不属于这里。",
        "settings.toml：[ui] 的 'nothing' 不属于这里。",
    ]


def test_the_command_line_says_it_in_the_systems_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    bad = tmp_path / "bad.toml"
    bad.write_text("[ui]\ntheme = 1")
    assert main(["--config", str(bad), "keys"]) == USAGE
    assert capsys.readouterr().err == "yimi: bad.toml 第 2 行：theme 应为引号中的文本，而不是 1。\n"
