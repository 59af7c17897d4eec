"""Textual's driver with our border: input through `TerminalInput`, output that knows what the
terminal has taken."""

from __future__ import annotations

import logging
import os
import selectors
import signal
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from threading import Condition, Event
from time import monotonic
from typing import Any, Final

from textual import constants, events
from textual.drivers import linux_driver
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size
from textual.message import Message

from tui.console.terminal.input import (
    ALT_AS_BEFORE,
    ALT_BY_ESCAPE,
    ALT_ON,
    ALTERNATES,
    MOST_COLUMNS,
    MOST_ROWS,
    READY_QUERY,
    TerminalInput,
    TerminalReady,
    escape_wait,
)

log = logging.getLogger("tui.terminal")

AHEAD: Final = 1024
"""Bytes that may be under way before the next frame waits."""
_MOUSE_ON: Final = "\x1b[?1000h\x1b[?1006h"
_KEYBOARD: Final = "\x1b[={};1u".format(
    linux_driver.KITTY_DISAMBIGUATE_ESCAPE_CODES
    | linux_driver.KITTY_REPORT_ALL_KEYS
    | linux_driver.KITTY_REPORT_ASSOCIATED_TEXT
)
"""What Textual asks of kitty's protocol, set where it pushes."""
GIVE_UP: Final = 15.0
"""Seconds without an answer after which the terminal is taken for one that answers nothing."""
FAREWELL: Final = 1.5
"""Seconds that a terminal has at the end for the answers that it owes."""


def _said(name: str, otherwise: int, most: int) -> int:
    """What the environment says, where that can be."""
    with suppress(ValueError):
        if 0 < (number := int(os.environ.get(name, ""))) <= most:
            return number
    return otherwise


class StopEvent(Event):
    """An event that a selector can wait for beside others."""

    def __init__(self) -> None:
        super().__init__()
        self._read, self._write = os.pipe()
        self.closed = False

    def fileno(self) -> int:
        """Readable while it is set."""
        return self._read

    def set(self) -> None:
        if not self.is_set():
            os.write(self._write, b"!")
        super().set()

    def clear(self) -> None:
        if self.is_set():
            os.read(self._read, 1)
        super().clear()

    def close(self) -> None:
        """It is neither set nor waited for any more."""
        if not self.closed:
            self.closed = True
            os.close(self._read)
            os.close(self._write)


class TerminalDriver(LinuxDriver):
    """After each frame the terminal is asked whether it is ready: its answer comes after all that
    it had to take before, over any network, where the buffers on the way say nothing."""

    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(app, **options)
        self._size = self._size or self._get_terminal_size()
        self.exit_event = self._stop = StopEvent()
        self._waiting: deque[tuple[int, float]] = deque()
        """Frames that are not known to be taken: bytes, and when they were written."""
        self._answers = False
        self._asked = self._answered = 0
        """Questions that were written; answers that came, by the thread that reads."""
        self._heard = Condition()
        self._lost = False
        """The terminal was taken away."""
        self.fresh = True
        """Nothing of ours is on the terminal; whoever draws next takes it back."""
        self._set_up = True
        """The terminal has our modes, as far as we know."""
        self._size_then = (0, 0)
        """Columns and rows when they were looked at last."""

    def _get_terminal_size(self) -> tuple[int, int]:
        """Columns and rows, as the terminal's line has them. `COLUMNS` and `LINES`, which Textual
        asks first, stay as they are when a window changes (`resize` and some profiles export them):
        they count where the line knows nothing, as a serial one, or says what no screen has."""
        columns = rows = 0
        with suppress(OSError):
            columns, rows = os.get_terminal_size(self.fileno)
        if 0 < columns <= MOST_COLUMNS and 0 < rows <= MOST_ROWS:
            return columns, rows
        return _said("COLUMNS", 80, MOST_COLUMNS), _said("LINES", 24, MOST_ROWS)

    @property
    def busy(self) -> bool:
        """The terminal has not yet taken what was drawn last."""
        if not self._answers:
            return False
        if self._waiting and monotonic() - self._waiting[0][1] > GIVE_UP:
            self._answers = False
            self._waiting.clear()
        return sum(size for size, _ in self._waiting) > AHEAD

    def write(self, data: str) -> None:
        """As Textual's, while there is somebody who writes: a job in the background has nobody, and
        what is left for later would fill the queue that the loop waits for."""
        if self._writer_thread is not None and self._writer_thread.is_alive():
            super().write(data)

    def look_again(self) -> None:
        """Somebody wants to see it all, perhaps on another terminal: with the next frame that gets
        our modes and the whole screen; what the one before was to take is not waited for."""
        self._waiting.clear()
        self.fresh, self._set_up = True, False

    def write_frame(self, data: str) -> None:
        """Write a frame, and ask to be told when it is taken."""
        if not self._set_up:
            self._set_up = True
            data = self._modes() + data
        if self.input_tty:
            self._waiting.append((len(data.encode("utf-8", "replace")), monotonic()))
            while not self._answers and len(self._waiting) > 1:
                self._waiting.popleft()
            data += READY_QUERY
            self._asked += 1
        self.write(data)

    def ready(self) -> None:
        """An answer has come: the oldest frame is taken."""
        self._answers = True
        if self._waiting:
            self._waiting.popleft()

    def _enable_mouse_support(self) -> None:
        # In place of Textual's, which asks for every move as well: 200 of them are 17 kB of hover.
        if self._mouse:
            self.write(_MOUSE_ON)
            self.flush()

    def _enable_mouse_pixels(self) -> None:
        # Nothing here needs a place within a cell, and not every terminal that tells its size in
        # its input (mode 2048) knows how large a cell is, or counts in pixels (mode 1016).
        pass

    def _disable_mouse_support(self) -> None:
        if self._mouse:
            self.write("\x1b[?1000l\x1b[?1006l")
            self.flush()

    def run_input_thread(self) -> None:
        """Wait for input, and send on what it means. While nothing is half said, that is a sleep
        without an end: an idle screen costs nothing."""
        terminal = TerminalInput(escape_wait(os.environ))
        stop = self._stop
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            selector.register(stop, selectors.EVENT_READ)
            while not stop.is_set():
                come = {key.fd for key, _ in selector.select(terminal.due)}
                data = self._read() if self.fileno in come else None
                if data == b"":
                    self._gone()
                    stop.wait()  # the end of a pipe would be ready for ever
                    return
                try:
                    for message in terminal.feed(data) if data else terminal.tick():
                        self.process_message(message)
                except Exception:
                    # Whatever a terminal sends, it ends no screen.
                    log.exception(
                        "input that could not be read was dropped: %d bytes", len(data or b"")
                    )
                    terminal = TerminalInput(escape_wait(os.environ))

    def _read(self) -> bytes:
        try:
            return os.read(self.fileno, 4096)
        except OSError:  # EIO: there is no terminal any more
            return b""

    def _gone(self) -> None:
        """The terminal was taken away. Whose controlling terminal it is has been told so (SIGHUP);
        one that has none, as in a container or under a script, would wait for keys for ever."""
        with self._heard:
            self._lost = True
            self._heard.notify_all()
        if self.input_tty:
            os.kill(os.getpid(), signal.SIGHUP)

    def process_message(self, message: Message) -> None:
        """As Textual's, in the thread that reads."""
        if isinstance(message, TerminalReady):
            with self._heard:
                self._answered += 1
                self._heard.notify_all()
        super().process_message(message)

    def disable_input(self) -> None:
        """As Textual's, once the terminal has answered all that it was asked: what came later would
        be typed at the shell."""
        reads = self._key_thread is not None and self._key_thread.is_alive()
        if self._answers and reads and not self._stop.is_set():
            self._disable_mouse_support()
            self.write(READY_QUERY)
            with self._heard:
                self._asked += 1
                self._heard.wait_for(lambda: self._lost or self._answered >= self._asked, FAREWELL)
        super().disable_input()

    def _sigtstp_application(self, *_: object) -> None:
        self._later(super()._sigtstp_application)

    def _sigcont_application(self, *_: object) -> None:
        self._later(self._continued)

    def _later(self, work: Callable[[], None]) -> None:
        """Do a signal's work in the loop. Its handler runs in the middle of what goes on: within a
        write it would wait for that write's lock without an end. A hang-up sends SIGCONT."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(work)

    def _resized(self, *_: object) -> None:
        self._later(self._look_at_size)

    def _look_at_size(self) -> None:
        """Somebody says that the size is another. It may be the terminal that is: one that attaches
        to what dtach or abduco keep running knows neither our modes nor whether its size is to be
        told in our input (mode 2048). Where the size is the same nothing else draws."""
        size = self._get_terminal_size()
        self.look_again()
        if size == self._size_then:
            self._app.post_message(self.SignalResume())
        self._size_then = size
        self._app.post_message(events.Resize(Size(*size), Size(*size)))

    def _modes(self) -> str:
        """What `start_application_mode` sets, without what goes on a stack of the terminal's."""
        mouse = _MOUSE_ON if self._mouse else ""
        keyboard = "" if constants.DISABLE_KITTY_KEY else _KEYBOARD + ALTERNATES
        return f"\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[?7l{mouse}{ALT_ON}{keyboard}"

    def _continued(self) -> None:
        """As Textual's, for a stop that nobody asked us for (SIGSTOP) as well: with what it set up
        before still there, two threads would part the keys among them."""
        if not self._stop.closed:
            self.suspend_application_mode()
        self._must_signal_resume = True
        super()._sigcont_application()

    def stop_application_mode(self) -> None:
        """As Textual's; Alt is as it was before."""
        self.write(ALT_AS_BEFORE)
        super().stop_application_mode()

    def close(self) -> None:
        """As Textual's, after the last input."""
        super().close()
        self._stop.close()

    def start_application_mode(self) -> None:
        """As Textual's; the terminal shows nothing of ours then. Who stopped us (SIGTSTP) had the
        driver closed, and what the terminal answered meanwhile is nowhere."""
        self.fresh = self._set_up = True
        self._size_then = self._get_terminal_size()
        self._waiting.clear()
        self._asked = self._answered
        if self._stop.closed:
            self.exit_event = self._stop = StopEvent()
        super().start_application_mode()  # type: ignore[no-untyped-call]
        # Not asked for, in spite of Textual: it takes the focus from a field meanwhile, and whoever
        # looks into another window in the middle of a note would not come back into it.
        self.write("\x1b[?1004l" + ALT_BY_ESCAPE)
        # In place of Textual's, which heeds no signal any more once a size came in the input.
        signal.signal(signal.SIGWINCH, self._resized)
        if not constants.DISABLE_KITTY_KEY:
            self.write(ALTERNATES)
            self.flush()
