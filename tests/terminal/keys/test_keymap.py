"""Keys that an agent may change: each mistake is a sentence, and what is right works at once."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.terminal import scripted_port as s
from tui.cli.key_tester import described
from tui.config.reader import parse
from tui.config.schema import Config, ConfigError
from tui.console.actions.action import key_name
from tui.console.actions.keymap import check, normal, remapped
from tui.console.actions.registry import REGISTRY
from tui.console.i18n import render
from tui.port.commands import Answer, HangUp

PROJECT = Path(__file__).parents[3]


def said(**keys: str | tuple[str, ...]) -> list[str]:
    given = {id: (key,) if isinstance(key, str) else key for id, key in keys.items()}
    return [render(each) for each in check(given)[1]]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("F5", "f5"),
        ("Ctrl+P", "ctrl+p"),
        ("^p", "ctrl+p"),
        ("?", "question_mark"),
        ("alt-x", "alt+x"),
        ("Shift+Ctrl+A", "ctrl+shift+a"),
        ("Esc", "escape"),
        ("A", "A"),
    ],
)
def test_keys_are_understood_as_people_write_them(written: str, name: str) -> None:
    assert normal(written) == name


def test_every_default_key_is_one_that_could_be_given() -> None:
    keys = {a.id: tuple(filter(None, (a.key, a.alias))) for a in REGISTRY if a.bound and a.key}
    assert check(keys) == (keys, ())


@pytest.mark.parametrize(
    ("action", "key", "sentence"),
    [
        ("anwser", "f11", "There is no action anwser. Did you mean answer?"),
        ("zzz", "f11", "There is no action zzz."),
        ("answer", "ctrl+shift+a", "terminals do not send ^SHIFT+A as a key of its own"),
        ("answer", "ctrl+i", "sends the same for ^I as for Tab"),
        ("answer", "ctrl+m", "sends the same for ^M as for Enter"),
        ("answer", "ctrl+h", "as for BACKSPACE"),
        ("answer", "ctrl+[", "as for Esc"),
        ("answer", "ctrl+s", "many terminals keep ^S"),
        ("answer", "ctrl+z", "many terminals keep ^Z"),
        ("answer", "tab", "needed for typing"),
        ("answer", "7", "digits are tones"),
        ("answer", "shift+f5", "reaches programs as F17"),
        ("answer", "super+a", "no terminal sends"),
        ("answer", "ctrl+shift+f5", "as a key of its own"),
        ("answer", "hyper+f5", "no terminal sends"),
        ("answer", "f25", "no terminal sends"),
        ("answer", "接", "no terminal sends"),
        ("submit", "f11", "cannot be changed"),
    ],
)
def test_each_mistake_is_a_sentence(action: str, key: str, sentence: str) -> None:
    assert any(sentence in each for each in said(**{action: key})), said(**{action: key})


def test_two_actions_on_one_key_are_named() -> None:
    assert said(mute="f5") == [f"answer and mute have the same key, {key_name('f5')}."]
    assert said(mute="g", hold="g") == ["hold and mute have the same key, g."]
    assert said(answer="f8", hangup="f5") == []


def test_keys_that_are_shared_by_default_may_stay_shared() -> None:
    assert said(keep_open="f3") == []


def test_a_mistake_does_not_take_the_other_keys_along() -> None:
    good, wrong = check({"mute": ("f11",), "hold": ("ctrl+i",)})
    assert good == {"mute": ("f11",)}
    assert len(wrong) == 1
    keys = {action.id: action.key for action in remapped(good)}
    assert (keys["mute"], keys["hold"]) == ("f11", "f6")


def test_the_config_takes_one_key_or_a_list_and_nothing_else() -> None:
    assert parse('[keys]\nmute = "f11"\nhold = ["f6", "w"]').keys == {
        "mute": ("f11",),
        "hold": ("f6", "w"),
    }
    with pytest.raises(ConfigError, match=r"line 2: mute must be a key in quotes"):
        parse("[keys]\nmute = 11")


async def test_a_changed_key_works_and_is_shown_and_the_old_one_is_free(console) -> None:
    config = Config(keys={"answer": ("f11", "y")})
    async with console(s.with_call(s.RINGING), config=config) as c:
        assert "F11 Answer" in c.keys
        await c.press("f5", "a")
        assert c.port.sent == []
        await c.press("f11", "y")
        assert c.port.sent == [Answer(), Answer()]
        await c.press("f1")
        assert "F11" in c.screen_text


async def test_a_letter_stays_a_letter_in_a_field(console) -> None:
    async with console(config=Config(keys={"hangup": ("f8", "full_stop")})) as c:
        await c.press("f2", "1", "full_stop", "2")
        assert c.app.screen.panel.dial.value == "1.2"


async def test_the_next_app_has_its_own_keys_again(console) -> None:
    async with console(config=Config(keys={"hangup": ("f11",)})):
        pass
    async with console(s.with_call(s.TALKING)) as c:
        c.clock.now += 1
        await c.press("f8")
        assert c.port.sent == [HangUp()]


async def test_composed_text_where_keys_were_meant_gets_a_hint(console) -> None:
    async with console(s.with_call(s.RINGING)) as c:
        await c.press("接")
        assert "an input method may be on" in c.screen_text
        assert c.port.sent == []


async def test_every_action_with_a_key_is_in_the_palette(console) -> None:
    async with console(s.with_call(s.TALKING)) as c:
        offered = {command.title for command in c.app.get_system_commands(c.app.screen)}
        assert {"Hang up", "Hold", "Mute", "History", "Busy next"} <= offered


def test_a_key_that_no_action_has_says_why_or_that_it_is_free() -> None:
    line = described(b"\x1b[23~", ["f11"])
    assert line.startswith("1b 5b 32 33 7e ")
    assert line.endswith(" does nothing")
    assert described(b"\t", ["tab"]).endswith("Tab is needed for typing and choosing.")


def test_yimi_keys_says_what_the_terminal_sends(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[keys]\nmute = "f11"\nhold = "ctrl+i"\n')
    ours, theirs = pty.openpty()
    environment = {**os.environ, "YIMI_CONFIG_DIR": str(tmp_path), "LANG": "C.UTF-8"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tui.cli.main", "keys"],
        stdin=theirs,
        stdout=theirs,
        cwd=PROJECT,
        env=environment,
    )
    os.close(theirs)
    shown = b""

    def until(text: bytes) -> None:
        nonlocal shown
        deadline = time.monotonic() + 20
        while text not in shown:
            assert time.monotonic() < deadline, shown.decode()
            if select.select([ours], [], [], 0.5)[0]:
                shown += os.read(ours, 4096)

    until(b"Ctrl+C twice")
    assert b"sends the same for ^I as for Tab" in shown
    until(b"\x1b[>")
    os.write(ours, b"\x1b[15~")
    until(b"1b 5b 31 35 7e")
    until(b"answer")
    os.write(ours, b"\x1b[23~")
    until(b"mute")
    os.write(ours, b"\x03")
    until(b"03 ")
    os.write(ours, b"\x1b[57442;5u")  # Ctrl, let go and pressed again
    until(b"35 75 ")
    os.write(ours, b"\x03")
    assert process.wait(10) == 2
    os.close(ours)
    assert re.search(rb"F5 +answer", shown)
