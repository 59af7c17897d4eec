"""What is asked for: state, times, the history, the sound, the check, what went wrong."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tui.console.actions import conditions as when
from tui.console.i18n import render, tr
from tui.console.widgets.calls_before.history_terms import terms_of
from tui.console.widgets.formats import export_words, outcome_word, spaced
from tui.plain import sentences as say
from tui.plain.news import with_words
from tui.plain.words import name_of
from tui.port.commands import (
    Dial,
    ExportHistory,
    GetHistory,
    GetLadder,
    GetNotUnderstood,
    ListDevices,
    MendNote,
    RunChecks,
    TrySound,
)
from tui.port.ladder import Ladder
from tui.port.values import (
    BREAK,
    Check,
    CheckState,
    Devices,
    HistoryEntry,
    HistoryPage,
    Message,
    NotUnderstoodReport,
    Quality,
)
from tui.text.typed_path import typed_path

if TYPE_CHECKING:
    from tui.plain.desk import PlainDesk

MESSAGES = 10
"""Of the messages between this phone and the other side, the last ones."""


async def state(desk: PlainDesk, rest: str) -> None:
    """Where I am."""
    wrapup = desk.view.snapshot.wrapup
    snapshot = desk.view.snapshot
    besides = (say.mailbox_said(snapshot.mailbox), say.parked_said(snapshot.parking))
    said = [say.state(desk.view), *(say.dotted(each.capitalize()) for each in besides if each)]
    if wrapup is not None and when.writing_up(desk.view):
        said = [say.write_up(wrapup, desk.clocks.monotonic())]
    desk.talk.say(*said)


async def who(desk: PlainDesk, rest: str) -> None:
    desk.talk.say(*say.call_times(desk.view, desk.clocks))


async def queues(desk: PlainDesk, rest: str) -> None:
    """How it stands with each queue of the PBX."""
    desk.talk.say(*(say.queue(each) for each in desk.view.snapshot.queues))


async def again(desk: PlainDesk, rest: str) -> None:
    desk.talk.say(*desk.talk.last)


async def clock(desk: PlainDesk, rest: str) -> None:
    """What time it is, and how long the seat has been as it is."""
    now, snapshot = desk.clocks.monotonic(), desk.view.snapshot
    said = [desk.clocks.time_of_day(now) + tr("plain.stop")]
    call = snapshot.call
    if call is not None and call.live:
        said.append(tr("plain.for_time", time=say.long(now - (call.answered or call.since))))
    elif snapshot.wrapup is not None and snapshot.wrapup.until is not None:
        left = say.long(max(0.0, snapshot.wrapup.until - now))
        said.append(tr("plain.left", time=left))
    elif snapshot.seat.since:
        said.append(tr("plain.for_time", time=say.long(now - snapshot.seat.since)))
    desk.talk.say(" ".join(said))


async def shift(desk: PlainDesk, rest: str) -> None:
    figures = desk.view.snapshot.shift
    said = tr(
        "shift.figures",
        answered=figures.talked,
        missed=figures.missed,
        talk=say.long(figures.talk_time),
        longest=say.long(figures.longest),
    )
    desk.talk.say(said)


async def tour(desk: PlainDesk, rest: str) -> None:
    """Six sentences for who is new, with the words in the place of keys."""
    words = ("answer", "hold", "mute", "transfer", "find", "history", "leave")
    said = {word: name_of(word) for word in words}
    said |= {"party": said["transfer"], "directory": said["find"], "palette": name_of("help")}
    said |= {"help": "?", "status": name_of("ready"), "hangup": name_of("hangup")}
    desk.talk.say(
        tr("tour.1", **{**said, "hangup": name_of("decline")}),
        tr("tour.2", **said),
        tr("tour.3", **said),
        tr("tour.4", **said),
        tr("tour.5", **{**said, "status": name_of("idle") + ", " + name_of("busy")}),
        tr("tour.6", **said),
    )


# ---------------------------------------------------------------- the history


async def history(desk: PlainDesk, rest: str) -> None:
    """The calls that hold the text, newest first; a digit tells more of one, and calls it."""
    page = 1
    while True:
        terms = terms_of(rest, desk.clocks.wall())
        result = await desk.engine.ask(GetHistory(rest, page, terms))
        if not result.ok or not isinstance(result.value, HistoryPage):
            desk.engine.refused(result)
            return
        found = result.value
        if not found.entries:
            desk.talk.say(tr("history.nothing"))
            return
        options = [_one(desk, entry) for entry in found.entries]
        more = found.total > (page - 1) * 50 + len(found.entries)
        if more:
            options.append(tr("plain.older"))
        at = await desk.talk.choose(say.dotted(tr("history.count", n=found.total)), options)
        if at is None:
            return
        if at < len(found.entries):
            await _told(desk, found.entries[at])
            return
        page += 1


def _one(desk: PlainDesk, entry: HistoryEntry) -> str:
    """A call, or a break, in a few words."""
    who = spaced(entry.number) or tr("call.no_number")
    if entry.kind == BREAK:
        who = tr("history.break")
    parts = [who, entry.name, _when(desk, entry)]
    if entry.missed:
        parts.append(tr("plain.was_missed"))
    elif entry.outgoing:
        parts.append(tr("plain.was_outgoing"))
    if entry.talk_time is not None:
        parts.append(say.long(entry.talk_time))
    if entry.outcome:
        parts.append(outcome_word(entry.outcome))
    return tr("plain.comma").join(each for each in parts if each)


def _when(desk: PlainDesk, entry: HistoryEntry) -> str:
    then, now = time.localtime(entry.began), time.localtime(desk.clocks.wall())
    today = then[:3] == now[:3]
    return time.strftime("%H:%M" if today else "%Y-%m-%d %H:%M", then)


async def _told(desk: PlainDesk, entry: HistoryEntry) -> None:
    """All that is known of one call; it can be called again."""
    said = [_one(desk, entry)]
    if entry.group:
        said.append(entry.group)
    if entry.ring_time:
        said.append(tr("history.rang", time=say.long(entry.ring_time)))
    if entry.hold_time:
        said.append(tr("history.held", time=say.long(entry.hold_time)))
    if entry.reason:
        said.append(render(Message(entry.reason, entry.reason_values)))
    if entry.note:
        said.append(say.named(tr("wrapup.note"), entry.note))
    desk.talk.say(" ".join(say.dotted(each) for each in said))
    if entry.kind == BREAK:
        return
    masked = "•" in entry.number
    if not entry.number or masked:
        desk.talk.say(tr("history.masked" if masked else "history.no_number"))
    ways = [tr("plain.mend_note")]
    if entry.number and not masked and when.can_dial(desk.view):
        ways.append(tr("plain.call_again", number=spaced(entry.number)))
    way = await desk.talk.choose("", ways)
    if way == 0:
        await _mend(desk, entry)
    elif way == 1:
        await desk.send(Dial(entry.number))


async def _mend(desk: PlainDesk, entry: HistoryEntry) -> None:
    """Another note in the place of the one that is there."""
    text = await desk.talk.words(say.asked(tr("wrapup.note")))
    if text:
        result = await desk.send(MendNote(entry.id, text))
        if result is not None and result.ok:
            desk.talk.say(tr("plain.note_kept"))


async def export(desk: PlainDesk, rest: str) -> None:
    """The history as CSV, into a file that was not there: the answer says which."""
    name = rest
    if not name:
        day = time.strftime("%Y-%m-%d", time.localtime(desk.clocks.wall()))
        before = f"~/yimi-{day}.csv"
        name = await desk.talk.words(say.asked(tr("history.export_path")), before=before)
    bom = desk.config.history.csv_bom
    command = ExportHistory(str(typed_path(name)), words=export_words(), bom=bom)
    result = await desk.engine.ask(command)
    if result.message is not None:
        desk.talk.say(say.dotted(render(result.message)))


# ---------------------------------------------------------------- the sound, the check


async def sound(desk: PlainDesk, rest: str) -> None:
    """How the call sounds; between calls, which devices, and a try of them."""
    quality = desk.view.snapshot.quality
    call = desk.view.snapshot.call
    if call is not None and call.live:
        desk.talk.say(_quality(quality))
        return
    result = await desk.engine.ask(ListDevices())
    devices = result.value if isinstance(result.value, Devices) else Devices()
    default = tr("settings.default_device")
    said = [
        say.dotted(say.named(tr("settings.input"), devices.input or default)),
        say.dotted(say.named(tr("settings.output"), devices.output or default)),
        *(say.dotted(each) for each in say.sound(desk.view.snapshot)),
    ]
    if await desk.talk.choose(" ".join(said), [tr("plain.try_sound")]) == 0:
        desk.talk.say(say.dotted(tr("sound.stage_record")))
        tried = await desk.engine.ask(TrySound())
        if tried.message is not None:
            desk.talk.say(say.dotted(render(tried.message)))


def _quality(quality: Quality | None) -> str:
    """The figures of a call's sound."""
    if quality is None:
        return tr("figures.none")
    rtt = "–" if quality.rtt is None else f"{quality.rtt:.0f}"
    said = [] if quality.mos is None else [tr("quality.mark", mos=f"{quality.mos:.1f}")]
    delay, jitter = f"{quality.delay:.0f}", f"{quality.jitter:.0f}"
    said.append(tr("figures.path", codec=quality.codec, rtt=rtt, delay=delay, jitter=jitter))
    here, there = f"{quality.loss * 100:.1f}", f"{quality.remote_loss * 100:.1f}"
    said.append(tr("figures.loss", here=here, there=there))
    if quality.hearing != "ok":
        said.append(tr(f"hearing.{quality.hearing.value}"))
    return " ".join(say.dotted(" ".join(each.split())) for each in said)


async def check(desk: PlainDesk, rest: str) -> None:
    """The check before the shift: a line for each as it ends, beside what else is said."""
    desk.talk.say(tr("plain.checking"))
    desk.engine.begin(_check(desk))


async def _check(desk: PlainDesk) -> None:
    running = desk.engine.begin(desk.engine.ask(RunChecks(None, desk.memory.server)))
    told: set[str] = set()

    def tell(checks: tuple[Check, ...]) -> None:
        for check in checks:
            over = check.state in (CheckState.OK, CheckState.WARN, CheckState.FAIL)
            if over and check.id not in told and _fresh(checks):
                told.add(check.id)
                said = "" if check.message is None else render(check.message)
                title, word = tr(f"check.title.{check.id}"), tr(f"check.state.{check.state}")
                desk.talk.tell(f"{say.dotted(say.named(title, word))} {said}".strip())

    def _fresh(checks: tuple[Check, ...]) -> bool:
        """Not what an earlier check has left."""
        return running.done() or any(
            each.state in (CheckState.WAITING, CheckState.RUNNING) for each in checks
        )

    while not running.done():
        tell(desk.view.snapshot.checks)
        await desk.engine.next_change(running)
    tell(desk.view.snapshot.checks)
    result = running.result()
    if result.message is not None:
        desk.talk.tell(say.dotted(render(with_words(result.message))))
    else:
        desk.talk.tell(tr("check.all_ok"))


# ---------------------------------------------------------------- what went wrong


async def why(desk: PlainDesk, rest: str) -> None:
    """The last failure again, and what to do about it."""
    failure = desk.engine.last_notice
    if failure is None:
        desk.talk.say(tr("plain.no_failure"))
        return
    todo = f"todo.{failure.id}"
    advice = tr(todo) if tr(todo) != todo else tr("todo.any")
    said = [render(with_words(failure)), advice, tr("failure.id", name=failure.id)]
    desk.talk.say(" ".join(say.dotted(each) for each in said))


async def log(desk: PlainDesk, rest: str) -> None:
    """Where the log is, and what the platform said that was not understood."""
    said = []
    if desk.log_file is not None:
        said.append(tr("plain.log_at", path=desk.log_file))
    result = await desk.engine.ask(GetNotUnderstood())
    if isinstance(result.value, NotUnderstoodReport):
        counts = [f"{count} {kind}" for kind, count in result.value.counts if count]
        what = ", ".join(counts)
        known = tr("check.understood.skipped", what=what) if what else tr("check.understood.all")
        said.append(known)
    latency = desk.view.snapshot.connection.latency
    if latency is not None:
        said.append(say.dotted(tr("line.ok_ms", ms=latency).capitalize()))
    desk.talk.say(" ".join(said))


async def messages(desk: PlainDesk, rest: str) -> None:
    """The last messages between this phone and the other side, the newest last."""
    result = await desk.engine.ask(GetLadder())
    rungs = result.value.rungs[-MESSAGES:] if isinstance(result.value, Ladder) else ()
    for rung in rungs:
        who = tr("ladder.us" if rung.sent else "ladder.them")
        then = desk.clocks.time_of_day(rung.at)
        desk.talk.say(tr("plain.message", time=then, who=who, text=rung.text))
    if not rungs:
        desk.talk.say(tr("ladder.none") if result.message is None else render(result.message))
