"""A leg that moves to another address in a call: the old path serves until the new one is up."""

from __future__ import annotations

import asyncio
import re
import sys
from typing import Any

import aioice.ice
import pytest

from tests.waiting import until
from tui.media.leg.leg import AudioLeg, AudioLegState
from tui.media.pcm.sources import NullSource, ToneSource
from tui.media.sdp.direction import Direction
from tui.media.sdp.normalise import transport_of
from tui.media.transport.dtls_association import DtlsAssociation

OURS, THEIRS, ELSEWHERE = 440, 1000, 1500


@pytest.fixture
async def call(leg: Any, plain: Any, collector: Any, hears: Any) -> Any:
    """A call, up, with both tones heard, and the list of its states."""

    async def make(**named: Any) -> tuple[AudioLeg, Any, Any, list[AudioLegState]]:
        heard, peer = collector(), plain(THEIRS)
        states: list[AudioLegState] = []
        us = leg(ToneSource(OURS), heard, on_state=states.append, **named)
        await peer.accept(await us.answer(await peer.offer()))
        await hears(heard, THEIRS)
        await hears(peer.heard, OURS)
        return us, peer, heard, states

    return make


def source_of(offer: str) -> list[str]:
    return re.findall(r"a=ssrc:(\d+) ", offer)


async def test_a_restart_moves_the_call_and_the_sound_never_stops(
    call: Any, plain: Any, hears: Any
) -> None:
    us, peer, heard, states = await call()
    old, before = us._connections.current, us.local_address
    first = us._agreed._origin._last
    offer = await us.restart()
    there, here = transport_of(offer), transport_of(first)
    assert there.ufrag != here.ufrag
    assert there.fingerprints == here.fingerprints  # as browsers do
    assert "a=setup:actpass" in offer
    assert source_of(offer) == source_of(first)  # one stream, whatever carries it
    heard.pcm.clear()
    peer.heard.pcm.clear()
    await hears(heard, THEIRS)
    await hears(peer.heard, OURS)  # nothing has changed yet
    other = plain(ELSEWHERE)
    answer = await other.answer(offer)
    await us.apply(answer)
    assert us._connections.current is old
    await until(lambda: us._connections.current is not old)
    await hears(heard, ELSEWHERE)
    await hears(other.heard, OURS)
    assert states == [AudioLegState.CONNECTING, AudioLegState.CONNECTED]
    assert us.local_address != before
    await until(lambda: not us._connections.closers)
    assert old is not None
    assert old.ice.gone
    versions = [
        int(sdp.split("o=- ")[1].split()[1])
        for sdp in (offer, await us.reoffer(Direction.SENDONLY))
    ]
    assert versions == [2, 3]


async def test_a_refused_restart_leaves_the_call_and_no_socket(call: Any, hears: Any) -> None:
    us, _, heard, _ = await call()
    await us.restart()
    fresh = us._connections.offered
    assert fresh is not None
    us.withdraw()
    await fresh.close()
    assert fresh.ice.gone
    heard.pcm.clear()
    await hears(heard, THEIRS)
    assert us.state is AudioLegState.CONNECTED


async def test_an_answer_of_a_peer_that_takes_no_restart_costs_the_call_nothing(
    call: Any, hears: Any
) -> None:
    us, peer, heard, states = await call(setup_timeout=1.0)
    answer = await peer.answer(await us.reoffer(Direction.SENDRECV))
    await us.restart()
    path = us._connections.current
    await us.apply(answer)
    assert not us._agreed.pending
    assert us._connections.next is not None
    assert not us.decrypted
    heard.pcm.clear()
    await hears(heard, THEIRS)
    await until(lambda: us._connections.next is None)
    assert us._connections.current is path
    assert states[-1] is AudioLegState.CONNECTED
    heard.pcm.clear()
    await hears(heard, THEIRS)


async def test_the_peer_may_end_the_old_path_before_it_answers(
    call: Any, plain: Any, hears: Any
) -> None:
    us, peer, heard, states = await call()
    offer = await us.restart()
    await peer.pc.close()
    await until(lambda: us._connections.orphaned)
    other = plain(ELSEWHERE)
    await us.apply(await other.answer(offer))
    await hears(heard, ELSEWHERE)
    assert states == [AudioLegState.CONNECTING, AudioLegState.CONNECTED]


@pytest.mark.parametrize("way", ["never answered", "refused", "answered, never up"])
async def test_a_restart_that_comes_to_nothing_after_the_old_path_ended_is_a_lost_leg(
    call: Any, plain: Any, way: str
) -> None:
    us, peer, _, _ = await call(setup_timeout=1.0)
    offer = await us.restart()
    await peer.pc.close()
    await until(lambda: us._connections.orphaned)
    if way == "refused":
        us.withdraw()
    elif way == "answered, never up":
        other = plain(ELSEWHERE)
        answer = await other.answer(offer)
        await other.pc.close()
        await us.apply(answer)
    await until(lambda: us.state is AudioLegState.LOST, 10)
    assert us.reason == "peer-closed"
    await until(lambda: not us._connections.closers)


async def test_a_second_restart_takes_the_place_of_the_first(
    call: Any, plain: Any, hears: Any
) -> None:
    us, _, heard, _ = await call()
    await us.restart()
    offer = await us.restart()
    other = plain(ELSEWHERE)
    await us.apply(await other.answer(offer))
    await hears(heard, ELSEWHERE)
    await until(lambda: not us._connections.closers)


@pytest.mark.parametrize("moment", range(4))
async def test_a_leg_closes_in_the_middle_of_a_restart(call: Any, plain: Any, moment: int) -> None:
    us, _, _, _ = await call()
    offering = asyncio.ensure_future(us.restart())
    await asyncio.sleep(0)
    if moment == 0:
        offering.cancel()
    elif moment > 1:
        await us.apply(await plain(ELSEWHERE).answer(await offering))
        await asyncio.sleep(0.02 * (moment - 2))
    async with asyncio.timeout(3):
        await us.close()
        await asyncio.gather(offering, return_exceptions=True)
    while us._connections.closers:
        await asyncio.sleep(0.01)
    assert us.state is AudioLegState.CLOSED


async def test_source_and_sink_are_changed_in_the_call(
    call: Any, collector: Any, hears: Any
) -> None:
    us, peer, heard, _ = await call()
    us.set_source(ToneSource(ELSEWHERE))
    await hears(peer.heard, ELSEWHERE)
    ear = collector()
    us.set_sink(ear)
    await hears(ear, THEIRS)
    stood = len(heard.pcm)
    us.set_source(NullSource())
    await hears(peer.heard, ELSEWHERE, absent=True)
    assert len(heard.pcm) == stood


class Ends:
    """Two legs of ours in a call: one restarts, the other answers as a PBX does."""

    def __init__(self, one: AudioLeg, other: AudioLeg, heard: Any, other_heard: Any) -> None:
        self.one, self.other = one, other
        self.heard, self.other_heard = heard, other_heard
        self.hellos = 0

    def association(self, leg: AudioLeg) -> Any:
        current = leg._connections.current
        assert current is not None
        return current.association

    def count_hellos(self) -> None:
        """Every handshake that either side begins from now on is counted."""
        start = DtlsAssociation.start

        async def counted(one: DtlsAssociation, *arguments: Any) -> None:
            self.hellos += 1
            await start(one, *arguments)

        self.patch.setattr(DtlsAssociation, "start", counted)

    patch: pytest.MonkeyPatch


@pytest.fixture
async def ends(leg: Any, collector: Any, hears: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make a call between two legs, up, with both tones heard."""

    async def make(**named: Any) -> Ends:
        heard, other_heard = collector(), collector()
        one = leg(ToneSource(OURS), heard, **named)
        other = leg(ToneSource(THEIRS), other_heard)
        await one.accept(await other.answer(await one.offer()))
        await hears(heard, THEIRS)
        await hears(other_heard, OURS)
        made = Ends(one, other, heard, other_heard)
        made.patch = monkeypatch
        made.count_hellos()
        return made

    return make


async def both_are_heard(ends: Ends, hears: Any) -> None:
    ends.heard.pcm.clear()
    ends.other_heard.pcm.clear()
    await hears(ends.heard, THEIRS)
    await hears(ends.other_heard, OURS)


@pytest.mark.parametrize("said", ["", "a=connection:existing\r\n"])
@pytest.mark.parametrize("who", ["the offerer", "the answerer"])
async def test_a_restart_of_ice_keeps_the_certificate_and_the_association(
    ends: Any, hears: Any, said: str, who: str
) -> None:
    made = await ends()
    one, other = made.one, made.other
    if who == "the answerer":
        one, other = other, one
    before = made.association(one), made.association(other)
    paths = one._connections.current, other._connections.current
    offer = await one.restart()
    answer = (await other.answer(offer)) + said
    await one.apply(answer)
    await until(lambda: one._connections.current is not paths[0])
    await until(lambda: other._connections.current is not paths[1])
    assert (made.association(one), made.association(other)) == before
    assert transport_of(offer).fingerprints != transport_of(answer).fingerprints
    await until(lambda: one.decrypted and other.decrypted)
    await both_are_heard(made, hears)
    assert made.hellos == 0
    await until(lambda: not one._connections.closers and not other._connections.closers)
    assert (one.state, other.state) == (AudioLegState.CONNECTED, AudioLegState.CONNECTED)
    await both_are_heard(made, hears)


@pytest.mark.parametrize("called", [False, True], ids=["whom we called", "that called us"])
async def test_a_peer_that_takes_a_restart_under_its_own_old_name_is_followed(
    ends: Any, hears: Any, called: bool
) -> None:
    """FreeSWITCH turns to the new user, password and addresses, and answers with what it had. It
    begins no new session of ICE, so it will nominate nothing: we do, whoever did before."""
    made = await ends()
    one, other = (made.other, made.one) if called else (made.one, made.other)
    paths = one._connections.current, other._connections.current
    known, make = paths[1].ends, other._connections._make

    def under_the_old_name(listener: Any) -> Any:
        connection = make(listener)
        connection._aioice._local_username = known.ufrag
        connection._aioice._local_password = known.password
        return connection

    other._connections._make = under_the_old_name
    answer = await other.answer(await one.restart())
    assert f"a=ice-ufrag:{known.ufrag}\r\na=ice-pwd:{known.password}\r\n" in answer
    await one.apply(answer)
    assert one._connections.described.ice._connection.ice_controlling
    await until(lambda: one._connections.current is not paths[0])
    await until(lambda: other._connections.current is not paths[1])
    await until(lambda: one.decrypted and other.decrypted)
    await both_are_heard(made, hears)
    assert made.hellos == 0
    await one.apply(await other.answer(await one.reoffer(Direction.SENDONLY)))
    assert other.direction is Direction.RECVONLY


@pytest.mark.parametrize("why", ["connection:new", "tls-id"])
async def test_a_peer_that_asks_for_a_new_association_gets_one_under_the_same_certificate(
    ends: Any, hears: Any, why: str
) -> None:
    made = await ends()
    old = made.association(made.one)
    line = {"connection:new": "a=connection:new\r\n", "tls-id": f"a=tls-id:{'x' * 20}\r\n"}[why]
    offer = await made.one.restart()
    path = made.one._connections.current
    answer = (await made.other.answer(offer + line)) + line
    await made.one.apply(answer)
    await until(lambda: made.one._connections.current is not path)
    assert made.association(made.one) is not old
    assert made.association(made.one).fingerprint == old.fingerprint
    await both_are_heard(made, hears)
    assert made.hellos == 2


async def test_a_new_association_has_a_new_certificate_where_the_old_one_has_ended(
    call: Any, plain: Any, hears: Any
) -> None:
    us, peer, heard, _ = await call()
    known = transport_of(us._agreed._origin._last).fingerprints
    await peer.pc.close()
    await until(lambda: us.state is AudioLegState.LOST)
    other = plain(ELSEWHERE)
    offer = await us.restart()
    assert transport_of(offer).fingerprints != known
    await us.apply(await other.answer(offer))
    await hears(heard, ELSEWHERE)
    await hears(other.heard, OURS)
    assert us.state is AudioLegState.CONNECTED


@pytest.mark.parametrize("way", ["nothing comes", "the sockets are shut"])
async def test_a_leg_whose_path_is_gone_is_restarted_over_the_association_it_has(
    ends: Any, hears: Any, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr(aioice.ice, "CONSENT_INTERVAL", 0.5)
    monkeypatch.setattr(aioice.ice, "CONSENT_FAILURES", sys.maxsize)
    made = await ends()
    monkeypatch.setattr(aioice.ice, "CONSENT_FAILURES", 3)
    for one in (made.one, made.other):
        for protocol in one._connections.current.ice._connection._protocols:
            if way == "nothing comes":
                protocol.datagram_received = lambda *_: None
            else:
                protocol.transport.abort()
    await until(lambda: made.one.state is AudioLegState.LOST, 20)
    await until(lambda: made.other.state is AudioLegState.LOST, 20)
    assert made.one.reason == "transport"
    monkeypatch.setattr(aioice.ice, "CONSENT_FAILURES", sys.maxsize)
    await made.one.apply(await made.other.answer(await made.one.restart()))
    await until(lambda: made.one.state is AudioLegState.CONNECTED)
    await until(lambda: made.other.state is AudioLegState.CONNECTED)
    assert made.one.reason == ""
    await both_are_heard(made, hears)
    assert made.hellos == 0


async def test_a_restart_is_not_proven_before_a_packet_was_decrypted(ends: Any) -> None:
    made = await ends()
    assert made.one.decrypted
    made.other._session.stop()  # the peer sends nothing, neither sound nor reports
    path = made.one._connections.current
    await made.one.apply(await made.other.answer(await made.one.restart()))
    await until(lambda: made.one._connections.current is not path)
    assert made.one.state is AudioLegState.CONNECTED
    assert made.one.decrypted is False


async def test_who_nominates_is_the_same_through_every_restart_whoever_asks_for_it(
    leg: Any, collector: Any, hears: Any
) -> None:
    heard, theirs = collector(), collector()
    us, them = leg(ToneSource(OURS), heard), leg(ToneSource(THEIRS), theirs)

    def roles() -> tuple[bool, bool]:
        ours, its = (one._connections.described.ice._connection for one in (us, them))
        return ours.ice_controlling, its.ice_controlling

    async def both_are_heard_over_a_new_path() -> None:
        for one in (us, them):
            await until(lambda one=one: one.decrypted)  # type: ignore[misc]
        heard.pcm.clear()
        theirs.pcm.clear()
        await hears(heard, THEIRS)
        await hears(theirs, OURS)

    await them.accept(await us.answer(await them.offer()))  # who offers first, nominates
    await hears(heard, THEIRS)
    for asks, takes in ((us, them), (them, us), (us, them)):
        offer = await asks.restart()
        assert asks._connections.offered.ice._connection.ice_controlling is (asks is them)
        await asks.apply(await takes.answer(offer))
        assert roles() == (False, True)
        await both_are_heard_over_a_new_path()
        assert roles() == (False, True)  # and nobody was told otherwise on the way
