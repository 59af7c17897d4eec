"""The processor soon: each test asks in a process of its own, whose thread then has it."""

from __future__ import annotations

import platform
import re
import subprocess
import sys

import pytest

from tui.media import short_slices

LINUX = tuple(map(int, re.findall(r"\d+", platform.release())[:2]))
KEEPS = sys.platform == "linux" and platform.machine() == "x86_64" and LINUX >= (6, 12)
"""Whether this system says what was asked for."""

ASK = """
import ctypes, os, struct, threading
from tui.media.short_slices import ask_for_short_slices

def had():
    found = ctypes.create_string_buffer(48)
    assert ctypes.CDLL(None).syscall(315, 0, found, 48, 0) == 0  # sched_getattr(2)
    size, policy, flags, nice, priority, runtime, *rest = struct.unpack("@IIQiIQQQ", found.raw)
    print(policy, nice, runtime)

"""


def told(program: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", ASK + program], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


@pytest.mark.skipif(not KEEPS, reason="Linux has it from 6.12 on; the call's number is x86_64's")
def test_a_thread_has_it_and_so_have_those_that_it_starts() -> None:
    assert told(
        "os.nice(3)\nprint(ask_for_short_slices())\nhad()\n"
        "one = threading.Thread(target=had)\none.start()\none.join()"
    ) == ["True", f"0 3 {short_slices.SLICE}", f"0 3 {short_slices.SLICE}"]


@pytest.mark.skipif(sys.platform != "linux", reason="policies are Linux'")
def test_what_whoever_starts_it_has_chosen_stays() -> None:
    assert told(
        "os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))\n"
        "print(ask_for_short_slices(), os.sched_getscheduler(0) == os.SCHED_BATCH)"
    ) == ["False True"]


def test_on_a_machine_whose_calls_are_not_known_nothing_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(short_slices, "_SCHED_SETATTR", {})
    assert not short_slices.ask_for_short_slices()
