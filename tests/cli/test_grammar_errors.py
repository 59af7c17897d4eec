"""What is no command of ours is said in the language of the system, with what to do."""

from __future__ import annotations

import json
import re

import pytest

from tests.terminal.languages import LATIN
from tui.cli.grammar.commands import AGENT, COMMANDS, SHELL
from tui.cli.main import main
from tui.console import i18n

WRONG = {
    "no command": (["xyzzy"], "xyzzy"),
    "one that is like another": (["stauts"], "status"),
    "nothing behind it": (["dial"], "NUMBER"),
    "a word too many": (["dial", "1", "2"], "yimi dial --help"),
    "an option that is none": (["hold", "--bogus"], "--bogus"),
    "another word is wanted": (["mute", "maybe"], "on, off"),
    "one of several is missing": (["next"], "busy|idle"),
    "no number": (["--generation", "x"], "--generation"),
    "a page before the first": (["history", "--page", "0"], "1"),
    "fewer days than one": (["shift", "--days", "-3"], "1"),
    "a page that is no number": (["history", "--page", "x"], "1"),
    "what must be there, without what may be": (["callback"], "NUMBER|dial|close"),
    "another number": (["--generation", "3"], "1, 2"),
    "a number too small": (["probe", "--seconds", "0"], "86400"),
    "nothing behind an option": (["--config"], "--config"),
    "something behind a flag": (["status", "--json=1"], "--json"),
    "two that exclude one another": (["hangup", "--all", "--drop"], "--all"),
    "half an option": (["--p", "x"], "--plain"),
    "the sandbox's grammar": (["sandbox", "--language", "fr"], "en, zh"),
}
ENGLISH = re.compile(
    r"\b(argument|invalid|choice|choose|expected|required|unrecognized|ambiguous|allowed|error"
    r"|usage|following|ignored|explicit)\b"
)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("case", WRONG)
def test_what_is_not_understood_is_said_with_what_to_do(
    case: str, language: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    given, named = WRONG[case]
    monkeypatch.setenv("LC_ALL", {"en": "C.UTF-8", "zh": "zh_CN.UTF-8"}[language])
    assert main(given) == 2
    output, said = capfd.readouterr()
    assert output == ""
    assert said.startswith("yimi: ")
    assert said.count("\n") == 1
    assert named in said
    assert not ENGLISH.search(said), said
    assert "--help" in said or case == "half an option"
    assert "WHEN" not in said
    if language == "zh":
        words = {"yimi", "help", *re.findall(LATIN, " ".join([*given, named]))}
        theirs = {*COMMANDS, *AGENT, *SHELL, "plain", "profile", "x"}
        assert set(re.findall(LATIN, said)) <= words | theirs


def test_in_json_too_there_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["dial", "--json"]) == 2
    output, said = capfd.readouterr()
    assert json.loads(output)["message_id"] == "usage.wrong.missing"
    assert said == ""


def test_what_was_typed_is_shown_without_its_control_characters(
    capfd: pytest.CaptureFixture[str],
) -> None:
    for given in (["\x1b]52;c;AAAA\x07"], ["dial", "1", "\x1b[31m2"], ["mute", "\x9b1m"]):
        assert main(given) == 2
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x80-\x9f]", capfd.readouterr().err)


@pytest.fixture(autouse=True)
def english_again() -> None:
    i18n.set_language("en")
