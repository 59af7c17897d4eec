"""What a command of the config writes: run without a shell, read to its end, and ended with whoever
does not wait for it any more."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass


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
    CommandError. Has no limit of its own: cancelled, it ends the command and waits for that."""
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise CommandError(f"{words[0]}: {type(error).__name__}") from None
    assert process.stdout is not None
    body = b""
    try:
        # One read gives what is there by now, not what there will be.
        while len(body) <= most and (chunk := await process.stdout.read(most)):
            body += chunk
        if len(body) > most:
            _end(process)
            return CommandOutput(await process.wait(), body[:most], cut=True)
        return CommandOutput(await process.wait(), body)
    except BaseException:
        _end(process)
        await process.wait()  # it is gone in a moment
        raise


def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
