"""A sandbox that was reset is as after its start: nothing of the one before is left.

A reset puts a fresh sandbox in place. So this shows that the fresh one is whole, that it shares
nothing with the one before, and that the one before ends.
"""

from __future__ import annotations

import asyncio
import json
import pkgutil
import random
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from enum import Enum
from importlib import import_module
from types import ModuleType
from typing import Any

import aiohttp
import pytest

import tui.sandbox
from tests.sandbox.conftest import Console
from tests.waiting import until
from tui.platform import messages as m
from tui.sandbox.faults import FaultKind
from tui.sandbox.options import SandboxOptions
from tui.sandbox.server import Sandbox, StandingSandbox
from tui.sandbox.web import load

OPTIONS = SandboxOptions(auto_call=None, seed=7, big_directory=True)
PLAIN = (str, bytes, int, float, bool, type(None), type, type(sys))


def parts(thing: object) -> Iterator[tuple[str, object]]:
    """What an object of the sandbox's own, or a container, holds: by name, place or key."""
    match thing:
        case dict():
            yield from ((f"[{key!r}]", value) for key, value in thing.items())
        case list() | tuple():
            yield from ((f"[{index}]", value) for index, value in enumerate(thing))
        case set() | frozenset():
            yield "{}", sorted(map(repr, thing))
        case random.Random():
            yield ".state", repr(thing.getstate())
        case _ if type(thing).__module__.startswith("tui.") or isinstance(thing, deque):
            if isinstance(thing, deque):
                yield from parts(list(thing))
            for each in type(thing).__mro__:
                for name in getattr(each, "__slots__", ()):
                    if hasattr(thing, name):
                        yield f".{name}", getattr(thing, name)
            yield from ((f".{name}", value) for name, value in vars_of(thing))


def vars_of(thing: object) -> list[tuple[str, object]]:
    return list(getattr(thing, "__dict__", {}).items())


def walk(root: object) -> dict[str, object]:
    """The whole state below `root`: the shortest path to each value; objects by their type."""
    found: dict[str, object] = {}
    for path, thing in things(root):
        plain = isinstance(thing, PLAIN)
        found[path] = thing if plain else getattr(thing, "__qualname__", type(thing).__qualname__)
    return found


def things(root: object) -> Iterator[tuple[str, object]]:
    """Everything that is reached from `root`, each once but plain values."""
    seen: set[int] = set()
    todo: deque[tuple[str, object]] = deque([("", root)])
    while todo:
        path, thing = todo.popleft()
        yield path, thing
        if not isinstance(thing, PLAIN) and id(thing) not in seen:
            seen.add(id(thing))
            todo += [(path + name, value) for name, value in parts(thing)]


def changeable(thing: object) -> bool:
    """Whether it is an object of the sandbox's own that can change, or such a container."""
    frozen = getattr(type(thing), "__dataclass_params__", None)
    own = type(thing).__module__.startswith("tui.sandbox") and not (frozen and frozen.frozen)
    return isinstance(thing, list | dict | set | deque) or (own and not isinstance(thing, Enum))


def state(sandbox: Sandbox) -> dict[str, object]:
    """Of a sandbox, but for its ports."""
    ports = (".port", ".port1")
    return {path: value for path, value in walk(sandbox).items() if path not in ports}


def of_the_modules() -> dict[str, object]:
    """What the sandbox's modules hold by themselves. A module within one is looked at as itself."""
    found: dict[str, object] = {}
    for each in pkgutil.walk_packages(tui.sandbox.__path__, "tui.sandbox."):
        for name, value in vars(import_module(each.name)).items():
            own = not name.startswith("__") and not isinstance(value, ModuleType)
            if own and not callable(value):
                found |= {f"{each.name}.{name}{path}": it for path, it in walk(value).items()}
    return found


@asynccontextmanager
async def asking(sandbox: Sandbox) -> AsyncIterator[Callable[..., Any]]:
    """Requests to its control API: `ask(method, path, body)`."""
    async with aiohttp.ClientSession() as session:

        async def ask(method: str, path: str, **body: Any) -> Any:
            url = f"{sandbox.ready['http']}/control/{path}"
            async with session.request(method, url, json=body or None) as answer:
                assert answer.status == 200, await answer.text()
                return json.loads(await answer.text())

        yield ask


async def use(sandbox: Sandbox) -> None:
    """Change whatever the control API and an agent can change."""
    one = Console(sandbox, "1001", hz=880)
    await one.sign_in()
    async with asking(sandbox) as ask:
        cc = (await ask("POST", "ring", un="1001", voice="tone:440"))["cc"]
        one.say(m.Answer((await one.until_told(m.NewCall)).ccnumber))
        await one.until_customer_hears(880)
        one.say(m.Hold(cc, f"1001_{one.fixtures.eid16}"))
        await ask("POST", "ring", un="1002")
        for kind in FaultKind:
            if kind not in ("freeze", "web", "web-error"):
                await ask("POST", "faults", kind=kind, un="1003")
        await ask("POST", "agents/1001/loss", percent=50)
        await ask("POST", "agents/1002/name", name="Somebody else")
        await ask("POST", "agents/1003/status", status=2)
        await ask("POST", "agents/1004/after-call-work")
        await ask("POST", "agents/1005/phone", trouble="busy", picks_up=False)
        await ask("POST", "enterprise", auto_answer=9)
        await ask("POST", "members/1090/state", state="talking")
        await ask("POST", "groups/1000000001/name", name="Another group")
        await ask("POST", "times", ring=1, orphan=2, online=3)
        await ask("POST", "directory", changes_per_second=500)
        await ask("POST", "agents/1001/drop")
    await one.close()


@pytest.fixture
async def standing(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StandingSandbox]:
    monkeypatch.setattr(load, "SIZE", 200)  # every member is looked at
    standing = StandingSandbox(OPTIONS)
    await standing.start()
    yield standing
    await standing.close()


async def test_after_a_reset_its_whole_state_is_a_fresh_ones(standing: StandingSandbox) -> None:
    fresh, modules = state(standing.sandbox), of_the_modules()
    assert len(fresh) > 2_000  # it was looked into
    await use(standing.sandbox)
    used = state(standing.sandbox)
    changed = {path.split("[")[0].split(".")[1] for path in used.keys() ^ fresh.keys()}
    changed |= {path.split("[")[0].split(".")[1] for path in fresh if fresh[path] != used.get(path)}
    assert {"fixtures", "pbx", "board", "faults", "journal", "tokens", "load_group"} <= changed
    async with asking(standing.sandbox) as ask:
        ready = await ask("POST", "reset")
    assert ready == standing.sandbox.ready
    assert state(standing.sandbox) == fresh
    assert of_the_modules() == modules


async def test_after_a_reset_it_shows_by_its_control_api_what_a_fresh_one_shows(
    standing: StandingSandbox,
) -> None:
    async def shown() -> Any:
        async with asking(standing.sandbox) as ask:
            return {**await ask("GET", "state"), "now": 0, "times": await ask("POST", "times")}

    fresh = await shown()
    await use(standing.sandbox)
    assert await shown() != fresh
    await standing.reset()
    assert await shown() == fresh


async def test_a_reset_shares_nothing_with_the_one_before_which_ends(
    standing: StandingSandbox,
) -> None:
    tasks = len(asyncio.all_tasks())
    before = standing.sandbox
    address = before.ready["http"]
    await use(before)
    await standing.reset()
    old, new = (
        # A set is looked at as a list of the moment, whose address soon is another one's.
        {
            id(thing): path
            for path, thing in things(sandbox)
            if changeable(thing) and not path.endswith("{}")
        }
        for sandbox in (before, standing.sandbox)
    )
    assert [old[each] for each in old.keys() & new.keys()] == []
    await until(lambda: not standing._ending)
    await until(lambda: len(asyncio.all_tasks()) <= tasks, what=asyncio.all_tasks)
    before.board.step()
    timer = before.board._timer
    assert timer is None or timer.cancelled()
    assert not before.board._sockets
    assert not before.board.peers.all
    switching = before.board.switching
    assert not [
        *switching.legs,
        *switching.customers,
        *switching.others,
        *switching._bridges,
    ]
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.get(f"{address}/control/state")


async def test_on_a_port_that_was_asked_for_there_is_no_reset() -> None:
    held = Sandbox(OPTIONS)  # as `StandingSandbox` makes it for a port that is not any free one
    await held.start()
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{held.ready['http']}/control/reset") as answer,
    ):
        assert answer.status == 404
        assert "--port 0" in await answer.text()
    await held.close()
    assert StandingSandbox(SandboxOptions(port=1)).sandbox._reset is None
