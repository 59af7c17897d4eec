"""How things stand, in sentences: who it is, what state, how long."""

from __future__ import annotations

import math

from tui.console import queue_words
from tui.console.actions.conditions import own_lines, third_of
from tui.console.i18n import render, tr
from tui.console.view import View
from tui.console.widgets.formats import Clocks, outcome_word, spaced
from tui.port.colleagues import Mailbox, ParkingSlot
from tui.port.machines.call_machine import CallState, ThirdState
from tui.port.machines.seat_machine import Status
from tui.port.queues import AgentQueue
from tui.port.snapshot import Call, Snapshot, Third
from tui.port.supervision import SuperviseState
from tui.port.values import (
    VOIP,
    ConnectionState,
    Phase,
    Question,
    Standing,
    ThirdKind,
    VoiceState,
    WrapUp,
    WrapUpMode,
)

_SUPERVISES = {
    SuperviseState.LISTENING: "plain.listens",
    SuperviseState.WHISPERING: "plain.whispers",
    SuperviseState.JOINED: "plain.joins",
}


def long(seconds: float) -> str:
    """A duration in words: "3 minutes 12"."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return tr("plain.hours", n=hours, m=minutes)
    if minutes and left:
        return tr("plain.minutes_and", n=minutes, s=left)
    return tr("plain.minutes", n=minutes) if minutes else tr("plain.seconds", n=left)


def dotted(text: str) -> str:
    """With the full stop that a sentence ends in."""
    text = text.strip()
    return text if not text or text[-1] in ".。!?！？…" else text + tr("plain.stop")


def bare(text: str) -> str:
    """Without it, for a longer sentence."""
    return text.strip().rstrip(".。")


def asked(label: str) -> str:
    """A label as a question: what is typed stands behind it."""
    return label + tr("plain.colon").rstrip()


def named(label: str, value: str) -> str:
    """A label and its value."""
    return label + tr("plain.colon") + value


def who(call: Call) -> str:
    """Number and name of the other side."""
    number = spaced(call.number) or tr("call.no_number")
    name = call.known or call.name
    return f"{number} {name}" if name and name != call.number else number


def third_name(third: Third) -> str:
    """The name of a third party; the number of one outside."""
    return spaced(third.name) if third.kind == ThirdKind.OUTSIDE else third.name or third.callee


# ---------------------------------------------------------------- the state


def state_id(view: View) -> str:
    """The state in one word, as a message id."""
    snapshot = view.snapshot
    call = snapshot.call
    if snapshot.phase is Phase.KICKED:
        return "state.kicked"
    if snapshot.phase is Phase.SIGNING_OUT:
        return "state.signing_out"
    if call is not None and call.live:
        return _call_id(view, call)
    if snapshot.wrapup is not None and snapshot.phase is Phase.SIGNED_IN:
        return "plain.write_up"
    if snapshot.supervision.state is not SuperviseState.NONE:
        return _SUPERVISES[snapshot.supervision.state]
    offline = snapshot.seat.status is Status.OFFLINE
    if not snapshot.holds(Standing.STATUS) and not offline:
        return "state.unconfirmed"
    if offline:
        return "state.offline"
    return "state.busy" if snapshot.seat.status is Status.BUSY else "state.idle"


def _call_id(view: View, call: Call) -> str:
    match call.state:
        case CallState.RINGING:
            return "state.ringing"
        case CallState.DIALING | CallState.PROCEEDING:
            return "state.dialling"
        case CallState.ANSWERING:
            return "state.answering"
        case CallState.HOLDING:
            return "state.on_hold"
        case CallState.DECLINING:
            return "state.declining"
        case CallState.ENDING:
            return "state.ending"
    if call.joined:
        return "state.joined"
    return "state.three_way" if third_of(view) is ThirdState.JOINED else "state.talking"


def prompt(view: View) -> str:
    """The state, before what is typed; a microphone that is cut is part of it."""
    if not view.connected:
        return tr("line.no_engine") + ">"
    if view.silent:
        return tr("line.silent") + ">"
    word = tr(state_id(view)).lower()
    call = view.snapshot.call
    if call is not None and call.live:
        if own_lines(view) and sum(each.live for each in view.snapshot.calls) > 1:
            word += " " + tr("call.line", line=call.line)
        if call.muted:
            word += f" {tr('muted').lower()}"
    return word + ">"


def state(view: View) -> str:
    """Where I am: seat, group, line; call, microphone; what follows."""
    snapshot = view.snapshot
    if not view.connected:
        return dotted(tr("line.no_engine"))
    if view.silent:
        return dotted(tr("line.silent"))
    said = [tr(state_id(view)).capitalize()]
    call = snapshot.call
    if call is not None and call.live:
        said = [call_now(view, call)]
    elif snapshot.wrapup is not None:
        said = [write_up(snapshot.wrapup)]
    elif snapshot.seat.reason is not None:
        said.append(render(snapshot.seat.reason))
    said.append(group(snapshot))
    said += [line(snapshot), *sound(snapshot)]
    if snapshot.next_status == int(Status.BUSY):
        said.append(tr("plain.next_busy"))
    if snapshot.shift.missed:
        said.append(tr("missed", n=snapshot.shift.missed).capitalize())
    return " ".join(dotted(each) for each in said if each)


def group(snapshot: Snapshot) -> str:
    """The group that the platform has confirmed; empty where there is none."""
    account = snapshot.account
    if account is None or not snapshot.holds(Standing.GROUP):
        return ""
    return account.group


def queue(queue: AgentQueue) -> str:
    """How it stands with one queue of a PBX."""
    return dotted(tr("plain.queue", said=queue_words.sentence(queue)))


def line(snapshot: Snapshot) -> str:
    """The line to the platform, without its figures."""
    state = snapshot.connection.state
    refused = state is ConnectionState.REFUSED
    word = "state_refused" if refused else state.value
    return tr(f"line.{word}").capitalize()


def sound(snapshot: Snapshot) -> list[str]:
    """What is wrong with the sound, or where else it is."""
    account, voice = snapshot.account, snapshot.voice
    if snapshot.phone_mode == "mobile":
        return [tr("phone.voice_mobile")]
    if account is not None and account.callintype != VOIP:
        which = "phone.voice_5" if account.callintype == 5 else "phone.voice_4"
        return [tr(which, number=spaced(account.number))]
    if voice.state in (VoiceState.OK, VoiceState.OFF, VoiceState.LOADING):
        return []
    return [tr(f"voice.{voice.state.value}")]


# ---------------------------------------------------------------- calls


def call_now(view: View, call: Call) -> str:
    """A call that is going on, in one sentence or a few."""
    name = who(call)
    match call.state:
        case CallState.RINGING:
            said = [tr("plain.rings", who=name)]
        case CallState.DIALING | CallState.PROCEEDING:
            said = [tr("plain.calling", who=name)]
        case CallState.ANSWERING:
            said = [tr("call.answering")]
        case CallState.HOLDING:
            said = [tr("plain.on_hold", who=name)]
        case CallState.DECLINING:
            said = [tr("call.declining")]
        case CallState.ENDING:
            said = [tr("call.ending")]
        case _:
            said = [tr("plain.talking", who=name)]
    third = call.third
    if third is not None and third.present:
        which = "plain.third_in" if third.joined is not None else "plain.third_coming"
        said.append(tr(which, name=third_name(third)))
    if call.transfer:
        said.append(tr("plain.handing", name=call.transfer))
    if call.muted:
        said.append(tr("plain.muted"))
    if call.peer_holds:
        said.append(tr("call.peer_holds"))
    return " ".join(dotted(each) for each in said)


def call_times(view: View, clocks: Clocks) -> list[str]:
    """Who is in the call, since when, by which group; the write-up's call after it."""
    snapshot, now = view.snapshot, clocks.monotonic()
    said = []
    for call in snapshot.calls:
        if not call.live:
            continue
        parts = [call_now(view, call)]
        if own_lines(view):
            parts.insert(0, dotted(tr("call.line", line=call.line).capitalize()))
        if call.group:
            parts.append(dotted(tr("call.for_group", group=call.group).capitalize()))
        since = call.answered if call.answered is not None else call.began
        parts.append(tr("plain.for_time", time=long(now - since)))
        if call.third is not None and call.third.joined is not None:
            name, there = third_name(call.third), long(now - call.third.joined)
            parts.append(tr("plain.third_time", name=name, time=there))
        if call.tones.sent:
            parts.append(tr("plain.sent_tones", tones=call.tones.sent))
        said.append(" ".join(parts))
    if not said and snapshot.wrapup is not None:
        wrapup = snapshot.wrapup
        parts = [tr("plain.wrote_of", who=spaced(wrapup.number) or tr("call.no_number"))]
        if wrapup.talk_time is not None:
            parts.append(tr("plain.lasted", time=long(wrapup.talk_time)))
        said.append(" ".join(parts))
    return said or [tr("plain.nobody")]


# ---------------------------------------------------------------- the write-up


def write_up(wrapup: WrapUp, now: float | None = None) -> str:
    """The write-up: how long, what can be chosen, how it ends. `now` says the time that is left."""
    began = wrapup.began if now is None else now
    said = tr("plain.write_up_open")
    if wrapup.until is not None:
        said = tr("plain.write_up_for", time=long(math.ceil(wrapup.until - began)))
    choices = [f"{n} {outcome_word(each)}" for n, each in enumerate(wrapup.outcomes, 1)]
    strict = wrapup.mode is WrapUpMode.TIMED_STRICT and wrapup.until is not None
    ends = "plain.write_up_strict" if strict else "plain.write_up_ends"
    if wrapup.mode is WrapUpMode.REQUIRED and not wrapup.outcome:
        ends = "plain.write_up_required"
    parts = [dotted(named(said, " ".join(choices)) if choices else said)]
    if wrapup.outcome:
        parts.append(tr("plain.chosen", outcome=outcome_word(wrapup.outcome)))
    return " ".join((*parts, tr(ends)))


def first_today(view: View, call: Call, clocks: Clocks) -> str:
    """Which call of this number it is today, as far as the last calls tell."""
    today = clocks.date_of(clocks.monotonic())
    before = sum(
        record.number == call.number and clocks.date_of(record.ended) == today
        for record in view.snapshot.recent
        if record.ccnumber != call.ccnumber or not call.ccnumber
    )
    if not call.number:
        return ""
    return tr("plain.first_today") if not before else tr("plain.nth_today", n=before + 1)


def mailbox_said(mailbox: Mailbox | None) -> str:
    """What waits in the mailbox; "" for nothing, or what is not known."""
    if mailbox is None or not mailbox.waiting:
        return ""
    return tr("mailbox.new", n=mailbox.new) if mailbox.new else tr("mailbox.waiting")


def parked_said(slots: tuple[ParkingSlot, ...]) -> str:
    """Where calls wait; "" for nowhere."""
    taken = [each.slot for each in slots if each.taken]
    return tr("park.slots", slots=", ".join(taken)) if taken else ""


def question_asked(question: Question) -> str:
    """What a peer wants, and how it is answered."""
    name = spaced(question.name) or tr("call.no_number")
    said = tr(f"question.{question.kind}", name=name, target=spaced(question.target))
    return f"{dotted(said)} {tr('plain.yes_or_no')}"
