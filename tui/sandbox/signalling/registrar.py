"""The registrar: digest, bindings, and the second sign-in that puts the first one out.

One binding per agent. The same `+sip.instance` replaces its own binding without a word; another
instance is another sign-in, and the first gets 895.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from typing import Protocol

from tui.sandbox.fixtures import AgentSeed, Fixtures
from tui.sandbox.journal import AgentJournal
from tui.sandbox.signalling.manner import Manner
from tui.sandbox.signalling.peers import Peer, Peers
from tui.secrets import Secret
from tui.sip import Request
from tui.sip.auth.digest import DigestServer, Verdict
from tui.sip.errors import RemoteProtocolError
from tui.sip.message.header_values import NameAddr, parse_name_addr

log = logging.getLogger(__name__)

MIN_EXPIRES = 30
DEFAULT_EXPIRES = 600


class RegistrarListener(Protocol):
    """Hears what the registrar does."""

    def registered(self, un: str, fresh: bool) -> None:
        """An agent registered; `fresh`: for the first time, or over a new connection."""

    def unregistered(self, un: str) -> None:
        """An agent's registration was taken back."""

    def other_signed_in(self, un: str) -> None:
        """Another instance signs in; the old binding still stands."""

    def expired(self, un: str) -> None:
        """A registration ran out; it still stands."""


class Registrar:
    """Knows who is registered where, and tells the listener."""

    def __init__(
        self,
        fixtures: Fixtures,
        peers: Peers,
        journal: AgentJournal,
        rng: random.Random,
        listener: RegistrarListener,
        manner: Manner,
    ) -> None:
        self.bindings: dict[str, Peer] = {}
        self._manner = manner
        self._listener = listener
        self._fixtures = fixtures
        self._peers = peers
        self._journal = journal
        self._rng = rng
        self._digest = DigestServer(fixtures.domain, rng)

    def forget_all(self) -> None:
        """No binding and no nonce is known any more."""
        for un in list(self.bindings):
            self.remove(un)
        self._digest = DigestServer(self._fixtures.domain, self._rng)

    def _seed(self, request: Request) -> AgentSeed | None:
        user = request.to.uri.user or ""
        return next((seed for seed in self._fixtures.accounts() if seed.sip_user == user), None)

    def register(self, peer: Peer, id: str, request: Request) -> None:
        """A REGISTER that waits for its answer."""
        now = time.monotonic()
        key = (request.call_id, request.headers.get("CSeq") or "")
        seed = self._seed(request)
        if seed is None or seed.refuse_sip:
            peer.ua.respond(id, 403 if seed else 404, now)
            return
        self._manner.registering(seed.un)
        if key in peer.verified:
            peer.verified.discard(key)
        elif not self._allowed(peer, id, request, seed):
            return
        try:
            contact = parse_name_addr((request.headers.get_all("Contact") or [""])[0])
        except RemoteProtocolError:
            contact = None
        expires = self._expires(request, contact)
        if (request.headers.get("Contact") or "").strip() == "*" or expires == 0:
            self._journal.note(seed.un, "un-REGISTER")
            peer.ua.respond(id, 200, now, headers=[("Expires", "0")])
            if self.bindings.get(seed.un) is peer:
                self._peers.pump(peer)
                self.remove(seed.un)
                self._listener.unregistered(seed.un)
        elif contact is None:
            peer.ua.respond(id, 400, now, "Contact")
        elif expires < MIN_EXPIRES:
            peer.ua.respond(id, 423, now, headers=[("Min-Expires", str(MIN_EXPIRES))])
        else:
            self._journal.note(seed.un, "REGISTER")
            self._bind(peer, id, request, seed.un, contact, expires)

    def _allowed(self, peer: Peer, id: str, request: Request, seed: AgentSeed) -> bool:
        now = time.monotonic()
        given = request.headers.get("Authorization")
        verdict = Verdict.WRONG
        if given is not None:
            verdict = self._digest.verify(
                given,
                "REGISTER",
                lambda user: Secret(seed.pwd) if user == seed.sip_user else None,
                now,
                request.body,
            )
        if verdict is Verdict.GOOD:
            return True
        challenges = self._digest.challenges(now, stale=verdict is Verdict.STALE)
        headers = [("WWW-Authenticate", value) for value in challenges]
        peer.ua.respond(id, 401, now, headers=headers)
        return False

    def _expires(self, request: Request, contact: NameAddr | None) -> int:
        given = (contact.params.get("expires") if contact else None) or request.headers.get(
            "Expires"
        )
        text = (given or "").strip()
        return min(int(text), 3600) if text.isdigit() and len(text) < 10 else DEFAULT_EXPIRES

    def _bind(
        self, peer: Peer, id: str, request: Request, un: str, contact: NameAddr, expires: int
    ) -> None:
        now = time.monotonic()
        instance = contact.params.get("+sip.instance") or request.call_id
        old = self.bindings.get(un)
        if old is not None and old is not peer and old.instance == instance:
            # The same console over a new connection: its peer, with the dialogs, moves there.
            self._move(old, peer, request)
            return
        if old is not None and old is not peer:
            self._listener.other_signed_in(un)
            self.remove(un)
        fresh = self.bindings.get(un) is not peer or peer.moved
        peer.moved = False
        peer.un, peer.instance, peer.contact = un, instance, str(contact.uri)
        self.bindings[un] = peer
        told, kept = self._manner.granted(un, expires)
        self._arm(peer, kept, now)
        peer.ua.respond(
            id,
            200,
            now,
            headers=[
                *self._manner.contact_lines(un, contact, told),
                ("Supported", "outbound, path"),
                ("Server", "yimi-sandbox"),
            ],
        )
        self._listener.registered(un, fresh)

    def _move(self, old: Peer, new: Peer, request: Request) -> None:
        socket = new.socket
        if socket is None:
            return
        new.socket = None
        self._peers.discard(new)
        self._peers.attach(old, socket)
        old.moved = True
        old.verified.add((request.call_id, request.headers.get("CSeq") or ""))
        self._peers.receive(old, request.to_bytes())

    def _arm(self, peer: Peer, expires: int, now: float) -> None:
        peer.expires_at = now + expires
        if peer.expiry is not None:
            peer.expiry.cancel()
        peer.expiry = asyncio.get_running_loop().call_later(expires, self._expire, peer)

    def _expire(self, peer: Peer) -> None:
        if self.bindings.get(peer.un) is peer:
            self._listener.expired(peer.un)

    def remove(self, un: str) -> Peer | None:
        """Drop a binding; the peer is kept while its socket is open."""
        peer = self.bindings.pop(un, None)
        if peer is not None:
            peer.un = ""
            if peer.expiry is not None:
                peer.expiry.cancel()
            if peer.socket is None:
                self._peers.discard(peer)
        return peer
