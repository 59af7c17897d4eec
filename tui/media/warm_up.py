"""What libraries do at their first use, done before a call has to wait for it: OpenSSL's first
certificate and first DTLS handshake, and libopus. Best in a thread: it takes some 100 ms."""

from __future__ import annotations

import contextlib

from OpenSSL import SSL

from tui.media.codec.codecs import decoder, encoder
from tui.media.transport.certificate import Certificate
from tui.media.transport.srtp import agreed


def warm_up() -> bool:
    """Once for the process; again it does no harm. Whether all of it was done."""
    context = Certificate().context()
    done = _shake_hands(SSL.Connection(context), SSL.Connection(context))
    silence = encoder("opus", fmtp={}).encode(bytes(1920))
    return done and len(decoder("opus").decode(silence)) == 1920


def _shake_hands(client: SSL.Connection, server: SSL.Connection) -> bool:
    client.set_connect_state()
    server.set_accept_state()
    for _ in range(8):
        for one, other in ((client, server), (server, client)):
            with contextlib.suppress(SSL.Error):  # most often that it waits for the other
                one.do_handshake()
            with contextlib.suppress(SSL.Error):
                other.bio_write(one.bio_read(4096))
    return agreed(client, client=True) is not None
