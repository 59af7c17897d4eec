"""Actions of the agent's own (config, [actions]) as actions of the registry: with a key, in the
palette and in the help like all others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from tui.console import i18n
from tui.console.actions import conditions as when
from tui.console.actions.action import Action
from tui.console.actions.registry import use_own_actions
from tui.console.view import View
from tui.text import clean_text

if TYPE_CHECKING:
    from tui.config.schema import Config
    from tui.config.work import OwnAction
    from tui.console.desk import Desk

_WHEN: Final[Mapping[str, Callable[[View], bool]]] = {
    "always": when.signed_in,
    "idle": lambda view: when.between_calls(view) and not when.writing_up(view),
    "ringing": when.can_answer,
    "call": lambda view: when.signed_in(view) and when.state_of(view) is not None,
    "write-up": when.writing_up,
}


def take(config: Config) -> dict[str, tuple[str, ...]]:
    """Put the config's actions into the registry. The keys of the config by action, theirs
    included: `keymap.check` judges all of them alike."""
    words: dict[str, str] = {}
    for each in config.actions:
        words |= dict.fromkeys((f"action.{_id(each)}", f"help.{_id(each)}"), _title(each))
    i18n.teach(words)
    use_own_actions(tuple(_action(each) for each in config.actions))
    own = {_id(each): (each.key,) for each in config.actions if each.key}
    return {**own, **config.keys}


def _id(each: OwnAction) -> str:
    return f"own.{each.name}"


def _title(each: OwnAction) -> str:
    return clean_text(each.words, 60)


def _action(each: OwnAction) -> Action:
    def run(desk: Desk) -> None:
        desk.work.run_own(each.name)

    return Action(_id(each), "", _WHEN[each.when], run)
