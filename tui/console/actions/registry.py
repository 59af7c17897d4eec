"""The one registry of actions: keys, key bar, help, palette and the guide's table come from it.

`python -m tui.console.actions.registry` prints the table as Markdown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from tui.console.actions import conditions as when
from tui.console.actions import engine_actions as engine
from tui.console.actions import labels
from tui.console.actions.action import Action, key_name
from tui.console.view import ScreenName, View
from tui.port.values import Message

if TYPE_CHECKING:
    from tui.console.desk import Desk


def _at(*screens: ScreenName) -> Callable[[View], bool]:
    return lambda view: view.screen in screens


def _toggle_figures(desk: Desk) -> None:
    desk.change(figures=not desk.view.figures)


_LISTS: Final = _at(ScreenName.GROUPS, ScreenName.ACCOUNTS)
_FORM: Final = _at(ScreenName.SIGN_IN)

REGISTRY: Final[tuple[Action, ...]] = (
    Action("help", "f1", run=lambda desk: desk.pages.toggle_help(), letter="question_mark"),
    Action("next", "tab", _FORM),
    Action("submit", "enter", _FORM),
    Action("choose", "enter", _LISTS),
    Action("back", "escape", _LISTS, lambda desk: desk.session.back()),
    Action(
        "sandbox",
        "ctrl+s",
        lambda view: view.screen is ScreenName.SIGN_IN and view.sandbox_offered and not view.kiosk,
        lambda desk: desk.session.start_sandbox(),
    ),
    Action("call", "enter", lambda view: when.on_console(view) and view.dialling),
    Action("answer", "f5", when.can_answer, engine.answer, guards=True),
    Action("dial", "f2", when.can_dial, lambda desk: desk.calls.open_dial(), letter="d"),
    Action(
        "directory",
        "f3",
        when.can_look_up,
        lambda desk: desk.calls.toggle_directory(),
        labels.directory,
    ),
    Action(
        "party",
        "f4",
        when.can_add,
        lambda desk: desk.calls.add_to_call(),
        labels.party,
        letter="t",
        steady=True,
    ),
    Action("hold", "f6", when.can_hold, engine.hold, labels.hold, letter="h", steady=True),
    Action("mute", "f7", when.can_mute, engine.mute, labels.mute, letter="m", steady=True),
    Action(
        "hangup",
        "f8",
        when.can_hang_up,
        lambda desk: desk.calls.hang_up(),
        labels.hangup,
        destructive=True,
    ),
    Action("cannot_take", "f12", when.can_refuse, engine.cannot_take, destructive=True),
    Action("close_call", "ctrl+x", when.is_gone, engine.close_call, destructive=True),
    Action("let_ring", "ctrl+r", when.can_let_ring, engine.let_ring, letter="s"),
    Action("line_next", "ctrl+k", when.can_mark, engine.mark_next_line, letter="k"),
    Action("join", "ctrl+u", when.can_join, engine.join, labels.join, letter="j", steady=True),
    Action(
        "status",
        "f9",
        when.can_switch,
        engine.switch_status,
        labels.status,
        letter="b",
        steady=True,
    ),
    Action("pick_up", "alt+p", when.can_pick_up, lambda desk: desk.calls.pick_up(), steady=True),
    Action("park", "alt+h", when.can_park, engine.park, steady=True),
    Action("fetch", "alt+r", when.can_fetch, lambda desk: desk.calls.fetch(), steady=True),
    Action("voicemail", "alt+v", when.can_call_mailbox, engine.call_mailbox),
    Action("break", "", when.can_break, lambda desk: desk.work.choose_break()),
    Action("keep_open", "f3", when.can_keep_open, engine.keep_open, steady=True),
    Action(
        "after",
        "ctrl+n",
        when.can_set_next,
        engine.set_next_status,
        labels.after,
        letter="n",
        steady=True,
    ),
    Action("note", "a-z", when.can_begin_note),
    Action("digits", "0-9*#", when.can_type),
    Action("tones", "comma", when.can_type, lambda desk: desk.calls.open_tones()),
    Action("filter", "/", lambda view: view.directory),
    Action("page", "ctrl+e", lambda view: view.directory),
    Action("figures", "ctrl+f", when.can_rebuild, _toggle_figures, labels.figures, letter="f"),
    Action("rebuild", "ctrl+y", when.can_rebuild, engine.rebuild, letter="r"),
    Action(
        "dismiss", "escape", when.can_dismiss, lambda desk: desk.calls.dismiss(), labels.dismiss
    ),
    Action("redial", "enter", when.can_redial),
    Action(
        "entry",
        "alt+e",
        lambda view: when.signed_in(view) and view.history,
        lambda desk: desk.pages.open_entry(),
    ),
    Action("missed", "alt+m", when.signed_in, lambda desk: desk.pages.show_missed()),
    Action(
        "export",
        "ctrl+o",
        lambda view: when.signed_in(view) and view.history and when.own_desk(view),
        lambda desk: desk.pages.export_history(),
    ),
    Action(
        "history",
        "f10",
        when.signed_in,
        lambda desk: desk.pages.toggle_history(),
        labels.history,
        letter="l",
    ),
    Action(
        "supervise",
        "ctrl+b",
        when.can_supervise,
        lambda desk: desk.pages.toggle_supervise(),
        labels.supervise,
    ),
    Action("callbacks", "ctrl+d", when.between_calls, lambda desk: desk.work.toggle_callbacks()),
    Action("plan", "", when.can_plan, lambda desk: desk.work.plan()),
    Action(
        "read_in",
        "",
        lambda view: when.signed_in(view) and when.own_desk(view),
        lambda desk: desk.work.read_in_callbacks(),
    ),
    Action("script", "alt+s", when.can_read_script, lambda desk: desk.work.toggle_script()),
    Action("shift", "", when.between_calls, lambda desk: desk.work.toggle_shift()),
    Action("check", "ctrl+t", when.can_check, lambda desk: desk.pages.toggle_check()),
    Action("settings", "ctrl+g", run=lambda desk: desk.pages.open_settings()),
    Action(
        "phone_mode",
        "",
        when.can_go_mobile,
        lambda desk: desk.pages.change_phone_mode(),
        labels.phone_mode,
    ),
    Action("themes", "", when.own_desk, lambda desk: desk.appearance.reload_themes()),
    Action("sound", "", run=lambda desk: desk.pages.open_sound_test()),
    Action("debug", "ctrl+l", when.own_desk, lambda desk: desk.pages.toggle_log()),
    Action("ladder", "alt+l", when.on_console, lambda desk: desk.pages.toggle_ladder()),
    Action("failure", "", lambda view: view.failed, lambda desk: desk.pages.show_failure()),
    Action("tour", "", when.on_console, lambda desk: desk.tour.begin()),
    Action("tour_next", "enter", when.can_go_on, lambda desk: desk.tour.next()),
    Action(
        "copy_number",
        "alt+n",
        lambda view: view.screen is ScreenName.CONSOLE and when.own_desk(view),
        lambda desk: desk.pages.copy_number(),
    ),
    Action(
        "copy_note",
        "",
        lambda view: view.screen is ScreenName.CONSOLE and when.own_desk(view),
        lambda desk: desk.pages.copy_note(),
    ),
    Action("palette", "ctrl+p", run=lambda desk: desk.pages.open_palette()),
    Action(
        "leave",
        "ctrl+q",
        lambda view: when.own_desk(view) or view.screen is ScreenName.CONSOLE,
        lambda desk: desk.session.leave(),
        label=labels.leave,
        alias="ctrl+c",
    ),
)

_own: tuple[Action, ...] = ()
_current: tuple[Action, ...] = REGISTRY


def use_own_actions(actions: tuple[Action, ...]) -> None:
    """Put the agent's own actions behind the registry's, in place of those before."""
    global _own
    _own = actions


def all_actions() -> tuple[Action, ...]:
    """The registry's actions with the keys that they have by default, and the agent's own."""
    return (*REGISTRY, *_own)


def registry() -> tuple[Action, ...]:
    """The actions with the keys that are in force."""
    return _current


def use_registry(actions: tuple[Action, ...]) -> None:
    """Put other keys in force (`tui.console.actions.keymap.remapped`)."""
    global _current
    _current = actions


def available(view: View) -> tuple[Action, ...]:
    """The actions whose keys work now, in the order of the key bar."""
    return tuple(action for action in _current if action.available(view))


def acts(view: View, key: str) -> bool:
    """Whether this key is an action's that works now: a letter that was given to one."""
    return any(action.bound and key in (action.key, action.alias) for action in available(view))


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
    """The guide's key table."""
    from tui.console.i18n import tr

    rows = ["| key | also | letter | does |", "|---|---|---|---|"]
    for action in REGISTRY:
        keys = " | ".join(map(key_name, (action.key, action.alias, action.letter)))
        rows.append(f"| {keys} | {tr(f'help.{action.id}')} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(markdown())
