"""How a command ends: its exit code, and why on standard error.

Codes: 0 done · 1 refused by the platform or the engine, or something failed · 2 not understood ·
3 no engine runs · 4 several engines run and `--account` does not say which.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from tui.cli.interrupts import INTERRUPTED

if TYPE_CHECKING:
    from tui.config.errors import ConfigError
    from tui.config.schema import Config

OK, REFUSED, USAGE, NO_ENGINE, SEVERAL = 0, 1, 2, 3, 4
_CANNOT_WRITE: Final = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EFBIG)


def steady_streams() -> None:
    """Descriptors 0, 1 and 2 are there, whoever started us closed them: else the next file that is
    opened would be one of them. What an output's encoding does not have is replaced."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115 - as long as we live
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def written(command: Callable[[], int]) -> int:
    """Run a command whose output may end: the exit code. A reader that has seen enough is no
    error; an output that cannot be written is one in words; who pressed Ctrl+C knows why."""
    try:
        code = command()
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        _silence()
        return OK
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        if error.errno not in _CANNOT_WRITE:
            raise
        _silence()
        from tui.console import i18n

        return complain(i18n.tr("cli.cannot_write", error=error.strerror), REFUSED)
    except Exception as error:
        if not _interrupted(error):
            raise
        return INTERRUPTED


def _interrupted(error: BaseException | None) -> bool:
    """Whether it comes of Ctrl+C: Python gives an exception in a class's making another name."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _silence() -> None:
    """Nothing more is written, not even at exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def coloured() -> bool:
    """Whether a terminal is written to in colours (no-color.org)."""
    return not os.environ.get("NO_COLOR")


def complain(sentence: str, code: int) -> int:
    """Say it on standard error; the exit code, which is the same where nobody reads that."""
    with suppress(OSError, ValueError):
        print(f"yimi: {sentence}", file=sys.stderr, flush=True)
    return code


def complain_config(error: ConfigError) -> int:
    """Say all that is wrong with the config or the directories, in the system's language: the
    config's is not known."""
    from tui.console import i18n

    speak_as_the_system()
    for each in (error, *error.others):
        complain(i18n.config_sentence(each), USAGE)
    return USAGE


def speak_as_the_system() -> None:
    """Say what follows in the language of the system."""
    from tui.console import i18n

    i18n.set_language(i18n.from_locale(os.environ))


def speak(config: Config) -> None:
    """Say what follows in the language of the config, else of the system."""
    from tui.console import i18n

    i18n.set_language(config.ui.language or i18n.from_locale(os.environ))
