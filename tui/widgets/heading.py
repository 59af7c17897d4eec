"""The two lines on top of the console: who and where, and what I am and for how long."""

from __future__ import annotations

import math

from tui.actions import View
from tui.engine.state import (
    Call,
    CallState,
    LineState,
    Message,
    Phase,
    SeatState,
    Snapshot,
    Status,
    ThirdState,
    VoiceState,
)
from tui.i18n import render, tr
from tui.widgets.glyphs import glyphs
from tui.widgets.parties import own_phone
from tui.widgets.rows import Row, Rows, row, two_sided, width_of
from tui.widgets.words import Clocks, duration, fit

_NEXT_CELLS = 6
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
    if snapshot.wrapup is not None and snapshot.phase is Phase.SIGNED_IN:
        return "state.wrapup", "bold $ring"
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
        who: list[str] = []
        if account is not None:
            who.append(f"{account.un} {account.displayname}".strip())
            if account.group:
                who.append(account.group)
        return two_sided(
            row((glyphs().between.join(who), "$strong")),
            (*_line(view), ("  ", ""), *_voice(view)),
            width,
        )

    def _what(self, view: View, width: int) -> Row:
        snapshot = view.snapshot
        word, style = state_word(snapshot)
        left: list[tuple[str, str]] = [(tr(word), style), (" ", "")]
        call = snapshot.call
        if call is not None and call.live:
            elapsed = self._clocks.monotonic() - call_start(call)
            left.append((duration(elapsed), style))
            if call.pending:
                left.append(("  " + tr(f"pending.{call.pending}"), "$dim"))
        elif (wrapup := snapshot.wrapup) is not None and wrapup.until is not None:
            rest = math.ceil(wrapup.until - self._clocks.monotonic())
            left.append((tr("wrapup.left", time=duration(rest)), style))
        elif snapshot.seat.since:
            left.append((tr("since", time=self._clocks.time_of_day(snapshot.seat.since)), "$dim"))
        if (pending := snapshot.seat.pending) is not None:
            word = "busy" if pending is Status.BUSY else "idle"
            left.append(("  " + tr(f"pending.{word}"), "$dim"))
        if call is not None and call.live and call.muted:
            used = width_of(left)
            left.append((" " * max(2, _MARK_AT - used), ""))
            left.append((tr("muted"), "bold $bad"))
        elif (reason := _reason(snapshot)) is not None:
            left.append(("  " + render(reason), "$ring"))
        missed = snapshot.shift.missed
        right = (
            *_next(snapshot),
            (tr("missed", n=missed), "bold $ring" if missed else "$dim"),
        )
        return two_sided(tuple(left), right, width)


def _reason(snapshot: Snapshot) -> Message | None:
    """Why the seat is as it is, where the first word does not say it already."""
    call, reason = snapshot.call, snapshot.seat.reason
    if (call is not None and call.live) or snapshot.wrapup is not None:
        return None
    return reason


def _next(snapshot: Snapshot) -> Row:
    """The status that follows: set ahead for after a call, or what a write-up ends in."""
    if snapshot.next_status == int(Status.BUSY):
        word, style = tr("next.busy"), "bold $ring"
    elif snapshot.wrapup is not None:
        word, style = tr("next.idle"), "$dim"
    else:
        word, style = tr("next.none"), "$dim"
    return (("  " + tr("next"), "$dim"), (" " + fit(word, _NEXT_CELLS) + "  ", style))


def _line(view: View) -> Row:
    if not view.connected:
        return row((tr("line.no_engine"), "bold $bad"))
    line = view.snapshot.line
    if line.state is LineState.OK:
        if line.latency is None:
            return row((tr("line.ok"), "$dim"))
        # Three digits stand right-aligned, so that nothing beside them jumps.
        return row((tr("line.ok_ms", ms=f"{min(line.latency, 999):>3}"), "$dim"))
    style = "$dim" if line.state is LineState.OFF else "bold $bad"
    word = "state_refused" if line.state is LineState.REFUSED else line.state.value
    return row((tr(f"line.{word}"), style))


def _voice(view: View) -> Row:
    voice = view.snapshot.voice
    if view.snapshot.phone_mode == "mobile":
        return row((tr("phone.voice_mobile"), "bold $ring"))
    if phone := own_phone(view.snapshot.account):
        return row((phone, "$dim"))
    if voice.state is VoiceState.OK and voice.server and voice.delay is not None:
        return row((tr("voice.over", delay=str(voice.delay)), "$dim"))
    if voice.state is VoiceState.OK:
        return row((tr("voice.ok", device=voice.device or tr("voice.default")), "$dim"))
    bad = voice.state not in (VoiceState.OFF, VoiceState.LOADING)
    return row((tr(f"voice.{voice.state.value}"), "bold $bad" if bad else "$dim"))
