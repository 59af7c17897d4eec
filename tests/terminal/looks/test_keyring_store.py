"""The keyring is asked in a thread, with a limit; whatever is wrong with it is a sentence."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import keyring
import keyring.backends.fail
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from tui.console import keyring_store as store
from tui.secrets import Secret


class Memory(KeyringBackend):
    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False
        self.open = threading.Event()
        self.open.set()

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked("Failed to unlock the collection!")
        self.open.wait(20)
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if password == "refuse":
            raise RuntimeError(f"cannot keep {password}")
        self.kept[service, username] = password


@pytest.fixture
def memory() -> Iterator[Memory]:
    before = keyring.get_keyring()
    backend = Memory()
    keyring.set_keyring(backend)
    yield backend
    backend.open.set()
    keyring.set_keyring(before)


async def test_a_password_comes_back(memory: Memory) -> None:
    name = store.account_name("1001", "02500001234", "https://example.invalid/")
    assert await store.load(name) is None
    await store.save(name, Secret("pw-1001"))
    assert await store.load(name) == Secret("pw-1001")
    assert name == store.account_name("1001", "02500001234", "https://example.invalid")


async def test_no_keyring_is_a_sentence(memory: Memory) -> None:
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    with pytest.raises(store.KeyringUnavailable) as caught:
        await store.load("x")
    assert caught.value.message.id == "keyring.none"


async def test_a_keyring_that_hangs_is_left(memory: Memory) -> None:
    memory.open.clear()
    with pytest.raises(store.KeyringUnavailable) as caught:
        await store.load("x", time_limit=0.05)
    assert caught.value.message.id == "keyring.timeout"


async def test_a_keyring_that_nobody_unlocks_is_said_to_be_locked(memory: Memory) -> None:
    memory.locked = True
    with pytest.raises(store.KeyringUnavailable) as caught:
        await store.load("x")
    assert caught.value.message.id == "keyring.locked"


async def test_an_error_does_not_quote_the_password(memory: Memory) -> None:
    with pytest.raises(store.KeyringUnavailable) as caught:
        await store.save("x", Secret("refuse"))
    assert caught.value.message.values == (("error", "RuntimeError"),)
