"""A row of checks, carried out one after another, and told about as they go.

A check is an async function that returns a `Finding`. What it raises, and what takes too long, is
a finding as well: nothing that is wrong with this machine ends the row.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tui.engine.context import log
from tui.port import replace
from tui.port.values import Check, Message, message

OK, WARN, FAIL = "ok", "warn", "fail"
WAITING, RUNNING = "waiting", "running"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: `state` is "ok", "warn" or "fail"."""

    state: str
    message: Message


def ok(id: str, **values: object) -> Finding:
    """All is well; the sentence says what was seen."""
    return Finding(OK, message(id, **values))


def warn(id: str, **values: object) -> Finding:
    """Calls work, but something is to be known, or was not looked at."""
    return Finding(WARN, message(id, **values))


def fail(id: str, **values: object) -> Finding:
    """A call will not work; the sentence says what to do."""
    return Finding(FAIL, message(id, **values))


def worst(findings: Sequence[Finding]) -> Finding:
    """The first of those that are worst. There must be one at least."""
    return max(findings, key=lambda finding: (OK, WARN, FAIL).index(finding.state))


@dataclass(frozen=True, slots=True)
class Step:
    """One check of the row. `limit` is in seconds."""

    id: str
    look: Callable[[], Awaitable[Finding]]
    limit: float = 15.0


def passed(checks: Sequence[Check]) -> bool:
    """Whether all were carried out and none failed; a warning is no failure."""
    return bool(checks) and all(check.state in (OK, WARN) for check in checks)


class Course:
    """Carries out the steps; `tell` gets all checks after each change."""

    def __init__(self, steps: Sequence[Step], tell: Callable[[tuple[Check, ...]], None]) -> None:
        self._steps = tuple(steps)
        self._tell = tell
        self.checks = tuple(Check(step.id) for step in steps)

    async def run(self) -> tuple[Check, ...]:
        """All of them, in order. When it is cancelled, those that are left say so."""
        self._tell(self.checks)
        try:
            for at, step in enumerate(self._steps):
                self._put(at, RUNNING)
                finding = await _look(step)
                self._put(at, finding.state, finding.message)
        except asyncio.CancelledError:
            for at, check in enumerate(self.checks):
                if check.state in (WAITING, RUNNING):
                    self._put(at, FAIL, message("check.broken_off"))
            raise
        return self.checks

    def _put(self, at: int, state: str, said: Message | None = None) -> None:
        new = replace(self.checks[at], state=state, message=said)
        self.checks = (*self.checks[:at], new, *self.checks[at + 1 :])
        self._tell(self.checks)


async def _look(step: Step) -> Finding:
    try:
        async with asyncio.timeout(step.limit):
            return await step.look()
    except TimeoutError:
        return fail("check.timeout", seconds=f"{step.limit:g}")
    except Exception as error:
        log.exception("the check %s failed", step.id)
        return fail("check.fault", kind=type(error).__name__)
