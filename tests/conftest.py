"""What holds for every test: a UDP socket that a test leaves open fails that test, and so does an
environment that it leaves changed.

Without this a socket is found whenever the garbage is collected, an environment by whoever reads
it next, and either fails a test that has nothing to do with it.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest


def _udp_sockets() -> set[str]:
    """The local addresses of this process' open UDP sockets (Linux; elsewhere none are seen)."""
    mine = {
        name.removeprefix("socket:[").removesuffix("]")
        for each in Path("/proc/self/fd").glob("*")
        if (name := _target(each)).startswith("socket:[")
    }
    rows = [
        row.split()
        for table in ("/proc/self/net/udp", "/proc/self/net/udp6")
        if Path(table).exists()
        for row in Path(table).read_text().splitlines()[1:]
    ]
    return {f"{row[1]} inode {row[9]}" for row in rows if row[9] in mine}


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


def _environment() -> dict[str, str]:
    return {name: text for name, text in os.environ.items() if name != "PYTEST_CURRENT_TEST"}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    item.stash[_BEFORE] = _udp_sockets(), _environment()
    yield


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    yield
    sockets, environment = item.stash[_BEFORE]
    if left := _udp_sockets() - sockets:
        pytest.fail(f"UDP sockets are left open: {', '.join(sorted(left))}", pytrace=False)
    if changed := {name for name, _ in environment.items() ^ _environment().items()}:
        pytest.fail(f"the environment is left changed: {', '.join(sorted(changed))}", pytrace=False)


_BEFORE: pytest.StashKey[tuple[set[str], dict[str, str]]] = pytest.StashKey()
