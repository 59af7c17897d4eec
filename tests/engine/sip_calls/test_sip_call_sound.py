"""The sound of a call at a PBX comes within its limit, or the call ends in words."""

from __future__ import annotations

import asyncio

import pytest

from tests.engine.line_booth import SDP, Booth
from tui import sip
from tui.engine.sip_calls.legs import NOT_ACCEPTABLE, UNUSABLE
from tui.media.sdp.parse import UnacceptableOffer, Unusable
from tui.media.transport.shortage import Shortage, ShortageError
from tui.port import commands as c
from tui.port.machines.call_machine import CallState
from tui.port.values import Leg

S = CallState
OF_NO_USE = [each for each in Unusable if each is not Unusable.OTHER_PEER]


def test_every_reason_of_the_media_room_has_a_sentence() -> None:
    assert {*map(str, Unusable), *map(str, Shortage)} == set(UNUSABLE)


@pytest.mark.parametrize("why", OF_NO_USE)
async def test_an_answer_of_no_use_ends_the_call_with_the_reason(
    booth: Booth, why: Unusable
) -> None:
    handle = await booth.dial()
    booth.media[0].error = UnacceptableOffer("no", why)
    await booth.says(sip.InviteAnswered(handle, b"v=0"))
    assert booth.asked("bye") == [(handle, NOT_ACCEPTABLE)]
    assert booth.state("1002") is S.ENDED
    assert booth.last_outcome == f"unusable.{why}"
    assert booth.media[0].closed


async def test_an_answer_without_any_description_ends_the_call_with_the_reason(
    booth: Booth,
) -> None:
    handle = await booth.dial()
    await booth.says(sip.InviteAnswered(handle, None))
    assert booth.asked("bye") == [(handle, NOT_ACCEPTABLE)]
    assert booth.last_outcome == "unusable.no-audio"


async def test_an_answer_without_description_after_early_media_is_a_call(booth: Booth) -> None:
    handle = await booth.dial()
    await booth.says(sip.Progress(handle, 183, SDP), sip.InviteAnswered(handle, None))
    assert booth.state("1002") is S.TALKING


@pytest.mark.parametrize("why", OF_NO_USE)
async def test_an_ack_of_no_use_to_our_late_offer_ends_the_call_with_the_reason(
    booth: Booth, why: Unusable
) -> None:
    await booth.rings("in1", sdp=None)
    await booth.do(c.Answer())
    booth.media[0].error = UnacceptableOffer("no", why)
    await booth.says(sip.AckWithSdp("in1", b"v=0"))
    assert booth.asked("bye") == [("in1", NOT_ACCEPTABLE)]
    assert booth.last_outcome == f"unusable.{why}"


async def test_an_offer_of_no_use_is_refused_and_said_in_the_same_words(booth: Booth) -> None:
    await booth.rings("in1")

    async def refusing(leg: object) -> object:
        media = await type(booth)._make_media(booth, leg)
        media.error = UnacceptableOffer("no", Unusable.NO_ENCRYPTION)
        return media

    booth.legs.make_media = refusing  # type: ignore[method-assign, assignment]
    result = await booth.do(c.Answer())
    assert result.message is not None
    assert result.message.id == "unusable.no-encryption"
    assert booth.asked("reject")[0] == ("in1", 488)


@pytest.mark.parametrize(
    ("why", "leg"), [(Unusable.OTHER_PEER, Leg.LOST), (Unusable.NO_CODEC, Leg.CONNECTED)]
)
async def test_another_phone_that_a_pbx_puts_into_the_session_is_a_new_path(
    booth: Booth, why: Unusable, leg: Leg
) -> None:
    """FreeSWITCH (bypass_media_after_bridge) asks each phone for an offer, and brings the other's
    answer: whoever was heard before is gone, and whoever watches the network sets it up anew."""
    handle = await booth.up()
    call = booth.by_number("1002")
    booth.legs.put_state(call.key, Leg.CONNECTED)
    await booth.says(sip.ReinviteReceived(handle, None))
    assert booth.asked("accept_reinvite") == [(handle, b"sendrecv")]

    async def refuse(answer: str) -> None:
        raise UnacceptableOffer("no", why)

    booth.media[0].apply = refuse  # type: ignore[method-assign]
    await booth.says(sip.AckWithSdp(handle, SDP))
    call = booth.by_number("1002")
    assert (call.state, call.leg) == (S.TALKING, leg)
    assert not booth.media[0].closed


async def test_an_offer_anew_that_is_refused_ends_the_call(booth: Booth) -> None:
    handle = await booth.dial()
    await booth.says(sip.Progress(handle, 183, SDP, "a"))
    booth.media[0].error = UnacceptableOffer("no", Unusable.OTHER_PEER)
    await booth.says(sip.InviteAnswered(handle, b"another", "b"))
    assert booth.state("1002") is S.TALKING
    await booth.says(sip.ReinviteRefused(handle, 488))
    assert booth.state("1002") is S.ENDED
    assert booth.asked("bye") == [(handle, NOT_ACCEPTABLE)]


@pytest.mark.parametrize("out", [False, True])
async def test_a_call_whose_sound_never_comes_says_so_within_its_limit(
    booth: Booth, out: bool
) -> None:
    if out:
        await booth.up()
    else:
        await booth.rings("in1")
        await booth.do(c.Answer())
    call = booth.snapshot.calls[0]
    assert f"sound {call.key}" in booth.context.timers
    booth.legs.leg_of(call.key).owner.leg_gone(booth.legs.leg_of(call.key), Leg.FAILED)  # type: ignore[union-attr, arg-type]
    assert booth.snapshot.notice is not None
    assert booth.snapshot.notice.message.id == "lines.sound_failed"
    assert booth.snapshot.calls[0].state is S.TALKING
    assert booth.asked("bye") == []


async def test_an_answer_that_never_comes_to_a_late_offer_ends_the_call_by_its_limit(
    booth: Booth,
) -> None:
    await booth.rings("in1", sdp=None)
    await booth.do(c.Answer())
    handle = booth.context.timers._handles[f"sound {booth.snapshot.calls[0].key}"]
    handle._callback()  # type: ignore[attr-defined]
    assert booth.asked("bye") == [("in1", NOT_ACCEPTABLE)]
    assert booth.last_outcome == "line.no_sound"


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (ShortageError(Shortage.DESCRIPTORS), "unusable.no-descriptors"),
        (OSError(24, "Too many open files"), "unusable.no-descriptors"),
        (MemoryError(), "unusable.no-memory"),
        (ShortageError(Shortage.MEMORY), "unusable.no-memory"),
        (RuntimeError("broken"), "line.no_sound"),
    ],
)
@pytest.mark.parametrize("out", [False, True])
async def test_a_call_that_this_machine_has_nothing_left_for_says_so(
    booth: Booth, problem: Exception, said: str, out: bool
) -> None:
    async def short(leg: object) -> object:
        raise problem

    booth.legs.make_media = short  # type: ignore[method-assign, assignment]
    if not out:
        await booth.rings("in1")
    result = await booth.do(c.Dial("1002") if out else c.Answer())
    assert result.message is not None
    assert (result.ok, result.message.id) == (False, said)
    assert booth.last_outcome == said
    assert booth.asked("reject") == ([] if out else [("in1", 480)])


async def test_nothing_of_a_call_is_kept_after_it(booth: Booth) -> None:
    for number in range(20):
        handle = await booth.up(f"20{number:02}")
        holding = asyncio.ensure_future(booth.do(c.Hold()))
        await booth.until(lambda: len(booth.asked("reinvite")) == number + 1)  # noqa: B023
        await booth.says(sip.ReinviteAccepted(handle, SDP))
        await holding
        await booth.says(sip.CallEnded(handle, True, 200, ""))
    sound = booth.control.commands.sound
    assert sound._locks == {}
    assert booth.legs._legs == {}
    assert not [name for name in booth.context.timers._handles if name.startswith("sound ")]
    assert booth.parts.network._wanted == {}
    assert booth.parts.network._failing == {}
