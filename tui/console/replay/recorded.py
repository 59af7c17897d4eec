"""A bundle (`yimi bundle`) as it is replayed: the snapshot of its beginning, events, messages.

The file may come from anywhere: whatever it holds is bounded and passes `clean_text`, and what one
version wrote that another does not know is counted and left out.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from tui.port.events import Event, apply
from tui.port.ladder import Rung, RungKind, answer_line, control_line, sip_line
from tui.port.snapshot import Snapshot
from tui.port.values import Message, message
from tui.port.wire.codec import CodecError, from_json
from tui.text import clean_text

FORM: Final = 1
"""The form of a bundle that is read here."""
MOST_BYTES: Final = 64 * 1024 * 1024
"""Of one file in a bundle, unpacked."""
_LONGEST_TEXT: Final = 4000
_EVERY: Final = 64
"""Events between two snapshots that are kept, so that going back is quick."""
T = TypeVar("T")


class NotReplayable(Exception):
    """The file is no bundle that can be replayed; `sentence` says why."""

    def __init__(self, sentence: Message) -> None:
        super().__init__(sentence.id)
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Happened:
    """An event at an instant of the recorded engine's clock."""

    at: float
    event: Event


class RecordedHour:
    """One bundle. Instants are those of the recorded engine's clock, `began_unix` the wall time of
    `began`."""

    def __init__(
        self,
        begin: Snapshot,
        events: tuple[Happened, ...],
        rungs: tuple[Rung, ...],
        *,
        began: float,
        began_unix: float,
        ended: float,
        skipped: int = 0,
    ) -> None:
        """`skipped`: lines that this version does not know."""
        self.events, self.rungs = events, rungs
        self.began, self.began_unix, self.skipped = began, began_unix, skipped
        lasts = (*(each.at for each in events[-1:]), *(each.at for each in rungs[-1:]))
        self.ended = max(ended, began, *lasts)
        self._kept = [begin]

    def snapshot(self, count: int) -> Snapshot:
        """The truth after the first `count` events."""
        kept = self._kept
        while len(kept) <= count // _EVERY:
            first = (len(kept) - 1) * _EVERY
            kept.append(self._after(kept[-1], first, first + _EVERY))
        whole = count // _EVERY
        return self._after(kept[whole], whole * _EVERY, count)

    def _after(self, snapshot: Snapshot, first: int, last: int) -> Snapshot:
        for each in self.events[first:last]:
            snapshot = apply(snapshot, each.event)
        return snapshot


def read(path: Path) -> RecordedHour:
    """The bundle in that file. Raises NotReplayable. Blocking."""
    try:
        with zipfile.ZipFile(path) as bundle:
            return _recorded(bundle, path)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise NotReplayable(message("replay.no_file", path=path, why=why)) from None
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
        raise NotReplayable(message("replay.no_bundle", path=path)) from None


def _recorded(bundle: zipfile.ZipFile, path: Path) -> RecordedHour:
    strange = NotReplayable(message("replay.no_bundle", path=path))
    try:
        about = json.loads(_text(bundle, "about.json"))
        form = about["bundle"]
        if form != FORM:
            wanted = message("replay.other_form", path=path, form=clean_text(str(form), 20))
            raise NotReplayable(wanted)
        began, unix = float(about["began"]), float(about["began_unix"])
        seconds = max(0.0, float(about["seconds"]))
        begin = from_json(_clean(json.loads(_text(bundle, "begin.json"))))
    except CodecError:
        version = clean_text(str(about.get("yimi", "?")), 20)
        raise NotReplayable(message("replay.other_version", path=path, version=version)) from None
    except (KeyError, TypeError, ValueError, AttributeError):
        raise strange from None
    if not isinstance(begin, Snapshot):
        raise strange
    events, unknown = _lines(bundle, "events.jsonl", lambda line: _event(line, began))
    wire, broken = _lines(bundle, "sip.jsonl", lambda line: _sip(line, began))
    said, bad = _lines(bundle, "messages.jsonl", lambda line: _said(line, began))
    return RecordedHour(
        begin,
        tuple(sorted((e for e in events if e is not None), key=lambda each: each.at)),
        tuple(sorted((r for r in (*wire, *said) if r is not None), key=lambda each: each.at)),
        began=began,
        began_unix=unix,
        ended=began + seconds,
        skipped=unknown + broken + bad,
    )


def _text(bundle: zipfile.ZipFile, name: str) -> str:
    """KeyError where there is none, ValueError where it is too large."""
    with bundle.open(name) as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ValueError(name)
    return data.decode("utf-8", "replace")


def _lines(
    bundle: zipfile.ZipFile, name: str, form: Callable[[dict[str, Any]], T]
) -> tuple[list[T], int]:
    """What its lines are, and how many are nothing that is known."""
    found: list[T] = []
    skipped = 0
    try:
        text = _text(bundle, name)
    except (KeyError, ValueError):
        return found, 1
    for line in text.splitlines():
        try:
            found.append(form(json.loads(line)))
        except (CodecError, KeyError, TypeError, ValueError, AttributeError, RecursionError):
            skipped += 1
    return found, skipped


def _event(line: dict[str, Any], began: float) -> Happened:
    event = from_json(_clean(line["event"]))
    apply(Snapshot(), event)  # what is no event fits nowhere
    return Happened(began + float(line["at"]), event)


def _sip(line: dict[str, Any], began: float) -> Rung | None:
    text = sip_line(str(line["message"]))
    if not text:
        return None
    return Rung(began + float(line["at"]), line["from"] == "us", RungKind.SIP, text)


def _said(line: dict[str, Any], began: float) -> Rung | None:
    at, sent, body = began + float(line["at"]), line["from"] == "agent", str(line["body"])
    match line["kind"]:
        case "control":
            name = str(line.get("means", "")) if sent else ""
            return Rung(at, sent, RungKind.CONTROL, control_line(name, body))
        case "outcome" if not line["understood"]:
            answer = answer_line(str(line["to"]), str(line["answer"]))
            return Rung(at, False, RungKind.CONTROL, answer)
        case "request" | "stray" as kind:
            refused = line.get("refused")
            why = refused["why"] if refused else line.get("why", kind)
            return Rung(at, False, RungKind.CONTROL, answer_line("ignored", str(why)))
    return None


def _clean(value: Any) -> Any:
    """Every text of it as it may be shown."""
    match value:
        case str():
            return clean_text(value, _LONGEST_TEXT)
        case list():
            return [_clean(item) for item in value]
        case dict():
            return {_clean(name): _clean(item) for name, item in value.items()}
    return value
