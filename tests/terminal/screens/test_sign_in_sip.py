"""Signing in with a phone of one's own: an address and a server, nothing of a platform's."""

from __future__ import annotations

from tests.terminal import lines as own
from tui.config.schema import Config, Profile
from tui.console.sign_in_defaults import SignInPrefill
from tui.port.commands import JoinGroup, SignIn
from tui.port.events import AccountChanged, PhaseChanged
from tui.port.snapshot import Snapshot
from tui.port.values import Phase, message
from tui.secrets import Secret

EMPTY = Snapshot(phase=Phase.SIGNED_OUT)
PREFILL = SignInPrefill(un="1001@pbx.example.com", backend=own.ACCOUNT.backend, kind="sip")
PLATFORMS = ("Extension", "Switch number", "Callback phone", "SIP phone")


async def test_it_asks_for_an_address_and_a_password_only(console) -> None:
    async with console(EMPTY, prefill=PREFILL) as c:
        text = c.screen_text
        assert "Address" in text
        for word in PLATFORMS:
            assert word not in text
        await c.press(*"pw", "enter")
        assert c.port.sent == [
            SignIn(
                PREFILL.un, Secret("pw"), "", backend="wss://pbx.example.com:8443/ws", kind="sip"
            )
        ]


async def test_the_kind_is_chosen_and_the_fields_follow(console) -> None:
    async with console(EMPTY) as c:
        form = c.app.screen
        form.kind.selected = 2
        await c.settle()
        assert "Switch number" not in c.screen_text
        form.fold.opened = True
        await c.settle()
        assert "Server" in c.screen_text
        form.kind.selected = 0
        await c.settle()
        assert all(word in c.screen_text for word in PLATFORMS)


async def test_without_a_server_or_a_domain_nothing_is_sent(console) -> None:
    async with console(EMPTY, prefill=SignInPrefill(un="1001", kind="sip")) as c:
        await c.press(*"pw", "enter")
        assert "An address is USER@DOMAIN" in c.screen_text
        c.app.screen.un.value = "1001@pbx.example.com"
        await c.press("enter")
        assert "wss://" in c.screen_text
        assert c.port.sent == []


async def test_a_profile_of_that_kind_fills_the_form(console) -> None:
    profiles = (
        Profile(name="office", backend="https://cc.example.com", un="1001"),
        Profile(name="pbx", kind="sip", un="7@pbx.example.com", backend="wss://pbx.example.com"),
    )
    config = Config(profiles=profiles)
    async with console(EMPTY, config=config, prefill=SignInPrefill(profile="office")) as c:
        c.app.screen.profile.selected = 1
        await c.settle()
        assert "7@pbx.example.com" in c.line("Address")
        c.app.screen.pwd.value = "pw"
        c.app.screen.submit()
        await c.settle()
        (sent,) = c.port.sent
        assert (sent.kind, sent.profile, sent.switchnumber) == ("sip", "pbx", "")


async def test_a_wrong_password_is_put_right_and_tried_again(console) -> None:
    async with console(EMPTY, prefill=PREFILL) as c:
        for password in ("wrong", "right"):
            c.app.screen.pwd.value = password
            await c.press("enter")
            await c.happen(AccountChanged(own.ACCOUNT), PhaseChanged(Phase.CHOOSING_GROUP))
            await c.settle()
            assert c.port.sent[-1] == JoinGroup("0")
            await c.happen(
                PhaseChanged(Phase.REGISTERING),
                PhaseChanged(Phase.SIGNED_OUT, message("login.pbx_refused", info="401")),
            )
            assert "does not accept" in c.screen_text
        assert [type(sent) for sent in c.port.sent] == [SignIn, JoinGroup, SignIn, JoinGroup]


async def test_the_heading_has_no_group(console) -> None:
    async with console(EMPTY, prefill=PREFILL) as c:
        await c.happen(AccountChanged(own.ACCOUNT), PhaseChanged(Phase.SIGNED_IN))
        assert c.screen_text.splitlines()[0].split("  ")[0].strip() == "1001@pbx.example.com"
