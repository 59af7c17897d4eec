"""What is printed past the log ends up in it: clean, and not more than anyone would read."""

from __future__ import annotations

import logging
import os
import threading

import pytest

from tui.engine.audio import native_stderr
from tui.engine.audio.native_stderr import Quota


def test_a_line_that_repeats_is_said_once_and_counted() -> None:
    quota = Quota(lines=3, seconds=10)
    assert quota.take("underrun", 0.0) == ["underrun"]
    assert quota.take("underrun", 1.0) == []
    assert quota.take("other", 2.0) == ["other"]
    assert quota.take("underrun", 3.0) == ["underrun"]
    assert quota.take("one too many", 4.0) == []
    assert quota.owed
    assert quota.settle(5.0) == []
    assert quota.take("later", 10.5) == ["(2 more lines)", "later"]
    assert not quota.owed


def test_what_is_written_to_the_descriptor_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "tui.noise")
    descriptor = os.dup(2)
    thread = native_stderr.listen(descriptor)
    os.write(descriptor, b"ALSA lib pcm.c:2664:(snd_pcm_open) Unknown PCM\n\n")
    os.write(descriptor, b"x" * 3000 + b"\nno end")
    os.close(descriptor)
    thread.join(10)
    assert not thread.is_alive()
    said = [record.getMessage() for record in caplog.records]
    assert said[0] == "printed: ALSA lib pcm.c:2664:(snd_pcm_open) Unknown PCM"
    assert len(said) == 2
    assert len(said[1]) < 500


def print_on(descriptor: int) -> None:
    for number in range(100_000):
        os.write(descriptor, b"line %d of a library that never stops\n" % number)


def test_whoever_prints_is_never_held_up(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "tui.noise")
    held = threading.Event()
    log = logging.getLogger("tui.noise")
    wait = lambda record: held.wait(10) or True  # noqa: E731
    log.addFilter(wait)
    descriptor = os.dup(2)
    try:
        thread = native_stderr.listen(descriptor)
        with pytest.raises(BlockingIOError):  # refused, once the pipe is full, and not kept waiting
            print_on(descriptor)
    finally:
        held.set()
        os.close(descriptor)
        log.removeFilter(wait)
    thread.join(10)
    assert 0 < len(caplog.records) <= native_stderr.LINES + 1
