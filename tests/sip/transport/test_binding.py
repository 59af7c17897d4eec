"""Which binding of the 200 to REGISTER is ours, and how long it lives (RFC 3261 §10.2.4, 5626)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sip.agents import UUID
from tests.sip.registrar import Desk
from tui.sip import Headers, Registered
from tui.sip.ua.binding import granted
from tui.sip.ua.registration import RegistrationState

US = "1001_00011170"
MINE = f'<sip:{US}@aaaa.invalid;transport=ws>;+sip.instance="<{UUID}>";reg-id=1;expires=60'
REWRITTEN = f"<sip:{US}@127.0.0.1:40123;transport=ws>;expires=20"
BAD = "<sip:2207@192.0.2.10:5060transport=udp>;expires=5"
OTHER = "<sip:2207@192.0.2.11>;expires=5"


def life(*contacts: str, expires: str = "600", instance: str = UUID) -> int | None:
    lines = [("Contact", contact) for contact in contacts]
    headers = Headers([*lines, *([("Expires", expires)] if expires else [])])
    return granted(headers, instance=instance, host="aaaa.invalid", user=US, asked=600)


@pytest.mark.parametrize(
    ("contacts", "seconds"),
    [
        ((), 600),
        ((MINE,), 60),
        ((BAD, MINE), 60),
        ((MINE, BAD), 60),
        ((f"{BAD}, {MINE}",), 60),
        ((f"<sip:broken, {MINE}",), 60),
        ((OTHER, MINE), 60),
        ((OTHER, MINE.replace("aaaa.invalid", "127.0.0.1:9")), 60),
        ((OTHER, MINE.replace(UUID, UUID.upper())), 60),
        ((MINE, MINE.replace("reg-id=1", "reg-id=2").replace("=60", "=7")), 60),
        ((REWRITTEN,), 20),
        ((OTHER, REWRITTEN), 20),
        ((REWRITTEN, REWRITTEN.replace("expires=20", "expires=9")), 9),
        ((REWRITTEN, f"<sip:{US}@AAAA.invalid>;expires=30"), 30),
        (("<sip:elsewhere@192.0.2.1>;expires=44",), 44),
        (("<sip:other@192.0.2.1>;expires=44", "<sip:more@192.0.2.1>;expires=33"), 33),
        ((BAD,), 5),
        ((OTHER, "<sip:1001%5F00011170@192.0.2.9>;expires=20.5"), 20),
        ((f"<sip:{US}@aaaa.invalid>",), 600),
        ((f'<sip:{US}@aaaa.invalid>;expires="soon"',), 600),
        ((f"<sip:{US}@aaaa.invalid>;expires=0",), None),
        ((MINE.replace("=60", "=0"), OTHER.replace("=5", "=0")), None),
        ((MINE.replace("aaaa", "old").replace("=60", "=0"), MINE), 60),
        ((MINE.replace("aaaa", "old").replace("=60", "=3"), MINE), 60),
        ((REWRITTEN, REWRITTEN.replace("40123", "39999").replace("=20", "=0")), 20),
        ((MINE.replace("=60", "=4294967295"),), 3600),
        ((MINE.replace("=60", "=3600"),), 3600),
        (("<<>>",), 600),
        (("*",), 600),
    ],
)
def test_ours_is_found_by_instance_then_host_then_user_else_the_only_one(
    contacts: tuple[str, ...], seconds: int | None
) -> None:
    assert life(*contacts) == seconds


def test_without_an_instance_of_ours_every_instance_is_somebodys() -> None:
    assert life(OTHER, MINE.replace("aaaa.invalid", "h"), instance="") == 60
    assert life(OTHER + ';+sip.instance="<>"', REWRITTEN, instance="") == 20


def test_without_any_life_it_is_what_was_asked_for() -> None:
    assert life(f"<sip:{US}@aaaa.invalid>", expires="") == 600
    assert life(expires="often") == 600


CONTACTS = st.lists(
    st.one_of(
        st.sampled_from([MINE, REWRITTEN, BAD, OTHER, "*", "<", '"', "<sip:@h>", "sip:;", ""]),
        st.text(
            st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f"),
            max_size=40,
        ),
    ),
    max_size=6,
)


@given(CONTACTS, st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12))
def test_whatever_else_stands_in_the_200_we_are_registered_and_come_back(
    contacts: list[str], expires: str
) -> None:
    desk = Desk()
    lines = [("Contact", each) for each in contacts]
    lines += [(name, expires) for name in ("Expires", "Flow-Timer", "Min-Expires", "Path")]
    desk.reply(desk.request(), 200, *lines)
    assert desk.side.agent._registration.state is RegistrationState.REGISTERED
    assert desk.side.one(Registered).expires >= 1
    assert desk.side.agent.next_deadline() is not None


def test_another_devices_malformed_contact_costs_us_no_registration() -> None:
    desk = Desk()
    desk.registered(("Contact", f"{BAD}, {MINE}"))
    assert desk.side.one(Registered).expires == 60
    assert 30.0 <= desk.wake() <= 54.0
    assert desk.request().method == "REGISTER"


def test_a_rewritten_contact_is_refreshed_before_its_own_short_life_ends() -> None:
    desk = Desk()
    desk.registered(("Contact", REWRITTEN), ("Expires", "600"))
    assert desk.wake() <= 18.0
