"""Ctrl+C before a command has begun ends it like any program of Unix: 130, and no word."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui.cli.exits import written

PROJECT = Path(__file__).parents[2]
MIDST = """
import os, signal, sys
from tui.cli.__main__ import main

wanted, sys.argv = sys.argv[1], ["yimi", *sys.argv[2:]]

class Midst:
    def find_spec(name, path=None, target=None):
        if name == wanted:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Midst)
sys.exit(main())
"""
"""A command in whose imports, at a chosen one, SIGINT comes."""


@pytest.fixture(autouse=True)
def _interrupts_are_heard() -> Iterator[None]:
    """Whatever a shell runs in the background ignores SIGINT, and so does what that starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupted(folder: Path, module: str, *command: str) -> subprocess.CompletedProcess[str]:
    """A command to which SIGINT comes while that module is looked for."""
    places = {f"YIMI_{name}_DIR": str(folder) for name in ("CONFIG", "STATE", "DATA", "RUNTIME")}
    return subprocess.run(
        [sys.executable, "-c", MIDST, module, *command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=PROJECT,
        env={**os.environ, **places},
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("module", "command"),
    [
        ("tui.cli.main", ["status"]),
        ("argparse", ["paths"]),
        ("tui.config.paths", ["paths"]),
        ("tui.cli.agent.run", ["history"]),
        ("tui.cli.grammar.agent", ["--help"]),
        ("tui.cli.incident.doctor", ["doctor"]),
        ("tui.config.schema", ["config", "check"]),
        ("tui.sandbox.main", ["sandbox"]),
        ("tui.launcher.plain_front", ["--plain"]),
    ],
)
def test_an_interrupt_in_the_imports_ends_it_without_a_word(
    module: str, command: list[str], tmp_path: Path
) -> None:
    ended = interrupted(tmp_path, module, *command)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")


def test_an_interrupt_that_is_ignored_stays_so(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        ended = interrupted(tmp_path, "tui.cli.main", "paths")
    finally:
        signal.signal(signal.SIGINT, before)
    assert ended.returncode == 0
    assert "runtime" in ended.stdout


def test_an_interrupt_under_another_name_is_one() -> None:
    def command() -> int:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as error:
            raise RuntimeError("Error calling __set_name__") from error

    assert written(command) == 130


def test_another_failure_is_none() -> None:
    def command() -> int:
        raise RuntimeError("something else")

    with pytest.raises(RuntimeError):
        written(command)


def test_nothing_heavy_is_imported_before_that_is_settled() -> None:
    code = "import sys, tui.cli.interrupts; print({'typing', 'argparse', 're'} & {*sys.modules})"
    line = [sys.executable, "-S", "-c", code]  # without what a site of packages imports by itself
    found = subprocess.run(line, capture_output=True, text=True, cwd=PROJECT, check=True)
    assert found.stdout.strip() == "set()"
