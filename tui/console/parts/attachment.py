"""The engine that is attached, if one is: commands go there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.console.parts.drawing import Drawing
from tui.port.values import message

if TYPE_CHECKING:
    from tui.console.desk import Stage
    from tui.port.commands import Command, Result
    from tui.port.engine_port import EnginePort


class Attachment:
    """Holds the port. `generation` goes up whenever another engine is listened to, or none."""

    def __init__(self, stage: Stage, drawing: Drawing, port: EnginePort | None) -> None:
        self.port = port
        self.generation = 0
        self._stage, self._drawing = stage, drawing

    def lose(self) -> None:
        """There is no engine any more."""
        self.port = None
        self.generation += 1

    async def ask(self, command: Command) -> Result:
        """Send a command, and take its answer."""
        from tui.port.commands import Result

        if self.port is None:
            return Result(False, message("engine.lost"))
        return await self.port.execute(command)

    def send(self, command: Command) -> None:
        """Send a command; what it cannot do is said in the notice row."""
        self._stage.run_worker(self._send(command), name=type(command).__name__)

    async def _send(self, command: Command) -> None:
        if self.port is None:
            return
        result = await self.port.execute(command)
        if not result.ok and result.message is not None:
            self._drawing.change(notice=result.message)
