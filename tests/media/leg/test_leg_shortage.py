"""A machine that is out of descriptors or memory: a leg cannot be had, and says why."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Iterator
from typing import Any

import pytest

from tui.media.leg.leg import AudioLegState, Shortage, ShortageError
from tui.media.pcm.sources import ToneSource
from tui.media.transport import ice_servers
from tui.media.transport.ice_servers import IceServer
from tui.media.transport.shortage import shortage_of


@pytest.fixture
def no_descriptors() -> Iterator[None]:
    """Every descriptor of this process is in use."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = max(int(name) for name in os.listdir("/proc/self/fd")) + 1
    resource.setrlimit(resource.RLIMIT_NOFILE, (used, before[1]))
    taken = []
    try:
        while True:
            taken.append(os.dup(0))
    except OSError:
        yield
    finally:
        for one in taken:
            os.close(one)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def test_without_a_descriptor_a_leg_has_failed_and_says_so(
    leg: Any, collector: Any, no_descriptors: None
) -> None:
    states: list[AudioLegState] = []
    us = leg(ToneSource(440), collector(), on_state=states.append)
    with pytest.raises(ShortageError) as refused:
        await us.offer()
    assert refused.value.why is Shortage.DESCRIPTORS
    assert (us.state, us.reason) == (AudioLegState.FAILED, "no-descriptors")
    assert states == [AudioLegState.FAILED]


async def test_without_memory_a_leg_has_failed_and_says_so(
    leg: Any, collector: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(**options: object) -> None:
        raise MemoryError

    monkeypatch.setattr("aioice.Connection", none)
    us = leg(ToneSource(440), collector())
    with pytest.raises(ShortageError):
        await us.offer()
    assert (us.state, us.reason) == (AudioLegState.FAILED, "no-memory")


async def test_a_call_goes_on_when_it_cannot_be_restarted(
    leg: Any, plain: Any, collector: Any, hears: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard, peer = collector(), plain(1000)
    us = leg(ToneSource(440), heard)
    await us.accept(await peer.answer(await us.offer()))
    await hears(heard, 1000)

    def none(**options: object) -> None:
        raise MemoryError

    monkeypatch.setattr("aioice.Connection", none)
    with pytest.raises(ShortageError):
        await us.restart()
    heard.pcm.clear()
    await hears(heard, 1000)
    assert us.state is AudioLegState.CONNECTED


@pytest.mark.parametrize(
    ("problem", "why"),
    [
        (OSError(errno.ENFILE, ""), Shortage.DESCRIPTORS),
        (OSError(errno.EMFILE, ""), Shortage.DESCRIPTORS),
        (OSError(errno.ENOBUFS, ""), Shortage.MEMORY),
        (MemoryError(), Shortage.MEMORY),
        (OSError(errno.ENETUNREACH, ""), None),
        (ValueError(), None),
    ],
)
def test_a_shortage_is_told_from_other_trouble(problem: Exception, why: Shortage | None) -> None:
    assert shortage_of(problem) is why


def test_one_server_that_is_not_known_does_not_cost_the_others() -> None:
    foreign: list[str | IceServer] = [
        "ftp:x",
        IceServer("turn:a@b@c", "u", "p q"),
        "turn:host:http",
    ]
    given: list[str | IceServer] = ["turn:far.example", *foreign, "stun:near.example"]
    assert [one.urls for one in ice_servers.usable(given)] == [
        "turn:far.example",
        "stun:near.example",
    ]
