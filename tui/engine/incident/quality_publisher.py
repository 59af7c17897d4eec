"""Tells a collector how each call sounded: one PUBLISH (RFC 3903, 6035) after the call, where the
config names one."""

from __future__ import annotations

import time
from typing import Final

from tui import sip
from tui.engine.audio.legs import Legs
from tui.engine.audio.quality_judge import Summary
from tui.engine.incident.vq_report import CONTENT_TYPE, EVENT, ReportedEnds, session_report
from tui.engine.session.requests import Requests
from tui.platform.not_understood import SkippedKind
from tui.sip.message.header_values import parse_name_addr

_MOST: Final = 16
"""Calls whose ends are remembered at once."""


class QualityPublisher:
    """`collector` is a SIP URI; "" publishes nothing."""

    def __init__(self, legs: Legs, requests: Requests, collector: str) -> None:
        self._legs, self._requests, self._collector = legs, requests, collector
        self._context = legs.context
        self._ends: dict[str, ReportedEnds] = {}
        self._told = False
        """Its refusal stands among what was not understood."""

    def looked(self, key: str) -> None:
        """A call has sound: its ends are remembered, for when they are gone."""
        if not self._collector:
            return
        entry = self._legs.leg_of(key)
        media = None if entry is None else entry.media
        if entry is None or media is None:
            return
        local, remote = media.local_address, media.remote_address
        if local is None or remote is None:
            return
        try:
            dialog = self._legs.phone.kept(entry.handle)
        except (sip.LocalProtocolError, KeyError):
            return  # it is no dialog any more
        self._ends.pop(key, None)
        self._ends[key] = ReportedEnds(
            call_id=dialog.call_id,
            local_tag=dialog.local_tag,
            remote_tag=dialog.remote_tag,
            local_uri=_uri(dialog.ours),
            remote_uri=_uri(dialog.theirs),
            began_it=dialog.began_it,
            local=local,
            remote=remote,
            local_ssrc=media.ssrc,
            remote_ssrc=media.remote_ssrc or 0,
        )
        while len(self._ends) > _MOST:
            del self._ends[next(iter(self._ends))]

    def over(self, key: str, summary: Summary) -> None:
        """A call is over: its report goes out, once."""
        ends, call = self._ends.pop(key, None), self._legs.calls.by_key(key)
        if ends is None or call is None or call.answered is None:
            return
        wall, account = time.time(), self._context.snapshot.account
        start = wall - max(0.0, self._context.clock() - call.answered)
        group = "" if account is None else account.gid
        report = session_report(ends, summary.quality, start=start, stop=wall, group=group)
        self._context.spawn(self._publish(report))

    async def _publish(self, report: bytes) -> None:
        outcome = await self._requests.publish(self._collector, EVENT, CONTENT_TYPE, report)
        if outcome.ok or self._told:
            return
        self._told = True
        why = f"{outcome.status} {outcome.reason}".strip() if outcome.status else outcome.reason
        self._context.not_understood.add(
            SkippedKind.REFUSED,
            why or "no answer",
            where="PUBLISH",
            setting="[quality] publish",
        )


def _uri(header: str) -> str:
    """The URI of a From or To, without its name."""
    return str(parse_name_addr(header).uri)
