"""The engine's recorder, and the command that writes a bundle of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path

from tui.engine.audio.quality_monitor import QualityMonitor
from tui.engine.context import EngineContext
from tui.engine.incident.flight_recorder import FlightRecorder
from tui.engine.incident.quality_publisher import QualityPublisher
from tui.engine.session.signalling import Signalling
from tui.platform import control
from tui.port.commands import Result
from tui.port.ladder import Ladder
from tui.port.values import Quality


class IncidentCommands:
    """Records from now on, and writes what is recorded."""

    def __init__(
        self,
        context: EngineContext,
        signalling: Signalling,
        quality: QualityMonitor,
        *,
        config_file: Path,
        log_file: Path,
        messages: Mapping[str, str],
        collector: str = "",
    ) -> None:
        """The two files go into a bundle. `collector` is the SIP URI that is told how each call
        sounded; "" for nobody."""
        self._context = context
        self._signalling = signalling
        self._config_file, self._log_file = config_file, log_file
        self._assumed = control.ASSUMED.overridden(messages)
        self._recorder = FlightRecorder(context.snapshot, context.clock)
        context.events.listen(self._recorder.event)
        signalling.messages.hearers.append(self._recorder.overhear)
        signalling.on_wire = self._recorder.wire
        self._publisher = QualityPublisher(quality.legs, signalling.requests, collector)
        quality.on_look = self._looked
        quality.on_summary = self._publisher.over

    def _looked(self, call: str, quality: Quality) -> None:
        self._recorder.sound(call, quality)
        self._publisher.looked(call)

    async def write(self, path: Path) -> Result:
        """Write a bundle to a new file."""
        from tui.engine.incident import bundle  # zip, CSV and TOML: only for this

        contents = bundle.Contents(
            recording=self._recorder.recording(),
            now=self._context.clock(),
            wall=time.time(),
            checks=self._context.snapshot.checks,
            not_understood=self._context.not_understood.report(),
            assumed=self._assumed,
            config_file=self._config_file,
            log_file=self._log_file,
            secrets=self._secrets(),
        )
        return await asyncio.to_thread(bundle.written, path, contents)

    def ladder(self) -> Result:
        """The last messages, masked."""
        from tui.engine.incident.masked import Mask
        from tui.engine.incident.rungs import rungs_of

        rows = self._recorder.recording().rows
        return Result(True, value=Ladder(rungs_of(rows, Mask(self._secrets()))))

    def _secrets(self) -> tuple[str, ...]:
        account = self._signalling.account
        return () if account is None else (account.password.reveal(),)
