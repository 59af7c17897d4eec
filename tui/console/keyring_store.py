"""The password in the system's keyring: only on request, never waited for longer than a moment.

`keyring` is imported in a thread of its own at the first use: a backend may hang (a locked
keyring that waits for a dialog on another screen) or be missing (usual over SSH). Both are a
sentence, not a hang.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, Final

from tui.port.values import Message, message
from tui.secrets import Secret

SERVICE = "yimi"
TIME_LIMIT = 5.0
"""Seconds for one access: long enough to unlock by a dialog that is already open."""


_LOCKED: Final = {"KeyringLocked", "LockedException", "PromptDismissedException"}
"""What is raised of a keyring that nobody unlocks."""


class KeyringUnavailable(Exception):
    """No keyring, or none that answers; `message` says it in words."""

    def __init__(self, sentence: Message) -> None:
        super().__init__(sentence.id)
        self.message = sentence


def account_name(un: str, switchnumber: str, backend: str) -> str:
    """The name under which a password is kept."""
    return f"{un}@{switchnumber}@{backend.rstrip('/')}"


async def load(account: str, time_limit: float = TIME_LIMIT) -> Secret | None:
    """The password kept for the account, None when there is none."""
    found = await _in_thread(lambda keyring: keyring.get_password(SERVICE, account), time_limit)
    return Secret(found) if found else None


async def save(account: str, password: Secret, time_limit: float = TIME_LIMIT) -> None:
    """Keep the password for the account."""
    await _in_thread(
        lambda keyring: keyring.set_password(SERVICE, account, password.reveal()), time_limit
    )


async def _in_thread(work: Callable[[Any], Any], time_limit: float) -> Any:
    # A daemon thread, not an executor: one that hangs must not keep the process from ending.
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()

    def finish(value: Any, error: Exception | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(value)
        else:
            done.set_exception(error)

    def run() -> None:
        try:
            import keyring

            value, error = work(keyring), None
        except Exception as raised:
            value, error = None, _as_unavailable(raised)
        # The loop may be closed by now when the limit was reached and the program ended.
        if not loop.is_closed():
            loop.call_soon_threadsafe(finish, value, error)

    threading.Thread(target=run, name="keyring", daemon=True).start()
    try:
        return await asyncio.wait_for(done, time_limit)
    except TimeoutError:
        raise KeyringUnavailable(message("keyring.timeout")) from None


def _as_unavailable(raised: Exception) -> KeyringUnavailable:
    # The text of a backend's error is not shown: it may quote what it was given.
    known = {type(raised).__name__, type(raised.__cause__).__name__}
    if "NoKeyringError" in known:
        return KeyringUnavailable(message("keyring.none"))
    if known & _LOCKED:
        return KeyringUnavailable(message("keyring.locked"))
    return KeyringUnavailable(message("keyring.failed", error=type(raised).__name__))
