"""Breaks, call-backs, actions of the agent's own, and a supervisor's calls of the group."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tui.console.actions import conditions as when
from tui.console.i18n import render, tr
from tui.console.view import View
from tui.console.widgets.formats import spaced
from tui.plain import sentences as say
from tui.port.commands import Supervise
from tui.port.supervision import GroupCall, SuperviseHow, SuperviseState
from tui.port.work import Callback, CallbackPage
from tui.port.work_commands import (
    CloseCallback,
    DialCallback,
    GetCallbacks,
    ImportCallbacks,
    PlanCallback,
    RunAction,
    TakeBreak,
)
from tui.text.typed_path import typed_path

if TYPE_CHECKING:
    from tui.plain.desk import PlainDesk
    from tui.port.commands import Command


async def _tell(desk: PlainDesk, command: Command) -> bool:
    """Have it done, and say what came of it; whether it was."""
    result = await desk.engine.ask(command)
    if result.ok and result.message is not None:
        desk.talk.say(say.dotted(render(result.message)))
    desk.engine.refused(result)
    return result.ok


async def take_break(desk: PlainDesk, rest: str) -> None:
    """Busy for a named break, chosen by its digit, its title or its name."""
    breaks = desk.view.snapshot.breaks
    wanted = rest.casefold()
    for each in breaks:
        if wanted and wanted in (each.name.casefold(), each.title.casefold()):
            await desk.send(TakeBreak(each.name))
            return
    titles = [each.title or each.name for each in breaks]
    at = await desk.talk.choose("", titles, valid=lambda: when.can_break(desk.view))
    if at is not None:
        await desk.send(TakeBreak(breaks[at].name))


# ---------------------------------------------------------------- call-backs


async def callbacks(desk: PlainDesk, rest: str) -> None:
    """Whom to call, the next one first; a digit tells more of one, calls it or closes it."""
    result = await desk.engine.ask(GetCallbacks(rest))
    if not isinstance(result.value, CallbackPage):
        desk.engine.refused(result)
        return
    rows = result.value.rows
    if not rows:
        desk.talk.say(tr("plain.no_callbacks"))
        return
    at = await desk.talk.choose("", [_row(row) for row in rows])
    if at is None:
        return
    row = rows[at]
    if row.note:
        desk.talk.say(say.dotted(say.named(tr("wrapup.note"), row.note)))
    ways = [tr("action.call"), tr("plain.callback_close"), tr("plain.callback_later")]
    way = await desk.talk.choose(say.asked(_row(row)), ways)
    if way == 0:
        await desk.send(DialCallback(row.id))
    elif way == 1:
        await desk.send(CloseCallback(row.id))
    elif way == 2:
        await _plan(desk, await desk.talk.words(tr("plain.when")), row.id)


def _row(row: Callback) -> str:
    """One of them in a few words."""
    parts = [spaced(row.number) or tr("call.no_number"), row.name]
    if row.due is not None:
        then, now = time.localtime(row.due), time.localtime()
        parts.append(time.strftime("%H:%M" if then[:3] == now[:3] else "%Y-%m-%d %H:%M", then))
    return tr("plain.comma").join(each for each in parts if each)


async def plan(desk: PlainDesk, rest: str) -> None:
    """Call back whoever is in the call, or was in the last one: when?"""
    await _plan(desk, rest or await desk.talk.words(tr("plain.when")))


async def _plan(desk: PlainDesk, text: str, id: int = 0) -> None:
    await _tell(desk, PlanCallback(text, id=id))


async def read_in(desk: PlainDesk, rest: str) -> None:
    """A CSV of numbers becomes call-backs."""
    path = rest or await desk.talk.words(say.asked(tr("history.export_path")))
    if path:
        await _tell(desk, ImportCallbacks(str(typed_path(path))))


async def own_action(desk: PlainDesk, rest: str) -> None:
    """An action of the config's own, about the call."""
    actions = desk.config.actions
    titles = [each.words for each in actions]
    at: int | None = next(
        (n for n, each in enumerate(actions) if rest and rest in (each.name, each.words)), None
    )
    if not actions:
        desk.talk.say(tr("history.nothing"))
        return
    if at is None:
        at = await desk.talk.choose("", titles)
    if at is not None:
        call = desk.view.snapshot.call
        about = call.ccnumber if call is not None and when.own_lines(desk.view) else ""
        await _tell(desk, RunAction(actions[at].name, about))


# ---------------------------------------------------------------- a supervisor


async def supervise(desk: PlainDesk, rest: str) -> None:
    """The group's live calls, and what may be done about one; while one is supervised, with it."""
    now = desk.view.snapshot.supervision
    if now.state is not SuperviseState.NONE:
        await _how(desk, now.call, say.named(tr("plain.supervised"), supervised(desk.view)))
        return
    calls = desk.view.snapshot.group_calls
    if not calls:
        desk.talk.say(tr("plain.no_group_calls"))
        return
    at = await desk.talk.choose("", [_call(each) for each in calls])
    if at is not None:
        await _how(desk, calls[at].key, _call(calls[at]))


async def _how(desk: PlainDesk, key: str, about: str) -> None:
    state = desk.view.snapshot.supervision.state
    ways = desk.view.snapshot.supervision.may_ask
    words = [tr(f"plain.supervise.{how}") for how in ways]
    at = await desk.talk.choose(
        say.asked(about), words, valid=lambda: desk.view.snapshot.supervision.state is state
    )
    if at is None:
        return
    ends = ways[at] is SuperviseHow.END
    if ends and await desk.talk.choose(tr("plain.end_for_all"), [tr("plain.yes")]) is None:
        return
    await desk.send(Supervise(ways[at], key))


def _call(call: GroupCall) -> str:
    agent = call.agent or call.callee
    customer = call.callee if call.agent == call.caller else call.caller
    return tr("plain.group_call", agent=agent, customer=spaced(customer))


def supervised(view: View) -> str:
    """Who is in the call that is supervised."""
    now = view.snapshot.supervision
    return tr("plain.group_call", agent=now.agent, customer=spaced(now.customer))
