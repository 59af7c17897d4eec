"""The line of a replay: the moment, and what happened last. Names of events are those of
`yimi events` (docs/scripts.md), in every language."""

from __future__ import annotations

import time
from enum import Enum
from typing import Final

import msgspec

from tui.console.replay.player import Player
from tui.console.widgets.formats import duration
from tui.console.widgets.glyphs import glyphs
from tui.port.events import Event

_FIELDS: Final = {
    "CallChanged": ("call.state",),
    "SeatChanged": ("seat.status",),
    "ConnectionChanged": ("connection.state",),
    "VoiceChanged": ("voice.state",),
    "NoticeChanged": ("notice.message.id",),
    "QualityChanged": ("quality.mos",),
}
"""What is said of an event whose fields are values; of the others, their plain fields."""
_MOST: Final = 2


def line_of(player: Player) -> str:
    """Time of day, how far of how much, the number of the event, its name, how fast it plays."""
    recorded = player.recorded
    stamp = time.strftime("%H:%M:%S", time.localtime(player.wall()))
    tenth = int(player.wall() * 10) % 10
    gone = duration(player.moment - recorded.began)
    parts = [f"{stamp}.{tenth}", f"{gone}/{duration(recorded.ended - recorded.began)}"]
    if player.playing:
        parts.append(f"{glyphs().ring} {player.speed}x")
    parts.append(f"{player.count}/{len(recorded.events)}")
    event = player.event
    if event is not None:
        parts.append(named(event))
    return "  ".join(parts)


def named(event: Event) -> str:
    """The event's name, and what is new in a word or two."""
    name = type(event).__name__
    fields = _FIELDS.get(name) or event.__struct_fields__
    said = (_plain(event, path) for path in fields)
    return " ".join((name, *[each for each in said if each][:_MOST]))


def _plain(value: object, path: str) -> str:
    for name in path.split("."):
        value = getattr(value, name, None)
    match value:
        case Enum():
            return value.name.lower()
        case str() | int() | float():
            return str(value)
        case msgspec.Struct() if hasattr(value, "id"):
            return str(value.id)
    return ""
