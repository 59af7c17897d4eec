"""What comes in from the platform, handed to the part that it is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tui import sip
from tui.engine.core import Core, log
from tui.engine.reports import as_code
from tui.engine.state import message
from tui.platform import control

if TYPE_CHECKING:
    from tui.engine.audio import Audio
    from tui.engine.recovery import Recovery
    from tui.engine.reports import CallReports
    from tui.engine.seat import SeatDesk
    from tui.engine.thirds import Thirds
    from tui.engine.workday import Workday


class Intake:
    """Reads SIP events and control messages. A message that is not understood is logged and
    ignored (platform.md, "anything else")."""

    def __init__(
        self,
        core: Core,
        assumed: control.Assumed,
        *,
        audio: Audio,
        reports: CallReports,
        thirds: Thirds,
        seat: SeatDesk,
        workday: Workday,
        recovery: Recovery,
        kicked: Callable[[control.Kicked], None],
    ) -> None:
        self.core = core
        self.assumed = assumed
        self._audio = audio
        self._reports = reports
        self._thirds = thirds
        self._seat = seat
        self._workday = workday
        self._recovery = recovery
        self._kicked = kicked

    def sip_event(self, event: sip.Event) -> None:
        """One event of the user agent that the line did not keep for itself."""
        match event:
            case sip.MessageReceived(body=body):
                self._control(body)
            case sip.RegistrationFailed(status=status, reason=reason):
                self.core.notice(message("line.refused", status=status, reason=reason))
            case _:
                if not self._audio.handle(event):
                    log.debug("not for us: %s", type(event).__name__)

    def _control(self, body: bytes) -> None:
        try:
            report = control.decode(body, self.assumed)
        except control.ControlError as error:
            log.warning("a control message that cannot be read: %s", error)
            return
        if isinstance(report, control.Unknown):
            log.warning("a control message that is not known is ignored: %s", report.why)
            return
        mobile = self.core.snapshot.phone_mode == "mobile"
        if mobile and not isinstance(report, control.Kicked):
            return  # "In mobile mode the client ignores every <cc>" (platform.md)
        if not (self._reports.handle(report) or self._thirds.handle(report)):
            self._other(report)

    def _other(self, report: control.PlatformMessage) -> None:
        match report:
            case control.StatusChanged(status):
                self._seat.platform_says(status)
            case control.AfterCallWork():
                self._seat.after_call_work()
            case control.StatusAfterCallResponse(r):
                self._workday.answered_next_status(as_code(r))
            case control.Kicked():
                self._kicked(report)
            case control.NoCall():
                self._recovery.no_call()
            case control.Ignored():
                pass
            case _:
                log.warning("a control message that is not used: %s", type(report).__name__)
