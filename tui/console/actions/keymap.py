"""Keys by action, as the config and the settings screen may change them, checked in words.

Textual takes any keymap in silence: an unknown action, a key that no terminal sends, a key that
two actions want. Here each of these is a sentence, and only what is right is put in force.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Final

from textual.keys import _character_to_key

from tui.console.actions.action import Action, key_name
from tui.console.actions.registry import all_actions
from tui.port import replace
from tui.port.values import Message, message

Keys = Mapping[str, tuple[str, ...]]
"""Keys by the id of an action: the first is the one shown."""

KEPT: Final = frozenset(("ctrl+s", "ctrl+q", "ctrl+z", "ctrl+c", "ctrl+backslash"))
"""Flow control, suspending and interrupting: many terminals take these for themselves."""
SAME: Final = {
    "ctrl+i": "tab",
    "ctrl+m": "enter",
    "ctrl+j": "enter",
    "ctrl+h": "backspace",
    "ctrl+left_square_bracket": "escape",
}
"""Keys that a terminal cannot tell apart: one byte for both (ECMA-48 control characters)."""
TYPING: Final = frozenset(
    (
        *("tab", "enter", "escape", "space", "backspace", "delete"),
        *("up", "down", "left", "right", "home", "end", "pageup", "pagedown"),
    )
)
"""Keys that fields, lists and dialogs cannot do without."""
_SPELLED: Final = {"esc": "escape", "return": "enter", "pgup": "pageup", "pgdn": "pagedown"}
_FUNCTION: Final = re.compile(r"f([1-9]|1[0-9]|2[0-4])")
_SHIFTED_FUNCTION: Final = re.compile(r"shift\+f([1-9]|1[0-2])")
_WITH: Final = re.compile(r"(ctrl|alt)\+([a-z_]+|f[0-9]+)")


def normal(key: str) -> str:
    """A key as people write it ("F5", "Ctrl+P", "^P", "?") by the name Textual has for it."""
    key = key.strip()
    if len(key) == 1:
        return key if key.isalpha() else _character_to_key(key)
    if key.startswith("^") and len(key) == 2:
        key = f"ctrl+{key[1]}"
    *modifiers, last = key.replace("-", "+").lower().split("+")
    last = _SPELLED.get(last, last)
    if len(last) == 1 and not last.isalnum():
        last = _character_to_key(last)
    order = [name for name in ("ctrl", "alt", "shift") if name in modifiers]
    others = [name for name in modifiers if name not in order]
    return "+".join((*others, *order, last))


def trouble(action: str, key: str) -> Message | None:
    """Why this key (a `normal` one) cannot be that action's; None when it can."""
    said = {"action": action, "key": key_name(key)}
    if action in _unmovable():
        return message("keys.unmovable", **said)
    if key in _defaults(action):
        return None
    if key in KEPT:
        return message("keys.kept", **said)
    if key in SAME:
        return message("keys.same", same=key_name(SAME[key]), **said)
    if key in TYPING:
        return message("keys.typing", **said)
    if key in "0123456789":
        return message("keys.digit", **said)
    if _SHIFTED_FUNCTION.fullmatch(key):
        return message("keys.shifted", same=f"F{int(key[7:]) + 12}", **said)
    if "shift" in key.split("+"):
        return message("keys.shift", **said)
    if not _possible(key):
        return message("keys.impossible", **said)
    return None


def _possible(key: str) -> bool:
    if _FUNCTION.fullmatch(key):
        return True
    if found := _WITH.fullmatch(key):
        name = found[2]
        return bool(_FUNCTION.fullmatch(name)) or (len(name) == 1)
    return (len(key) == 1 and key.isascii()) or key in _signs()


def _signs() -> frozenset[str]:
    """The names of the signs on a keyboard: "question_mark" …"""
    return frozenset(_character_to_key(sign) for sign in "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


def _defaults(id: str) -> tuple[str, ...]:
    for action in all_actions():
        if action.id == id:
            return tuple(key for key in (action.key, action.alias, action.letter) if key)
    return ()


def _unmovable() -> frozenset[str]:
    return frozenset(action.id for action in all_actions() if not action.bound)


def check(keys: Keys) -> tuple[dict[str, tuple[str, ...]], tuple[Message, ...]]:
    """What of these keys can be put in force, and a sentence for everything that cannot."""
    good: dict[str, tuple[str, ...]] = {}
    wrong: list[Message] = []
    known = [action.id for action in all_actions()]
    for id, given in keys.items():
        if id not in known:
            near = difflib.get_close_matches(id, known, 1)
            which = "keys.unknown_near" if near else "keys.unknown"
            wrong.append(message(which, action=id, near=near[0] if near else ""))
            continue
        names = tuple(normal(key) for key in given)
        found = [what for key in names if (what := trouble(id, key)) is not None]
        if len(names) > 2:
            found.append(message("keys.many", action=id))
        wrong += found
        if not found:
            good[id] = names
    for clash in _clashes(good):
        first, second, key = clash
        wrong.append(message("keys.twice", first=first, second=second, key=key_name(key)))
        for id in (first, second):
            good.pop(id, None)
    return good, tuple(wrong)


def _clashes(keys: Keys) -> Iterable[tuple[str, str, str]]:
    """Pairs of actions with one key. Two that share it by default never work at the same time."""
    found = []
    actions = [action for action in remapped(keys) if action.bound]
    for index, first in enumerate(actions):
        for second in actions[index + 1 :]:
            if first.id not in keys and second.id not in keys:
                continue
            shared = {first.key, first.alias} & {second.key, second.alias} - {""}
            shared -= set(_defaults(first.id)) & set(_defaults(second.id))
            found += [(first.id, second.id, key) for key in sorted(shared)]
    return found


def remapped(keys: Keys, *, letters: bool = False) -> tuple[Action, ...]:
    """The registry with these keys (checked ones); with `letters` those of the registry as well. An
    action without keys is in the palette."""
    actions = []
    for action in all_actions():
        if letters and action.letter:
            action = replace(action, alias=action.letter)
        if action.id in keys:
            key, alias, *_ = (*keys[action.id], "", "")
            action = replace(action, key=key, alias=alias)
        actions.append(action)
    return tuple(actions)
