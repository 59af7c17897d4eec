"""The words that do something: their names in the languages we have, their keys, and when they
can be said. What a word does is `tui.plain.desk`'s."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tui.console.actions import conditions as when
from tui.console.i18n import names
from tui.console.view import View
from tui.plain.talk import plain
from tui.port.machines.call_machine import CallState
from tui.port.machines.seat_machine import Status
from tui.port.values import Capability


def _can_hang_up(view: View) -> bool:
    return when.can_hang_up(view) and not when.can_answer(view)


def _holding(view: View) -> bool:
    return when.can_hold(view) and when.state_of(view) is CallState.HOLDING


def _up(view: View) -> bool:
    return when.can_hold(view) and when.state_of(view) is CallState.TALKING


def _open_microphone(view: View) -> bool:
    call = view.snapshot.call
    return when.can_mute(view) and call is not None and not call.muted


def _muted(view: View) -> bool:
    call = view.snapshot.call
    return when.can_mute(view) and call is not None and call.muted


def _third(view: View) -> bool:
    return when.third_of(view) is not None


def _can_bring(view: View) -> bool:
    return when.can_add(view) and not when.transfers_only(view)


def _noting(view: View) -> bool:
    return when.writing_up(view) or when.state_of(view) in when.UP


def _idle_wanted(view: View) -> bool:
    busy = view.snapshot.seat.status is Status.BUSY
    return when.can_switch(view) and (busy or when.writing_up(view))


def _busy_wanted(view: View) -> bool:
    idle = view.snapshot.seat.status is Status.ONLINE
    return when.can_switch(view) and (idle or when.writing_up(view))


def _has_called(view: View) -> bool:
    return when.can_dial(view) and any(record.outgoing for record in view.snapshot.recent)


def _several(view: View) -> bool:
    return when.can_mark(view)


def _part(view: View) -> bool:
    return when.joined(view)


def _join(view: View) -> bool:
    return when.can_join(view) and not when.joined(view)


def _members(view: View) -> bool:
    return when.can_look_up(view) and Capability.GROUPS in view.snapshot.can


def _asked(view: View) -> bool:
    return view.snapshot.question is not None


def _queued(view: View) -> bool:
    return bool(view.snapshot.queues)


def _taken_along(view: View) -> bool:
    return when.signed_in(view) and when.own_desk(view)


def _messages(view: View) -> bool:
    return when.on_console(view) and when.own_desk(view)


def _always(view: View) -> bool:
    return True


TEXT, SEARCH, NUMBER, TONES, ONE, STATUS = "text", "search", "number", "tones", "one", "status"
"""What may stand behind a word: any text; any text, but nothing while a note can be written, which
it could be; a number; tones; a digit; a status."""
_LIKE: Final = {
    NUMBER: re.compile(r"[0-9*#+@()\- ]+|\S+@\S+|sips?:\S+"),
    TONES: re.compile(r"[0-9*#, a-d]+"),
    ONE: re.compile(r"[0-9]"),
}


@dataclass(frozen=True, slots=True)
class Word:
    """A word. `key` is the function key that says it too, of the action `action` of the console,
    whose key in the config counts here as well. `takes` says what may stand behind it."""

    id: str
    when: Callable[[View], bool]
    key: str = ""
    action: str = ""
    takes: str = ""


WORDS: Final[tuple[Word, ...]] = (
    Word("answer", when.can_answer, "f5", "answer"),
    Word("decline", when.can_refuse, "f8", "hangup"),
    Word("cannot_take", when.can_refuse, "f12", "cannot_take"),
    Word("let_ring", when.can_let_ring),
    Word("yes", _asked),
    Word("no", _asked),
    Word("hangup", _can_hang_up, "f8", "hangup", takes=ONE),
    Word("hold", _up, "f6", "hold"),
    Word("resume", _holding, "f6", "hold"),
    Word("mute", _open_microphone, "f7", "mute"),
    Word("unmute", _muted, "f7", "mute"),
    Word("transfer", when.can_add, "f4", "party", takes=TEXT),
    Word("threeway", _can_bring, takes=TEXT),
    Word("drop", _third),
    Word("end_for_all", _third),
    Word("tones", when.can_type, takes=TONES),
    Word("note", _noting, takes=TEXT),
    Word("outcome", when.writing_up, takes=TEXT),
    Word("ready", when.writing_up, "f9", "status"),
    Word("keep_open", when.can_keep_open, "f3", "keep_open"),
    Word("next", when.can_set_next, takes=STATUS),
    Word("pick_up", when.can_pick_up, takes=TEXT),
    Word("park", when.can_park),
    Word("fetch", when.can_fetch, takes=NUMBER),
    Word("voicemail", when.can_call_mailbox),
    Word("dial", when.can_dial, "f2", "dial", takes=NUMBER),
    Word("redial", _has_called),
    Word("line", _several, takes=ONE),
    Word("join", _join),
    Word("part", _part),
    Word("idle", _idle_wanted, "f9", "status"),
    Word("busy", _busy_wanted, "f9", "status"),
    Word("break", when.can_break, takes=TEXT),
    Word("callbacks", when.between_calls, takes=SEARCH),
    Word("later", when.can_plan, takes=TEXT),
    Word("read_in", _taken_along, takes=SEARCH),
    Word("own", when.signed_in, takes=SEARCH),
    Word("supervise", when.can_supervise),
    Word("find", when.can_look_up, "f3", "directory", takes=SEARCH),
    Word("members", _members, takes=SEARCH),
    Word("history", when.signed_in, "f10", "history", takes=SEARCH),
    Word("export", _taken_along, takes=SEARCH),
    Word("rebuild", when.can_rebuild),
    Word("close_call", when.is_gone),
    Word("phone_mode", when.can_go_mobile),
    Word("sound", _always),
    Word("check", when.can_check),
    Word("settings", _always),
    Word("state", _always),
    Word("who", _always),
    Word("queues", _queued),
    Word("again", _always),
    Word("time", _always),
    Word("shift", when.signed_in),
    Word("why", _always),
    Word("log", when.own_desk),
    Word("messages", _messages),
    Word("tour", _always),
    Word("help", _always, "f1", "help"),
    Word("sign_out", when.on_console),
    Word("leave", _always),
)


class Vocabulary:
    """The words, with the keys in force: `keys` are the config's, by action of the console."""

    def __init__(self, keys: Mapping[str, tuple[str, ...]]) -> None:
        self._keys: dict[str, list[Word]] = {}
        for word in WORDS:
            for key in keys.get(word.action, (word.key,)):
                if key:
                    self._keys.setdefault(key, []).append(word)

    def of_key(self, key: str, view: View) -> Word | None:
        """What a function key says now; what it says at other times where it says nothing now."""
        found = self._keys.get(key, [])
        return next((word for word in found if word.when(view)), found[0] if found else None)

    def key_of(self, word: Word) -> str:
        """The function key of a word, as it is called; "" for none."""
        keys = [key for key, words in self._keys.items() if word in words and key[0] == "f"]
        return keys[0].upper() if keys else ""

    def parse(self, text: str, *, noting: bool = False) -> tuple[Word, str] | None:
        """The word that a line begins with, and what stands behind it; None when it is none, or
        when what stands behind it does not fit. `noting`: what is no word is a note."""
        line = plain(text)
        folded = line.casefold()
        best: tuple[Word, str] | None = None
        length = 0
        for word in WORDS:
            for name in names_of(word.id):
                if not folded.startswith(name) or len(name) <= length:
                    continue
                rest = line[len(name) :]
                apart = not rest or rest[0] == " " or not name.isascii()
                if apart and (not rest.strip() or _fits(word, rest.strip(), noting)):
                    best, length = (word, rest.strip()), len(name)
        return best


def _fits(word: Word, rest: str, noting: bool) -> bool:
    if word.takes == STATUS:
        return rest.casefold() in (*names_of("busy"), *names_of("idle"))
    if word.takes == NUMBER and not noting and " " not in rest:
        return True  # whoever carries it out says what is no number, and why
    if word.takes in _LIKE:
        return _LIKE[word.takes].fullmatch(rest.casefold()) is not None
    return word.takes == TEXT or (word.takes == SEARCH and not noting)


def names_of(id: str) -> list[str]:
    """What a word is called, in the language of the moment first; English counts everywhere."""
    return [name.strip().casefold() for each in names(f"plain.word.{id}") for name in each]


def name_of(id: str) -> str:
    """What it is called first, for a list."""
    return names_of(id)[0]
