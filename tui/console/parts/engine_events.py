"""Listening to the engine: attached, heard, lost, attached again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.bus import Overflow
from tui.console.parts.attachment import Attachment
from tui.console.parts.drawing import Drawing
from tui.console.parts.remote_pulse import follows
from tui.console.parts.session_flow import SessionFlow
from tui.console.sign_in_defaults import SignInPrefill
from tui.console.view import ScreenName, unheard
from tui.port.snapshot import Snapshot
from tui.port.values import Message, Phase, message

if TYPE_CHECKING:
    from tui.console.desk import Stage
    from tui.port.engine_port import EnginePort
    from tui.port.events import Event


class EngineEvents:
    """What the engine says, and that it says nothing any more."""

    def __init__(
        self,
        stage: Stage,
        drawing: Drawing,
        attachment: Attachment,
        session: SessionFlow,
        arrival: Message | None,
    ) -> None:
        """`arrival` is said once the first engine is drawn."""
        self._stage, self._drawing = stage, drawing
        self._attachment, self._session = attachment, session
        self._arrival = arrival

    def attach(
        self,
        port: EnginePort,
        *,
        notice: Message | None = None,
        prefill: SignInPrefill | None = None,
    ) -> None:
        """An engine is there: draw what it says, and what it will say. `notice` is said once it
        is drawn; `prefill` stands in the form if there is to sign in."""
        self._attachment.port = port
        self._arrival = notice or self._arrival
        self._session.prefill = prefill or self._session.prefill
        if self._drawing.drawn_once:
            self.listen()

    def lost(self, what: Message | None = None) -> None:
        """The engine is gone; another may be attached later. `what` is said on the screen."""
        self._attachment.lose()
        view = self._drawing.view
        if view.screen is ScreenName.CONSOLE and view.snapshot.phase is not Phase.KICKED:
            self._drawing.resuming = True
        self._session.signing = False
        self._drawing.change(connected=False, silent=False, notice=what or message("engine.lost"))

    def silent(self, silent: bool) -> None:
        """The engine is there and does not answer, so that nothing of what it said is known to be
        so any more; or it answers again."""
        port, view = self._attachment.port, self._drawing.view
        if silent:
            self._drawing.change(
                silent=True, snapshot=unheard(view.snapshot), notice=message("engine.silent")
            )
        elif port is not None:
            self._drawing.change(
                silent=False, snapshot=port.snapshot(), notice=message("engine.answers")
            )

    def listen(self) -> None:
        """Hear the engine that is attached, if one is, and no other."""
        port = self._attachment.port
        if port is not None:
            self._attachment.generation += 1
            self._stage.run_worker(self._pump(port, self._attachment.generation), name="events")

    async def _pump(self, port: EnginePort, generation: int) -> None:
        events = port.subscribe()
        self._take(port.snapshot())
        if server := follows(port.snapshot()):
            self._stage.run_worker(self._session.lead(server), name="voice")
        try:
            while generation == self._attachment.generation:
                try:
                    event = await events.get()
                except Overflow:
                    self._take(port.snapshot())
                except StopAsyncIteration:
                    if generation == self._attachment.generation:
                        self.lost()
                else:
                    if generation == self._attachment.generation:
                        self._hear(event)
        finally:
            events.close()

    def _take(self, snapshot: Snapshot) -> None:
        """A fresh snapshot: after attaching, and after events were lost."""
        drawing, session = self._drawing, self._session
        signed_out = snapshot.phase is Phase.SIGNED_OUT
        if drawing.resuming and signed_out and session.memory.sign_in:
            drawing.change(
                connected=True, silent=False, snapshot=snapshot, notice=message("engine.resuming")
            )
            self._stage.run_worker(session.resume(), name="resume")
            return
        if not signed_out:
            session.joined_none = False
        notice = drawing.view.notice if drawing.view.connected else self._arrival
        self._arrival = None
        drawing.resuming = False
        drawing.change(connected=True, silent=False, snapshot=snapshot, notice=notice)
        session.sign_in_waiting()

    def _hear(self, event: Event) -> None:
        from tui.port.events import LevelsChanged, Reminded, apply

        if isinstance(event, LevelsChanged):
            self._drawing.levels(event)
        elif isinstance(event, Reminded):
            self._drawing.remind(event.message)
        else:
            before = self._drawing.view.snapshot
            after = apply(before, event)
            if after is not before:  # a fact alone (an offer behind its call) draws nothing
                self._drawing.change(snapshot=after)
