"""The log: a file that rotates, that holds no secret, and in which nobody can forge a line.

Front end, engine and sandbox may write to one file; whoever finds it full turns it over, the others
notice. Nothing is ever printed: the terminal belongs to the screen.
"""

from __future__ import annotations

import logging
import os
import re
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tui.text import clean_text

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

LIMIT: Final = 1024 * 1024
"""Bytes in one file."""
BACKUPS: Final = 3
"""Older files kept beside it, `.1` the youngest."""
LONGEST: Final = 2000
"""Characters of one line; a longer one is cut."""
STORM: Final = 10.0
"""Seconds in which the same is not written again without end."""
SAME_LINES: Final = 10
"""Equal lines that are written in that time; the same failure, with its traceback, is written once.
What goes beyond is counted, and the count is written."""
FAULTS_KEPT: Final = 64
"""Different lines that are counted at a time; of more the oldest is forgotten."""

_MEANINGLESS: Final = (
    *("SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGPOLL", "SIGPWR", "SIGSTKFLT"),
)
"""Signals that end a process which says nothing about them, by name: not every system has all."""
_HIDDEN: Final = "•••"
_HEADERS: Final = re.compile(
    r"(?i)\b((?:proxy-)?authori[sz]ation|(?:www|proxy)-authenticate|(?:set-)?cookie)\b"
    r"(['\"]?\s*[:=]).*"
)
_SCHEMES: Final = re.compile(r"(?i)\b(bearer|basic|digest)\s+(?=\S*[=\"0-9])\S.*")
_NAMED: Final = re.compile(
    r"(?i)\b([a-z0-9_-]{0,40}(?:password|passwd|pwd|passphrase|secret|token|signature|cnonce)"
    r"|ha1|seed|response(?=['\"]?\s*=)|response(?=['\"]\s*:)|digest(?=['\"]?\s*[=:]))"
    r"(['\"]?\s*[=:]\s*)(b?\"[^\"]*+\"?|b?'[^']*+'?|[^\s,;&}\])]++)"
)
_IN_ADDRESS: Final = re.compile(
    r"(?i)\b(sips?:|[a-z]{2,5}://)([^\s:@/;<>]{1,200}):[^\s@/;<>]{1,200}@"
)
_DIGEST: Final = re.compile(
    r"(?<![0-9A-Fa-f])([0-9A-Fa-f]{4})[0-9A-Fa-f]{28}(?:[0-9A-Fa-f]{8}|[0-9A-Fa-f]{32})?"
    r"(?![0-9A-Fa-f])"
)


def get_logger(name: str) -> logging.Logger:
    """The logger of one room: "engine", "screen" …"""
    return logging.getLogger(f"tui.{name}")


_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
"""How a log is opened: a pipe in its place that nobody reads is no reason to wait."""


def setup(path: Path, level: int = logging.INFO) -> LogFile:
    """Log to this file from now on: what is ours from `level`, what is of libraries from WARNING.

    Never raises: where the file cannot be written nothing is logged, and `LogFile.trouble` says
    why. A second call replaces the first.
    """
    root = logging.getLogger()
    for known in list(root.handlers):
        if isinstance(known, LogFile):
            root.removeHandler(known)
            known.close()
    handler = LogFile(path)
    handler.setFormatter(Redacted())
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("tui").setLevel(level)
    return handler


def open_to_append(path: Path, *, anew: bool = False) -> int:
    """A descriptor for what native libraries print: at the end of this file, or leading nowhere
    where the file cannot be written (a full or read-only disk, a log that `sudo` left behind: no
    reason to stop). `anew` forgets what stood there."""
    flags = _FLAGS | (os.O_TRUNC if anew else 0)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, flags, 0o600)
    except OSError:
        return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)


def note_signals(loop: AbstractEventLoop) -> None:
    """From now on a signal that would end this process, and that nobody here has given a meaning,
    is a line of the log: one that was meant for another (`pkill` with a word too few, a timer of a
    library) ends no call and leaves no terminal behind as a screen has it."""
    for name in _MEANINGLESS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            loop.add_signal_handler(number, get_logger("signal").warning, "%s: nothing done", name)


def take_output(path: Path) -> int:
    """What this process prints from now on, native libraries included, goes to the end of this
    file. A descriptor of it, or of one that leads nowhere, as `open_to_append` has it."""
    written = open_to_append(path)
    for descriptor in (1, 2):
        os.dup2(written, descriptor)
    return written


def redact(text: str) -> str:
    """The text without what looks like a secret: authorization and cookie headers to the end of
    the line, values by name (password, pwd, token, response, digest …), passwords in addresses, and
    of bare MD5, SHA-1 and SHA-256 all but the first four digits."""
    text = _HEADERS.sub(rf"\1\2 {_HIDDEN}", text)
    text = _SCHEMES.sub(rf"\1 {_HIDDEN}", text)
    text = _NAMED.sub(rf"\1\2{_HIDDEN}", text)
    text = _IN_ADDRESS.sub(rf"\1\2:{_HIDDEN}@", text)
    return _DIGEST.sub(r"\1…", text)


class Redacted(logging.Formatter):
    """One line a record, clean and redacted; a traceback's lines each begin with `  | `, which no
    record does."""

    def format(self, record: logging.LogRecord) -> str:
        moment = time.localtime(record.created)
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", moment) + f".{int(record.msecs):03d}"
        try:
            message = record.getMessage()
        except Exception as error:
            message = f"{record.msg!r} could not be formatted: {type(error).__name__}"
        head = f"{stamp} {record.levelname} {record.name}[{record.process}] "
        lines = [head + redact(clean_text(message, LONGEST))]
        if record.exc_info:
            lines += self._below(self.formatException(record.exc_info))
        if record.stack_info:
            lines += self._below(record.stack_info)
        return "\n".join(lines)

    def _below(self, text: str) -> list[str]:
        made = []
        # Once over all of it too: a secret may stand on the line below its name.
        for line in redact(text).split("\n"):
            indent = " " * min(len(line) - len(line.lstrip(" ")), 40)
            made.append(f"  | {indent}{redact(clean_text(line, LONGEST))}")
        return made


class Repeats:
    """Which records say what was just said: one fault that comes a hundred times a second must not
    turn the log over, and with it all that led to the fault.

    Records are the same when a failure is raised at the same place under the same words, or when a
    line is equal to the letter. The first ones pass; the others are counted, and their count is
    told when the same comes again after STORM seconds, or when anything is logged after them.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[object, ...], tuple[float, int, str]] = {}

    def passes(self, record: logging.LogRecord) -> bool:
        """Whether this record is to be written."""
        key, allowed = _sameness(record)
        since, count, where = self._seen.pop(key, (record.created, 0, record.name))
        if record.created - since >= STORM:
            since, count = record.created, 0
        self._seen[key] = since, count + 1, where
        if len(self._seen) > FAULTS_KEPT:
            del self._seen[next(iter(self._seen))]
        return count < allowed

    def counted(self, now: float, at_last: bool = False) -> list[str]:
        """The counts whose time is over (or all), each once, as texts for the log."""
        told = []
        for key, (since, count, where) in list(self._seen.items()):
            if at_last or now - since >= STORM:
                del self._seen[key]
                beyond = count - (1 if key[0] == "failure" else SAME_LINES)
                if beyond > 0:
                    told.append(f"{where}: the same {beyond} times more: {key[-1]}")
        return told


def _sameness(record: logging.LogRecord) -> tuple[tuple[object, ...], int]:
    """What makes a record the same as another, and how many of these are written."""
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        try:
            text = record.getMessage()
        except Exception:
            text = str(record.msg)
        return ("line", record.name, record.levelno, text), SAME_LINES
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    code = ("", 0) if place is None else (place.tb_frame.f_code.co_filename, place.tb_lineno)
    return ("failure", record.name, *code, str(record.msg), type(error).__name__), 1


class LogFile(logging.Handler):
    """Appends to a file that other processes append to and turn over as well."""

    def __init__(self, path: Path, limit: int = LIMIT, backups: int = BACKUPS) -> None:
        super().__init__()
        self.path = path
        self._limit = limit
        self._backups = backups
        self._file = -1
        self._repeats = Repeats()

    def trouble(self) -> str:
        """Why nothing can be logged, in the system's words; "" when it can. Tries it."""
        self.acquire()
        try:
            if not self._is_current():
                self._open()
        except OSError as error:
            return error.strerror or type(error).__name__
        finally:
            self.release()
        return ""

    def emit(self, record: logging.LogRecord) -> None:
        # A full disk must not cost a call, nor print on the screen.
        with suppress(Exception):
            self._say_counts(record.created)
            if self._repeats.passes(record):
                self._write((self.format(record) + "\n").encode("utf-8", "replace"))

    def _say_counts(self, now: float, at_last: bool = False) -> None:
        for text in self._repeats.counted(now, at_last):
            record = logging.LogRecord("tui.log", logging.WARNING, "", 0, "%s", (text,), None)
            self._write((self.format(record) + "\n").encode("utf-8", "replace"))

    def close(self) -> None:
        self.acquire()
        try:
            with suppress(Exception):
                self._say_counts(time.time(), at_last=True)
            self._shut()
        finally:
            self.release()
        super().close()

    def _write(self, data: bytes) -> None:
        if not self._is_current():
            self._open()
        if os.fstat(self._file).st_size + len(data) > self._limit:
            self._turn_over()
        os.write(self._file, data)

    def _open(self) -> None:
        self._shut()
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.open(self.path, _FLAGS | os.O_NOFOLLOW, 0o600)

    def _shut(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _is_current(self) -> bool:
        """Whether the open file still is the one of that name."""
        if self._file < 0:
            return False
        try:
            there = os.stat(self.path)
        except OSError:
            return False
        return os.path.samestat(there, os.fstat(self._file))

    def _turn_over(self) -> None:
        import fcntl

        # The lock is on the file itself: the second who waits for it finds the name moved on.
        fcntl.flock(self._file, fcntl.LOCK_EX)
        if self._is_current():
            for number in range(self._backups, 0, -1):
                older = self.path if number == 1 else self._backup(number - 1)
                if older.exists():
                    older.replace(self._backup(number))
        self._open()

    def _backup(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")
