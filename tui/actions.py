"""The one registry of actions: keys, key bar, help, palette and README's table come from it.

`python -m tui.actions` prints the table as Markdown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tui import when
from tui.engine.state import CallState, Message, Status, ThirdState
from tui.view import Place, View
from tui.when import LINES, SIP, own_lines, transfers_only

if TYPE_CHECKING:
    from tui.engine.commands import Command

__all__ = [
    "LINES",
    "REGISTRY",
    "SIP",
    "Action",
    "Place",
    "View",
    "available",
    "find",
    "is_global",
    "key_name",
    "markdown",
    "meant",
    "own_lines",
    "registry",
    "transfers_only",
    "use_registry",
    "with_keys",
]


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
    return {"ccnumber": call.ccnumber} if call is not None and when.own_lines(view) else {}


def _on_line(name: str) -> Callable[[View], Command]:
    return lambda view: _asks(name, **meant(view))(view)


def _hold(view: View) -> Command:
    return _on_line("Resume" if when.state_of(view) is CallState.HOLDING else "Hold")(view)


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
    return _asks("DropThird")(view) if when.third_of(view) is ThirdState.INVITED else None


def _next(view: View) -> Command:
    return _asks("SetNextStatus", status=1 if view.snapshot.next_status == 2 else 2)(view)


def _switch(view: View) -> Command:
    if when.writing_up(view):
        return _asks("FinishWrapUp")(view)
    return _asks("SetStatus", status=1 if view.snapshot.seat.status is Status.BUSY else 2)(view)


# ---------------------------------------------------------------- how it is called now


def _hold_label(view: View) -> str:
    return "action.resume" if when.state_of(view) is CallState.HOLDING else "action.hold"


def _mute_label(view: View) -> str:
    call = view.snapshot.call
    return "action.unmute" if call is not None and call.muted else "action.mute"


def _hang_up_label(view: View) -> str:
    return "action.decline" if when.state_of(view) is CallState.RINGING else "action.hangup"


def _party_label(view: View) -> str:
    if when.third_of(view) is ThirdState.INVITED:
        return "action.party_cancel"
    return "action.party_transfer" if when.transfers_only(view) else "action.party"


def _phone_mode_label(view: View) -> str:
    mobile = view.snapshot.phone_mode == "mobile"
    return "action.phone_mode_fixed" if mobile else "action.phone_mode"


def _join_label(view: View) -> str:
    return "action.part" if _joined(view) else "action.join"


def _directory_label(view: View) -> str:
    return "action.directory_close" if view.directory else "action.directory"


def _next_label(view: View) -> str:
    return "action.next_idle" if view.snapshot.next_status == 2 else "action.next_busy"


def _history_label(view: View) -> str:
    return "action.history_close" if view.history else "action.history"


def _switch_label(view: View) -> str:
    if when.writing_up(view):
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
    Action("call", "enter", lambda view: when.on_console(view) and view.dialling, bound=False),
    Action("answer", "f5", when.can_answer, _on_line("Answer"), alias="a"),
    Action("dial", "f2", when.can_dial, alias="d"),
    Action("directory", "f3", when.can_look_up, label=_directory_label),
    Action("party", "f4", when.can_add, _party, _party_label, alias="t"),
    Action("hold", "f6", when.can_hold, _hold, _hold_label, alias="h"),
    Action("mute", "f7", when.can_mute, _mute, _mute_label, alias="m"),
    Action(
        "hangup",
        "f8",
        when.can_hang_up,
        _on_line("HangUp"),
        _hang_up_label,
        alias="x",
        destructive=True,
    ),
    Action(
        "cannot_take",
        "f12",
        when.can_refuse,
        _on_line("CannotTake"),
        destructive=True,
    ),
    Action("close_call", "ctrl+x", when.is_gone, _on_line("CloseCall"), destructive=True),
    Action("let_ring", "ctrl+r", when.can_let_ring, _on_line("StopAutoAnswer"), alias="s"),
    Action("line_next", "ctrl+k", when.can_mark, _next_line, alias="k"),
    Action("join", "ctrl+u", when.can_join, _join, _join_label, alias="j"),
    Action("status", "f9", when.can_switch, _switch, _switch_label, alias="b"),
    Action("keep_open", "f3", when.can_keep_open, _asks("KeepWrapUpOpen")),
    Action("after", "ctrl+n", when.can_set_next, _next, _next_label, alias="n"),
    Action("digits", "0-9*#", when.can_type, bound=False),
    Action("tones", "comma", when.can_type),
    Action("filter", "/", lambda view: view.directory, bound=False),
    Action("page", "g", lambda view: view.directory, bound=False),
    Action("figures", "ctrl+f", when.can_rebuild, label=_figures_label, alias="f"),
    Action("rebuild", "ctrl+y", when.can_rebuild, _on_line("RebuildAudio"), alias="r"),
    Action("dismiss", "escape", when.can_dismiss, _asks("Dismiss"), _dismiss_label),
    Action("redial", "enter", when.can_redial, bound=False),
    Action("export", "ctrl+o", lambda view: when.signed_in(view) and view.history),
    Action("history", "f10", when.signed_in, label=_history_label, alias="l"),
    Action("check", "ctrl+t", when.can_check),
    Action("settings", "ctrl+g"),
    Action("phone_mode", "", when.can_go_mobile, label=_phone_mode_label),
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
