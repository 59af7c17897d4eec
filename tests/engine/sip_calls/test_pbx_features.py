"""Colleagues' lamps, the mailbox and parking at a PBX, on a user agent that notes what is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.engine.line_booth import DOMAIN, Booth
from tests.engine.sip_calls.subscriptions import active, ended
from tui import sip
from tui.config.schema import Profile
from tui.engine.sip_calls.addresses import told_party
from tui.engine.sip_calls.colleagues.parking import SOON
from tui.platform.pbx.platform import Entry, Plain, PlainSettings
from tui.port import commands as c
from tui.port.colleagues import Colleague, Lamp, Mailbox, ParkingSlot, parked, ringing_first
from tui.port.events import ConnectionChanged
from tui.port.values import Capability, Connection, ConnectionState, message
from tui.presence import dialog_info, message_summary, pidf

PEOPLE = (
    Entry("Wang Fang", "1007", "Sales"),
    Entry("Li Na", "1002", "Sales"),
    Entry("Myself", "1001", "Sales"),
    Entry("Nobody", "no address at all", "Sales"),
)
SUMMARY = b"Messages-Waiting: yes\r\nMessage-Account: sip:*97@pbx.example\r\nVoice-Message: 2/1\r\n"


class Desk(Booth):
    """A booth whose PBX has people, and codes as the profile says."""

    def __init__(self, people: tuple[Entry, ...] = PEOPLE, **profile: Any) -> None:
        super().__init__(
            Profile(kind="sip", **{"mailbox": "none", **profile}),
            platform=Plain(PlainSettings(people=people)),
        )

    async def begin(self, *, presence: bool = False) -> Desk:
        """The session begins. Without `presence` the PBX tells of calls alone."""
        self.presence = presence
        assert self.control.features._platform is not None
        await self.control.features._platform.sign_in(self.credentials)
        self.control.begin(1)
        await self.settle()
        return self

    def subscription(self, user: str, package: str = "dialog") -> str:
        """The handle of what was asked for last at this user."""
        wanted = (f"sip:{user}@{DOMAIN}", package)
        at = [n for n, what in enumerate(self.asked("subscribe"), 1) if what[:2] == wanted]
        return f"s{at[-1]}"

    async def tells(self, user: str, *dialogs: str, version: int = 0) -> None:
        """The PBX tells of a user's phone."""
        handle = self.subscription(user)
        text = (
            '<?xml version="1.0"?><dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" '
            f'version="{version}" state="full" entity="sip:{user}@{DOMAIN}">'
            f"{''.join(dialogs)}</dialog-info>"
        )
        news = sip.Notified(handle, "dialog", dialog_info.CONTENT_TYPE, text.encode())
        await self.says(active(handle), news)
        asked = (f"sip:{user}@{DOMAIN}", "presence", pidf.CONTENT_TYPE)
        if not self.presence and self.asked("subscribe").count(asked) == 1:
            here = self.subscription(user, "presence")
            await self.says(ended(here, 489, "Bad Event", final=True))

    async def is_there(self, user: str, basic: str) -> None:
        """The PBX tells whether anybody is there."""
        handle = self.subscription(user, "presence")
        body = (
            '<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="x"><tuple id="a"><status>'
            f"<basic>{basic}</basic></status></tuple></presence>"
        )
        news = sip.Notified(handle, "presence", pidf.CONTENT_TYPE, body.encode())
        await self.says(sip.SubscriptionActive(handle, "presence", 3600), news)

    def colleague(self, number: str) -> Colleague:
        return next(each for each in self.snapshot.colleagues if each.number == number)

    def slot(self, name: str) -> ParkingSlot:
        return next(each for each in self.snapshot.parking if each.slot == name)


def rings(*, known: bool = True, name: str = "Zhao Lei") -> str:
    told = 'call-id="abc" local-tag="ours" remote-tag="theirs" ' if known else ""
    shown = f' display="{name}"' if name else ""
    return (
        f'<dialog id="d1" {told}direction="recipient"><state>early</state>'
        f"<remote><identity{shown}>sip:5559@{DOMAIN}</identity></remote></dialog>"
    )


TALKS = '<dialog id="d1" direction="recipient"><state>confirmed</state></dialog>'


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = await Desk().begin()
    yield desk
    await desk.close()


async def test_everybody_with_an_address_but_oneself_is_asked_about(desk: Desk) -> None:
    asked = [what[0] for what in desk.asked("subscribe")]
    assert asked == [f"sip:1002@{DOMAIN}", f"sip:1007@{DOMAIN}"]
    assert [each.lamp for each in desk.snapshot.colleagues] == [Lamp.UNKNOWN] * 2
    assert [each.name for each in desk.snapshot.colleagues] == ["Li Na", "Wang Fang"]
    why = desk.colleague("1007").why
    assert why is not None
    assert why.id == "watch.asking"


async def test_no_more_people_than_the_config_wants() -> None:
    many = tuple(Entry(f"N{n:03d}", f"12000{n:05d}") for n in range(30))
    desk = await Desk(many, lamps=5).begin()
    assert len(desk.asked("subscribe")) == len(desk.snapshot.colleagues) == 5
    await desk.close()
    none = await Desk(many, lamps=0).begin()
    assert none.asked("subscribe") == []
    await none.close()


async def test_a_lamp_follows_the_phone_and_is_unknown_with_the_flow(desk: Desk) -> None:
    await desk.tells("1007")
    assert desk.colleague("1007").lamp is Lamp.IDLE
    desk.now = 120.0
    await desk.tells("1007", rings(known=False), version=1)
    colleague = desk.colleague("1007")
    assert (colleague.lamp, colleague.since) == (Lamp.RINGING, 120.0)
    assert (colleague.who, colleague.pick_up) == ("Zhao Lei", False)
    await desk.tells("1007", TALKS, version=2)
    assert (desk.colleague("1007").lamp, desk.colleague("1007").who) == (Lamp.TALKING, "")
    await desk.says(ended(desk.subscription("1007"), 503, "flow lost", final=False))
    colleague = desk.colleague("1007")
    assert colleague.lamp is Lamp.UNKNOWN
    assert colleague.why is not None
    assert colleague.why.id == "watch.lost"


async def test_where_the_pbx_has_no_dialogs_presence_is_asked(desk: Desk) -> None:
    await desk.says(ended(desk.subscription("1007"), 489, "Bad Event", final=True))
    await desk.is_there("1007", "open")
    assert desk.colleague("1007").lamp is Lamp.IDLE
    handle = desk.subscription("1007", "presence")
    await desk.says(ended(handle, 489, "Bad Event", final=True))
    why = desk.colleague("1007").why
    assert why is not None
    assert why.id == "watch.bad_event"


async def test_of_an_address_that_the_pbx_does_not_know_presence_is_not_asked(desk: Desk) -> None:
    await desk.says(ended(desk.subscription("1007"), 404, "Not Found", final=True))
    assert [what[1] for what in desk.asked("subscribe")] == ["dialog", "dialog"]
    why = desk.colleague("1007").why
    assert why is not None
    assert why.id == "watch.no_such"


async def test_a_phone_that_is_signed_out_is_not_free_though_it_has_no_call() -> None:
    desk = await Desk().begin(presence=True)
    await desk.tells("1007")
    assert desk.colleague("1007").lamp is Lamp.UNKNOWN  # presence has said nothing yet
    await desk.is_there("1007", "closed")
    assert (desk.colleague("1007").lamp, desk.colleague("1007").why) == (Lamp.AWAY, None)
    await desk.tells("1007", TALKS, version=1)
    assert desk.colleague("1007").lamp is Lamp.TALKING
    await desk.tells("1007", version=2)
    await desk.is_there("1007", "open")
    assert desk.colleague("1007").lamp is Lamp.IDLE
    here = desk.subscription("1007", "presence")
    await desk.says(ended(here, 408, "no NOTIFY", final=False, retry=20.0))
    assert desk.colleague("1007").lamp is Lamp.IDLE  # the PBX tells of calls alone
    await desk.says(ended(here, 503, "flow lost", final=False))
    assert desk.colleague("1007").lamp is Lamp.UNKNOWN
    await desk.close()


async def test_one_whom_the_user_agent_cannot_ask_about_is_unknown_and_says_why() -> None:
    desk = Desk()
    desk.phone.out_of_place.add("subscribe")
    await desk.begin()
    why = desk.colleague("1007").why
    assert why is not None
    assert why.id == "watch.not_asked"
    await desk.close()


# ---------------------------------------------------------------- pick-up


async def test_what_rings_at_a_colleague_is_taken_by_a_replaces_to_its_caller(desk: Desk) -> None:
    await desk.tells("1007", rings())
    assert desk.colleague("1007").pick_up
    assert (await desk.do(c.PickUpCall("1007"))).ok
    ((target, *headers),) = desk.asked("invite")
    assert target == f"sip:5559@{DOMAIN}"
    assert headers == [
        ("Require", "replaces"),
        ("Replaces", "abc;to-tag=theirs;from-tag=ours;early-only"),
    ]
    assert desk.snapshot.calls[0].name == "Zhao Lei"


@pytest.mark.parametrize(
    ("contact", "called"),
    [
        ("sip:5559@192.0.2.9:5060", "sip:5559@192.0.2.9:5060"),
        ("sip:0900123@pbx.example", f"sip:5559@{DOMAIN}"),  # a number that costs
        ("tel:0900123", f"sip:5559@{DOMAIN}"),
        ("mailto:x", f"sip:5559@{DOMAIN}"),
    ],
)
async def test_a_callers_contact_leads_to_no_number_of_our_own_pbx(
    desk: Desk, contact: str, called: str
) -> None:
    target = f'</identity><target uri="{contact}"/>'
    await desk.tells("1007", rings().replace("</identity>", target))
    assert (await desk.do(c.PickUpCall("1007"))).ok
    assert desk.asked("invite")[0][0] == called


async def test_a_caller_without_any_address_is_not_called(desk: Desk) -> None:
    nobody = rings().replace(f"sip:5559@{DOMAIN}", "nobody at all")
    await desk.tells("1007", nobody)
    assert not desk.colleague("1007").pick_up


async def test_the_code_of_the_config_takes_it_where_there_is_one() -> None:
    desk = await Desk(pick_up="*8{number}").begin()
    await desk.tells("1007", rings(known=False, name=""))
    assert desk.colleague("1007").who == "5559"
    assert [each.number for each in ringing_first(desk.snapshot.colleagues)] == ["1007"]
    assert (await desk.do(c.PickUpCall("1007"))).ok
    assert desk.asked("invite") == [(f"sip:*81007@{DOMAIN}",)]
    assert (desk.snapshot.calls[0].number, desk.snapshot.calls[0].name) == ("*81007", "5559")
    await desk.close()


@pytest.mark.parametrize(
    ("display", "identity", "who"),
    [
        ("Zhao Lei", "sip:5559@pbx.example", "Zhao Lei"),
        ("", "sip:5559@pbx.example", "5559"),
        ("", "sip:zhao@other.example", "zhao@other.example"),
        ("Anonymous", "sip:anonymous@anonymous.invalid", ""),
        ("invalid", "sip:invalid@pbx.example", ""),
        ("", "no uri", ""),
    ],
)
def test_who_rings_is_said_as_far_as_it_may_be_known(display: str, identity: str, who: str) -> None:
    assert told_party(display, identity, DOMAIN) == who


async def test_what_cannot_be_taken_is_refused_in_words(desk: Desk) -> None:
    for number, id in (("1007", "pickup.nothing_rings"), ("1999", "pickup.nothing_rings")):
        result = await desk.do(c.PickUpCall(number))
        assert result.message is not None
        assert (result.ok, result.message.id) == (False, id)
    await desk.tells("1007", rings(known=False))
    result = await desk.do(c.PickUpCall("1007"))
    assert result.message is not None
    assert result.message.id == "pickup.no_way"
    assert desk.asked("invite") == []


# ---------------------------------------------------------------- the mailbox


async def test_the_mailbox_is_subscribed_to_and_its_count_told() -> None:
    desk = await Desk((), mailbox="").begin()
    assert desk.asked("subscribe") == [
        (f"sip:1001@{DOMAIN}", "message-summary", message_summary.CONTENT_TYPE)
    ]
    mailbox = desk.snapshot.mailbox
    assert mailbox is not None
    assert mailbox.waiting is None
    handle = desk.subscription("1001", "message-summary")
    news = sip.Notified(handle, "message-summary", message_summary.CONTENT_TYPE, SUMMARY)
    await desk.says(active(handle), news)
    assert desk.snapshot.mailbox == Mailbox(True, 2, 1, "*97")
    assert (await desk.do(c.CallMailbox())).ok
    assert desk.asked("invite") == [(f"sip:*97@{DOMAIN}",)]
    await desk.says(ended(handle, 503, "flow lost", final=False))
    assert desk.snapshot.mailbox is not None
    assert desk.snapshot.mailbox.waiting is None
    await desk.close()


async def test_a_mailbox_that_is_told_of_unasked_counts_until_the_line_is_lost() -> None:
    desk = await Desk((), mailbox="", voicemail="*98").begin()
    handle = desk.subscription("1001", "message-summary")
    await desk.says(ended(handle, 404, "Not Found", final=True))
    told = sip.Notified("", "message-summary", message_summary.CONTENT_TYPE, SUMMARY)
    await desk.says(told, ended(handle, 404, "Not Found", final=True))
    assert desk.snapshot.mailbox == Mailbox(True, 2, 1, "*98")
    desk.context.emit(ConnectionChanged(Connection(ConnectionState.LOST)))
    assert desk.snapshot.mailbox is not None
    assert desk.snapshot.mailbox.waiting is None
    assert desk.snapshot.mailbox.why is not None
    await desk.says(told)
    assert desk.snapshot.mailbox.waiting is True
    await desk.control.end()
    assert desk.snapshot.mailbox is None
    await desk.close()


async def test_a_mailbox_that_is_told_of_before_the_session_has_begun_counts() -> None:
    desk = Desk((), mailbox="")
    await desk.says(sip.Notified("", "message-summary", message_summary.CONTENT_TYPE, SUMMARY))
    assert desk.snapshot.mailbox is None
    await desk.begin()
    assert desk.snapshot.mailbox == Mailbox(True, 2, 1, "*97")
    await desk.close()


async def test_without_a_lamp_the_mailbox_can_be_called_where_its_number_is_known() -> None:
    desk = await Desk((), voicemail="*97").begin()
    told = sip.Notified("", "message-summary", message_summary.CONTENT_TYPE, SUMMARY)
    await desk.says(told)
    assert desk.snapshot.mailbox == Mailbox(number="*97")
    assert (await desk.do(c.CallMailbox())).ok
    await desk.close()
    other = await Desk(()).begin()
    result = await other.do(c.CallMailbox())
    assert result.message is not None
    assert result.message.id == "mailbox.no_number"
    await other.close()


async def test_who_heard_the_mailbox_has_nothing_to_write_up() -> None:
    own = Profile(name="pbx", kind="sip", mailbox="none", voicemail="*97")
    booth = Booth(own, profiles=(own,))
    booth.control.begin(1)
    for number, counted in (("*97", 0), ("1002", 1)):
        handle = await booth.up(number)
        await booth.says(sip.CallEnded(handle, True, 0, ""))
        assert booth.snapshot.shift.talked == counted
    await booth.close()


async def test_a_mailbox_without_a_count_only_waits() -> None:
    desk = await Desk((), mailbox="1001").begin()
    handle = desk.subscription("1001", "message-summary")
    plain = b"Messages-Waiting: no\r\n"
    await desk.says(sip.Notified(handle, "message-summary", message_summary.CONTENT_TYPE, plain))
    assert desk.snapshot.mailbox == Mailbox(False)
    await desk.close()


# ---------------------------------------------------------------- parking


async def test_a_call_is_parked_in_a_slot_that_is_free_and_shown_when_the_pbx_says_so() -> None:
    desk = await Desk((), park="*5{slot}", park_slots=("701", "702")).begin()
    assert Capability.PARKING in desk.control.capabilities
    await desk.tells("701", TALKS)
    await desk.tells("702")
    assert [each.taken for each in desk.snapshot.parking] == [True, False]
    handle = await desk.up("5559")
    assert (await desk.do(c.ParkCall())).ok
    assert desk.asked("refer")[0][:2] == (handle, f"sip:*5702@{DOMAIN}")
    assert desk.slot("702").taken is False
    await desk.says(sip.TransferProgress(handle, 200, "OK", True))
    await desk.tells("702", TALKS, version=1)
    slot = desk.slot("702")
    assert (slot.taken, slot.who, slot.ours) == (True, "5559", True)
    assert desk.snapshot.notice is not None
    assert desk.snapshot.notice.message.id == "park.parked"
    assert [each.slot for each in parked(desk.snapshot.parking)] == ["702", "701"]
    assert (await desk.do(c.FetchParked())).ok
    assert desk.asked("invite")[-1] == (f"sip:702@{DOMAIN}",)
    assert desk.snapshot.calls[-1].name == "5559"
    await desk.tells("702", version=2)
    assert desk.slot("702") == ParkingSlot("702", False, desk.now)
    assert desk.snapshot.notice is None
    await desk.close()


async def test_where_the_pbx_chooses_it_is_the_slot_that_becomes_taken() -> None:
    desk = await Desk((), park="700", park_slots=("701", "702", "701"), fetch="*6{slot}").begin()
    for name in ("701", "702"):
        await desk.tells(name)
    await desk.up("5559")
    assert (await desk.do(c.ParkCall())).ok
    await desk.tells("701", TALKS, version=1)
    assert desk.slot("701").ours
    desk.context.notice(message("lines.full"))
    await desk.tells("701", version=2)
    assert desk.snapshot.notice is not None  # it says something else
    await desk.tells("702", rings(), version=1)
    assert (desk.slot("702").ours, desk.slot("702").who) == (False, "Zhao Lei")
    assert (await desk.do(c.FetchParked("702"))).ok
    assert desk.asked("invite")[-1] == (f"sip:*6702@{DOMAIN}",)
    await desk.close()


async def test_a_transfer_that_fails_and_one_long_ago_mark_no_slot() -> None:
    desk = await Desk((), park="700", park_slots=("701",)).begin()
    await desk.tells("701")
    handle = await desk.up("5559")
    await desk.do(c.ParkCall())
    await desk.says(sip.TransferProgress(handle, 403, "Forbidden", True))
    await desk.tells("701", TALKS, version=1)
    assert not desk.slot("701").ours
    await desk.tells("701", version=2)
    await desk.do(c.ParkCall())
    desk.now += SOON + 1
    await desk.tells("701", TALKS, version=3)
    assert not desk.slot("701").ours
    await desk.close()


async def test_what_cannot_be_parked_or_fetched_is_refused_in_words(desk: Desk) -> None:
    for command, id in ((c.ParkCall(), "park.no_code"), (c.FetchParked(), "park.nothing_waits")):
        result = await desk.do(command)
        assert result.message is not None
        assert result.message.id == id
    full = await Desk((), park="*5{slot}", park_slots=("701", "")).begin()
    assert (await full.do(c.ParkCall())).message == message("transfer.no_call")
    await full.tells("701", TALKS)
    assert (await full.do(c.ParkCall())).message == message("park.full")
    assert (await full.do(c.ParkCall("702"))).message == message("transfer.no_call")
    await full.close()


async def test_no_more_slots_than_can_be_shown_are_asked_about() -> None:
    desk = await Desk((), park_slots=tuple(str(700 + n) for n in range(20))).begin()
    assert len(desk.snapshot.parking) == 12
    await desk.close()


async def test_at_the_end_of_the_session_nothing_is_shown_of_anybody(desk: Desk) -> None:
    await desk.tells("1007")
    await desk.control.hang_up_all()
    assert desk.snapshot.colleagues == ()
    await desk.tells("1007", TALKS, version=1)
    assert desk.snapshot.colleagues == ()


async def test_a_directory_that_cannot_be_read_costs_the_lamps_alone(tmp_path: Any) -> None:
    desk = Desk(())
    missing = PlainSettings(people_file=tmp_path / "gone.csv")
    desk.control.features._platform = Plain(missing)
    await desk.begin()
    assert desk.snapshot.colleagues == ()
    await desk.close()
