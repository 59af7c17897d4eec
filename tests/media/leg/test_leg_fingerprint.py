"""The certificate that DTLS shows must be the one that the description named (RFC 5763 §5)."""

from __future__ import annotations

import re
from typing import Any

from tests.waiting import until
from tui.media.leg.leg import AudioLegState
from tui.media.pcm.sources import ToneSource


def forged(description: str) -> str:
    """The same, with fingerprints of another certificate."""

    def other(found: re.Match[str]) -> str:
        return f"{found[1]}{'00' if found[2] != '00' else '11'}"

    return re.sub(r"(a=fingerprint:\S+ )(..)", other, description)


async def test_a_peer_with_another_certificate_than_it_named_is_neither_heard_nor_spoken_to(
    leg: Any, plain: Any, collector: Any
) -> None:
    heard, peer = collector(), plain(1300)
    us = leg(ToneSource(700), heard)
    offer = await peer.offer()
    assert forged(offer) != offer
    await peer.accept(await us.answer(forged(offer)))
    await until(lambda: us.state is AudioLegState.FAILED)
    assert not any(heard.pcm)
    assert not any(peer.heard.pcm)
