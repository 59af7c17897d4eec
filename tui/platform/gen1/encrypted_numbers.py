"""Encrypted numbers of generation 1 (1.4.6): the agent's screen never sees the customer's number.

`call(number, type)` takes a number as the enterprise's own web page has it, encrypted with a key
that was agreed beforehand, and events keep it so. AES-128 in ECB mode, PKCS#5, base64url: ECB has
no place for an initialisation vector and gives equal numbers equal texts. Nobody would choose it
today. It is what the platform speaks, and the equal texts are what lets a call be known again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from tui.platform.base import ToCall as ToCall
from tui.secrets import Secret
from tui.text import clean_text

BLOCK: Final = 16
LONGEST: Final = 256
"""Characters of an encrypted number that are looked at; a number of 32 digits takes 64."""
_SEED: Final = re.compile(r"[0-9A-Fa-f]{32}")
_TEXT: Final = re.compile(r"[A-Za-z0-9_-]+={0,2}")


def key_of(seed: Secret) -> Secret:
    """The first 32 hexadecimal digits of SHA1(SHA1(seed)). The outer hash is over the inner one's
    bytes, the inner one over the seed as it is written [assumed: its case counts].

    Raises ValueError when the seed is not 32 hexadecimal digits.
    """
    written = seed.reveal().strip()
    if not _SEED.fullmatch(written):
        raise ValueError("the seed is 32 hexadecimal digits")
    # SHA-1 is the platform's way from the seed to the key; nothing rests on its collisions.
    inner = hashlib.sha1(written.encode(), usedforsecurity=False).digest()
    return Secret(hashlib.sha1(inner, usedforsecurity=False).hexdigest()[:32])


def decrypt(text: str, key: Secret) -> str | None:
    """What was encrypted, cleaned; None when this key made nothing of the kind."""
    given = text.strip()
    if len(given) > LONGEST or not _TEXT.fullmatch(given):
        return None
    try:
        data = base64.urlsafe_b64decode(given.rstrip("=") + "=" * (-len(given.rstrip("=")) % 4))
        if not data or len(data) % BLOCK:
            return None
        decryptor = _cipher(key).decryptor()
        unpadder = PKCS7(8 * BLOCK).unpadder()
        padded = decryptor.update(data) + decryptor.finalize()
        return clean_text((unpadder.update(padded) + unpadder.finalize()).decode())
    except (binascii.Error, ValueError):  # UnicodeDecodeError is a ValueError
        return None


def to_call(text: str, key: Secret) -> ToCall:
    """`call(number, type)` for an encrypted number: anything but digits is no call."""
    found = decrypt(text, key)
    if found is None:
        return ToCall("", clean_text(text))
    return ToCall(found if found.isascii() and found.isdigit() else "", found)


def _cipher(key: Secret) -> Cipher[modes.ECB]:
    return Cipher(algorithms.AES(bytes.fromhex(key.reveal())), modes.ECB())  # noqa: S305 - above
