"""Who is at the other end of the headset's socket: whoever knows the secret of this login.

The socket's owner is this user on both machines, which the kernel says. The secret tells one login
from another, and a program of the same user that only found the socket from the engine that was
told of it. It never crosses the wire: each end proves that it has it (HMAC-SHA256, RFC 2104) over
both ends' nonces. No I/O; nonces are arguments.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from enum import StrEnum
from typing import Final

import tui
from tui.media.headset.wire import VERSION, Farewell, Greeting, Proven, Told, Welcome
from tui.secrets import Secret
from tui.text import clean_text

NONCE: Final = 16
"""Bytes."""


class Doubt(StrEnum):
    """Why the other end is not believed."""

    VERSION = "version"
    SECRET = "secret"  # noqa: S105 - its name
    ORDER = "order"
    """It said something else than was its turn."""


class NotBelieved(Exception):
    """The other end is not who it should be. `last` is to be sent before the connection ends;
    `theirs` its version, as far as it said one."""

    def __init__(self, doubt: Doubt, last: Farewell | None = None, theirs: str = "") -> None:
        super().__init__(str(doubt))
        self.doubt, self.last, self.theirs = doubt, last, clean_text(theirs)[:40]


def fresh_secret() -> Secret:
    """One login's."""
    return Secret(secrets.token_hex(32))


def fresh_nonce() -> str:
    """What one connection is proved with: NONCE random bytes, in hex."""
    return secrets.token_hex(NONCE)


def _proof(secret: Secret, who: str, far: str, near: str) -> str:
    said = f"yimi headset {who} {far} {near}".encode("utf-8", "surrogatepass")
    return hmac.new(secret.reveal().encode("utf-8", "surrogatepass"), said, "sha256").hexdigest()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


class FarProof:
    """The engine's end: it speaks first."""

    def __init__(self, secret: Secret, nonce: Callable[[], str] = fresh_nonce) -> None:
        self._secret, self._nonce = secret, nonce()

    def begin(self) -> Greeting:
        """What is said first."""
        return Greeting(VERSION, tui.__version__, self._nonce)

    def take(self, told: Told) -> Proven:
        """The answer, after which the other end is believed. Raises NotBelieved."""
        match told:
            case Farewell(why, version):
                doubt = Doubt.VERSION if why == "version" else Doubt.SECRET
                raise NotBelieved(doubt, None, version)
            case Welcome(wire, version, nonce, proof):
                if wire != VERSION:
                    raise NotBelieved(Doubt.VERSION, _goodbye("version"), version)
                if not _same(proof, _proof(self._secret, "near", self._nonce, nonce)):
                    raise NotBelieved(Doubt.SECRET, _goodbye("secret"), version)
                return Proven(_proof(self._secret, "far", self._nonce, nonce))
        raise NotBelieved(Doubt.ORDER)


class NearProof:
    """The end at the headset: it answers."""

    def __init__(self, secret: Secret, nonce: Callable[[], str] = fresh_nonce) -> None:
        self._secret, self._nonce = secret, nonce()
        self._theirs: str | None = None

    def take(self, told: Told) -> Welcome | None:
        """What is to be answered; None when the other end is believed from now on. Raises
        NotBelieved."""
        match told:
            case Greeting(wire, version, nonce) if self._theirs is None:
                if wire != VERSION:
                    raise NotBelieved(Doubt.VERSION, _goodbye("version"), version)
                self._theirs = nonce
                proof = _proof(self._secret, "near", nonce, self._nonce)
                return Welcome(VERSION, tui.__version__, self._nonce, proof)
            case Proven(proof) if self._theirs is not None:
                if not _same(proof, _proof(self._secret, "far", self._theirs, self._nonce)):
                    raise NotBelieved(Doubt.SECRET, _goodbye("secret"))
                return None
        raise NotBelieved(Doubt.ORDER)


def _goodbye(why: str) -> Farewell:
    return Farewell(why, tui.__version__)
