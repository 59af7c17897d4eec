"""The help, the manual page and the completions come from one parser, in both languages."""

from __future__ import annotations

import os
import subprocess
from argparse import ArgumentParser
from pathlib import Path

import pytest

from tui.cli.agent.event_fields import BEGIN, END, tables
from tui.cli.grammar.commands import AGENT, SHELL
from tui.cli.grammar.parser import grammar
from tui.cli.shell.completions import SHELLS, completions
from tui.cli.shell.described import CommandTree, described
from tui.cli.shell.manual import manual
from tui.cli.shell.translated import translate, words_of
from tui.console import i18n
from tui.console.catalogue import parse_po
from tui.console.i18n import LOCALE

PROJECT = Path(__file__).parents[2]


def entries(language: str) -> dict[str, str]:
    return parse_po((LOCALE / language / "LC_MESSAGES" / "yimi.po").read_text("utf-8"))


@pytest.fixture
def parser() -> ArgumentParser:
    return grammar(["man"])


@pytest.fixture
def tree(parser: ArgumentParser) -> CommandTree:
    return described(parser)


def test_every_help_has_its_words_in_both_languages(parser: ArgumentParser) -> None:
    words = dict(words_of(parser))
    english, chinese = entries("en"), entries("zh")
    missing = {id: text for id, text in words.items() if english.get(id) != text}
    assert not missing, "put these into both .po, the English as it stands in the code"
    assert not [id for id in words if not chinese.get(id)]


def test_the_help_speaks_the_language_of_the_system(parser: ArgumentParser) -> None:
    i18n.set_language("zh")
    translate(parser)
    said = parser.format_help()
    assert said.startswith("用法")
    assert "班前检查" in said
    assert "usage:" not in said
    assert "the check before the shift" not in said


def test_every_command_of_ours_is_known_to_the_parser(tree: CommandTree) -> None:
    names = {command.name for command in tree.commands}
    assert {*AGENT, *SHELL} <= names


def test_every_command_of_the_agent_answers_as_json(tree: CommandTree) -> None:
    for command in tree.commands:
        if command.name in (
            *AGENT,
            "dial",
            "answer",
            "hangup",
            "hold",
            "idle",
            "signout",
            "status",
        ):
            assert any("--json" in option.flags for option in command.options), command.name


@pytest.mark.parametrize("shell", SHELLS)
def test_completions_name_every_command_and_flag(shell: str, tree: CommandTree) -> None:
    script = completions(shell, tree)
    for command in tree.commands:
        assert command.name in script
        for option in command.options:
            for flag in option.flags:
                assert flag.lstrip("-") in script


def completed(script: str, *words: str) -> list[str]:
    """What bash offers behind these words."""
    given = " ".join(f"'{word}'" for word in words)
    ask = f"COMP_WORDS=({given}); COMP_CWORD={len(words) - 1}; _yimi; echo ${{COMPREPLY[@]}}"
    done = subprocess.run(
        ["bash", "-c", f"{script}\n{ask}"], capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_bash_completes_commands_flags_and_choices(tree: CommandTree) -> None:
    script = completions("bash", tree)
    assert completed(script, "yimi", "hang") == ["hangup"]
    assert completed(script, "yimi", "hangup", "--l") == ["--leave"]
    assert completed(script, "yimi", "signin", "--kind", "s") == ["sip"]
    assert completed(script, "yimi", "next", "b") == ["busy"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_manual_page_has_every_command_and_no_stray_request(language: str) -> None:
    i18n.set_language(language)
    parser = grammar(["man"])
    translate(parser)
    tree = described(parser)
    page = manual(tree)
    for command in tree.commands:
        assert f".SS yimi {command.name}".replace("-", "\\-") in page
    macros = {line.split()[0] for line in page.splitlines() if line.startswith((".", "'"))}
    assert macros <= {".TH", ".SH", ".SS", ".TP", ".B", ".RI"}


def test_the_documented_events_are_those_of_the_code() -> None:
    text = (PROJECT / "docs" / "scripts.md").read_text("utf-8")
    written = text.partition(BEGIN)[2].partition(END)[0].strip()
    assert written == tables(), "python -m tui.cli.agent.event_fields prints them"


def test_the_documented_commands_are_there(tree: CommandTree) -> None:
    text = (PROJECT / "docs" / "scripts.md").read_text("utf-8")
    for name in AGENT:
        assert name in text, name


def test_colours_can_be_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from tui.cli.exits import coloured

    monkeypatch.delenv("NO_COLOR", raising=False)
    assert coloured()
    monkeypatch.setitem(os.environ, "NO_COLOR", "1")
    assert not coloured()
