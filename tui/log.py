"""The log: one named logger a room; rotating, for its owner only, and without secrets.

Values that must not be read are `Secret`s and never get here as text; the redaction below is the
second net, for headers and bodies of other people's making.
"""

from __future__ import annotations

import logging
import logging.handlers
import os
import re
import traceback
from pathlib import Path
from typing import Final

_FORMAT: Final = "%(asctime)s %(process)d %(levelname)s %(name)s %(message)s"
_BYTES: Final = 1_000_000
_FILES: Final = 3
_LINE: Final = 8_000
"""Characters of one record at most; what is longer is cut."""
_STARS: Final = "••••"
_HEADER: Final = re.compile(r"(?i)\b((?:proxy-)?authorization|cookie|set-cookie)(\s*:\s*)[^\r\n]+")
_FIELD: Final = re.compile(
    r"""(?ix) \b (pwd|passw(?:or)?d|passphrase|secret|token|access_token|signature|response)
        (["']?\s*[:=]\s*) ("[^"]*"|'[^']*'|[^\s,;&}\]]+)"""
)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def get_logger(name: str) -> logging.Logger:
    """The logger of a room: `yimi.NAME`."""
    return logging.getLogger(f"yimi.{name}")


def redact(text: str) -> str:
    """The text with values of secret-looking names starred, and without control characters."""
    text = _HEADER.sub(rf"\1\2{_STARS}", text)
    text = _FIELD.sub(rf"\1\2{_STARS}", text)
    return _CONTROL.sub("�", text)


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        text = redact(super().format(record))
        return text if len(text) <= _LINE else text[:_LINE] + " …"

    def formatException(self, ei: object) -> str:
        # Frames without their local variables, whatever hook is installed.
        assert isinstance(ei, tuple)
        return "".join(traceback.format_exception(*ei)).rstrip()


class _OwnerOnly(logging.handlers.RotatingFileHandler):
    def _open(self) -> object:  # type: ignore[override]
        os.close(os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
        return super()._open()


def setup(path: Path, level: int = logging.INFO) -> None:
    """Log to the file from now on: ours from `level`, other libraries' warnings. A file that
    cannot be written is no reason not to run: then nothing is logged."""
    handler: logging.Handler
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handler = _OwnerOnly(path, maxBytes=_BYTES, backupCount=_FILES, encoding="utf-8")
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(_Formatter(_FORMAT))
    logging.raiseExceptions = False  # a full disk spoils no screen
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("yimi").setLevel(level)
