"""What the peer's reports say of whether it hears us, and what they do not say."""

from __future__ import annotations

from tui.media.pcm.sinks import NullSink
from tui.media.pcm.sources import NullSource
from tui.media.rtp import rtcp
from tui.media.rtp.session import RtpSession


class Reported:
    """A path that is told reports, at times that a test gives."""

    def __init__(self) -> None:
        self.session = RtpSession(NullSource(), NullSink(), on_key=lambda key: None)

    def told(self, now: float, *, highest: int | None = None, of: int | None = None) -> None:
        """A report that tells of our packets up to `highest`; None: it has no block at all."""
        ssrc = self.session.sent.ssrc if of is None else of
        block = None if highest is None else rtcp.ReportBlock(ssrc, 0, 0, highest, 0, 0, 0)
        self.session._told(rtcp.compose(7, "peer", rtcp.ntp(now), None, block), now)

    @property
    def unheard(self) -> float | None:
        return self.session.statistics(None).unheard


def test_a_peer_that_hears_us_says_so() -> None:
    peer = Reported()
    assert peer.unheard is None
    for at in range(5):
        peer.told(100.0 + 5 * at, highest=250 * at)
        assert peer.unheard == 0


def test_a_peer_that_hears_no_more_is_found_by_its_own_reports() -> None:
    peer = Reported()
    peer.told(100.0, highest=50)
    peer.told(105.0, highest=50)
    peer.told(112.0, highest=50)
    assert peer.unheard == 12
    peer.told(113.0, highest=90)
    assert peer.unheard == 0


def test_a_peer_that_never_heard_us_is_found() -> None:
    peer = Reported()
    for at in range(4):
        peer.told(100.0 + 5 * at)
    assert peer.unheard == 15


def test_a_peer_that_stops_reporting_accuses_nobody() -> None:
    peer = Reported()
    peer.told(100.0, highest=50)
    assert peer.unheard == 0  # however long ago that is


def test_a_report_about_others_says_nothing_of_us() -> None:
    peer = Reported()
    for at in range(4):
        peer.told(100.0 + 5 * at, highest=1, of=peer.session.sent.ssrc ^ 1)
    assert peer.unheard is None
