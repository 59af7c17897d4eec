"""What actions, screens and widgets may do, whoever carries it out: protocols, no code.

`tui.console.app` puts the parts together that stand behind them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from textual import events
from textual.screen import Screen
from textual.timer import Timer
from textual.worker import Worker

from tui.config.schema import Config
from tui.console.keys.typed_ahead import TypedAhead
from tui.console.screens.directory.model import DirectoryEntry
from tui.console.sign_in_defaults import AccountChoice
from tui.console.view import View
from tui.console.widgets.formats import Clocks
from tui.port.commands import Command, GetHistory, Result, SignIn
from tui.port.values import HistoryEntry
from tui.port.work import Callback, ShiftReport

T = TypeVar("T")


class Stage(Protocol):
    """Where screens are put, and work is begun: so much of Textual's App."""

    @property
    def screen(self) -> Screen[Any]: ...

    @property
    def screen_stack(self) -> list[Screen[Any]]: ...

    def push_screen(
        self, screen: Screen[T], callback: Callable[[T | None], None] | None = None
    ) -> object: ...

    def pop_screen(self) -> object: ...

    def switch_screen(self, screen: Screen[Any]) -> object: ...

    def run_worker(
        self,
        work: Awaitable[T],
        name: str | None = "",
        group: str = "default",
        *,
        exclusive: bool = False,
    ) -> Worker[T]: ...

    def set_timer(self, delay: float, callback: Callable[[], None]) -> Timer: ...

    def exit(self, result: str) -> None: ...

    def copy_to_clipboard(self, text: str) -> None: ...


class CallKeys(Protocol):
    """What the keys for a first, a second and a third party do."""

    def open_dial(self, text: str = "") -> None:
        """Open the field for a number, which begins with `text`."""

    def dial(self, number: str) -> None:
        """Call what was typed."""

    def toggle_directory(self) -> None:
        """Open the directory, or close it."""

    def speak_to(self, entry: DirectoryEntry) -> None:
        """Call somebody; in a call, ask how to bring them in."""

    def add_to_call(self) -> None:
        """Ask whom to transfer to or to bring in; call back who is on the way."""

    def pick_up(self) -> None:
        """Take what rings at the marked colleague, else at whom it rings longest."""

    def fetch(self) -> None:
        """Take the parked call; of several, ask which."""

    def hang_up(self) -> None:
        """Hang up or decline; ask who stays while three are in the call."""

    def open_tones(self) -> None:
        """Open the field for a row of tones."""

    def type_tones(self, digits: str) -> None:
        """Send digits as tones."""

    def close_tones(self) -> None:
        """Close that field."""

    typed_ahead: TypedAhead
    """What was typed behind the key that answers."""

    def answer(self, command: Command) -> None:
        """Answer; what is typed from now on is the call's note."""

    def too_late(self) -> bool:
        """Whether a digit or Enter may be meant for what went by itself under the fingers; until
        there is a pause the next one may be as well."""

    def dismiss(self) -> None:
        """Close a field, else put away what was said and the call that is over."""


class SessionControl(Protocol):
    """What lets the agent in and out."""

    def sign_in(self, command: SignIn, *, keyring: bool) -> None:
        """Sign in; with `keyring` the password is read from there, or kept there."""

    def carry_voice(self, server: str) -> None:
        """Carry the sound to this PulseAudio once signed in; "" for none."""

    def use_profile(self, name: str) -> None:
        """Put this profile's policies in force."""

    def join(self, gid: str) -> None:
        """Sign in to a group; "0" for none."""

    def refresh_groups(self) -> None:
        """Read the groups' states again."""

    def choose_account(self, account: AccountChoice | None) -> None:
        """Look at this running engine; None: sign in anew."""

    sandbox_starting: bool

    def start_sandbox(self) -> None:
        """Start a sandbox, and fill the form in."""

    def back(self) -> None:
        """From a list back to the sign-in."""

    def leave(self) -> None:
        """Ask how to leave; without a session, quit."""


class Pages(Protocol):
    """What opens and closes pages, dialogs and the history."""

    def toggle_help(self) -> None: ...

    def open_palette(self) -> None: ...

    def toggle_history(self) -> None: ...

    def show_missed(self) -> None:
        """The history, with the calls that nobody took."""

    def open_entry(self) -> None:
        """The marked call of the history in full; its note can be mended."""

    def load_history(self, command: GetHistory) -> None:
        """Ask for a page; the history takes it when it is there."""

    def redial(self, entry: HistoryEntry) -> None:
        """Ask, then call that number again."""

    def export_history(self) -> None:
        """Ask for a file name, and write there what the search matches."""

    def copy_number(self) -> None:
        """The number in sight to the terminal's clipboard (OSC 52)."""

    def copy_note(self) -> None:
        """The note in sight to the terminal's clipboard (OSC 52)."""

    def change_phone_mode(self) -> None:
        """Calls go to a mobile phone, or come here again."""

    def open_settings(self) -> None: ...

    def toggle_check(self) -> None: ...

    def toggle_supervise(self) -> None: ...

    def open_sound_test(self) -> None: ...

    def toggle_log(self) -> None: ...

    def toggle_ladder(self) -> None:
        """The last messages both ways, or away with them."""

    def show_failure(self) -> None:
        """The last failure again, with what to do about it."""


class Work(Protocol):
    """What an agent does besides the calls."""

    def choose_break(self) -> None:
        """Ask for which break the seat is to be busy."""

    def toggle_callbacks(self) -> None:
        """The list of whom to call, or away with it."""

    def dial_callback(self, row: Callback) -> None:
        """Call one of the list; when that call is written up, the list comes back."""

    def ask_when(self, who: str, id: int = 0) -> None:
        """Ask when to call back: the call-back of that id, else the last call."""

    def plan(self) -> None:
        """Ask when to call back whoever is in the call, or was in the last one."""

    def run_own(self, name: str) -> None:
        """Run an action of the agent's own, about the call that is marked."""

    def script_file(self) -> str:
        """The script of the call that is there; "" when it has none."""

    def toggle_script(self) -> None:
        """What to say in this call, or away with it."""

    def toggle_shift(self) -> None:
        """The figures of the shift, or away with them."""

    def export_shift(self, report: ShiftReport) -> None:
        """Ask for a file name, and write the figures there."""

    def read_in_callbacks(self) -> None:
        """Ask for a CSV of numbers, and have it read in."""


class KioskControl(Protocol):
    """What a desk for whoever comes asks."""

    def with_pin(self, then: Callable[[], None]) -> None:
        """Ask for the PIN; do it when it is right."""


class TourControl(Protocol):
    """The six sentences of the first day."""

    def begin(self) -> None:
        """From the first sentence on."""

    def next(self) -> None:
        """The next sentence; after the last one it is over."""

    def end(self) -> None:
        """Over, or skipped."""


class AppearanceControl(Protocol):
    """Language, theme, keys, settings."""

    @property
    def config(self) -> Config:
        """The settings in force."""

    @property
    def theme_directories(self) -> tuple[Path, ...]:
        """Where themes are looked for, in order."""

    def use_config(self, config: Config) -> None:
        """Put changed settings in force, as far as they are the screen's."""

    def use_theme(self, name: str) -> tuple[str, ...]:
        """Draw with this theme; returns what is wrong with the themes."""

    def reload_themes(self) -> None:
        """Read the themes' files again."""


class Desk(Protocol):
    """The agent's desk, as actions and screens know it."""

    @property
    def view(self) -> View:
        """What the screens are drawn from now."""

    @property
    def clocks(self) -> Clocks: ...

    @property
    def guarded(self) -> bool:
        """Whether what is shown changed under the finger just now."""

    @property
    def calls(self) -> CallKeys: ...

    @property
    def session(self) -> SessionControl: ...

    @property
    def pages(self) -> Pages: ...

    @property
    def work(self) -> Work: ...

    @property
    def appearance(self) -> AppearanceControl: ...

    @property
    def tour(self) -> TourControl: ...

    @property
    def kiosk(self) -> KioskControl: ...

    def do(self, id: str) -> None:
        """Carry out the action of that id, if it can be done now."""

    def change(self, **changes: Any) -> None:
        """Change the view, and draw what differs."""

    def send(self, command: Command) -> None:
        """Send a command; what it cannot do is said in the notice row."""

    async def ask(self, command: Command) -> Result:
        """Send a command, and take its answer."""

    def screen_ready(self) -> None:
        """The first screen is built: it gets the keys that came before it."""

    def catch_key(self, taker: Callable[[events.Key], None] | None) -> None:
        """Give the next key to `taker` before anything else sees it; None: to nobody."""
