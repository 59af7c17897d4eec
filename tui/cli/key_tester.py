"""`yimi keys`: which key does what, and what this terminal really sends for one.

The terminal is put into the modes that the console uses, keyboard protocol included, and what
comes is read by the same parser, so that what is said here is what the console would get.
"""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from textual.events import Key

from tui.console.actions.action import key_name
from tui.console.actions.keymap import Keys, check, remapped, trouble
from tui.console.actions.registry import registry, use_registry
from tui.console.i18n import render, tr
from tui.console.terminal.input import (
    ALT_AS_BEFORE,
    ALT_BY_ESCAPE,
    ALTERNATES,
    TerminalInput,
    escape_wait,
)
from tui.port.values import Message
from tui.text import clean_text

END: Final = "ctrl+c"
"""Pressed twice in a row it ends the tester."""
PROTOCOL: Final = "\x1b[>25u" + ALTERNATES + ALT_BY_ESCAPE
"""The keyboard protocol as the console asks for it: kitty's 1, 8, 16 (text of all keys), and 4."""


def table() -> list[str]:
    """The actions and their keys, as they are in force."""
    rows = []
    for action in registry():
        keys = " ".join(key_name(key) for key in (action.key, action.alias) if key)
        mark = "" if action.bound else " *"
        rows.append(f"{action.id + mark:14} {keys:12} {tr(f'help.{action.id}')}")
    return [*rows, "", "* " + tr("keys.fixed")]


def described(data: bytes, keys: Iterable[str]) -> str:
    """One line: the bytes, Textual's names for them, what they do."""
    raw = " ".join(f"{byte:02x}" for byte in data)
    names, deeds = [], []
    for key in keys:
        names.append(key_name(key) if len(key) > 1 else clean_text(key))
        for action in registry():
            if action.bound and key in (action.key, action.alias):
                deeds.append(action.id)
                break
        else:
            what = trouble("", key)
            said = tr("keys.free") if what is None else render(what)
            deeds.append(said.removeprefix(": "))  # it is about no action here
    name = ", ".join(names) or tr("keys.unnamed")
    return f"{raw:24} {name:12} {'; '.join(dict.fromkeys(deeds))}"


def run(keys: Keys) -> int:
    """The command: the table, then each key, until Ctrl+C comes twice. Exit code 0, or 2 when the
    config's keys are wrong."""
    good, wrong = check(keys)
    use_registry(remapped(good))
    print("\n".join(table()))
    _complain(wrong)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return 2 if wrong else 0
    print("\n" + tr("keys.press"), flush=True)
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setraw(descriptor)
        _write(PROTOCOL)
        _listen(descriptor)
    finally:
        _write(ALT_AS_BEFORE + "\x1b[<u")
        termios.tcsetattr(descriptor, termios.TCSANOW, before)
    return 2 if wrong else 0


def _complain(wrong: Iterable[Message]) -> None:
    for what in wrong:
        print("! " + render(what))


def _listen(descriptor: int) -> None:
    wait = escape_wait(os.environ)
    terminal = TerminalInput(wait)
    ended = False
    while True:
        data = b""
        messages: list[object] = []
        while select.select([descriptor], [], [], wait if data else None)[0]:
            with suppress(BlockingIOError):
                more = os.read(descriptor, 4096)
                if not more:
                    return
                data += more
                messages += terminal.feed(more)
        messages += terminal.tick()
        pressed = [each.key for each in messages if isinstance(each, Key)]
        _write(described(data, pressed) + "\r\n")
        if pressed == [END] * len(pressed) and (ended or len(pressed) > 1) and pressed:
            return
        if pressed:  # else a key that is only held, which some terminals tell of
            ended = pressed[-1] == END


def _write(data: str) -> None:
    sys.stdout.write(data)
    sys.stdout.flush()
