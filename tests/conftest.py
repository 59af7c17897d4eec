"""What holds for every test: a UDP socket that a test leaves open fails that test, and so does an
environment that it leaves changed.

Without this a socket is found whenever the garbage is collected, an environment by whoever reads
it next, and either fails a test that has nothing to do with it.
"""

from __future__ import annotations

import compileall
import gc
import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import tui.console  # noqa: F401 - it changes what Textual reads of the environment, once

# Each console, engine and sandbox that a test starts finds its bytecode, though this machine may
# want none written: compiled anew, tui alone takes three seconds of every start.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
    sys.dont_write_bytecode = False  # and the tests themselves, which each worker reads

# How fast an example is made and run is a matter of what else the machine does, and no test's fact.
settings.register_profile("any speed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any speed")


_HERE = Path(__file__).parent
_PROCESSES = _HERE / "e2e"
_SCREENS = _HERE / "terminal"
_WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))


def pytest_configure(config: pytest.Config) -> None:
    """In a fresh clone nothing is compiled, and workers that all begin at the same place would each
    compile the same: here tui is compiled before them, and each begins to read the tests at
    another place and finds the rest done by the others. `pytest_collection_modifyitems` puts them
    in one order."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if not worker and getattr(config.option, "numprocesses", None):
        compileall.compile_dir(_HERE.parent / "tui", quiet=2, workers=0)
    elif worker and [Path(each).resolve() for each in config.args] == [_HERE]:
        passed_over = {_HERE.parent / each for each in config.option.ignore}
        found = [_HERE / name for name in sorted(os.listdir(_HERE)) if name[0] not in "._"]
        parts = [
            str(each)
            for each in found
            if each not in passed_over and (each.is_dir() or each.match("test_*.py"))
        ]
        first = len(parts) * int(worker.removeprefix("gw")) // _WORKERS
        config.args[:] = parts[first:] + parts[:first]


def _sockets() -> set[str]:
    """The inodes of this process' open sockets (Linux; elsewhere none are seen)."""
    try:
        descriptors = os.listdir("/proc/self/fd")
    except OSError:
        return set()
    targets = (_target(each) for each in descriptors)
    return {name[8:-1] for name in targets if name.startswith("socket:[")}


def _udp_among(inodes: set[str]) -> set[str]:
    """The local addresses of those that are UDP's."""
    rows = [
        row.split()
        for table in ("/proc/self/net/udp", "/proc/self/net/udp6")
        if inodes and Path(table).exists()
        for row in Path(table).read_text().splitlines()[1:]
    ]
    return {f"{row[1]} inode {row[9]}" for row in rows if row[9] in inodes}


def _target(descriptor: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        return ""


def _environment() -> dict[bytes, bytes]:
    """As Python keeps it: to decode each name and text, twice a test, takes as long as the test."""
    kept: dict[bytes, bytes] = os.environ._data.copy()  # type: ignore[attr-defined]
    kept.pop(b"PYTEST_CURRENT_TEST", None)
    return kept


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each worker's share is a row of neighbours. Tests of whole processes wait most of their time,
    the others compute: in each share both are spread evenly. What takes longest is begun early, and
    a share ends in what is soon done: so the last worker is done soon after the first."""
    items.sort(key=lambda item: item.path.parts)
    waiting = [item for item in items if _PROCESSES in item.path.parents]
    computing = [item for item in items if _PROCESSES not in item.path.parents]
    for item in waiting:
        item.add_marker("once")
    for item in items:
        # The rooms whose branches are counted have tests of their own. To count while a screen is
        # drawn costs as much as the drawing.
        if {_PROCESSES, _SCREENS} & set(item.path.parents):
            item.add_marker("no_cover")
    long = [item for item in waiting if item.get_closest_marker("long")]
    others = [item for item in waiting if not item.get_closest_marker("long")]
    places: dict[pytest.Item, tuple[int, float]] = {}
    for group, until in ((long, 0.6), (others, 0.95), (computing, 1.0)):
        for number, item in enumerate(group):
            share, within = divmod((number + 0.5) / len(group) * _WORKERS, 1.0)
            places[item] = int(share), within * until
    items.sort(key=places.__getitem__)


def pytest_collection_finish() -> None:
    """The tests and all that they import stay: the garbage collector need not look through them
    again and again, nor look after every 700th object. A quarter of a screen's test went there."""
    gc.freeze()
    gc.set_threshold(_YOUNG, 10, 100)


_YOUNG = 50_000
"""Objects that are made before the collector looks at them."""
_PYTHONS_OWN = gc.get_threshold()
gc.set_threshold(_YOUNG * 100)  # what is loaded until then is no garbage


@pytest.fixture
def pythons_own_collector() -> Iterator[None]:
    """For a test of what is collected when: the garbage collector as Python has it, with nothing
    set aside."""
    gc.unfreeze()
    gc.set_threshold(*_PYTHONS_OWN)
    yield
    gc.enable()
    gc.collect()
    pytest_collection_finish()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    item.stash[_BEFORE] = _sockets(), _environment()
    yield


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    yield
    sockets, environment = item.stash[_BEFORE]
    if left := _udp_among(_sockets() - sockets):
        pytest.fail(f"UDP sockets are left open: {', '.join(sorted(left))}", pytrace=False)
    if changed := {os.fsdecode(name) for name, _ in environment.items() ^ _environment().items()}:
        pytest.fail(f"the environment is left changed: {', '.join(sorted(changed))}", pytrace=False)


_BEFORE: pytest.StashKey[tuple[set[str], dict[bytes, bytes]]] = pytest.StashKey()
