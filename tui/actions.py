"""The one registry of actions: keys, key bar, help, palette and README's table come from it.

`python -m tui.actions` prints the table as Markdown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from tui.engine.state import (
    VOIP,
    CallState,
    Hearing,
    Leg,
    Message,
    Phase,
    Snapshot,
    Status,
    ThirdState,
    WrapUpMode,
)

if TYPE_CHECKING:
    from tui.engine.commands import Command


class Place(StrEnum):
    """Which screen is shown."""

    ACCOUNTS = "accounts"
    SIGN_IN = "sign-in"
    GROUPS = "groups"
    CONSOLE = "console"


@dataclass(frozen=True, slots=True)
class View:
    """All that a screen is drawn from."""

    snapshot: Snapshot = field(default_factory=Snapshot)
    place: Place = Place.SIGN_IN
    connected: bool = False
    """An engine answers."""
    dialling: bool = False
    """The dial field is open."""
    typing: bool = False
    """The field for a row of tones is open."""
    directory: bool = False
    """The directory is open."""
    history: bool = False
    """The history of calls is open."""
    figures: bool = False
    """The figures of the call's sound are open."""
    failed: bool = False
    """There was a failure, which can be looked at again."""
    sandbox_offered: bool = False
    may_decline: bool = True
    """The policy: whether an offered call may be declined."""
    notice: Message | None = None
    """What to say in the notice line."""


def _always(view: View) -> bool:
    return True


def _nothing(view: View) -> Command | None:
    return None


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a key does. `alias` works only where no field has the focus. `bound` False:
    the key belongs to a widget, and stands here to be shown. `command` is what goes to the
    engine; an action without one is the screen's own. A `destructive` one is ignored for a
    moment after a call changed state under the finger."""

    id: str
    key: str
    available: Callable[[View], bool] = _always
    command: Callable[[View], Command | None] = _nothing
    label: Callable[[View], str] | None = None
    """The message id of what it does now; `action.ID` when None."""
    alias: str = ""
    destructive: bool = False
    bound: bool = True

    def label_of(self, view: View) -> str:
        """The message id of the label now."""
        return self.label(view) if self.label else f"action.{self.id}"


# ---------------------------------------------------------------- when


def _state(view: View) -> CallState | None:
    call = view.snapshot.call
    return call.state if call is not None and call.live else None


def _console(view: View) -> bool:
    return view.place is Place.CONSOLE and view.connected


def _signed_in(view: View) -> bool:
    return _console(view) and view.snapshot.phase is Phase.SIGNED_IN


SIP: Final = "sip"
"""The kind of account with a phone of one's own: lines, and no platform."""
LINES: Final = 4
_UP: Final = (CallState.TALKING, CallState.HOLDING)


def own_lines(view: View) -> bool:
    """Whether there can be several calls at once."""
    account = view.snapshot.account
    return account is not None and account.kind == SIP


def _live(view: View) -> int:
    return sum(call.live for call in view.snapshot.calls)


def _ups(view: View) -> int:
    return sum(call.state in _UP for call in view.snapshot.calls)


def _can_dial(view: View) -> bool:
    free = _live(view) < LINES if own_lines(view) else _state(view) is None
    return _signed_in(view) and free and not view.dialling


def _can_mark(view: View) -> bool:
    return _console(view) and own_lines(view) and _live(view) > 1


def _can_join(view: View) -> bool:
    return _signed_in(view) and own_lines(view) and _ups(view) > 1


def _can_answer(view: View) -> bool:
    return _console(view) and _state(view) is CallState.RINGING


def _can_hold(view: View) -> bool:
    call = view.snapshot.call
    up = _state(view) in (CallState.TALKING, CallState.HOLDING)
    return _console(view) and up and call is not None and not call.pending and not _third(view)


def _third(view: View) -> ThirdState | None:
    """The third party's state, if it is in the call or on its way."""
    call = view.snapshot.call
    third = call.third if call is not None and call.live else None
    return third.state if third is not None and third.present else None


def _can_add(view: View) -> bool:
    """Another party: the call is up between two and nothing is under way; or one is on its way
    and can be called back."""
    call = view.snapshot.call
    up = _state(view) in _UP
    free = _third(view) in (None, ThirdState.INVITED)
    if call is not None and call.internal and transfers_only(view):
        return False  # an internal call is not handed over, and nobody can be brought in
    return _signed_in(view) and up and call is not None and not call.transfer and free


def transfers_only(view: View) -> bool:
    """Whether a call can be handed over, but nobody be brought in: generation 1."""
    account = view.snapshot.account
    return account is not None and account.kind == "platform1"


def _can_type(view: View) -> bool:
    """Tones: the line is up, or the platform's ringing is heard on it. With a phone of the agent's
    own (line types 4 and 5) they are typed there."""
    account = view.snapshot.account
    here = account is None or account.callintype == VOIP
    return here and _console(view) and _state(view) in (CallState.TALKING, CallState.PROCEEDING)


def _can_refuse(view: View) -> bool:
    return _can_answer(view) and view.may_decline


def _can_let_ring(view: View) -> bool:
    call = view.snapshot.call
    return _can_answer(view) and call is not None and call.auto_answer is not None


def _can_look_up(view: View) -> bool:
    return _signed_in(view) and not _writing_up(view)


def _can_mute(view: View) -> bool:
    call = view.snapshot.call
    here = call is not None and call.leg in (Leg.AWAITED, Leg.CONNECTING, Leg.CONNECTED)
    # With a phone of the agent's own (line types 4 and 5) the microphone is not ours to cut.
    return _console(view) and here and _state(view) not in (None, CallState.RINGING)


def _can_rebuild(view: View) -> bool:
    """The sound of a call that is up here, whatever has become of it."""
    call = view.snapshot.call
    up = _state(view) in (CallState.TALKING, CallState.HOLDING)
    return _signed_in(view) and up and call is not None and call.leg is not Leg.NONE


def _is_gone(view: View) -> bool:
    quality = view.snapshot.quality
    gone = quality is not None and quality.hearing is Hearing.GONE
    return _console(view) and _state(view) is not None and gone


def _can_hang_up(view: View) -> bool:
    if _state(view) is CallState.RINGING and not view.may_decline:
        return False
    return _console(view) and _state(view) not in (None, CallState.ENDING, CallState.DECLINING)


def _writing_up(view: View) -> bool:
    return _signed_in(view) and view.snapshot.wrapup is not None and _state(view) is None


def _can_keep_open(view: View) -> bool:
    wrapup = view.snapshot.wrapup
    strict = wrapup is not None and wrapup.mode is WrapUpMode.TIMED_STRICT
    return _writing_up(view) and wrapup is not None and wrapup.until is not None and not strict


def _can_redial(view: View) -> bool:
    return _signed_in(view) and view.history and not view.dialling and _state(view) is None


def _can_set_next(view: View) -> bool:
    up = (CallState.TALKING, CallState.HOLDING)
    return _signed_in(view) and (_state(view) in up or _writing_up(view))


def _can_switch(view: View) -> bool:
    if _writing_up(view):
        wrapup = view.snapshot.wrapup
        strict = wrapup is not None and wrapup.mode is WrapUpMode.TIMED_STRICT
        return not (strict and wrapup is not None and wrapup.until is not None)
    seat = view.snapshot.seat
    asked = seat.pending is not None or seat.status is Status.OFFLINE
    return _signed_in(view) and _state(view) is None and not asked


def _can_check(view: View) -> bool:
    """The check before the shift: at the sign-in, and in a session between calls."""
    free = _state(view) is None
    return view.connected and view.place in (Place.SIGN_IN, Place.CONSOLE) and free


def _can_dismiss(view: View) -> bool:
    over = view.snapshot.call is not None and _state(view) is None
    open = view.dialling or view.typing
    return _console(view) and (open or view.notice is not None or over)


# ---------------------------------------------------------------- what


def _asks(name: str, **values: object) -> Callable[[View], Command]:
    """The command of that name. It is loaded when a key asks for it: the first frame does not
    wait for all that may be asked."""

    def ask(view: View) -> Command:
        from tui.engine import commands

        command: Command = getattr(commands, name)(**values)
        return command

    return ask


def meant(view: View) -> dict[str, str]:
    """Which call a command is about, where there can be several: the one that stood under the
    mark when the key went down, whatever has moved since."""
    call = view.snapshot.call
    return {"ccnumber": call.ccnumber} if call is not None and own_lines(view) else {}


def _on_line(name: str) -> Callable[[View], Command]:
    return lambda view: _asks(name, **meant(view))(view)


def _hold(view: View) -> Command:
    return _on_line("Resume" if _state(view) is CallState.HOLDING else "Hold")(view)


def _mute(view: View) -> Command:
    call = view.snapshot.call
    return _asks("Mute", on=not (call is not None and call.muted), **meant(view))(view)


def _next_line(view: View) -> Command | None:
    """Mark the line below; after the last the first."""
    lines = sorted((call for call in view.snapshot.calls if call.live), key=lambda c: c.line)
    if not lines:
        return None
    current = view.snapshot.call
    at = next((n for n, call in enumerate(lines) if call is current), -1)
    return _asks("MarkLine", key=lines[(at + 1) % len(lines)].key)(view)


def _joined(view: View) -> bool:
    return any(call.joined for call in view.snapshot.calls)


def _join(view: View) -> Command:
    return _asks("JoinLines", on=not _joined(view))(view)


def _party(view: View) -> Command | None:
    return _asks("DropThird")(view) if _third(view) is ThirdState.INVITED else None


def _next(view: View) -> Command:
    return _asks("SetNextStatus", status=1 if view.snapshot.next_status == 2 else 2)(view)


def _switch(view: View) -> Command:
    if _writing_up(view):
        return _asks("FinishWrapUp")(view)
    return _asks("SetStatus", status=1 if view.snapshot.seat.status is Status.BUSY else 2)(view)


# ---------------------------------------------------------------- how it is called now


def _hold_label(view: View) -> str:
    return "action.resume" if _state(view) is CallState.HOLDING else "action.hold"


def _mute_label(view: View) -> str:
    call = view.snapshot.call
    return "action.unmute" if call is not None and call.muted else "action.mute"


def _hang_up_label(view: View) -> str:
    return "action.decline" if _state(view) is CallState.RINGING else "action.hangup"


def _party_label(view: View) -> str:
    if _third(view) is ThirdState.INVITED:
        return "action.party_cancel"
    return "action.party_transfer" if transfers_only(view) else "action.party"


def _join_label(view: View) -> str:
    return "action.part" if _joined(view) else "action.join"


def _directory_label(view: View) -> str:
    return "action.directory_close" if view.directory else "action.directory"


def _next_label(view: View) -> str:
    return "action.next_idle" if view.snapshot.next_status == 2 else "action.next_busy"


def _history_label(view: View) -> str:
    return "action.history_close" if view.history else "action.history"


def _switch_label(view: View) -> str:
    if _writing_up(view):
        return "action.ready"
    return "action.idle" if view.snapshot.seat.status is Status.BUSY else "action.busy"


def _figures_label(view: View) -> str:
    return "action.figures_close" if view.figures else "action.figures"


def _dismiss_label(view: View) -> str:
    return "action.close" if view.dialling or view.typing else "action.dismiss"


def _leave_label(view: View) -> str:
    return "action.leave" if view.place is Place.CONSOLE else "action.quit"


def _at(*places: Place) -> Callable[[View], bool]:
    return lambda view: view.place in places


REGISTRY: Final[tuple[Action, ...]] = (
    Action("help", "f1", alias="question_mark"),
    Action("next", "tab", _at(Place.SIGN_IN), bound=False),
    Action("submit", "enter", _at(Place.SIGN_IN), bound=False),
    Action("choose", "enter", _at(Place.GROUPS, Place.ACCOUNTS), bound=False),
    Action("back", "escape", _at(Place.GROUPS, Place.ACCOUNTS)),
    Action("sandbox", "ctrl+s", lambda view: view.place is Place.SIGN_IN and view.sandbox_offered),
    Action("call", "enter", lambda view: _console(view) and view.dialling, bound=False),
    Action("answer", "f5", _can_answer, _on_line("Answer"), alias="a"),
    Action("dial", "f2", _can_dial, alias="d"),
    Action("directory", "f3", _can_look_up, label=_directory_label),
    Action("party", "f4", _can_add, _party, _party_label, alias="t"),
    Action("hold", "f6", _can_hold, _hold, _hold_label, alias="h"),
    Action("mute", "f7", _can_mute, _mute, _mute_label, alias="m"),
    Action(
        "hangup",
        "f8",
        _can_hang_up,
        _on_line("HangUp"),
        _hang_up_label,
        alias="x",
        destructive=True,
    ),
    Action(
        "cannot_take",
        "f12",
        _can_refuse,
        _on_line("CannotTake"),
        destructive=True,
    ),
    Action("close_call", "ctrl+x", _is_gone, _asks("CloseCall"), destructive=True),
    Action("let_ring", "ctrl+r", _can_let_ring, _on_line("StopAutoAnswer"), alias="s"),
    Action("line_next", "ctrl+k", _can_mark, _next_line, alias="k"),
    Action("join", "ctrl+u", _can_join, _join, _join_label, alias="j"),
    Action("status", "f9", _can_switch, _switch, _switch_label, alias="b"),
    Action("keep_open", "f3", _can_keep_open, _asks("KeepWrapUpOpen")),
    Action("after", "ctrl+n", _can_set_next, _next, _next_label, alias="n"),
    Action("digits", "0-9*#", _can_type, bound=False),
    Action("tones", "comma", _can_type),
    Action("filter", "/", lambda view: view.directory, bound=False),
    Action("page", "g", lambda view: view.directory, bound=False),
    Action("figures", "ctrl+f", _can_rebuild, label=_figures_label, alias="f"),
    Action("rebuild", "ctrl+y", _can_rebuild, _asks("RebuildAudio"), alias="r"),
    Action("dismiss", "escape", _can_dismiss, _asks("Dismiss"), _dismiss_label),
    Action("redial", "enter", _can_redial, bound=False),
    Action("export", "ctrl+o", lambda view: _signed_in(view) and view.history),
    Action("history", "f10", _signed_in, label=_history_label, alias="l"),
    Action("check", "ctrl+t", _can_check),
    Action("settings", "ctrl+g"),
    Action("themes", ""),
    Action("sound", ""),
    Action("debug", "ctrl+l"),
    Action("failure", "", lambda view: view.failed),
    Action("palette", "ctrl+p"),
    Action("leave", "ctrl+q", label=_leave_label, alias="ctrl+c"),
)

_NAMES: Final = {
    "escape": "Esc",
    "enter": "Enter",
    "tab": "Tab",
    "question_mark": "?",
    "comma": ",",
    "space": "Space",
}


_current: tuple[Action, ...] = REGISTRY


def registry() -> tuple[Action, ...]:
    """The actions with the keys that are in force."""
    return _current


def use_registry(actions: tuple[Action, ...]) -> None:
    """Put other keys in force (`tui.keymap.remapped`)."""
    global _current
    _current = actions


def key_name(key: str) -> str:
    """A key as it is printed: "F5", "^Q", "Esc"."""
    if key.startswith("ctrl+"):
        return "^" + key_name(key.removeprefix("ctrl+")).upper()
    return _NAMES.get(key, key.upper() if len(key) > 1 else key)


def is_global(key: str) -> bool:
    """Whether the key works everywhere, in fields and under dialogs too. Escape does not: a
    dialog closes by it first."""
    return key.startswith(("ctrl+", "alt+")) or (key[:1] == "f" and key[1:].isdecimal())


def available(view: View) -> tuple[Action, ...]:
    """The actions whose keys work now, in the order of the key bar."""
    return tuple(action for action in _current if action.available(view))


def find(id: str) -> Action:
    """The action of that id. Raises KeyError."""
    for action in _current:
        if action.id == id:
            return action
    raise KeyError(id)


_NAMING_A_KEY: Final = {"check.demanded": "check", "check.demanded_failed": "check"}


def with_keys(sentence: Message) -> Message:
    """The sentence with the key that it names: the engine, which says it, knows no keys."""
    if sentence.id not in _NAMING_A_KEY:
        return sentence
    key = key_name(find(_NAMING_A_KEY[sentence.id]).key)
    return Message(sentence.id, (*sentence.values, ("key", key)))


def markdown() -> str:
    """README's key table."""
    from tui.i18n import tr

    rows = ["| key | also | does |", "|---|---|---|"]
    for action in REGISTRY:
        also = key_name(action.alias) if action.alias else ""
        rows.append(f"| {key_name(action.key)} | {also} | {tr(f'help.{action.id}')} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(markdown())
