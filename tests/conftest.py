"""What holds for every test: a UDP socket that a test leaves open fails that test.

Without this it is found whenever the garbage is collected, and fails a test that has nothing to
do with it.
"""

from __future__ import annotations

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


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    item.stash[_BEFORE] = _udp_sockets()
    yield


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    yield
    left = _udp_sockets() - item.stash[_BEFORE]
    if left:
        pytest.fail(f"UDP sockets are left open: {', '.join(sorted(left))}", pytrace=False)


_BEFORE: pytest.StashKey[set[str]] = pytest.StashKey()
