"""The app's part that listens to the engine: attached, heard, lost, attached again.

A part of the app by inheritance; the values are the app's, see `YimiApp.__init__`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.actions import Place
from tui.bus import Overflow
from tui.engine.state import Message, Phase, Snapshot, message
from tui.prefill import SignInPrefill
from tui.screens.carrying import follows
from tui.screens.door import Door

if TYPE_CHECKING:
    from tui.engine.events import Event
    from tui.engine.port import EnginePort


class Hearing(Door):
    """What the engine says, and that it says nothing any more."""

    _arrival: Message | None

    def attach(
        self,
        port: EnginePort,
        *,
        notice: Message | None = None,
        prefill: SignInPrefill | None = None,
    ) -> None:
        """An engine is there: draw what it says, and what it will say. `notice` is said once it
        is drawn; `prefill` stands in the form if there is to sign in."""
        self._port = port
        self._arrival = notice or self._arrival
        self._prefill = prefill or self._prefill
        if self._drawn_once:
            self._listen(port)

    def engine_lost(self, what: Message | None = None) -> None:
        """The engine is gone; another may be attached later. `what` is said on the screen."""
        self._port = None
        self._generation += 1
        if self.view.place is Place.CONSOLE and self.view.snapshot.phase is not Phase.KICKED:
            self._resuming = True
        self.signing = False
        self._update(connected=False, notice=what or message("engine.lost"))

    def _listen(self, port: EnginePort) -> None:
        self._generation += 1
        self.run_worker(self._pump(port, self._generation), name="events")

    async def _pump(self, port: EnginePort, generation: int) -> None:
        events = port.subscribe()
        self._take(port.snapshot())
        if server := follows(port.snapshot()):
            self.run_worker(self._lead(server), name="voice")
        try:
            while generation == self._generation:
                try:
                    event = await events.get()
                except Overflow:
                    self._take(port.snapshot())
                except StopAsyncIteration:
                    if generation == self._generation:
                        self.engine_lost()
                else:
                    if generation == self._generation:
                        self._hear(event)
        finally:
            events.close()

    def _take(self, snapshot: Snapshot) -> None:
        """A fresh snapshot: after attaching, and after events were lost."""
        if self._resuming and snapshot.phase is Phase.SIGNED_OUT and self._session.sign_in:
            self._update(connected=True, snapshot=snapshot, notice=message("engine.resuming"))
            self.run_worker(self._resume(), name="resume")
            return
        if snapshot.phase is not Phase.SIGNED_OUT:
            self._joined_none = False
        notice = self._arrival if not self.view.connected else self.view.notice
        self._arrival = None
        self._resuming = False
        self._update(connected=True, snapshot=snapshot, notice=notice)
        if self._pending is not None:
            command, keyring = self._pending
            self._pending = None
            self.sign_in(command, keyring=keyring)

    def _hear(self, event: Event) -> None:
        from tui.engine.events import LevelsChanged, apply

        if isinstance(event, LevelsChanged):
            self._levels(event)
            return
        self._update(snapshot=apply(self.view.snapshot, event))
