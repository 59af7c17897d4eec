"""The console's engine at Asterisk: calls both ways, and each end of a call in words."""

from __future__ import annotations

from pathlib import Path

from tests.interop.asterisk_pbx import MUSIC, Asterisk
from tests.interop.our_desk import OurDesk, seated
from tui.port.commands import Answer, Dial, HangUp, Hold, MarkLine, Resume, SendDigits
from tui.port.machines.call_machine import CallState

AGENT, BOB, CUSTOMER, MILLIWATT = 1200, 900, 700, 1004
"""What they say, in hertz."""


async def test_an_echo_gives_us_our_own_voice_and_a_milliwatt_its_tone(
    asterisk: Asterisk, desk: OurDesk
) -> None:
    await desk.do(Dial("echo"))
    await desk.state(CallState.TALKING)
    await desk.hears(AGENT)
    await desk.do(HangUp())
    assert (await desk.state(CallState.ENDED)).end.reason == 26
    await desk.do(Dial("milliwatt"))
    await desk.state(CallState.TALKING)
    await desk.hears(MILLIWATT)
    await asterisk.hang_up()
    ended = await desk.state(CallState.ENDED)
    assert (ended.end.reason, desk.said()) == (25, "ended.25")


async def test_a_customer_calls_is_answered_and_heard_and_hangs_up(
    asterisk: Asterisk, desk: OurDesk
) -> None:
    await asterisk.ring("alice", CUSTOMER)
    await desk.state(CallState.RINGING)
    await desk.do(Answer())
    await desk.state(CallState.TALKING)
    await desk.hears(CUSTOMER)
    await asterisk.hang_up()
    assert (await desk.state(CallState.ENDED)).end.reason == 25


async def test_two_desks_hear_one_another_through_the_pbx(
    asterisk: Asterisk, tmp_path: Path, desk: OurDesk
) -> None:
    async with seated(asterisk, tmp_path, "bob", BOB) as bob:
        await desk.do(Dial("bob"))
        await bob.state(CallState.RINGING)
        await desk.state(CallState.PROCEEDING)
        await bob.do(Answer())
        await desk.hears(BOB)
        await bob.hears(AGENT)
        await bob.do(HangUp())
        assert (await desk.state(CallState.ENDED)).end.reason == 25


async def test_who_calls_is_the_number_and_name_that_the_pbx_gives_and_it_is_believed(
    asterisk: Asterisk, desk: OurDesk
) -> None:
    await asterisk.ring("alice")
    ringing = await desk.state(CallState.RINGING)
    assert (ringing.number, ringing.name, ringing.verified) == ("5559", "Wang Fang", True)


async def test_a_withheld_number_is_said_to_be_withheld(asterisk: Asterisk, desk: OurDesk) -> None:
    await asterisk.ring("withheld")
    ringing = await desk.state(CallState.RINGING)
    assert "invalid" not in ringing.number
    assert "5559" not in ringing.number + ringing.name


async def test_what_is_heard_before_the_answer_comes_from_the_pbx(desk: OurDesk) -> None:
    await desk.do(Dial("early"))
    await desk.until(lambda: desk.call.early)
    await desk.hears(CUSTOMER)
    assert desk.call.answered is None
    await desk.state(CallState.TALKING)
    await desk.hears(MILLIWATT)


CAUSES = {
    1: "line.unknown_number",
    3: "line.no_route",
    17: "line.busy",
    18: "line.no_answer",
    19: "line.no_answer",
    20: "line.not_reachable",
    21: "line.declined",
    22: "line.number_changed",
    27: "line.not_reachable",
    28: "line.incomplete_number",
    34: "line.no_circuit",
    38: "line.network_fault",
    41: "line.network_fault",
    42: "line.congestion",
    44: "line.no_circuit",
    47: "line.no_circuit",
    50: "line.not_subscribed",
    55: "line.cause_not_allowed",
    57: "line.cause_not_allowed",
    58: "line.not_offered",
    65: "line.no_common_sound",
    79: "line.not_offered",
    88: "line.no_common_sound",
    102: "line.timed_out",
    127: "line.network_fault",
}
"""What is said of each cause (Q.850) with which Asterisk refuses a call."""


async def test_each_cause_of_a_refusal_is_said_in_words(desk: OurDesk) -> None:
    said = {}
    for cause in CAUSES:
        await desk.do(Dial(f"cause-{cause}"))
        await desk.calls(f"cause-{cause}")
        assert (await desk.state(CallState.ENDED)).end.reason == 20
        said[cause] = desk.said()
    assert said == CAUSES


async def test_a_call_of_ours_that_rings_is_given_up_and_the_pbx_forgets_it(
    asterisk: Asterisk, desk: OurDesk
) -> None:
    await desk.do(Dial("ring"))
    await desk.state(CallState.PROCEEDING)
    await desk.do(HangUp())
    assert (await desk.state(CallState.ENDED)).end.reason == 20
    await desk.until(lambda: _idle(asterisk))


async def _idle(asterisk: Asterisk) -> bool:
    return "0 active channels" in await asterisk.cli("core show channels count")


async def test_a_caller_who_gives_up_is_missed(asterisk: Asterisk, desk: OurDesk) -> None:
    await asterisk.ring("alice")
    await desk.state(CallState.RINGING)
    await asterisk.hang_up()
    assert (await desk.state(CallState.ENDED)).end.missed
    assert desk.said() == "line.gave_up"


async def test_who_is_held_by_us_hears_music_and_then_us_again(
    asterisk: Asterisk, tmp_path: Path, desk: OurDesk
) -> None:
    async with seated(asterisk, tmp_path, "bob", BOB) as bob:
        await desk.do(Dial("bob"))
        await bob.state(CallState.RINGING)
        await bob.do(Answer())
        await bob.hears(AGENT)
        await desk.do(Hold())
        await desk.state(CallState.HOLDING)
        await bob.hears(MUSIC)
        await desk.hears_nothing()
        await desk.do(Resume())
        await desk.state(CallState.TALKING)
        await bob.hears(AGENT)
        await desk.hears(BOB)
        # And the other side holds us.
        await bob.do(Hold())
        await desk.hears(MUSIC)
        assert desk.call.state is CallState.TALKING
        await bob.do(Resume())
        await desk.hears(BOB)


async def test_a_hold_that_the_pbx_passes_through_is_shown_as_theirs(
    asterisk: Asterisk, tmp_path: Path, desk: OurDesk
) -> None:
    async with seated(asterisk, tmp_path, "hanna", BOB) as hanna:
        await hanna.do(Dial("alice"))
        await desk.state(CallState.RINGING)
        await desk.do(Answer())
        await hanna.hears(AGENT)
        await desk.do(Hold())
        await hanna.until(lambda: hanna.call.peer_holds)
        await desk.do(Resume())
        await hanna.until(lambda: not hanna.call.peer_holds)
        await hanna.hears(AGENT)


async def test_digits_beside_the_sound_arrive_and_so_do_theirs(
    asterisk: Asterisk, desk: OurDesk
) -> None:
    await desk.do(Dial("digits"))
    await desk.state(CallState.TALKING)
    await desk.do(SendDigits("159D*06"))
    await asterisk.until_it_says("digits: 159D*06.")
    await desk.hears(CUSTOMER)
    await desk.do(HangUp())
    await desk.do(Dial("told"))
    await desk.state(CallState.TALKING)
    await desk.until(lambda: desk.call.tones.received == "28#")


async def test_digits_by_info_arrive_where_the_pbx_wants_them_so(
    asterisk: Asterisk, tmp_path: Path
) -> None:
    before = asterisk.said
    async with seated(asterisk, tmp_path, "ines", AGENT) as ines:
        await ines.do(Dial("digits"))
        await ines.state(CallState.TALKING)
        await ines.do(SendDigits("246*137"))
        await asterisk.until_it_says("digits: 246*137.")
        assert "application/dtmf-relay" in asterisk.log(before)


async def test_a_pbx_that_wants_what_rings_confirmed_is_met_both_ways(
    asterisk: Asterisk, tmp_path: Path
) -> None:
    async with seated(asterisk, tmp_path, "petra", AGENT) as petra:
        before = asterisk.said
        await asterisk.ring("petra", CUSTOMER)
        await petra.state(CallState.RINGING)
        await asterisk.until_it_says("PRACK sip:")
        await petra.do(Answer())
        await petra.state(CallState.TALKING)
        await petra.hears(CUSTOMER)
        await petra.do(HangUp())
        await petra.state(CallState.ENDED)
        assert "Require: 100rel" in asterisk.log(before)
        before = asterisk.said
        await petra.do(Dial("early"))
        await petra.until(lambda: petra.call.early)
        await petra.hears(CUSTOMER)
        await petra.state(CallState.TALKING)
        await petra.hears(MILLIWATT)
        assert "RAck: " in asterisk.log(before)


async def test_who_took_a_call_is_shown_where_the_pbx_tells_it_unscreened(
    asterisk: Asterisk, tmp_path: Path
) -> None:
    async with (
        seated(asterisk, tmp_path, "rita", AGENT) as rita,
        seated(asterisk, tmp_path, "bob", CUSTOMER) as bob,
    ):
        await rita.do(Dial("group"))
        await bob.state(CallState.RINGING)
        await bob.do(Answer())
        await rita.state(CallState.TALKING)
        await rita.calls("1002")
        assert rita.call.name == "Bob"


async def test_four_lines_are_up_each_with_its_own_tone(asterisk: Asterisk, desk: OurDesk) -> None:
    tones = (500, 700, 900, 1100)
    for tone in tones:
        await desk.do(Dial(f"tone{tone}"))
        await desk.calls(f"tone{tone}")
        await desk.state(CallState.TALKING)
        await desk.hears(tone)
    calls = [call for call in desk.snapshot.calls if call.live]
    assert [call.line for call in calls] == [1, 2, 3, 4]
    for call, tone in zip(calls, tones, strict=True):
        await desk.do(MarkLine(call.key))
        await desk.do(Resume())
        await desk.until(lambda: desk.call.state is CallState.TALKING)
        await desk.hears(tone)
        await desk.do(HangUp())
