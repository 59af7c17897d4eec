"""The commands of an agent's work besides the calls: breaks, call-backs, actions, the history."""

from __future__ import annotations

from pathlib import Path

from tui.engine.agent.breaks import Breaks
from tui.engine.agent.call_log import CallLog
from tui.engine.agent.callbacks.book import CallbackBook
from tui.engine.agent.own_actions import OwnActions
from tui.engine.agent.wrapup import WrapUpController
from tui.engine.calls import Calls
from tui.engine.context import EngineContext
from tui.port import commands as c
from tui.port import work_commands as w
from tui.port.commands import Command, Result
from tui.port.values import Phase, message


class WorkCommands:
    """Hands each to the part that knows of it."""

    def __init__(
        self,
        context: EngineContext,
        calls: Calls,
        *,
        breaks: Breaks,
        wrapup: WrapUpController,
        callbacks: CallbackBook,
        own_actions: OwnActions,
        call_log: CallLog,
    ) -> None:
        self._context, self._calls = context, calls
        self._breaks, self._wrapup = breaks, wrapup
        self._callbacks, self._own_actions = callbacks, own_actions
        self._call_log = call_log

    async def carry_out(self, command: Command) -> Result | None:
        """None when it is no command of these."""
        match command:
            case w.TakeBreak(name):
                return await self._take_break(name)
            case w.GetShift(days):
                return await self._call_log.report(days)
            case w.RunAction(name, ccnumber):
                return await self._own_actions.run(name, ccnumber)
            case w.GetCallbacks(text, page):
                return Result(True, value=self._callbacks.page(text, page))
            case c.GetHistory() | c.ExportHistory():
                return await self._history(command)
            case c.MendNote(entry, note):
                return await self._call_log.mend(entry, note)
            case w.PlanCallback() | w.DialCallback() | w.CloseCallback() | w.ImportCallbacks():
                return await self._callback(command)
        return None

    async def _callback(
        self, command: w.PlanCallback | w.DialCallback | w.CloseCallback | w.ImportCallbacks
    ) -> Result:
        if self._context.snapshot.phase is not Phase.SIGNED_IN:
            return Result(False, message("engine.not_signed_in"))
        match command:
            case w.PlanCallback(when, number, name, note, id):
                return self._callbacks.plan(when, number=number, name=name, note=note, id=id)
            case w.DialCallback(id):
                return await self._callbacks.dial(id)
            case w.CloseCallback(id, outcome):
                return self._callbacks.close(id, outcome)
            case w.ImportCallbacks(path):
                return await self._callbacks.take_in(path)

    async def _take_break(self, name: str) -> Result:
        """Out of a write-up it ends in the break: no call comes in between."""
        snapshot = self._context.snapshot
        if snapshot.wrapup is None or self._calls.live or not self._breaks.knows(name):
            return await self._breaks.take(name)
        return await self._wrapup.finish_into(lambda: self._breaks.take(name))

    async def _history(self, command: c.GetHistory | c.ExportHistory) -> Result:
        history = self._call_log.history
        if history is None:
            return Result(False, message("history.none"))
        if isinstance(command, c.GetHistory):
            return Result(
                True, value=await history.search(command.text, command.page, command.terms)
            )
        try:
            words = dict(command.words)
            rows, written = await history.export(
                Path(command.path), command.text, words, bom=command.bom, terms=command.terms
            )
        except OSError as error:
            failed = message("history.not_exported", path=command.path, why=error.strerror or "?")
            return Result(False, failed)
        return Result(True, message("history.exported", count=rows, path=written), rows)
