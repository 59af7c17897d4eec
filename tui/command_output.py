"""What a command of the config writes: run without a shell, read to its end, and ended with whoever
does not wait for it any more.

The pipe is ours and not asyncio's, whose `wait()` is over only when every pipe of the process is:
what a command leaves running in the background keeps its pipe open, and nobody would come back.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

AFTER_EXIT: Final = 0.2
"""Seconds from its exit in which what it wrote is read, where something that it started keeps the
pipe open."""


class CommandError(Exception):
    """It could not be run; the text is for the log, and holds no argument of it."""


@dataclass(frozen=True, slots=True)
class CommandOutput:
    """`code` is the exit code, negative for a signal; `cut`: it wrote more, and was ended."""

    code: int
    body: bytes
    cut: bool = False


async def command_output(words: Sequence[str], most: int) -> CommandOutput:
    """Run it with no standard input and read at most so many bytes of what it writes. Raises
    CommandError. Has no limit of its own: cancelled, it ends the command and all that it started,
    and waits for that."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", buffering=0) as pipe:
        try:
            process = await asyncio.create_subprocess_exec(
                *words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writing,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise CommandError(f"{words[0]}: {type(error).__name__}") from None
        finally:
            os.close(writing)
        try:
            return await _heard(process, pipe.fileno(), most)
        finally:
            if process.returncode is None:
                _end(process.pid)
                await process.wait()  # it is gone in a moment


async def _heard(process: asyncio.subprocess.Process, pipe: int, most: int) -> CommandOutput:
    loop = asyncio.get_running_loop()
    body = bytearray()
    done = asyncio.Event()

    def readable() -> None:
        # Something is there, or the end: this does not wait.
        body.extend(chunk := os.read(pipe, 65536))
        if not chunk or len(body) > most:
            loop.remove_reader(pipe)
            done.set()

    loop.add_reader(pipe, readable)
    tasks = [asyncio.ensure_future(each) for each in (done.wait(), process.wait())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if not done.is_set():
            await asyncio.wait(tasks[:1], timeout=AFTER_EXIT)
        if cut := len(body) > most:
            _end(process.pid)
        return CommandOutput(int(await tasks[1] or 0), bytes(body[:most]), cut)
    finally:
        loop.remove_reader(pipe)
        for task in tasks:
            task.cancel()


def _end(leader: int) -> None:
    """End it and what it started: it leads a session, and so a group, of its own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
