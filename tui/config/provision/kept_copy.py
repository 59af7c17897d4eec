"""The last good copy of the settings from the administrator's server, in the state directory.

Only what carries the administrator's signature is written here, and it is looked at again each time
that it is read: who can write in the directory of a user is not the administrator.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from tui.config.errors import END, ConfigError
from tui.config.frozen import frozen
from tui.config.provision.settings import ProvisionSettings

NAME: Final = "provisioned.toml"
_SIGNATURE: Final = "provisioned.toml.sig"
_LOOKED: Final = "provisioned.json"


@frozen
class LastLook:
    """When the server was asked last, and what came of it. `why` is "" where the settings came."""

    at: float = 0.0
    """Seconds since 1970; 0: never."""
    good: float = 0.0
    """When the copy came; 0: there is none."""
    why: str = ""
    """A message's id, with its values."""
    values: tuple[tuple[str, str], ...] = ()


def is_signed(text: bytes, signature: bytes, key: str) -> bool:
    """Whether `signature` (Base64 of Ed25519's 64 bytes, RFC 8032) is that key's of this text."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        raw = base64.b64decode(b"".join(signature.split()), validate=True)
        Ed25519PublicKey.from_public_bytes(base64.b64decode(key)).verify(raw, text)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def read_copy(settings: ProvisionSettings, folder: Path) -> str | None:
    """The text of the copy, None where there is none. Raises ConfigError when it is not, or not any
    more, what the administrator signed."""
    try:
        text = (folder / NAME).read_bytes()
        signature = (folder / _SIGNATURE).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        what = {"file": str(folder / NAME), "error": error.strerror or str(error)}
        raise ConfigError(("config.unreadable", what)) from None
    if not is_signed(text, signature, settings.key):
        raise ConfigError(("config.in", {"file": NAME}), ("config.not_signed", {}), END)
    return text_of_copy(text)


def text_of_copy(data: bytes) -> str:
    """As it is read, whatever its ends of lines, with a byte-order mark or without."""
    return data.decode("utf-8-sig").replace("\r\n", "\n")


def keep_copy(folder: Path, text: bytes, signature: bytes) -> None:
    """Write a good copy. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The signature first: killed in between, the two do not fit, and the next look mends it.
    for name, data in ((_SIGNATURE, signature), (NAME, text)):
        beside = folder / f".{name}.{os.getpid()}"
        beside.write_bytes(data)
        beside.replace(folder / name)


def last_look(folder: Path) -> LastLook:
    """What came of the last look; nothing where that is not known."""
    try:
        read: Any = json.loads((folder / _LOOKED).read_text("utf-8"))
        values = tuple((str(name), str(value)) for name, value in dict(read["values"]).items())
        return LastLook(float(read["at"]), float(read["good"]), str(read["why"]), values)
    except (OSError, ValueError, KeyError, TypeError):
        return LastLook()


def note_look(folder: Path, why: str, values: Mapping[str, str] | None = None) -> None:
    """Remember what came of a look, now; that it cannot be written costs nothing else."""
    at = time.time()
    good = last_look(folder).good if why else at
    look = {"at": at, "good": good, "why": why, "values": dict(values or {})}
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = folder / f".{_LOOKED}.{os.getpid()}"
        beside.write_text(json.dumps(look), "utf-8")
        beside.replace(folder / _LOOKED)
