"""Lines at a PBX: dialling, ringing, answering, holding, and which line is marked."""

from __future__ import annotations

import asyncio

import pytest

from tests.engine.line_booth import DOMAIN, SDP, Booth, invite
from tests.waiting import until
from tui import sip
from tui.config.schema import Profile
from tui.console.i18n import render
from tui.engine.audio.leg_entry import as_ice
from tui.engine.call_control import carry_out
from tui.engine.context import Limits
from tui.engine.platform_calls.control import PlatformCalls
from tui.engine.session.crash_note import Remembered
from tui.engine.sip_calls.line_selection import free_line, mark
from tui.media.sdp.direction import Direction
from tui.media.sdp.parse import UnacceptableOffer, Unusable
from tui.platform.relays import Relay
from tui.port import commands as c
from tui.port import replace
from tui.port.events import CallAnswered, CallFinished, CallOffered, ConnectionChanged, SeatChanged
from tui.port.machines.call_machine import CallState
from tui.port.machines.seat_machine import SeatState, Status
from tui.port.snapshot import MOST_LINES, Call, SeatStatus
from tui.port.values import Connection, ConnectionState, Leg, Message, ThirdKind, message
from tui.secrets import Secret

S = CallState


# ---------------------------------------------------------------- dialling


async def test_a_number_is_called_at_our_domain_and_a_uri_where_it_says(booth: Booth) -> None:
    await booth.dial("010 1234")
    await booth.dial("sip:bob@far.example;transport=ws?Subject=x")
    assert booth.asked("invite") == [
        (f"sip:0101234@{DOMAIN}",),
        ("sip:bob@far.example;transport=ws",),
    ]
    assert [call.number for call in booth.snapshot.calls] == ["0101234", "bob@far.example"]


async def test_a_call_goes_from_dialling_by_ringing_there_to_talking(booth: Booth) -> None:
    handle = await booth.dial()
    assert booth.state("1002") is S.DIALING
    await booth.says(sip.Progress(handle, 180, None))
    assert booth.state("1002") is S.PROCEEDING
    await booth.says(sip.InviteAnswered(handle, SDP))
    assert booth.state("1002") is S.TALKING
    assert booth.media[0].accepted == [SDP.decode()]
    assert not booth.media[0].held
    assert [event for event in booth.heard if isinstance(event, CallAnswered)]


async def test_early_media_is_taken_from_the_first_phone_and_replaces_our_ringback(
    booth: Booth,
) -> None:
    handle = await booth.dial()
    await booth.says(sip.Progress(handle, 180, None))
    assert booth.control.commands.sound._ringback is not None
    await booth.says(sip.Progress(handle, 183, SDP, "a"))
    assert booth.by_number("1002").early
    assert booth.control.commands.sound._ringback is None
    await booth.says(sip.Progress(handle, 183, b"another", "b"), sip.Progress(handle, 180, None))
    assert booth.media[0].accepted == [SDP.decode()]
    assert booth.control.commands.sound._ringback is None


async def test_what_the_phone_that_is_heard_early_describes_anew_is_taken(booth: Booth) -> None:
    handle = await booth.dial()
    anew = SDP + b"a=ptime:40\r\n"
    for sdp in (SDP, SDP, anew, anew):
        await booth.says(sip.Progress(handle, 183, sdp, "a"))
    assert booth.media[0].accepted == [SDP.decode(), anew.decode()]


async def test_what_the_phone_that_rings_offers_anew_is_answered(booth: Booth) -> None:
    handle = await booth.dial()
    await booth.says(sip.Progress(handle, 183, SDP, "a"))
    await booth.says(sip.ReinviteReceived(handle, SDP.replace(b"sendrecv", b"sendonly")))
    assert booth.asked("accept_reinvite") == [(handle, b"answer")]
    assert booth.media[0].direction is Direction.RECVONLY
    await booth.says(sip.InviteAnswered(handle, None))
    assert booth.state("1002") is S.TALKING


async def test_early_media_that_brings_no_sound_leaves_the_ringing_to_us(booth: Booth) -> None:
    sound = booth.control.commands.sound
    handle = await booth.dial()
    await booth.says(sip.Progress(handle, 183, SDP, "a"))
    media = booth.media[0]
    media.looked = 0
    await booth.until(lambda: media.looked > 1)
    assert sound._ringback is None  # nobody has said that it rings there
    await booth.says(sip.Progress(handle, 180, None, "a"))
    await booth.until(lambda: sound._ringback is not None)
    media.last_packet_age = 0.02
    await booth.until(lambda: sound._ringback is None)
    media.last_packet_age = 3.0
    await booth.until(lambda: sound._ringback is not None)
    await booth.says(sip.InviteAnswered(handle, SDP))
    assert sound._ringback is None
    key = booth.by_number("1002").key
    await booth.until(lambda: f"early {key}" not in booth.context.timers)
    assert sound._ringback is None


@pytest.mark.parametrize("silence_in", [None, 30.0])
async def test_early_media_that_is_nothing_but_silence_leaves_the_ringing_to_us(
    booth: Booth, silence_in: float | None
) -> None:
    sound = booth.control.commands.sound
    booth.context.limits = Limits(early_mute=3.0)
    handle = await booth.dial()
    await booth.says(sip.Progress(handle, 183, SDP, "a"))  # and never a 180
    media = booth.media[0]
    media.last_packet_age, media.silence_in, media.looked = 0.02, silence_in, 0
    await booth.until(lambda: media.looked > 1)
    assert sound._ringback is None  # a ringing tone has its pauses
    await booth.until(lambda: sound._ringback is not None)
    media.silence_in = 0.1
    await booth.until(lambda: sound._ringback is None)
    await booth.says(sip.InviteAnswered(handle, SDP))
    assert booth.state("1002") is S.TALKING


async def test_a_description_of_no_use_before_the_answer_costs_neither_ringing_nor_call(
    booth: Booth,
) -> None:
    sound = booth.control.commands.sound
    handle = await booth.dial()
    booth.media[0].error = UnacceptableOffer("port 0", Unusable.REFUSED)
    await booth.says(sip.Progress(handle, 180, b"m=audio 0 RTP/AVP 0", "a"))
    assert sound._ringback is not None  # it rings there, whatever else it says
    leg = booth.legs.leg_of(booth.by_number("1002").key)
    assert leg is not None
    booth.media[0].reason = "refused"
    booth.legs._media_state(leg, "failed")  # by its limit
    assert booth.snapshot.notice is None
    assert booth.by_number("1002").leg is not Leg.FAILED
    booth.media[0].error = None
    await booth.says(sip.InviteAnswered(handle, SDP, "a"))
    assert booth.state("1002") is S.TALKING
    assert (sound._ringback, leg.why) == (None, "")


async def test_another_phone_is_heard_early_once_the_first_is_silent(booth: Booth) -> None:
    sound = booth.control.commands.sound
    handle = await booth.dial()
    await booth.says(sip.Progress(handle, 183, SDP, "a"))
    media = booth.media[0]
    media.last_packet_age = 0.02
    media.looked = 0
    await booth.says(
        sip.Progress(handle, 183, b"second", "b"),
        sip.Progress(handle, 180, None, "b"),
        sip.Progress(handle, 183, b"second", "b"),
    )
    await booth.until(lambda: media.looked > 1)
    assert media.followed == []  # the first that brings some is heard
    media.last_packet_age = 3.0
    await booth.until(lambda: media.followed == ["second"])
    assert sound._ringback is not None  # until it is there
    media.last_packet_age = 0.02
    await booth.until(lambda: sound._ringback is None)
    await booth.says(sip.Progress(handle, 183, SDP, "a"))  # had its turn
    media.last_packet_age = 3.0
    media.looked = 0
    await booth.until(lambda: media.looked > 1)
    assert media.followed == ["second"]
    await booth.says(sip.InviteAnswered(handle, b"second", "b"))
    assert media.accepted == [SDP.decode(), "second"]
    assert booth.asked("reinvite") == []
    assert booth.state("1002") is S.TALKING


async def test_a_phone_that_is_out_of_the_call_is_not_waited_for(booth: Booth) -> None:
    sound = booth.control.commands.sound
    handle = await booth.dial()
    await booth.says(
        sip.Progress(handle, 180, None, "c"),
        sip.Progress(handle, 199, None, "nobody", reason="Early Dialog Terminated"),
        sip.Progress(handle, 183, SDP, "a"),
    )
    media = booth.media[0]
    media.last_packet_age = 0.02
    await booth.says(sip.Progress(handle, 183, b"second", "b"))
    await booth.says(sip.Progress(handle, 199, None, "a", reason="Early Dialog Terminated"))
    await booth.until(lambda: media.followed == ["second"])
    assert booth.by_number("1002").outcome is None
    await booth.says(sip.Progress(handle, 183, b"third", "d"), sip.Progress(handle, 199, None, "d"))
    await booth.says(sip.Progress(handle, 199, None, "b"))
    await booth.until(lambda: sound._ringback is not None)
    assert media.followed == ["second"]


async def test_of_two_that_describe_sound_at_once_the_second_has_its_turn(booth: Booth) -> None:
    handle = await booth.dial()
    media = booth.media[0]
    media.one_peer = True
    await booth.says(
        sip.Progress(handle, 183, SDP, "a"),
        sip.Progress(handle, 183, b"second", "b"),
    )
    media.last_packet_age = 3.0
    await booth.until(lambda: media.followed == ["second"])


@pytest.mark.parametrize(
    ("status", "phrase", "said"),
    [
        (180, "Ringing", None),
        (180, "Session Progress", None),
        (183, "", None),
        (182, "Queued", message("line.queued")),
        (182, "Call is queued", message("line.queued")),
        (182, "Queued; 3 ahead", message("line.queued", info="Queued; 3 ahead")),
        (181, "Call Is Being Forwarded", message("line.forwarded")),
        (183, "\x1b[1mAbout 5 minutes", message("line.says", words="About 5 minutes")),
    ],
)
async def test_what_is_said_of_a_call_while_it_rings_there_is_shown_until_the_answer(
    booth: Booth, status: int, phrase: str, said: Message | None
) -> None:
    handle = await booth.dial()
    await booth.says(sip.Progress(handle, status, None, "a", reason=phrase))
    assert booth.by_number("1002").outcome == said
    await booth.says(sip.Progress(handle, 182, None, "a", reason="2 ahead"))
    assert booth.by_number("1002").outcome == message("line.queued", info="2 ahead")
    await booth.says(sip.Progress(handle, 180, None, "a", reason="Ringing"))
    assert booth.by_number("1002").outcome is None
    await booth.says(sip.Progress(handle, 182, None, "a"), sip.InviteAnswered(handle, SDP))
    await booth.says(sip.Progress(handle, 182, None, "a"))
    assert booth.by_number("1002").outcome is None


async def test_another_phone_than_the_one_heard_early_is_offered_a_leg_of_its_own(
    booth: Booth,
) -> None:
    handle = await booth.dial()
    await booth.says(sip.Progress(handle, 183, SDP, "a"))
    booth.media[0].refuses = True
    await booth.says(sip.InviteAnswered(handle, b"another", "b"))
    assert booth.asked("reinvite") == [(handle, "offer")]
    assert booth.media[0].closed
    await booth.says(sip.ReinviteAccepted(handle, SDP))
    assert booth.media[1].accepted == [SDP.decode()]
    assert booth.state("1002") is S.TALKING


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (486, "line.busy"),
        (600, "line.busy"),
        (603, "line.declined"),
        (404, "line.unknown_number"),
        (480, "line.no_answer"),
        (403, "line.not_allowed"),
        (488, "line.no_common_sound"),
        (503, "line.unavailable"),
        (513, "line.call_refused"),
        (302, "line.call_refused"),
    ],
)
async def test_a_refused_call_says_why(booth: Booth, status: int, outcome: str) -> None:
    handle = await booth.dial()
    await booth.says(sip.InviteRefused(handle, status, "\x1b[31mNo"))
    call = booth.by_number("1002")
    assert (call.state, call.end.reason, call.end.talk_time) == (S.ENDED, 20, None)
    assert call.outcome is not None
    assert call.outcome.id == outcome
    assert "\x1b" not in str(call.outcome.values)
    assert booth.media[0].closed


async def test_a_call_given_up_before_there_is_sound_never_goes_out(booth: Booth) -> None:
    booth.gate = asyncio.Event()
    dialling = asyncio.ensure_future(booth.do(c.Dial("1002")))
    await booth.settle()
    assert (await booth.do(c.HangUp())).ok
    booth.gate.set()
    assert (await dialling).ok
    assert booth.asked("invite") == []
    assert booth.media[0].closed


async def test_a_caller_who_gives_up_while_the_sound_opens_leaves_nothing_open(
    booth: Booth,
) -> None:
    await booth.rings("in1")
    booth.gate = asyncio.Event()
    answering = asyncio.ensure_future(booth.do(c.Answer()))
    await booth.settle()
    await booth.says(sip.InviteCancelled("in1"))
    booth.gate.set()
    assert not (await answering).ok
    assert booth.asked("accept") == []
    await booth.until(lambda: booth.media[0].closed)
    assert booth.by_number("1008").end.missed


async def test_a_call_that_ends_while_it_is_offered_anew_leaves_nothing_open(
    booth: Booth,
) -> None:
    handle = await booth.dial()
    await booth.says(sip.Progress(handle, 183, SDP, "a"))
    booth.media[0].refuses = True
    booth.gate = asyncio.Event()
    await booth.says(sip.InviteAnswered(handle, b"another", "b"))
    await booth.says(sip.CallEnded(handle, True, 200, ""))
    booth.gate.set()
    await booth.until(lambda: len(booth.media) == 2 and booth.media[1].closed)
    assert booth.state("1002") is S.ENDED
    assert booth.control.commands.sound._mixer._used() == []


async def test_a_call_that_cannot_be_made_is_over_and_says_so(booth: Booth) -> None:
    booth.phone.out_of_place = {"invite"}
    result = await booth.do(c.Dial("1002"))
    assert result.message is not None
    assert result.message.id == "line.not_dialled"
    assert booth.state("1002") is S.ENDED
    assert booth.media[0].closed


async def test_hanging_up_says_cancel_bye_or_declines_as_the_call_needs(booth: Booth) -> None:
    calling = await booth.dial()
    await booth.do(c.HangUp())
    assert booth.asked("cancel") == [(calling,)]
    up = await booth.up()
    booth.now += 12
    await booth.do(c.HangUp())
    assert booth.asked("bye") == [(up,)]
    ended = booth.snapshot.calls[-1]
    assert (ended.end.reason, ended.end.talk_time) == (26, 12)
    await booth.rings("in1")
    await booth.do(c.HangUp())
    assert booth.asked("reject") == [("in1", 603)]
    assert not booth.snapshot.calls[-1].end.missed


async def test_cannot_take_goes_busy_and_lets_others_be_rung(booth: Booth) -> None:
    call = await booth.rings("in1")
    assert (await booth.parts.incoming.cannot_take(call.ccnumber)).ok
    await booth.settle()
    assert booth.asked("reject") == [("in1", 486)]
    assert booth.snapshot.seat.status is Status.BUSY


async def test_declining_can_be_forbidden(booth: Booth) -> None:
    await booth.rings("in1")
    booth.calls.may_decline = False
    result = await booth.do(c.HangUp())
    assert not result.ok
    assert booth.asked("reject") == []


@pytest.mark.parametrize("text", ["", "   ", "a b c", "sip:", "bob@", "1" * 33, "http://x"])
async def test_what_cannot_be_called_is_refused_in_words(booth: Booth, text: str) -> None:
    result = await booth.do(c.Dial(text))
    assert result.message is not None
    assert result.message.id.startswith("dial.")
    assert booth.asked("invite") == []


async def test_nothing_is_dialled_without_a_line_and_hanging_up_still_works(booth: Booth) -> None:
    up = await booth.up()
    booth.context.emit(ConnectionChanged(Connection(ConnectionState.LOST)))
    for command in (c.Dial("1003"), c.Hold(), c.Transfer("", "1003")):
        result = await booth.do(command)
        assert result.message is not None
        assert result.message.id == "engine.line_lost"
    assert (await booth.do(c.HangUp())).ok
    assert booth.asked("bye") == [(up,)]


# ---------------------------------------------------------------- ringing


async def test_a_call_rings_is_answered_and_ended_by_its_caller(booth: Booth) -> None:
    call = await booth.rings("in1")
    assert (call.state, call.line, call.number, call.name) == (S.RINGING, 1, "1008", "Zhao Lei")
    assert booth.asked("ring") == [("in1",)]
    assert (await booth.do(c.Answer())).ok
    assert booth.asked("accept") == [("in1",)]
    assert booth.state("1008") is S.TALKING
    booth.now += 5
    await booth.says(sip.Established("in1"), sip.CallEnded("in1", True, 200, ""))
    call = booth.by_number("1008")
    assert (call.state, call.end.reason, call.end.talk_time) == (S.ENDED, 25, 5)
    assert booth.asked("bye") == []


async def test_a_caller_who_gives_up_is_missed(booth: Booth) -> None:
    await booth.rings("in1")
    await booth.says(sip.InviteCancelled("in1"))
    assert booth.by_number("1008").end.missed
    assert booth.snapshot.shift.missed == 1
    assert booth.snapshot.recent[0].missed


async def test_what_rings_for_ever_ends_with_480(booth: Booth) -> None:
    call = await booth.rings("in1")
    booth.control.events._rang_out(call.key)
    assert booth.asked("reject")[0] == ("in1", 480)
    assert booth.by_number("1008").end.missed


async def test_an_offer_that_cannot_be_answered_gets_488_and_the_call_ends(booth: Booth) -> None:
    await booth.rings("in1")

    async def refusing(leg: object) -> object:
        media = await type(booth)._make_media(booth, leg)
        media.refuses = True
        return media

    booth.legs.make_media = refusing  # type: ignore[method-assign, assignment]
    result = await booth.do(c.Answer())
    assert not result.ok
    assert booth.asked("reject")[0] == ("in1", 488)
    assert booth.state("1008") is S.ENDED


async def test_an_invite_without_an_offer_gets_ours_and_its_ack_the_answer(booth: Booth) -> None:
    await booth.rings("in1", sdp=None)
    assert (await booth.do(c.Answer())).ok
    await booth.says(sip.AckWithSdp("in1", SDP))
    assert booth.media[0].accepted == [SDP.decode()]


async def test_a_refresh_that_never_answers_our_offer_leaves_the_sound_as_it_was(
    booth: Booth,
) -> None:
    await booth.rings("in1")
    assert (await booth.do(c.Answer())).ok
    await booth.says(sip.Established("in1"), sip.ReinviteReceived("in1", None))
    await until(lambda: booth.asked("accept_reinvite"))
    await booth.says(sip.ReinviteRefused("in1", 488))
    assert booth.state("1008") is S.TALKING
    assert booth.by_number("1008").leg is not Leg.FAILED
    holding = asyncio.ensure_future(booth.do(c.Hold()))
    await until(lambda: booth.asked("reinvite"))
    await booth.says(sip.ReinviteAccepted("in1", SDP))
    assert (await holding).ok


async def test_busy_or_a_fifth_call_gets_486(booth: Booth) -> None:
    for number in range(MOST_LINES):
        await booth.rings(f"in{number}")
    await booth.says(invite("fifth"))
    assert booth.asked("reject") == [("fifth", 486)]
    assert [call.line for call in booth.snapshot.calls] == [1, 2, 3, 4]
    result = await booth.do(c.Dial("1002"))
    assert result.message is not None
    assert result.message.id == "lines.full"


async def test_do_not_disturb_gets_486_and_says_nothing_on_the_screen(booth: Booth) -> None:
    booth.context.emit(SeatChanged(SeatStatus(Status.BUSY)))
    await booth.says(invite("in1"))
    assert booth.asked("reject") == [("in1", 486)]
    assert booth.snapshot.calls == ()
    assert not [event for event in booth.heard if isinstance(event, CallOffered)]


@pytest.mark.parametrize(
    ("asserted", "name", "verified"),
    [
        ("", "Zhao Lei", False),
        (f'"Wang Fang" <sip:1007@{DOMAIN}>', "Wang Fang", True),
        ('"Wang Fang" <sip:1007@evil.example>', "Zhao Lei", False),
        ("<tel:+8612000000001>", "Zhao Lei", False),
    ],
)
async def test_a_name_counts_as_verified_only_when_our_server_asserts_it(
    booth: Booth, asserted: str, name: str, verified: bool
) -> None:
    call = await booth.rings("in1", asserted=asserted)
    assert (call.name, call.verified) == (name, verified)


async def test_a_number_that_our_server_asserts_without_a_name_is_verified(booth: Booth) -> None:
    call = await booth.rings("in1", from_="<sip:anonymous@x.invalid>", asserted="<tel:+8612000001>")
    assert (call.number, call.name, call.verified) == ("+8612000001", "", True)


async def test_hostile_names_are_cleaned(booth: Booth) -> None:
    call = await booth.rings("in1", from_='"\x1b[2J\u202eevil [/]" <sip:10%1b08@x.invalid>')
    assert call.name == "[2Jevil [/]" or "\x1b" not in call.name
    assert "\u202e" not in call.name + call.number


# ---------------------------------------------------------------- answered by itself

AUTO = (("Alert-Info", "<http://x.invalid>;info=alert-autoanswer"),)
TRUSTED = f"<sip:boss@{DOMAIN}>"


@pytest.mark.parametrize(
    ("policy", "asserted", "headers", "wanted"),
    [
        ("trusted", TRUSTED, AUTO, True),
        ("trusted", TRUSTED, (("Answer-Mode", "Auto"),), True),
        ("trusted", TRUSTED, (("Call-Info", "<sip:x.invalid>;answer-after=0"),), True),
        ("trusted", TRUSTED, (), False),
        ("trusted", "", AUTO, False),
        ("trusted", "<sip:boss@evil.example>", AUTO, False),
        ("trusted", "<tel:+8612000000001>", AUTO, False),
        ("never", TRUSTED, AUTO, False),
    ],
)
async def test_only_our_policy_and_a_trusted_identity_open_the_microphone(
    policy: str, asserted: str, headers: tuple[tuple[str, str], ...], wanted: bool
) -> None:
    booth = Booth(Profile(kind="sip", auto_answer=policy))
    call = await booth.rings("in1", asserted=asserted, headers=headers)
    assert (booth.by_number(call.number).auto_answer is not None) is wanted
    await booth.close()


async def test_a_beep_comes_before_the_microphone_opens_by_itself() -> None:
    booth = Booth(Profile(kind="sip", auto_answer="trusted"))
    order: list[str] = []

    async def beep() -> None:
        order.append(f"beep, accepted {len(booth.asked('accept'))}")

    booth.parts.incoming._beep = beep
    call = await booth.rings("in1", asserted=TRUSTED, headers=AUTO)
    booth.parts.incoming._answer_now(call.key)
    await booth.until(lambda: booth.asked("accept"))
    assert order == ["beep, accepted 0"]
    await booth.close()


async def test_in_a_call_nothing_is_answered_by_itself() -> None:
    booth = Booth(Profile(kind="sip", auto_answer="trusted"))
    await booth.up()
    await booth.rings("in1", from_=TRUSTED, asserted=TRUSTED, headers=AUTO)
    assert booth.by_number("boss").auto_answer is None
    await booth.close()


# ---------------------------------------------------------------- marks


def call(key: str, state: CallState, began: float = 0.0, line: int = 1) -> Call:
    return Call(key, state, False, key, 0.0, began, line=line)


@pytest.mark.parametrize(
    ("calls", "marked", "wanted"),
    [
        ([], "", ""),
        ([call("a", S.ENDED)], "a", "a"),
        ([call("a", S.RINGING)], "", "a"),
        ([call("a", S.HOLDING), call("b", S.TALKING)], "a", "a"),
        ([call("a", S.ENDED), call("b", S.HOLDING), call("c", S.TALKING)], "a", "c"),
        ([call("a", S.ENDED), call("b", S.HOLDING), call("c", S.RINGING)], "a", "c"),
        ([call("a", S.ENDED), call("b", S.RINGING, 9), call("c", S.RINGING, 8)], "a", "c"),
        ([call("a", S.ENDED), call("b", S.RINGING), call("c", S.PROCEEDING)], "a", "c"),
        ([call("a", S.ENDED), call("b", S.HOLDING, 2), call("c", S.HOLDING, 1)], "a", "c"),
    ],
)
def test_the_mark_stays_with_its_call_and_then_goes_where_it_is_needed(
    calls: list[Call], marked: str, wanted: str
) -> None:
    assert mark(calls, marked) == wanted


def test_a_line_is_free_again_when_its_call_is_over() -> None:
    taken = [call(str(line), S.TALKING, line=line) for line in range(1, MOST_LINES + 1)]
    assert free_line(taken) is None
    assert free_line([replace(taken[1], state=S.ENDED), *taken[2:], taken[0]]) == 2


async def test_keys_act_on_the_marked_line_and_a_new_call_never_moves_the_mark(
    booth: Booth,
) -> None:
    await booth.up()
    waiting = await booth.rings("in1")
    assert booth.snapshot.call is not None
    assert booth.snapshot.call.number == "1002"
    assert not (await booth.do(c.Answer())).ok
    assert not (await booth.do(c.MarkLine("nobody"))).ok
    assert (await booth.do(c.MarkLine(waiting.key))).ok
    assert (await booth.do(c.Answer())).ok
    assert booth.state("1008") is S.TALKING


async def test_call_waiting_sounds_softly_and_stops_with_the_waiting(booth: Booth) -> None:
    await booth.up()
    await booth.rings("in1")
    assert "call waiting" in booth.context.timers
    assert not booth.legs.devices._ringing
    await booth.says(sip.InviteCancelled("in1"))
    assert "call waiting" not in booth.context.timers


# ---------------------------------------------------------------- hold


async def test_hold_is_agreed_with_the_peer_and_cut_here_at_once(booth: Booth) -> None:
    handle = await booth.up()
    holding = asyncio.ensure_future(booth.do(c.Hold()))
    await booth.settle()
    assert booth.media[0].held
    assert (booth.by_number("1002").pending, booth.state("1002")) == ("hold", S.TALKING)
    assert booth.asked("reinvite") == [(handle, "sendonly")]
    await booth.says(sip.ReinviteAccepted(handle, SDP))
    assert (await holding).ok
    assert booth.state("1002") is S.HOLDING
    resuming = asyncio.ensure_future(booth.do(c.Resume()))
    await booth.settle()
    assert booth.media[0].held
    await booth.says(sip.ReinviteAccepted(handle, SDP))
    assert (await resuming).ok
    assert (booth.state("1002"), booth.media[0].held) == (S.TALKING, False)
    assert booth.asked("reinvite")[1:] == [(handle, "sendrecv")]


async def test_a_hold_that_is_refused_leaves_the_sound_as_it_was(booth: Booth) -> None:
    handle = await booth.up()
    holding = asyncio.ensure_future(booth.do(c.Hold()))
    await booth.settle()
    await booth.says(sip.ReinviteRefused(handle, 488, "no \x1b[1mholds"))
    result = await holding
    assert result.message == message("line.hold_refused", status=488, info="no holds")
    assert (booth.state("1002"), booth.media[0].held) == (S.TALKING, False)


async def test_a_hold_in_the_instant_of_the_answer_waits_until_the_sound_is_set_up(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FreeSWITCH never ends a handshake that a re-INVITE comes into."""
    monkeypatch.setattr("tui.engine.sip_calls.legs._PAUSE", 0.001)
    monkeypatch.setattr("tui.engine.sip_calls.legs._TRIES", 10_000)
    handle = await booth.up()
    booth.media[0].settling = True
    holding = asyncio.ensure_future(booth.do(c.Hold()))
    await booth.settle()
    assert booth.media[0].held
    assert booth.asked("reinvite") == []
    booth.media[0].settling = False
    await booth.until(lambda: booth.asked("reinvite"))
    await booth.says(sip.ReinviteAccepted(handle, SDP))
    assert (await holding).ok


async def test_sound_that_is_never_set_up_does_not_keep_a_hold_waiting_for_ever(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.engine.sip_calls.legs._PAUSE", 0.001)
    handle = await booth.up()
    booth.media[0].settling = True
    holding = asyncio.ensure_future(booth.do(c.Hold()))
    await booth.until(lambda: booth.asked("reinvite"))
    await booth.says(sip.ReinviteAccepted(handle, SDP))
    assert (await holding).ok


async def test_a_re_invite_that_is_out_of_place_is_tried_again(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.engine.sip_calls.legs._PAUSE", 0.001)
    handle = await booth.up()
    booth.phone.out_of_place = {"reinvite"}
    holding = asyncio.ensure_future(booth.do(c.Hold()))
    await booth.settle()
    booth.phone.out_of_place = set()
    await booth.until(lambda: booth.asked("reinvite"))
    await booth.says(sip.ReinviteAccepted(handle, SDP))
    assert (await holding).ok


@pytest.mark.parametrize(
    ("offered", "holds"),
    [(b"a=sendonly", True), (b"a=inactive", True), (b"a=sendrecv", False), (b"a=recvonly", False)],
)
async def test_a_peer_that_holds_us_is_shown(booth: Booth, offered: bytes, holds: bool) -> None:
    handle = await booth.up()
    await booth.says(sip.ReinviteReceived(handle, offered))
    assert booth.asked("accept_reinvite")
    assert booth.by_number("1002").peer_holds is holds
    assert booth.state("1002") is S.TALKING


async def test_taking_another_line_holds_the_active_one_by_itself(booth: Booth) -> None:
    first = await booth.up("1002")
    await booth.up("1003")
    assert (booth.state("1002"), booth.state("1003")) == (S.HOLDING, S.TALKING)
    assert (first, "sendonly") in booth.asked("reinvite")
    assert booth.media[0].held
    assert booth.snapshot.seat_state is SeatState.TALKING
    # Whatever the peer says to it, the agent is heard on one line only.
    await booth.says(sip.ReinviteRefused(first, 500))
    assert booth.state("1002") is S.HOLDING


async def test_a_call_that_is_answered_while_another_was_taken_is_held(booth: Booth) -> None:
    calling = await booth.dial("1002")
    await booth.says(sip.Progress(calling, 180, None))
    waiting = await booth.rings("in1")
    assert (await booth.do(c.Answer(waiting.ccnumber))).ok
    await booth.says(sip.InviteAnswered(calling, SDP))
    assert (booth.state("1002"), booth.state("1008")) == (S.HOLDING, S.TALKING)
    assert booth.media[0].held


async def test_going_back_to_a_held_line_holds_the_other(booth: Booth) -> None:
    first, second = await booth.up("1002"), await booth.up("1003")
    await booth.says(sip.ReinviteAccepted(first, SDP))
    held = booth.by_number("1002")
    resuming = asyncio.ensure_future(booth.do(c.Resume(held.ccnumber)))
    await booth.settle()
    assert booth.state("1003") is S.HOLDING
    await booth.says(sip.ReinviteAccepted(first, SDP), sip.ReinviteAccepted(second, SDP))
    assert (await resuming).ok
    assert booth.state("1002") is S.TALKING
    assert [media.held for media in booth.media] == [False, True]
    assert booth.snapshot.marked == held.key


async def test_a_resume_that_is_refused_or_unanswered_leaves_the_line_on_hold(
    booth: Booth,
) -> None:
    handle = await booth.up()
    holding = asyncio.ensure_future(booth.do(c.Hold()))
    await booth.settle()
    await booth.says(sip.ReinviteAccepted(handle, SDP))
    await holding
    for status, said in ((500, "line.resume_refused"), (503, "line.resume_unconfirmed")):
        resuming = asyncio.ensure_future(booth.do(c.Resume()))
        await booth.settle()
        assert (await booth.do(c.Resume())).ok  # asked already
        await booth.says(sip.ReinviteRefused(handle, status))
        result = await resuming
        assert result.message is not None
        assert result.message.id == said
        assert (booth.state("1002"), booth.media[0].held) == (S.HOLDING, True)


async def test_a_line_that_is_being_taken_back_is_held_when_another_is_taken(
    booth: Booth,
) -> None:
    first = await booth.up("1002")
    second = await booth.up("1003")
    await booth.says(sip.ReinviteAccepted(first, SDP))
    resuming = asyncio.ensure_future(booth.do(c.Resume(booth.by_number("1002").ccnumber)))
    await booth.settle()
    await booth.dial("1004")
    await booth.says(sip.ReinviteAccepted(first, SDP), sip.ReinviteAccepted(second, SDP))
    assert not (await resuming).ok
    assert booth.state("1002") is S.HOLDING
    assert booth.media[0].held


async def test_hold_and_resume_need_a_call_in_the_right_state(booth: Booth) -> None:
    for command, said in ((c.Hold(), "hold.not_talking"), (c.Resume(), "resume.not_held")):
        result = await booth.do(command)
        assert result.message is not None
        assert result.message.id == said
    assert not (await booth.do(c.HangUp())).ok


async def test_a_call_without_any_sound_is_over_and_says_so(booth: Booth) -> None:
    async def broken(leg: object) -> object:
        raise OSError("no library")

    booth.legs.make_media = broken  # type: ignore[method-assign, assignment]
    result = await booth.do(c.Dial("1002"))
    assert result.message is not None
    assert result.message.id == "line.no_sound"
    assert booth.asked("invite") == []
    await booth.rings("in1")
    assert not (await booth.do(c.Answer())).ok
    assert booth.asked("reject") == [("in1", 480)]


async def test_an_answer_that_no_leg_of_ours_fits_keeps_the_call_and_shows_it(
    booth: Booth,
) -> None:
    handle = await booth.dial()
    booth.media[0].refuses = True

    async def broken(leg: object) -> object:
        raise OSError("no library")

    booth.legs.make_media = broken  # type: ignore[method-assign, assignment]
    await booth.says(sip.InviteAnswered(handle, SDP))
    call = booth.by_number("1002")
    assert (call.state, call.leg) == (S.TALKING, Leg.FAILED)


async def test_a_registration_that_is_refused_later_is_said(booth: Booth) -> None:
    await booth.says(sip.RegistrationFailed(403, "\x1b[1mGone", True, None), sip.Established("x"))
    assert booth.snapshot.notice is not None
    assert booth.snapshot.notice.message.id == "line.refused"
    assert "\x1b" not in str(booth.snapshot.notice)


async def test_a_call_goes_on_and_can_be_ended_while_the_registration_has_lapsed(
    booth: Booth,
) -> None:
    handle = await booth.dial()
    await booth.says(sip.InviteAnswered(handle, SDP))
    booth.context.emit(ConnectionChanged(Connection(ConnectionState.REGISTERING)))
    await booth.says(sip.RegistrationFailed(403, "Gone", False, 20.0))
    assert booth.snapshot.notice is not None
    assert booth.snapshot.notice.message.id == "line.lapsed"
    assert (await booth.do(c.HangUp())).ok


async def test_what_a_platform_has_and_a_pbx_has_not_is_refused_in_words(booth: Booth) -> None:
    for command in (
        c.Threeway(ThirdKind.AGENT, "1007"),
        c.DropThird(),
        c.Dial("abc", encrypted=True),
    ):
        assert not (await booth.do(command)).ok
    assert await carry_out(booth.control, c.SendDigits("1")) is None  # as at any platform


# ---------------------------------------------------------------- together


async def test_lines_are_joined_and_parted(booth: Booth) -> None:
    first = await booth.up("1002")
    await booth.says(sip.ReinviteAccepted(first, SDP))
    await booth.up("1003")
    await booth.says(sip.ReinviteAccepted(first, SDP))
    joining = asyncio.ensure_future(booth.do(c.JoinLines()))
    await booth.settle()
    await booth.says(sip.ReinviteAccepted(first, SDP))
    assert (await joining).ok
    assert all(call.joined and call.state is S.TALKING for call in booth.snapshot.calls)
    assert not any(media.held for media in booth.media)
    assert (await booth.do(c.JoinLines(False))).ok
    assert (booth.state("1002"), booth.state("1003")) == (S.HOLDING, S.TALKING)
    assert not any(call.joined for call in booth.snapshot.calls)


async def test_mute_cuts_us_off_all_that_are_joined_but_not_them_off_one_another(
    booth: Booth,
) -> None:
    def cut(before_the_mix: bool, leg: bool) -> bool:
        entries = [booth.control.commands.sound.entry(call) for call in booth.snapshot.calls]
        plugs = all(entry is not None and entry.plug.muted is before_the_mix for entry in entries)
        return plugs and all(media.muted is leg for media in booth.media)

    first = await booth.up("1002")
    await booth.says(sip.ReinviteAccepted(first, SDP))
    await booth.up("1003")
    await booth.says(sip.ReinviteAccepted(first, SDP))
    await booth.do(c.Mute())  # on line 2 alone, and then line 1 comes in
    joining = asyncio.ensure_future(booth.do(c.JoinLines()))
    await booth.settle()
    await booth.says(sip.ReinviteAccepted(first, SDP))
    assert (await joining).ok
    assert all(call.muted for call in booth.snapshot.calls)
    assert cut(before_the_mix=True, leg=False)
    await booth.do(c.Mute(False))
    assert not any(call.muted for call in booth.snapshot.calls)
    assert cut(before_the_mix=False, leg=False)
    await booth.do(c.Mute())
    assert cut(before_the_mix=True, leg=False)
    await booth.do(c.JoinLines(False))
    assert cut(before_the_mix=False, leg=True)
    assert all(call.muted for call in booth.snapshot.calls)


async def test_one_call_cannot_be_joined_to_nothing(booth: Booth) -> None:
    await booth.up()
    for command, said in ((True, "lines.nobody_to_join"), (False, "lines.not_joined")):
        result = await booth.do(c.JoinLines(command))
        assert result.message is not None
        assert result.message.id == said


# ---------------------------------------------------------------- digits, status, the end


async def test_digits_go_beside_the_sound_or_by_info_as_the_peer_offered(booth: Booth) -> None:
    await booth.up()
    assert booth.parts.digits.type("12", "").ok
    await booth.until(lambda: booth.by_number("1002").tones.sent == "12")
    assert (booth.media[0].digits, booth.phone.infos) == (["1", "2"], [])
    booth.media[0].can_send_digits = False
    booth.parts.digits.type("#", "")
    await booth.until(lambda: booth.by_number("1002").tones.sent == "12#")
    assert booth.phone.infos == [b"Signal=#\r\nDuration=1\r\n"]


@pytest.mark.parametrize("ends", [False, True])
async def test_a_digit_that_is_typed_at_the_answer_waits_for_the_sound_to_go_beside_it(
    booth: Booth, ends: bool
) -> None:
    """FreeSWITCH offers telephone-event, and ignores an INFO then: its first digit was lost."""
    handle = await booth.up()
    media = booth.media[0]
    media.awaits_digits, media.can_send_digits = True, False
    assert booth.parts.digits.type("12", "").ok
    booth.calls.put(booth.by_number("1002"), muted=True)  # another change is not the one
    await booth.settle()
    assert (media.digits, booth.phone.infos) == ([], [])
    if ends:
        await booth.says(sip.CallEnded(handle, True, 200, ""))
        assert (media.digits, booth.phone.infos) == ([], [])
        assert booth.snapshot.notice is None
        return
    media.awaits_digits, media.can_send_digits = False, True
    media.state.value = "connected"
    leg = booth.legs.leg_of(booth.by_number("1002").key)
    assert leg is not None
    booth.legs._media_state(leg, "connected")
    await booth.until(lambda: booth.by_number("1002").tones.sent == "12")
    assert (media.digits, booth.phone.infos) == (["1", "2"], [])


@pytest.mark.parametrize(
    ("content_type", "body", "received"),
    [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n", "5"),
        ("application/dtmf-relay", b"Signal= #", "#"),
        ("application/dtmf-relay", b"Signal=\x1b", ""),
        ("application/dtmf-relay", b"Duration=160\r\nsignal = 7 \r\n", "7"),
        ("application/dtmf-relay", b"Signal=10\r\nDuration=160\r\n", "*"),
        ("application/dtmf-relay", b"Signal=11", "#"),
        ("application/dtmf-relay", b"Signal=15\n", "D"),
        ("application/dtmf-relay", b"Signal=16\r\n", ""),
        ("application/dtmf-relay", b"Signal=b\r\n", "B"),
        ("application/dtmf-relay", b"5\r\n", "5"),
        ("application/dtmf", b"#", "#"),
        ("application/dtmf", b"Signal=3\r\nDuration=100\r\n", "3"),
        ("application/dtmf", b"12345", ""),
        ("application/dtmf", b"", ""),
        ("text/plain", b"Signal=5", ""),
    ],
)
async def test_tones_that_come_by_info_are_kept_to_be_shown(
    booth: Booth, content_type: str, body: bytes, received: str
) -> None:
    handle = await booth.up()
    await booth.says(sip.InfoReceived(handle, content_type, body))
    assert booth.by_number("1002").tones.received == received


async def test_only_the_last_tones_of_a_peer_are_kept(booth: Booth) -> None:
    handle = await booth.up()
    info = [
        sip.InfoReceived(handle, "application/dtmf-relay", b"Signal=%d" % (n % 10))
        for n in range(50)
    ]
    await booth.says(*info)
    assert booth.by_number("1002").tones.received == ("0123456789" * 5)[-32:]


async def test_what_stands_behind_a_comma_is_typed_once_the_call_is_up(booth: Booth) -> None:
    await booth.up("1002,34")
    await booth.until(lambda: booth.by_number("1002").tones.sent == "34")


async def test_the_status_after_this_call_is_taken_here(booth: Booth) -> None:
    await booth.up()
    assert (await booth.parts.ahead.set_next(2)).ok
    await booth.do(c.HangUp())
    await booth.until(lambda: booth.snapshot.seat.status is Status.BUSY)
    assert booth.snapshot.next_status == 0


async def test_no_call_rings_between_the_end_of_a_call_and_its_write_up(booth: Booth) -> None:
    booth.parts.wrapup.seconds = 30.0
    handle = await booth.up()
    booth.control.sip_event(sip.CallEnded(handle, True, 200, ""))
    booth.control.sip_event(invite("next"))  # read from the same flow, before anybody asks
    assert booth.snapshot.wrapup is not None
    assert booth.asked("reject") == [("next", 486)]
    await booth.settle()
    assert booth.snapshot.seat.status is Status.BUSY


async def test_a_seat_that_was_busy_before_a_call_is_busy_after_it(booth: Booth) -> None:
    booth.parts.wrapup.seconds = 30.0
    await booth.parts.seat.set_status(2)
    await booth.up()
    assert booth.snapshot.next_status == 2
    await booth.do(c.HangUp())
    assert (await booth.parts.wrapup.finish()).ok
    assert booth.snapshot.seat.status is Status.BUSY


async def test_only_the_last_line_is_written_up(booth: Booth) -> None:
    booth.parts.wrapup.seconds = 30.0
    await booth.up("1002")
    await booth.up("1003")
    await booth.do(c.HangUp())
    assert booth.snapshot.wrapup is None
    await booth.do(c.HangUp(booth.by_number("1002").ccnumber))
    assert booth.snapshot.wrapup is not None
    assert booth.snapshot.wrapup.number == "1002"


@pytest.mark.parametrize(("status", "outcome"), [(408, "line.timed_out"), (481, "line.gone")])
async def test_a_call_whose_peer_is_gone_says_so(booth: Booth, status: int, outcome: str) -> None:
    handle = await booth.up()
    await booth.says(sip.CallEnded(handle, False, status, ""))
    ended = booth.by_number("1002")
    assert ended.outcome is not None
    assert ended.outcome.id == outcome
    assert [event for event in booth.heard if isinstance(event, CallFinished)]


@pytest.mark.parametrize(
    ("status", "reasons", "said"),
    [
        (481, (sip.Reason("SIP", 481, "No such call"),), "The PBX no longer knows this call."),
        (481, (sip.Reason("SIP", 481, "moved"),), "The PBX no longer knows this call. (moved)"),
        (
            408,
            (sip.Reason("Q.850", 27, "down"),),
            "Not reachable: the phone is off or has no connection. (down)",
        ),
        (488, (), "The other side offers no sound, so there is no call."),
    ],
)
async def test_a_call_that_nobody_hung_up_ends_with_what_was_said_of_it(
    booth: Booth, status: int, reasons: tuple[sip.Reason, ...], said: str
) -> None:
    handle = await booth.up()
    await booth.says(sip.CallEnded(handle, False, status, "", reasons))
    outcome = booth.by_number("1002").outcome
    assert outcome is not None
    assert render(outcome) == said


async def test_calls_go_on_without_a_flow_and_are_offered_again_with_it(booth: Booth) -> None:
    handle = await booth.up()
    booth.context.emit(ConnectionChanged(Connection(ConnectionState.LOST)))
    assert booth.state("1002") is S.TALKING
    booth.context.emit(ConnectionChanged(Connection(ConnectionState.OK)))
    await booth.legs.refresh()
    assert booth.asked("reinvite") == [(handle, "sendrecv")]


@pytest.mark.parametrize(("outgoing", "answered"), [(True, 50.0), (False, 50.0), (False, None)])
async def test_a_call_of_an_engine_that_was_killed_is_in_the_history_and_said(
    booth: Booth, outgoing: bool, answered: float | None
) -> None:
    booth.control.engine_died(Remembered("line-1", "1002", outgoing, False, 40.0, answered))
    over = booth.by_number("1002")
    assert over.state is S.ENDED
    assert over.end.talk_time == (None if answered is None else 50.0)
    assert booth.snapshot.recent[0].number == "1002"
    assert booth.snapshot.notice is not None
    assert booth.snapshot.notice.message.id == "lines.lost_with_engine"


async def test_after_the_session_the_platforms_way_is_back(booth: Booth) -> None:
    await booth.parts.end_session()
    await booth.parts.end_session()
    assert isinstance(booth.parts.control.now, PlatformCalls)
    assert not booth.legs.send_digit("1", "1", 0.1)


def test_a_relays_credentials_reach_the_leg_and_show_nowhere() -> None:
    relay = Relay("turn:relay.example", "1700000000:1001", Secret("geheim"))
    made = as_ice(relay)
    assert (made.urls, made.username, made.credential) == (
        "turn:relay.example",
        "1700000000:1001",
        "geheim",
    )
    assert "geheim" not in repr(made) + repr(relay)
    assert as_ice(Relay("stun:s.example")) == as_ice("stun:s.example") == "stun:s.example"
