"""An engine that signs in by itself: a service has no front end that would.

The sign-in comes through a descriptor, a line of JSON in the port's form, so that no password
stands in an argument, a file or the environment.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any, Final

from tui.engine.context import log
from tui.platform.codes import LOGIN, WRONG_PASSWORD
from tui.port.commands import JoinGroup, SignIn
from tui.port.engine_port import ServedEngine
from tui.port.values import Message
from tui.port.wire.codec import CodecError, from_json

NO_GROUPS = "0"
"""The group of an account that has none."""
FAILED: Final = 1
NOT_LET_IN: Final = 77
"""Exit code: account and password do not fit (sysexits' EX_NOPERM). Whoever tries the same again
and again has the account locked."""
_NOT_LET_IN: Final = (LOGIN[WRONG_PASSWORD], "login.pbx_refused")


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """Who is signed in, and to which group: its name or gid, "" for the only one."""

    sign_in: SignIn
    group: str = ""

    @classmethod
    def read(cls, descriptor: int, group: str) -> OwnAccount:
        """From the descriptor, which is closed. Raises ValueError."""
        with os.fdopen(descriptor, "rb") as given:
            text = given.read()
        try:
            command = from_json(json.loads(text))
        except (CodecError, ValueError):
            raise ValueError("no sign-in came through the descriptor") from None
        if not isinstance(command, SignIn):
            raise ValueError("no sign-in came through the descriptor")
        return cls(command, group)

    async def enter(self, engine: ServedEngine) -> int:
        """Sign in, and to the group. An exit code: 0 where the engine has something to do (with
        several groups and none named it waits for a front end that chooses), else FAILED or
        NOT_LET_IN. What is refused is logged."""
        result = await engine.execute(self.sign_in)
        if not result.ok:
            return _refused("sign-in", result.message)
        groups = engine.snapshot().groups
        wanted = self.group.casefold()
        gids = [each.gid for each in groups if wanted in ("", each.gid, each.name.casefold())]
        if self.group and not gids:
            log.error("there is no group %s", self.group)
            return FAILED
        if len(gids) > 1:
            log.info("which of %d groups is for a front end to say", len(gids))
            return 0
        joined = await engine.execute(JoinGroup(gids[0] if gids else NO_GROUPS))
        return 0 if joined.ok else _refused("group", joined.message)


def _refused(what: str, why: Message | None) -> int:
    values: dict[str, Any] = {} if why is None else dict(why.values)
    log.error("%s refused: %s %s", what, "" if why is None else why.id, values)
    return NOT_LET_IN if why is not None and why.id in _NOT_LET_IN else FAILED
