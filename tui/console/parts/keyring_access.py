"""The password of a sign-in, from the keyring and into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.port.values import Message, message

if TYPE_CHECKING:
    from tui.port.commands import SignIn
    from tui.secrets import Secret


async def password_of(command: SignIn) -> Secret | Message:
    """The password that is kept for the account, or why there is none."""
    from tui.console import keyring_store as store

    name = store.account_name(command.un, command.switchnumber, command.backend)
    try:
        password = await store.load(name)
    except store.KeyringUnavailable as error:
        return error.message
    return message("keyring.empty") if password is None else password


async def keep_password(command: SignIn) -> Message | None:
    """Keep the password of the account; what is wrong, if something is."""
    from tui.console import keyring_store as store

    name = store.account_name(command.un, command.switchnumber, command.backend)
    try:
        await store.save(name, command.pwd)
    except store.KeyringUnavailable as error:
        return error.message
    return None
