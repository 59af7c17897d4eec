"""What a gateway sends before its answer is here: it has our offer, and with it our password."""

from __future__ import annotations

import asyncio
import re
import secrets
import socket
from typing import Any

from aioice import stun

from tests.waiting import until
from tui.media.pcm.sources import ToneSource

HELLO = b"\x16\xfe\xff" + bytes(10) + b"\x01" + bytes(40)


class Gateway:
    """A socket on loopback that knows the offer."""

    def __init__(self, offer: str) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        port = re.search(r"a=candidate:\S+ 1 \S+ \d+ 127\.0\.0\.1 (\d+) typ host", offer)
        user = re.search(r"a=ice-ufrag:(\S+)", offer)
        password = re.search(r"a=ice-pwd:(\S+)", offer)
        assert port is not None
        assert user is not None
        assert password is not None
        self.there = ("127.0.0.1", int(port[1]))
        self.user, self.password = user[1], password[1]

    def check(self, password: str | None = None) -> None:
        """A connectivity check; with our password unless another is given."""
        message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        message.attributes["USERNAME"] = f"{self.user}:gate"
        message.attributes["PRIORITY"] = 2130706431
        message.attributes["ICE-CONTROLLED"] = secrets.randbits(64)
        message.add_message_integrity((password or self.password).encode())
        self.socket.sendto(bytes(message), self.there)

    async def answer(self) -> stun.Message:
        async with asyncio.timeout(10):
            data = await asyncio.get_running_loop().sock_recv(self.socket, 2048)
        return stun.parse_message(data)

    def hello(self) -> None:
        self.socket.sendto(HELLO, self.there)


async def test_who_checks_with_our_password_is_agreed_with_and_its_hello_is_kept(
    leg: Any, collector: Any
) -> None:
    us = leg(ToneSource(700), collector())
    offer = await us.offer()
    wire = us._connections.current.ice
    gateway, stranger = Gateway(offer), Gateway(offer)
    try:
        gateway.check()
        # No conflict of roles: whoever offered controls, and knows it before the answer.
        assert (await gateway.answer()).message_class is stun.Class.RESPONSE
        gateway.hello()
        await until(lambda: wire._for_dtls.qsize() == 1)
        assert wire.dropped == 0
        stranger.check("not the password")
        stranger.hello()
        await until(lambda: wire.dropped >= 1)
        assert wire._for_dtls.qsize() == 1
    finally:
        gateway.socket.close()
        stranger.socket.close()
