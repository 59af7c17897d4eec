"""What one leg has offered and agreed (RFC 3264): sections, formats, directions, and the
descriptions that say so. No network and no clock; `leg` decides when, this says what.

Two directions are kept: the one that we want (`sendrecv` until a re-offer of ours is taken), and
the one in force, which is what is left of ours and the peer's. A re-offer is kept apart until its
answer is there, so that a refusal needs no undoing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from tui.media.sdp import negotiation
from tui.media.sdp.direction import Direction
from tui.media.sdp.local import Ends, Layout, Origin, describe, layout_of
from tui.media.sdp.negotiation import Agreement
from tui.media.sdp.parse import Codec
from tui.media.sdp.remote import Remote

OnAgreed = Callable[[Agreement, Mapping[int, Codec], Direction], None]
"""Told what both sides agreed on: what we send, what may come by payload number, the direction."""


class AgreedSession:
    """`codecs`: names of those offered and taken, best first; ValueError for an unknown one.
    `ssrc` and `cname` are those of our stream."""

    def __init__(
        self, codecs: Iterable[str], *, ssrc: int, cname: str, on_agreed: OnAgreed
    ) -> None:
        self.direction: Direction | None = None
        """In force, from our side; None before anything is agreed."""
        self._codecs = negotiation.known(codecs)
        self._ssrc, self._cname = ssrc, cname
        self._on_agreed = on_agreed
        self._origin = Origin()
        self._wanted = Direction.SENDRECV
        self._layout = Layout()
        """The sections as they were agreed; in every offer and answer of ours."""
        self._formats: tuple[Codec, ...] = ()
        """As we last described them, and the peer agreed."""
        self._codec = ""
        """The codec in use, which a re-offer does not change while the peer still has it."""
        self._pending: tuple[Direction, tuple[Codec, ...]] | None = None
        """Direction and formats of our re-offer."""

    @property
    def pending(self) -> bool:
        """Whether a re-offer of ours waits for its answer."""
        return self._pending is not None

    def common(self, remote: Remote, *, keep: bool = False) -> Agreement:
        """What we and the peer have in common; `keep` prefers the codec in use. UnacceptableOffer
        when there is nothing. Changes nothing."""
        return negotiation.agree(remote, self._codecs, self._codec if keep else "")

    # ------------------------------------------------------------ the peer offers

    def answer(
        self, offer: str, remote: Remote, agreement: Agreement, ends: Ends, setup: str
    ) -> str:
        """The answer to the peer's `offer`, which is in force from now on."""
        direction = self._wanted.common(remote.direction.reversed)
        formats = negotiation.answered(agreement)
        self._layout = layout_of(offer)
        self._agree(agreement, remote, formats, direction)
        return self._described(ends, formats, direction, setup, agreement.ptime)

    # ------------------------------------------------------------ we offer

    def offer(self, ends: Ends) -> str:
        """Our first offer."""
        self._formats = negotiation.offered(self._codecs)
        return self._offered(ends, self._formats, self._wanted)

    def accept(self, remote: Remote, agreement: Agreement) -> None:
        """The answer to our first offer, or a later one to the same."""
        self._agree(agreement, remote, self._formats, self._wanted)

    def reoffer(self, ends: Ends, direction: Direction | None = None) -> str:
        """A re-offer with this direction, None: as it was wanted before. It waits for `apply` or
        `withdraw`."""
        formats = negotiation.offered(self._codecs, self._formats)
        self._pending = (self._wanted if direction is None else direction, formats)
        return self._offered(ends, formats, self._pending[0])

    def apply(self, remote: Remote, agreement: Agreement) -> None:
        """The answer to our re-offer: both sides take effect."""
        assert self._pending is not None
        (self._wanted, formats), self._pending = self._pending, None
        self._agree(agreement, remote, formats, self._wanted)

    def withdraw(self) -> None:
        """Our re-offer was refused, or is not wanted any more."""
        self._pending = None

    # ------------------------------------------------------------ both

    def _agree(
        self, agreement: Agreement, remote: Remote, formats: tuple[Codec, ...], direction: Direction
    ) -> None:
        self._formats, self._codec = formats, agreement.codec.name.lower()
        self.direction = direction.common(remote.direction.reversed)
        may_come = negotiation.payload_names(agreement.formats, formats)
        self._on_agreed(agreement, may_come, self.direction)

    def _offered(self, ends: Ends, formats: tuple[Codec, ...], direction: Direction) -> str:
        return self._described(ends, formats, direction, "actpass", 20)

    def _described(
        self, ends: Ends, formats: tuple[Codec, ...], direction: Direction, setup: str, ptime: int
    ) -> str:
        text = describe(
            ends,
            formats,
            direction=direction,
            setup=setup,
            ssrc=self._ssrc,
            cname=self._cname,
            ptime=ptime,
        )
        return self._origin.stamp(self._layout.arranged(text))
