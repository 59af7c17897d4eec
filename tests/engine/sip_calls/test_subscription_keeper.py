"""Who is subscribed to what at a PBX, and what is known of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.engine.line_booth import DOMAIN, Booth
from tests.engine.sip_calls.subscriptions import active, ended
from tui import sip
from tui.engine.numbers import NumberError
from tui.engine.sip_calls.subscriptions.documents import DIALOG, MAILBOX, PRESENCE
from tui.engine.sip_calls.subscriptions.keeper import AGAIN, MOST, SubscriptionKeeper
from tui.engine.sip_calls.subscriptions.state import WatchedState, WatchPhase
from tui.presence import dialog_info, message_summary, pidf
from tui.presence.lamp import Lamp
from tui.presence.message_summary import MailboxNews

WHERE = f"sip:1007@{DOMAIN}"


@pytest.fixture
async def booth() -> AsyncIterator[Booth]:
    booth = Booth()
    booth.control.begin(1)
    yield booth
    await booth.close()


def keeper(booth: Booth) -> SubscriptionKeeper:
    return booth.control.subscriptions


def body(version: int, *states: str, full: bool = True, more: str = "") -> bytes:
    dialogs = "".join(
        f'<dialog id="d{n}"><state>{state}</state></dialog>' for n, state in enumerate(states)
    )
    return (
        '<?xml version="1.0"?><dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" '
        f'version="{version}" state="{"full" if full else "partial"}" entity="{WHERE}">'
        f"{dialogs}{more}</dialog-info>"
    ).encode()


def told(handle: str, text: bytes, kind: str = dialog_info.CONTENT_TYPE) -> sip.Notified:
    return sip.Notified(handle, DIALOG, kind, text)


def cause(state: WatchedState) -> str:
    assert state.why is not None
    return state.why.id


async def test_nothing_is_known_before_a_notify_says_it(booth: Booth) -> None:
    heard: list[WatchedState] = []
    watch = keeper(booth).watch("1007", DIALOG, heard.append)
    assert booth.asked("subscribe") == [(WHERE, DIALOG, dialog_info.CONTENT_TYPE)]
    assert (watch.state.phase, watch.state.lamp) == (WatchPhase.ASKING, Lamp.UNKNOWN)
    assert cause(watch.state) == "watch.asking"
    await booth.says(active("s1"), told("s1", body(0, "confirmed")))
    assert watch.state.lamp is Lamp.TALKING
    assert watch.state.why is None
    assert [each.phase for each in heard] == [WatchPhase.ACTIVE] * 2


async def test_before_the_line_is_registered_it_waits_for_that() -> None:
    booth = Booth()
    keeper(booth).watch("1007", DIALOG, lambda state: None)
    assert booth.asked("subscribe") == []
    booth.control.begin(1)
    assert len(booth.asked("subscribe")) == 1
    await booth.close()


async def test_an_address_is_subscribed_to_once_however_it_is_written(booth: Booth) -> None:
    first = keeper(booth).watch("1007", DIALOG, lambda state: None)
    second = keeper(booth).watch(f"sip:1007@{DOMAIN}", DIALOG, lambda state: None)
    third = keeper(booth).watch("1007", PRESENCE, lambda state: None)
    assert len(booth.asked("subscribe")) == 2
    first.stop()
    first.stop()
    assert booth.asked("unsubscribe") == []
    second.stop()
    third.stop()
    assert booth.asked("unsubscribe") == [("s1",), ("s2",)]
    await booth.says(told("s1", body(0)))  # too late: nobody listens


async def test_what_is_told_in_parts_is_put_together_and_a_gap_costs_what_was_known(
    booth: Booth,
) -> None:
    watch = keeper(booth).watch("1007", DIALOG, lambda state: None)
    await booth.says(active("s1"), told("s1", body(0, "early")))
    assert watch.state.lamp is Lamp.RINGING
    await booth.says(told("s1", body(1, "terminated", full=False)))
    assert watch.state.lamp is Lamp.IDLE
    await booth.says(told("s1", body(3, "confirmed", full=False)))
    assert (watch.state.lamp, cause(watch.state)) == (Lamp.UNKNOWN, "watch.asking")
    assert booth.asked("refresh") == [("s1",)]
    await booth.says(told("s1", body(4, "confirmed")))
    assert watch.state.lamp is Lamp.TALKING


async def test_a_lost_flow_costs_what_was_known_and_a_new_subscription_counts_anew(
    booth: Booth,
) -> None:
    watch = keeper(booth).watch("1007", DIALOG, lambda state: None)
    await booth.says(active("s1"), told("s1", body(7, "confirmed")))
    await booth.says(ended("s1", 503, "flow lost", final=False))
    assert (watch.state.lamp, cause(watch.state)) == (Lamp.UNKNOWN, "watch.lost")
    booth.control.flow_is_back()
    assert len(booth.asked("subscribe")) == 1  # the user agent asks again by itself
    await booth.says(active("s1"), told("s1", body(0)))
    assert watch.state.lamp is Lamp.IDLE


@pytest.mark.parametrize(
    ("status", "reason", "why"),
    [
        (404, "Not Found", "watch.no_such"),
        (489, "Bad Event", "watch.bad_event"),
        (403, "Forbidden", "watch.refused"),
        (0, "noresource", "watch.ended"),
    ],
)
async def test_a_refusal_keeps_its_reason_and_is_tried_again_with_the_next_registration(
    booth: Booth, status: int, reason: str, why: str
) -> None:
    watch = keeper(booth).watch("1007", DIALOG, lambda state: None)
    await booth.says(ended("s1", status, reason, final=True))
    assert (watch.state.phase, watch.state.status) == (WatchPhase.REFUSED, status)
    assert (cause(watch.state), watch.state.reason) == (why, reason)
    watch.refresh()
    booth.control.flow_is_back()
    await booth.settle()
    assert len(booth.asked("subscribe")) == 2
    assert cause(watch.state) == "watch.asking"
    await booth.says(active("s2"), told("s2", body(0)))
    assert watch.state.lamp is Lamp.IDLE


async def test_what_a_starting_pbx_refuses_is_asked_for_a_few_times_more(booth: Booth) -> None:
    heard: list[WatchedState] = []
    keeper(booth).watch("1007", DIALOG, heard.append)
    await booth.says(ended("s1", 404, "Not Found", final=True))
    other = keeper(booth).watch("1008", DIALOG, lambda state: None)
    await booth.says(ended("s2", 489, "Bad Event", final=True))
    for tried, _ in enumerate(AGAIN):
        again = booth.context.timers._callbacks["subscriptions again"]
        booth.context.timers.cancel("subscriptions again")
        again()
        assert len(booth.asked("subscribe")) == 3 + tried
        await booth.says(ended(f"s{3 + tried}", 404, "Not Found", final=True))
    assert "subscriptions again" not in booth.context.timers
    assert other.state.status == 489  # the PBX will not learn that kind of news
    assert [each.status for each in heard] == [404]  # the refusal stood meanwhile
    booth.control.flow_is_back()
    await booth.settle()
    assert len(booth.asked("subscribe")) == 4 + len(AGAIN)


async def test_an_end_that_passes_says_what_it_was(booth: Booth) -> None:
    watch = keeper(booth).watch("1007", DIALOG, lambda state: None)
    await booth.says(active("s1"), told("s1", body(0)))
    await booth.says(ended("s1", 0, "probation", final=False, retry=20.0))
    assert (cause(watch.state), watch.state.reason) == ("watch.ended", "probation")
    await booth.says(ended("s1", 408, "no NOTIFY", final=False, retry=20.0))
    assert cause(watch.state) == "watch.refused"


async def test_what_nobody_has_allowed_yet_is_unknown(booth: Booth) -> None:
    watch = keeper(booth).watch("1007", DIALOG, lambda state: None)
    await booth.says(active("s1", pending=True), told("s1", body(0)))
    assert (watch.state.phase, cause(watch.state)) == (WatchPhase.PENDING, "watch.pending")
    await booth.says(active("s1"), told("s1", body(1)))
    assert watch.state.lamp is Lamp.IDLE


async def test_a_body_that_cannot_be_read_costs_what_was_known_and_is_kept(booth: Booth) -> None:
    watch = keeper(booth).watch("1007", DIALOG, lambda state: None)
    await booth.says(active("s1"), told("s1", body(0)))
    await booth.says(told("s1", b"<dialog-info/>"))
    assert (watch.state.lamp, cause(watch.state)) == (Lamp.UNKNOWN, "watch.unreadable")
    await booth.says(told("s1", b"hello", "text/plain"))
    items = booth.context.not_understood.items()
    assert [item.where for item in items] == ["NOTIFY dialog"] * 2


async def test_what_nobody_knows_in_a_body_is_noted_once(booth: Booth) -> None:
    keeper(booth).watch("1007", DIALOG, lambda state: None)
    for version in range(3):
        await booth.says(told("s1", body(version, more="<mood>fine</mood>")))
    assert [item.what for item in booth.context.not_understood.items()] == ["dialog-info/mood"]


async def test_no_more_than_the_limit_and_the_rest_says_so(booth: Booth) -> None:
    watches = [
        keeper(booth).watch(f"12000{n:05d}", DIALOG, lambda state: None) for n in range(MOST + 1)
    ]
    assert len(booth.asked("subscribe")) == MOST
    assert cause(watches[-1].state) == "watch.too_many"
    watches[-1].stop()
    watches[0].stop()
    again = keeper(booth).watch("1007", DIALOG, lambda state: None)
    assert again.state.phase is WatchPhase.ASKING


async def test_what_the_user_agent_refuses_is_said_and_tried_again(booth: Booth) -> None:
    booth.phone.out_of_place = {"subscribe", "unsubscribe", "refresh"}
    watch = keeper(booth).watch("1007", DIALOG, lambda state: None)
    assert (watch.state.phase, watch.state.reason) == (WatchPhase.REFUSED, "out of place")
    booth.phone.out_of_place.discard("subscribe")
    booth.control.flow_is_back()
    assert watch.state.phase is WatchPhase.ASKING
    watch.refresh()
    watch.stop()


async def test_what_is_no_address_is_an_error(booth: Booth) -> None:
    with pytest.raises(NumberError):
        keeper(booth).watch("", DIALOG, lambda state: None)


async def test_presence_and_the_mailbox_are_read_as_well(booth: Booth) -> None:
    here = keeper(booth).watch("1007", PRESENCE, lambda state: None)
    mail = keeper(booth).watch("1001", MAILBOX, lambda state: None)
    presence = (
        b'<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="x"><tuple id="a"><status>'
        b"<basic>open</basic></status></tuple></presence>"
    )
    await booth.says(told("s1", presence, pidf.CONTENT_TYPE))
    summary = b"Messages-Waiting: yes\r\nVoice-Message: 2/1\r\n"
    await booth.says(told("s2", summary, message_summary.CONTENT_TYPE))
    assert here.state.lamp is Lamp.IDLE
    assert isinstance(mail.state.document, MailboxNews)
    assert mail.state.document.voice.new == 2
    assert mail.state.lamp is Lamp.UNKNOWN


async def test_a_mailbox_that_is_told_of_unasked_is_heard(booth: Booth) -> None:
    heard: list[MailboxNews] = []
    summary = sip.Notified("", MAILBOX, message_summary.CONTENT_TYPE, b"Messages-Waiting: yes\r\n")
    await booth.says(summary)
    assert keeper(booth).early_mailbox is not None  # for whoever listens later
    keeper(booth).on_mailbox = heard.append
    await booth.says(summary, sip.Notified("", MAILBOX, "text/plain", b"?"))
    assert [news.waiting for news in heard] == [True]
    assert [item.where for item in booth.context.not_understood.items()] == [
        "NOTIFY message-summary"
    ]


async def test_a_listener_that_fails_keeps_nobody_from_hearing(booth: Booth) -> None:
    heard: list[WatchedState] = []

    def fail(state: WatchedState) -> None:
        raise RuntimeError

    keeper(booth).watch("1007", DIALOG, fail)
    keeper(booth).watch("1007", DIALOG, heard.append)
    await booth.says(active("s1"))
    assert len(heard) == 1


async def test_the_end_of_the_session_is_the_end_of_all(booth: Booth) -> None:
    watch = keeper(booth).watch("1007", DIALOG, lambda state: None)
    await booth.control.end()
    await booth.says(told("s1", body(0, "confirmed")), ended("s1", 200, "", final=True))
    assert watch.state.lamp is Lamp.UNKNOWN


@pytest.mark.parametrize("kind", ["", "text/plain", "text/xml", "application/xml"])
async def test_a_body_whose_type_says_nothing_is_read_as_that_of_its_package(
    booth: Booth, kind: str
) -> None:
    watch = keeper(booth).watch("1007", DIALOG, lambda state: None)
    await booth.says(active("s1"), told("s1", body(1, "confirmed"), kind))
    assert watch.state.lamp is Lamp.TALKING
