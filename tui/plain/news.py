"""What has happened, in sentences: how the view differs from the one before."""

from __future__ import annotations

from collections.abc import Iterator

from tui.console.actions import conditions as when
from tui.console.i18n import render, tr
from tui.console.view import View
from tui.console.widgets.formats import Clocks, ordinal, outcome_word, spaced
from tui.plain import sentences as say
from tui.plain.words import name_of
from tui.port.machines.call_machine import CallState, ThirdState
from tui.port.machines.seat_machine import Status
from tui.port.queues import QueueCause
from tui.port.snapshot import Call, Snapshot, Third
from tui.port.supervision import SuperviseState
from tui.port.values import (
    VOIP,
    ConnectionState,
    Hearing,
    Leg,
    Message,
    NextStatus,
    Phase,
    Standing,
    VoiceState,
    WrapUp,
)

_UNASKED = (QueueCause.QUEUE, QueueCause.UNANSWERED)
_SUPERVISES = {
    SuperviseState.LISTENING: "plain.supervise_hears",
    SuperviseState.WHISPERING: "plain.supervise_whispers",
    SuperviseState.JOINED: "plain.supervise_joined",
}
_SOUND_GONE = (Leg.FAILED, Leg.LOST)


def with_words(sentence: Message) -> Message:
    """The sentence with the word for what it names a key of: the engine knows neither."""
    if sentence.id.startswith("check.demanded"):
        return Message(sentence.id, (*sentence.values, ("key", name_of("check"))))
    return sentence


def news(old: View, new: View, clocks: Clocks) -> list[str]:
    """A line for each thing that is another now. The session's comings and goings are told by
    those who lead through them."""
    if new.snapshot.phase not in (Phase.SIGNED_IN, Phase.SIGNING_OUT):
        return list(_notice(old, new))
    if old.snapshot.phase not in (Phase.SIGNED_IN, Phase.SIGNING_OUT):
        # The platform says the seat's state a moment later; that is when it is told.
        known = [] if new.snapshot.seat.status is Status.OFFLINE else [say.state(new)]
        return [*known, *_calls_there(new, clocks)]
    return [
        *_line(old, new),
        *_calls(old, new, clocks),
        *_write_up(old, new),
        *_seat(old, new),
        *_beside(old, new),
        *_notice(old, new),
    ]


def _calls_there(view: View, clocks: Clocks) -> Iterator[str]:
    """After attaching: what rings."""
    for call in view.snapshot.calls:
        if call.state is CallState.RINGING:
            yield ringing(view, call, clocks)


# ---------------------------------------------------------------- the line, the seat


def _line(old: View, new: View) -> Iterator[str]:
    before, now = old.snapshot.connection.state, new.snapshot.connection.state
    if before is not now:
        bad = (ConnectionState.REGISTERING, ConnectionState.LOST, ConnectionState.REFUSED)
        if now in bad:
            yield say.dotted(say.line(new.snapshot))
        elif now is ConnectionState.OK and old.snapshot.connection.since:
            yield tr("plain.line_back")
    voice = new.snapshot.voice.state
    if voice is not old.snapshot.voice.state:
        if said := say.sound(new.snapshot):
            yield say.dotted(said[0])
        elif voice is VoiceState.OK and old.snapshot.voice.state not in (
            VoiceState.OFF,
            VoiceState.LOADING,
        ):
            yield tr("plain.sound_back")


def _seat(old: View, new: View) -> Iterator[str]:
    before, now = old.snapshot.seat, new.snapshot.seat
    if before.status is Status.OFFLINE and now.status is not Status.OFFLINE:
        yield say.state(new)
        return
    if before.status is now.status is Status.OFFLINE:
        return  # still on its way
    unsure = Standing.STATUS in now.unconfirmed
    was_unsure = Standing.STATUS in before.unconfirmed
    changed = (before.status, was_unsure) != (now.status, unsure)
    quiet = when.state_of(new) is not None or new.snapshot.wrapup is not None
    if (changed or old.snapshot.wrapup is not None) and not quiet:
        word = say.dotted(tr(say.state_id(new)).capitalize())
        if now.reason is not None and now.reason.id == "seat.wrapup":
            return  # the write-up is over, and what follows it is on its way
        reason = "" if now.reason is None else say.dotted(render(now.reason))
        if changed or tr(say.state_id(old)) != tr(say.state_id(new)):
            yield f"{word} {reason}".strip()
    if old.snapshot.next_status is not new.snapshot.next_status and when.can_set_next(new):
        busy = new.snapshot.next_status is NextStatus.BUSY
        yield tr("plain.next_busy" if busy else "plain.next_idle")
    if old.snapshot.phone_mode != new.snapshot.phone_mode:
        mobile = new.snapshot.phone_mode == "mobile"
        yield tr("plain.mobile" if mobile else "plain.not_mobile")
    group = say.group(new.snapshot)
    if group and group != say.group(old.snapshot):
        yield tr("plain.group_now", group=group)


def _notice(old: View, new: View) -> Iterator[str]:
    notice = new.snapshot.notice
    if notice is not None and notice != old.snapshot.notice:
        yield say.dotted(render(with_words(notice.message)))
    if new.notice is not None and new.notice != old.notice:
        yield say.dotted(render(with_words(new.notice)))


def _beside(old: View, new: View) -> Iterator[str]:
    """Whom to call back, whom a supervisor hears, who looks at this desk."""
    before, now = old.snapshot, new.snapshot
    if now.callbacks.due > before.callbacks.due:
        yield tr("plain.due", n=now.callbacks.due)
    said = say.mailbox_said(now.mailbox)
    if said and said != say.mailbox_said(before.mailbox):
        yield say.dotted(said.capitalize())
    was, heard = before.supervision, now.supervision
    if heard.state is not was.state:
        call = tr("plain.group_call", agent=heard.agent, customer=spaced(heard.customer))
        if heard.state is SuperviseState.NONE:
            why = "" if heard.outcome is None else say.dotted(render(heard.outcome))
            yield f"{tr('plain.supervise_over')} {why}".strip()
        else:
            yield tr(_SUPERVISES[heard.state], call=call)
    yield from _queues(before, now)
    for name in now.watchers:
        if name not in before.watchers:
            yield tr("plain.watched", name=name)


def _queues(before: Snapshot, now: Snapshot) -> Iterator[str]:
    """Of several queues of a PBX, which has changed; of one the seat's state says as much. What one
    does by itself is told in a notice."""
    known = {queue.name: queue for queue in before.queues}
    for queue in now.queues:
        was = known.get(queue.name)
        if len(now.queues) < 2 or was is None or queue.cause in _UNASKED:
            continue
        if queue.state is not was.state:
            yield say.queue(queue)


# ---------------------------------------------------------------- calls


def ringing(view: View, call: Call, clocks: Clocks) -> str:
    """A call that rings: who, for whom, and the letters that do something."""
    parts = [tr("plain.call_from", who=say.who(call))]
    account = view.snapshot.account
    group = call.group or (account.group if account is not None else "")
    if call.internal:
        parts.append(tr("call.internal"))
    elif group:
        parts.append(tr("call.for_group", group=group))
    if call.offers > 1:
        parts.append(tr("call.offer", ordinal=ordinal(call.offers), n=call.offers))
    elif first := say.first_today(view, call, clocks):
        parts.append(first)
    if not call.verified:
        parts.append(tr("call.unverified"))
    lines = [say.dotted(tr("plain.comma").join(parts))]
    if when.own_lines(view) and call.line > 1:
        lines.insert(0, say.dotted(tr("call.line", line=call.line).capitalize()))
    lines.append(tr("plain.ring_choices" if view.may_decline else "plain.ring_answer"))
    if call.auto_answer is not None:
        left = max(0, round(call.auto_answer - clocks.monotonic()))
        lines += [say.dotted(tr("autoanswer.in", n=left)), tr("plain.let_stops")]
    if account is not None and account.callintype != VOIP:
        which = "phone.pick_up_5" if account.callintype == 5 else "phone.pick_up_4"
        lines.append(tr(which, number=spaced(account.number)))
    return " ".join(lines)


def _calls(old: View, new: View, clocks: Clocks) -> Iterator[str]:
    before = {call.key: call for call in old.snapshot.calls}
    for call in new.snapshot.calls:
        was = before.get(call.key)
        if was == call:
            continue
        said = list(_call(new, was, call, clocks))
        if said and when.own_lines(new) and call.state is not CallState.RINGING:
            others = sum(each.live for each in new.snapshot.calls if each.key != call.key)
            if others:
                said[0] = say.dotted(tr("call.line", line=call.line).capitalize()) + " " + said[0]
        yield from said
    marked = new.snapshot.marked
    if marked != old.snapshot.marked and old.snapshot.marked in before and marked in before:
        yield from (
            tr("plain.line_marked", line=call.line, what=say.call_now(new, call))
            for call in new.snapshot.calls
            if call.key == marked and call.live
        )
    yield from _heard(old, new)


def _call(view: View, was: Call | None, call: Call, clocks: Clocks) -> Iterator[str]:
    before = None if was is None else was.state
    if call.state is not before:
        yield from _moved(view, was, call, clocks)
    if was is None or not call.live:
        return
    if call.third != was.third:
        yield from _third(call, was.third, call.third)
    if call.transfer and call.transfer != was.transfer:
        yield tr("plain.handing", name=call.transfer)
    if call.muted != was.muted:
        yield tr("plain.muted" if call.muted else "plain.unmuted")
    if call.leg is not was.leg:
        if call.leg in _SOUND_GONE:
            yield tr(f"leg.{call.leg.value}")
        elif call.leg is Leg.CONNECTED and was.leg in _SOUND_GONE:
            yield tr("plain.sound_back")
    if call.peer_holds != was.peer_holds:
        yield tr("call.peer_holds" if call.peer_holds else "plain.peer_back")
    if call.joined != was.joined:
        yield tr("plain.joined_here" if call.joined else "plain.parted")
    if call.outcome is not None and call.outcome != was.outcome:
        yield say.dotted(render(call.outcome))


def _moved(view: View, was: Call | None, call: Call, clocks: Clocks) -> Iterator[str]:
    before = None if was is None else was.state
    match call.state:
        case CallState.RINGING if before is not CallState.ANSWERING:
            yield ringing(view, call, clocks)
        case CallState.RINGING:
            yield tr("plain.rings", who=say.who(call))
        case CallState.DIALING:
            yield tr("plain.calling", who=say.who(call))
        case CallState.PROCEEDING if before is not CallState.DIALING:
            yield tr("plain.calling", who=say.who(call))
        case CallState.TALKING:
            again = before is CallState.HOLDING
            yield tr("plain.talking_again" if again else "plain.talking", who=say.who(call))
            if call.recovered and was is None:
                yield tr("call.recovered")
        case CallState.HOLDING:
            yield tr("plain.on_hold", who=say.who(call))
        case CallState.ENDED:
            yield _over(call)


def _over(call: Call) -> str:
    """Why it is over, and after how long."""
    why = render(call.outcome) if call.outcome is not None else tr("ended.unknown")
    if call.end.talk_time is None:
        return say.dotted(why)
    return tr("plain.over_after", why=say.bare(why), time=say.long(call.end.talk_time))


def _third(call: Call, was: Third | None, third: Third | None) -> Iterator[str]:
    if third is None or (was is not None and was.state is third.state):
        return
    name = say.third_name(third)
    match third.state:
        case ThirdState.ASKED if was is None or not was.present:
            yield tr("plain.third_called", name=name)
        case ThirdState.INVITED if was is None or not was.present:
            yield tr("plain.third_called", name=name)
        case ThirdState.JOINED:
            yield tr("plain.third_joined", name=name)
        case ThirdState.FAILED:
            why = render(third.outcome) if third.outcome is not None else tr("third.failed")
            yield tr("plain.third_failed", name=name, why=say.dotted(why), who=say.who(call))
        case ThirdState.LEFT:
            dropped = was is not None and was.state is ThirdState.LEAVING
            id = "plain.third_dropped" if dropped else "plain.third_left"
            yield tr(id, name=name, who=say.who(call))


def _heard(old: View, new: View) -> Iterator[str]:
    """Who does not hear whom, once it is so."""
    quality, before = new.snapshot.quality, old.snapshot.quality
    if quality is None or quality.hearing is Hearing.OK:
        return
    if before is None or before.hearing is not quality.hearing:
        yield tr(f"hearing.{quality.hearing.value}")


# ---------------------------------------------------------------- the write-up, calls missed


def _write_up(old: View, new: View) -> Iterator[str]:
    was, now = old.snapshot.wrapup, new.snapshot.wrapup
    if now is not None and (was is None or was.entry != now.entry):
        yield say.write_up(now)
    elif now is None and was is not None:
        yield tr("plain.write_up_over")
    elif was is not None and now is not None and was != now:
        yield from _written(was, now)
    if new.snapshot.shift.missed > old.snapshot.shift.missed and new.snapshot.recent:
        last = new.snapshot.recent[0]
        if last.missed:
            yield tr("plain.missed", who=spaced(last.number) or tr("call.no_number"))


def _written(was: WrapUp, now: WrapUp) -> Iterator[str]:
    parts = []
    if now.outcome != was.outcome:
        word = outcome_word(now.outcome)
        parts.append(tr("plain.chosen", outcome=word) if word else tr("plain.unchosen"))
    if now.note != was.note:
        parts.append(tr("plain.note_kept"))
    if was.until is not None and now.until is None:
        parts.append(tr("plain.countdown_stopped"))
    if parts:
        yield " ".join(parts)
