"""The two lines on top of the console: who and where, and what I am and for how long."""

from __future__ import annotations

import math

from tui.console import queue_words
from tui.console.i18n import render, tr
from tui.console.view import View
from tui.console.widgets.call.parties import own_phone
from tui.console.widgets.formats import Clocks, by_the_minute, duration, fit
from tui.console.widgets.glyphs import glyphs
from tui.console.widgets.room import Ranked, one_line
from tui.console.widgets.rows import Row, Rows, row, width_of
from tui.port.machines.call_machine import CallState, ThirdState
from tui.port.machines.seat_machine import SeatState, Status
from tui.port.queues import AgentQueue, QueueState
from tui.port.snapshot import Call, Snapshot
from tui.port.supervision import SuperviseState
from tui.port.values import HEADSET, ConnectionState, Message, Phase, Standing, VoiceState
from tui.port.work import TakenBreak

_SUPERVISED = {
    SuperviseState.LISTENING: "state.listening",
    SuperviseState.WHISPERING: "state.whispering",
    SuperviseState.JOINED: "state.supervises",
}
_NEXT_CELLS = 6
ROOMY = 60
"""Cells from which what follows a call stands beside who looks at the desk."""
WATCHERS_CELLS, FEW_CELLS = 16, 8
"""Cells for their names: in a heading of so many cells, and in a smaller one."""
QUEUE_CELLS = 12
"""Cells for the name of a queue."""
_MARK_AT = 34
"""The column of MUTED and the like: always the same."""


def clock_start(snapshot: Snapshot) -> float | None:
    """The instant that the running clock counts from, or down to; None while none runs."""
    call = snapshot.call
    if call is not None and call.live:
        return call_start(call)
    return None if snapshot.wrapup is None else snapshot.wrapup.until


def call_start(call: Call) -> float:
    """From when the clock of a live call runs: talking counts from the answer, whatever lay in
    between; the rest from when the state began."""
    if call.state in (CallState.TALKING, CallState.ENDING) and call.answered is not None:
        return call.answered
    return call.since


def state_word(snapshot: Snapshot) -> tuple[str, str]:
    """Message id and style of the seat's state in one word."""
    call = snapshot.call
    if snapshot.phase is Phase.KICKED:
        return "state.kicked", "bold $bad"
    if snapshot.phase is Phase.SIGNING_OUT:
        return "state.signing_out", "bold"
    if call is not None and call.live:
        match call.state:
            case CallState.RINGING:
                return "state.ringing", "bold $ring"
            case CallState.DIALING | CallState.PROCEEDING:
                return "state.dialling", "bold $strong"
            case CallState.HOLDING:
                return "state.on_hold", "bold $ring"
            case CallState.ANSWERING:
                return "state.answering", "bold $strong"
            case CallState.DECLINING:
                return "state.declining", "bold"
            case CallState.ENDING:
                return "state.ending", "bold"
            case _:
                if call.joined:
                    return "state.joined", "bold $good"
                three = call.third is not None and call.third.state is ThirdState.JOINED
                return "state.three_way" if three else "state.talking", "bold $good"
    if snapshot.supervision.state is not SuperviseState.NONE:
        return _SUPERVISED[snapshot.supervision.state], "bold $ring"
    if snapshot.wrapup is not None and snapshot.phase is Phase.SIGNED_IN:
        return "state.wrapup", "bold $ring"
    if not snapshot.holds(Standing.STATUS) and snapshot.seat.status is not Status.OFFLINE:
        return "state.unconfirmed", "bold $ring"
    match snapshot.seat_state:
        case SeatState.IDLE:
            return "state.idle", "bold $good"
        case SeatState.BUSY:
            return "state.busy", "bold $ring"
        case _:
            return "state.offline", "bold $bad"


class Heading(Rows):
    """Two rows. Ticks only while a call is live."""

    DEFAULT_CSS = "Heading { height: 2; padding: 0 1; }"

    def __init__(self, clocks: Clocks) -> None:
        super().__init__(id="heading")
        self._clocks = clocks

    def show(self, view: View) -> None:
        """Draw the view."""
        width = self.content_size.width
        if width:
            self.draw((self._who(view, width), self._what(view, width)))

    def _who(self, view: View, width: int) -> Row:
        account = view.snapshot.account
        left: list[Ranked] = []
        if account is not None:
            left.append(("agent", row((f"{account.un} {account.displayname}".strip(), "$strong"))))
            if account.group and view.snapshot.holds(Standing.GROUP):
                left.append(("group", row((glyphs().between + account.group, "$strong"))))
        left.append(("queues", _queues(view.snapshot.queues, width)))
        connected, voiced = _connection(view), _voice(view)
        line = "bad line" if _is_bad(connected) else "line"
        voice = "bad voice" if _is_bad(voiced) else "voice"
        right: list[Ranked] = [(line, connected), (voice, (("  ", ""), *voiced))]
        if view.sandbox:
            right.insert(0, ("sandbox", row((tr("signin.sandbox"), "bold $ring"), ("  ", ""))))
        return one_line(left, right, width)

    def _what(self, view: View, width: int) -> Row:
        snapshot = view.snapshot
        word, style = state_word(snapshot)
        call = snapshot.call
        state: list[tuple[str, str]] = [(tr(word), style), (" ", "")]
        asking = ""
        if call is not None and call.live:
            elapsed = self._clocks.monotonic() - call_start(call)
            state.append((by_the_minute(elapsed) if view.calm else duration(elapsed), style))
            if call.pending:
                asking = tr(f"pending.{call.pending}")
        elif (wrapup := snapshot.wrapup) is not None and wrapup.until is not None:
            rest = math.ceil(wrapup.until - self._clocks.monotonic())
            left_over = tr("minutes", n=math.ceil(rest / 60)) if view.calm else duration(rest)
            state.append((tr("wrapup.left", time=left_over), style))
        elif snapshot.supervision.state is not SuperviseState.NONE:
            began = self._clocks.time_of_day(snapshot.supervision.since)
            state.append((tr("since", time=began), "$dim"))
        elif snapshot.seat.since:
            lost = (
                snapshot.connection.since
                if snapshot.connection.state is not ConnectionState.OK
                else 0.0
            )
            began = self._clocks.time_of_day(lost or snapshot.seat.since)
            since = tr("since", time=began)
            state.append((since, "$dim"))
        if (pending := snapshot.seat.pending) is not None:
            asking = tr("pending.busy" if pending is Status.BUSY else "pending.idle")
        left: list[Ranked] = [("state", tuple(state))]
        if asking:
            left.append(("asking", row(("  " + asking, "$dim"))))
        if call is not None and call.live and call.muted:
            muted = row((tr("muted"), "bold $bad"))
            used = sum(width_of(pieces) for _, pieces in left)
            at = min(_MARK_AT, width - width_of(muted) - 1)
            left.append(("muted", ((" " * max(2, at - used), ""), *muted)))
        elif (reason := _reason(snapshot)) is not None:
            said = row(("  " + render(reason), "$ring"))
            left.append(("why", (*said, _limit(snapshot.seat.taken, self._clocks))))
        missed = snapshot.shift.missed
        set_ahead = snapshot.next_status == int(Status.BUSY) or snapshot.wrapup is not None
        due = snapshot.callbacks.due
        right: list[Ranked] = [
            ("watched", _watched(snapshot, WATCHERS_CELLS if width >= ROOMY else FEW_CELLS)),
            ("mail", _mailbox(snapshot)),
            ("parked", _parked(snapshot)),
            ("due", row(("  " + tr("callbacks.due", n=due), "bold $ring")) if due else ()),
            ("next" if set_ahead else "no next", _next(snapshot)),
            (
                "missed" if missed else "nothing missed",
                row(("  " + tr("missed", n=missed), "bold $ring" if missed else "$dim")),
            ),
        ]
        return one_line(left, right, width)


def _queues(queues: tuple[AgentQueue, ...], width: int) -> Row:
    """How it stands with each queue of a PBX; in a small terminal how many send calls."""
    if not queues:
        return ()
    between = (glyphs().between, "$dim")
    said: list[tuple[str, str]] = []
    for queue in queues:
        name = (fit(queue.name, min(len(queue.name), QUEUE_CELLS)) + " ", "$dim")
        said += [between, name, (queue_words.state_word(queue), queue_words.state_style(queue))]
    if width_of(row(*said)) <= width // 2:
        return row(*said)
    takes = sum(queue.state is QueueState.IN for queue in queues)
    return row(between, (tr("queues.count", n=takes, of=len(queues)), "$dim" if takes else "$ring"))


def _reason(snapshot: Snapshot) -> Message | None:
    """Why the seat is as it is, where the first word does not say it already."""
    call, reason = snapshot.call, snapshot.seat.reason
    if (call is not None and call.live) or snapshot.wrapup is not None:
        return None
    return reason


def _limit(taken: TakenBreak | None, clocks: Clocks) -> tuple[str, str]:
    """Until when a break may last, or since when it lasts too long."""
    if taken is None or taken.until is None:
        return "", ""
    over = clocks.monotonic() >= taken.until
    id = "break.over_since" if over else "break.until"
    return " " + tr(id, time=clocks.time_of_day(taken.until)), "bold $bad" if over else "$dim"


def _mailbox(snapshot: Snapshot) -> Row:
    """The mailbox's lamp: how many messages are new, where that is told."""
    mailbox = snapshot.mailbox
    if mailbox is None or not mailbox.waiting:
        return ()
    said = tr("mailbox.new", n=mailbox.new) if mailbox.new else tr("mailbox.waiting")
    return row(("  " + said, "bold $ring"))


def _parked(snapshot: Snapshot) -> Row:
    """In which slots calls wait."""
    slots = [each.slot for each in snapshot.parking if each.taken]
    return row(("  " + tr("park.slots", slots=", ".join(slots)), "$ring")) if slots else ()


def _watched(snapshot: Snapshot, cells: int) -> Row:
    """Who looks at this desk: the agent is told as long as somebody does."""
    if not snapshot.watchers:
        return ()
    names = ", ".join(snapshot.watchers)
    return row((tr("watched", names=fit(names, min(len(names), cells))) + "  ", "$ring"))


def _next(snapshot: Snapshot) -> Row:
    """The status that follows: set ahead for after a call, or what a write-up ends in."""
    if snapshot.next_status == int(Status.BUSY):
        word, style = tr("next.busy"), "bold $ring"
    elif snapshot.wrapup is not None:
        word, style = tr("next.idle"), "$dim"
    else:
        word, style = tr("next.none"), "$dim"
    return (("  " + tr("next"), "$dim"), (" " + fit(word, _NEXT_CELLS), style))


def _is_bad(pieces: Row) -> bool:
    return any(style == "bold $bad" for _, style in pieces)


def _connection(view: View) -> Row:
    if not view.connected:
        return row((tr("line.no_engine"), "bold $bad"))
    if view.silent:
        return row((tr("line.silent"), "bold $bad"))
    connection = view.snapshot.connection
    if connection.state is ConnectionState.OK:
        if connection.latency is None:
            return row((tr("line.ok"), "$dim"))
        # Three digits stand right-aligned, so that nothing beside them jumps.
        return row((tr("line.ok_ms", ms=f"{min(connection.latency, 999):>3}"), "$dim"))
    style = "$dim" if connection.state is ConnectionState.OFF else "bold $bad"
    word = (
        "state_refused" if connection.state is ConnectionState.REFUSED else connection.state.value
    )
    return row((tr(f"line.{word}"), style))


def _voice(view: View) -> Row:
    voice = view.snapshot.voice
    if view.snapshot.phone_mode == "mobile":
        return row((tr("phone.voice_mobile"), "bold $ring"))
    if phone := own_phone(view.snapshot.account):
        return row((phone, "$dim"))
    if voice.state is VoiceState.OK and voice.server and voice.delay is not None:
        over = tr("voice.over", delay=str(voice.delay))
        if voice.server == HEADSET:
            over = tr("voice.over_headset", delay=str(voice.delay))
        return row((over, "$dim"))
    if voice.state is VoiceState.OK:
        return row((tr("voice.ok", device=voice.device or tr("voice.default")), "$dim"))
    bad = voice.state not in (VoiceState.OFF, VoiceState.LOADING)
    return row((tr(f"voice.{voice.state.value}"), "bold $bad" if bad else "$dim"))
