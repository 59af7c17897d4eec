"""Garbage while calls are up, and after the last one: no full collection in a call, one after it,
and nothing that stays."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from collections.abc import Iterator

import pytest

from tests.waiting import until
from tui.media import gc_pause
from tui.media.gc_pause import GcPause


class Knot:
    """An object that only the collector can free."""

    def __init__(self) -> None:
        self.itself = self
        self.weight: list[dict[str, int]] = [{} for _ in range(100)]


pytestmark = pytest.mark.usefixtures("pythons_own_collector")


@pytest.fixture
def full() -> Iterator[list[int]]:
    """The full collections since then."""
    seen: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start" and info["generation"] == 2:
            seen.append(1)

    gc.callbacks.append(note)
    yield seen
    gc.callbacks.remove(note)


def test_no_full_collection_runs_while_a_call_is_up_and_one_after_the_last(
    full: list[int],
) -> None:
    gc.collect()  # with it Python 3.12 sets aside what is immortal
    full.clear()
    before, frozen, pause = gc.get_threshold(), gc.get_freeze_count(), GcPause()
    pause.begin()
    pause.begin()
    try:
        kept = [[Knot()] for _ in range(3_000)]  # grows by what would make a full one due
        assert not full
        assert gc.get_threshold()[2] > 100_000
        pause.end()
        assert gc.get_threshold()[2] > 100_000
        assert not full
    finally:
        pause.end()
    pause.end()
    assert len(full) == 1
    assert len(kept) == 3_000
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() <= frozen  # some of it may have ended by itself


def test_what_the_process_set_aside_stays_set_aside() -> None:
    gc.collect()
    gc.freeze()
    try:
        frozen, pause = gc.get_freeze_count(), GcPause()
        assert frozen > 1000
        pause.begin()
        pause.end()
        assert gc.get_freeze_count() >= frozen - 10  # some of it may have ended by itself
    finally:
        gc.unfreeze()


def test_what_is_loaded_for_the_sound_is_set_aside() -> None:
    code = (
        "import gc\n"
        "from tui.engine.audio.leg_room import _import\n"
        "_import(); print(gc.get_freeze_count() > 10_000)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["True"]


def test_two_hundred_calls_leave_nothing_behind() -> None:
    gc.collect()
    gc.freeze()  # what else this process holds: two hundred times through it takes minutes
    try:
        pause = GcPause()
        left: weakref.WeakSet[Knot] = weakref.WeakSet()

        def call() -> None:
            pause.begin()
            knot = Knot()
            left.add(knot)
            gc.collect(1)  # as in a call: it grows old there
            gc.collect(1)
            del knot
            pause.end()

        for _ in range(5):
            call()
        objects, frozen = len(gc.get_objects()), gc.get_freeze_count()
        for _ in range(200):
            call()
        assert not left
        assert len(gc.get_objects()) - objects < 50
        assert gc.get_freeze_count() == frozen
    finally:
        gc.unfreeze()


async def test_the_collection_comes_a_moment_after_the_end_and_not_into_the_next_call(
    full: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gc_pause, "AFTER", 0.05)
    pause = GcPause()
    pause.begin()
    pause.end()
    assert not full
    pause.begin()  # the next one comes at once
    assert pause._due is not None
    await until(lambda: pause._due is None)
    assert not full
    pause.end()
    await until(lambda: full)
