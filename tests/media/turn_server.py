"""A TURN server (RFC 8656) on loopback, as small as a test can use: one user, UDP, allocations,
permissions that expire, channels."""

from __future__ import annotations

import asyncio
import os
import struct
from typing import Any, cast

from aioice import stun
from aioice.turn import make_integrity_key

REALM = "example.org"
USER, PASSWORD = "1001", "secret"
Address = tuple[str, int]


class _Relay(asyncio.DatagramProtocol):
    """One relayed address."""

    def __init__(self, server: TurnServer, client: Address) -> None:
        self.server, self.client = server, client
        self.permitted: dict[str, float] = {}
        self.channels: dict[int, Address] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    @property
    def address(self) -> Address:
        return cast(Address, self.transport.get_extra_info("sockname")[:2])

    def permit(self, host: str) -> None:
        self.permitted[host] = asyncio.get_running_loop().time() + self.server.permission

    def may(self, host: str) -> bool:
        return self.permitted.get(host, 0) > asyncio.get_running_loop().time()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if not self.may(addr[0]):
            self.server.refused += 1
            return
        for channel, peer in self.channels.items():
            if peer == addr[:2]:
                self.server.relayed += 1
                head = struct.pack("!HH", channel, len(data))
                self.server.transport.sendto(head + data, self.client)
                return
        message = stun.Message(stun.Method.DATA, stun.Class.INDICATION)
        message.attributes["XOR-PEER-ADDRESS"] = addr[:2]
        message.attributes["DATA"] = data
        self.server.transport.sendto(bytes(message), self.client)


class TurnServer(asyncio.DatagramProtocol):
    """`permission`: seconds for which one lasts; `binds` counts channel bindings, `refused` what
    came to a relayed address without a permission."""

    def __init__(self, permission: float = 300.0) -> None:
        self.permission = permission
        self.relayed = self.refused = self.binds = 0
        self.relays: dict[Address, _Relay] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._nonce = os.urandom(8).hex().encode()

    async def start(self) -> TurnServer:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        return self

    @property
    def url(self) -> str:
        host, port = self.transport.get_extra_info("sockname")
        return f"turn:{host}:{port}"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if data[0] & 0xC0 == 0x40:
            self._channel_data(data, addr)
            return
        message = stun.parse_message(data)
        if message.message_method == stun.Method.SEND:
            relay = self.relays.get(addr)
            peer = message.attributes["XOR-PEER-ADDRESS"]
            if relay is not None and relay.may(peer[0]):
                relay.transport.sendto(message.attributes["DATA"], peer)
            return
        task = asyncio.ensure_future(self._request(message, addr))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _channel_data(self, data: bytes, addr: Address) -> None:
        channel, length = struct.unpack_from("!HH", data)
        relay = self.relays.get(addr)
        peer = None if relay is None else relay.channels.get(channel)
        if relay is None or peer is None:
            return
        if not relay.may(peer[0]):
            self.refused += 1
            return
        relay.transport.sendto(data[4 : 4 + length], peer)

    async def _request(self, message: stun.Message, addr: Address) -> None:
        answer = stun.Message(
            message.message_method, stun.Class.RESPONSE, transaction_id=message.transaction_id
        )
        key = make_integrity_key(USER, REALM, PASSWORD)
        if message.attributes.get("USERNAME") != USER or not message.check_message_integrity(key):
            answer.message_class = stun.Class.ERROR
            answer.attributes["ERROR-CODE"] = (401, "Unauthorized")
            answer.attributes["REALM"], answer.attributes["NONCE"] = REALM, self._nonce
            self.transport.sendto(bytes(answer), addr)
            return
        relay = self.relays.get(addr)
        if message.message_method == stun.Method.ALLOCATE:
            relay = _Relay(self, addr)
            loop = asyncio.get_running_loop()
            await loop.create_datagram_endpoint(lambda: relay, local_addr=("127.0.0.1", 0))
            self.relays[addr] = relay
            answer.attributes["LIFETIME"] = 600
            answer.attributes["XOR-MAPPED-ADDRESS"] = addr
            answer.attributes["XOR-RELAYED-ADDRESS"] = relay.address
        elif message.message_method == stun.Method.REFRESH:
            answer.attributes["LIFETIME"] = lifetime = message.attributes["LIFETIME"]
            if not lifetime and relay is not None:
                self.relays.pop(addr).transport.close()
        elif relay is not None and message.message_method == stun.Method.CHANNEL_BIND:
            self.binds += 1
            peer = message.attributes["XOR-PEER-ADDRESS"]
            relay.channels[message.attributes["CHANNEL-NUMBER"]] = peer
            relay.permit(peer[0])
        answer.add_message_integrity(key)
        self.transport.sendto(bytes(answer), addr)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for relay in self.relays.values():
            relay.transport.close()
        self.transport.close()
        await asyncio.sleep(0)
