"""Signing in: what is missing, what fails, what waits; and nothing typed is ever lost."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import keyring
import keyring.backends.fail
import pytest
from textual.events import Key

from tests.terminal import scripted_port as s
from tests.waiting import until
from tui.config.schema import Config, Profile
from tui.console.app import YimiApp
from tui.console.sign_in_defaults import AccountChoice, SignInPrefill
from tui.launcher.supervised_app import SupervisedApp
from tui.port import replace
from tui.port.commands import GetGroups, JoinGroup, Result, SignIn, SignOut
from tui.port.events import AccountChanged, PhaseChanged
from tui.port.snapshot import Snapshot
from tui.port.values import GroupPage, Message, Phase, message
from tui.secrets import Secret

FULL = SignInPrefill("1001", Secret("pw-1001"), "02500001234", backend="http://127.0.0.1:40731")
OUT = Snapshot()
SIGN_IN = SignIn("1001", Secret("pw-1001"), "02500001234", backend="http://127.0.0.1:40731")


async def test_an_empty_form_says_where_a_platform_is_set_and_offers_a_sandbox(console) -> None:
    async def sandbox() -> SignInPrefill:
        return FULL

    async with console(OUT, on_sandbox=sandbox) as c:
        assert "config.toml" in c.screen_text
        assert "^S Sandbox" in c.keys
        await c.press("ctrl+s")
        assert "1001" in c.line("Extension")
        assert "127.0.0.1:40731" in c.line("More")
        assert "^S" not in c.keys
        await c.press("enter")
        assert c.port.sent == [SIGN_IN]


async def test_the_password_is_never_shown(console) -> None:
    async with console(OUT, prefill=FULL) as c:
        assert "pw-1001" not in c.screen_text
        assert "•••••••" in c.line("Password")


async def test_missing_fields_are_named_and_nothing_is_sent(console) -> None:
    async with console(OUT) as c:
        await c.press(*"1001", "enter")
        assert "2 fields are missing." in c.screen_text
        assert "missing" in c.line("Password")
        assert "missing" in c.line("Switch number")
        assert "missing" not in c.line("Extension")
        assert "1001" in c.line("Extension")
        assert c.port.sent == []


async def test_without_an_address_it_says_where_one_is_typed(console) -> None:
    async with console(OUT, prefill=replace(FULL, backend="")) as c:
        await c.press("enter")
        assert "The address of the platform is missing." in c.screen_text
        assert "Address" in c.screen_text
        await c.press(*"http://127.0.0.1:1", "enter")
        assert c.port.sent == [replace(SIGN_IN, backend="http://127.0.0.1:1")]


@pytest.mark.parametrize("code", [50000, 50001, 50002, 50003, 50004, 50005])
async def test_each_failure_has_its_sentence_and_keeps_what_was_typed(console, code) -> None:
    said = set()
    async with console(OUT, prefill=FULL) as c:
        failure = message(f"login.{code}", code=code, info="")
        c.port.answers[SignIn] = lambda command: Result(False, failure, code)
        await c.press("enter")
        assert str(code) in c.screen_text
        assert "Nothing you typed is lost." in c.screen_text
        assert "02500001234" in c.screen_text
        assert c.app.screen.pwd.value == "pw-1001"
        said.add(c.line(str(code)))
        c.port.answers.clear()
        await c.press("enter")
        assert len(c.port.sent) == 2


async def test_another_line_needs_the_phones_number(console) -> None:
    async with console(OUT, prefill=FULL) as c:
        await c.press("tab", "tab", "right", "enter")
        assert "A field is missing." in c.screen_text
        await c.press(*"8001", "enter")
        assert c.port.sent == [replace(SIGN_IN, callintype=5, number="8001")]


async def test_enter_before_the_engine_is_there_waits_for_it(console) -> None:
    async with console(prefill=FULL, port=False) as c:
        await c.press("enter")
        assert "Starting the phone…" in c.screen_text
        port = s.ScriptedPort(OUT)
        c.app.attach(port)
        await c.settle()
        assert port.sent == [SIGN_IN]


async def test_groups_are_chosen_with_arrows_and_show_their_states(console) -> None:
    async with console(OUT, prefill=FULL) as c:
        await c.happen(AccountChanged(s.ACCOUNT, s.GROUPS), PhaseChanged(Phase.CHOOSING_GROUP))
        assert "someone idle" in c.line("Pre-sales")
        assert "all busy" in c.line("After-sales")
        assert "all offline" in c.line("Night desk")
        await c.press("down", "enter")
        assert c.port.sent[-1] == JoinGroup("1000000002")


async def test_the_groups_states_are_asked_as_soon_as_the_groups_are_shown(console) -> None:
    stateless = tuple(replace(group, state_id=None) for group in s.GROUPS)
    async with console(OUT, prefill=FULL) as c:
        page = GroupPage(1, 1, 3, s.GROUPS)
        c.port.answers[GetGroups] = lambda command: Result(True, value=page)
        await c.happen(AccountChanged(s.ACCOUNT, stateless), PhaseChanged(Phase.CHOOSING_GROUP))
        assert "someone idle" in c.line("Pre-sales")
        assert "all busy" in c.line("After-sales")


async def test_the_groups_states_are_looked_at_again(console) -> None:
    choosing = replace(s.IDLE, phase=Phase.CHOOSING_GROUP)
    async with console(choosing) as c:
        busy = tuple(replace(group, state_id=2) for group in s.GROUPS)
        page = GroupPage(1, 1, 3, busy)
        c.port.answers[GetGroups] = lambda command: Result(True, value=page)
        c.app.session.refresh_groups()
        await c.settle()
        assert "all busy" in c.line("Pre-sales")


async def test_an_agent_in_no_group_goes_straight_on(console) -> None:
    async with console(OUT, prefill=FULL) as c:
        await c.happen(AccountChanged(s.ACCOUNT, ()), PhaseChanged(Phase.CHOOSING_GROUP))
        assert c.port.sent == [JoinGroup("0")]
        failure = message("login.51001", code=51001, info="")
        await c.happen(PhaseChanged(Phase.CHOOSING_GROUP, failure))
        assert c.port.sent == [JoinGroup("0")]
        assert "51001" in c.screen_text


async def test_a_group_that_cannot_be_joined_says_why(console) -> None:
    async with console(replace(s.IDLE, phase=Phase.CHOOSING_GROUP)) as c:
        failure = message("login.51000", code=51000, info="403 Forbidden")
        c.port.answers[JoinGroup] = lambda command: Result(False, failure)
        await c.press("enter")
        assert "403 Forbidden" in c.screen_text


async def test_back_from_the_groups_keeps_the_form(console) -> None:
    async with console(OUT, prefill=FULL) as c:
        await c.press("enter")
        await c.happen(AccountChanged(s.ACCOUNT, s.GROUPS), PhaseChanged(Phase.CHOOSING_GROUP))
        await c.press("escape")
        assert c.port.sent[-1] == SignOut(end=False)
        await c.happen(PhaseChanged(Phase.SIGNED_OUT))
        assert "1001" in c.line("Extension")
        assert c.app.screen.pwd.value == ""


async def test_a_profile_fills_the_form_and_brings_its_policies(console) -> None:
    from tui.config.schema import Policies

    profiles = (
        Profile("home", backend="https://a.invalid"),
        Profile("office", backend="https://b.invalid", policies=Policies(decline=False)),
    )
    async with console(OUT, prefill=FULL, config=Config(profiles=profiles)) as c:
        await c.press("tab", "tab", "tab", "space", "tab", "right")
        assert "https://b.invalid" in c.line("Address")
        assert not c.app.view.may_decline


async def test_the_first_profile_stands_in_the_form_that_nobody_filled(console) -> None:
    from tui.config.schema import Policies

    office = Profile(
        "office",
        un="1001",
        switchnumber="02500001234",
        backend="https://a.invalid",
        policies=Policies(decline=False),
    )
    config = Config(profiles=(office, Profile("home", un="2002")))
    async with console(OUT, prefill=SignInPrefill(), config=config) as c:
        assert not c.app.view.may_decline
        await c.press(*"pw-1001", "enter")
        (sent,) = c.port.sent
        assert sent == replace(SIGN_IN, backend="https://a.invalid", profile="office")


async def test_the_profile_that_was_signed_in_with_is_the_forms_next_time(console) -> None:
    profiles = (
        Profile("home", backend="https://a.invalid"),
        Profile("office", backend="https://b.invalid"),
    )
    async with console(OUT, prefill=FULL, config=Config(profiles=profiles)) as c:
        await c.press("tab", "tab", "tab", "space", "tab", "right", "enter")
        assert c.port.sent[-1].profile == "office"
        await c.happen(AccountChanged(s.ACCOUNT, s.GROUPS), PhaseChanged(Phase.CHOOSING_GROUP))
        await c.happen(AccountChanged(None, ()), PhaseChanged(Phase.SIGNED_OUT))
        assert "office" in c.line("More")


async def test_the_engine_is_told_the_profile_and_the_generation_that_were_chosen(console) -> None:
    profiles = (
        Profile("home", backend="https://a.invalid"),
        Profile("old", kind="platform1", gateway="wss://gate.invalid:9060"),
    )
    async with console(OUT, prefill=FULL, config=Config(profiles=profiles)) as c:
        await c.press("tab", "tab", "tab", "space", "tab", "right", "enter")
        (sent,) = c.port.sent  # without an address: the server is found by the switch number
        assert (sent.profile, sent.kind, sent.backend) == ("old", "platform1", "")


async def test_generation_1_can_be_chosen_without_a_profile(console) -> None:
    async with console(OUT, prefill=FULL) as c:
        await c.press("tab", "tab", "tab", "space", "tab", "right")
        assert "● Platform 1" in c.line("Platform 1")
        await c.press("enter")
        assert (c.port.sent[-1].kind, c.port.sent[-1].profile) == ("platform1", "")


async def test_no_keyring_is_said_and_the_form_stays(console) -> None:
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    try:
        async with console(OUT, prefill=replace(FULL, pwd=Secret(), keyring=True)) as c:
            await c.press("enter")
            await c.shows("There is no keyring here.")
            assert c.port.sent == []
    finally:
        keyring.set_keyring(before)


async def test_quitting_when_nobody_is_signed_in_ends_the_engine(console) -> None:
    async with console(OUT) as c:
        await c.press("ctrl+q")
    assert c.app.return_value == "quit"
    assert c.port.sent == [SignOut(end=True)]


async def test_one_of_several_running_phones_is_picked(console) -> None:
    picked = []

    async def choose(choice: AccountChoice | None) -> None:
        picked.append(choice)

    accounts = (AccountChoice("a", "1001 Li Ming"), AccountChoice("b", "[@click=app.quit]1002[/]"))
    async with console(port=False, accounts=accounts, on_account=choose) as c:
        assert "[@click=app.quit]1002[/]" in c.screen_text
        await c.press("down", "enter")
        assert picked == [accounts[1]]


@pytest.mark.parametrize("make", [YimiApp, partial(SupervisedApp, when_ready=lambda: None)])
async def test_keys_that_come_before_the_form_are_kept_for_it_in_their_order(
    console, monkeypatch, make
) -> None:
    from textual.screen import Screen

    from tui.console.screens.first_frame import FirstScreen
    from tui.console.screens.sign_in import SignInScreen

    def typed(screen: Screen[Any], *keys: str) -> None:
        for key in keys:
            event = Key(key, key if len(key) == 1 else None)
            event.set_sender(screen.app)  # as from the terminal
            screen.app.post_message(event)

    built = SignInScreen.on_mount

    def typed_early(screen: FirstScreen) -> None:
        typed(screen, *"de")

    def typed_while_it_is_built(screen: SignInScreen) -> None:
        built(screen)
        typed(screen, *"mo-1001", "enter")

    monkeypatch.setattr(FirstScreen, "on_mount", typed_early, raising=False)
    monkeypatch.setattr(SignInScreen, "on_mount", typed_while_it_is_built)
    async with console(OUT, prefill=replace(FULL, pwd=Secret()), make=make) as c:
        assert c.port.sent == [replace(SIGN_IN, pwd=Secret("demo-1001"))]


@pytest.mark.parametrize("make", [YimiApp, partial(SupervisedApp, when_ready=lambda: None)])
async def test_keys_that_wait_when_the_form_is_ready_go_behind_those_that_were_kept_for_it(
    console, monkeypatch, make
) -> None:
    from tui.console.screens.first_frame import FirstScreen

    keys = [Key(each, each if len(each) == 1 else None) for each in (*"demo-1001", "enter")]
    ready = YimiApp.screen_ready

    def typed(app: YimiApp, some: list[Key]) -> None:
        for key in some:
            key.set_sender(app)  # as from the terminal
            app.post_message(key)

    def ready_with_keys_waiting(app: YimiApp) -> None:
        typed(app, keys[1:])
        keys[1:] = []
        ready(app)

    monkeypatch.setattr(
        FirstScreen, "on_mount", lambda self: typed(self.app, keys[:1]), raising=False
    )
    monkeypatch.setattr(YimiApp, "screen_ready", ready_with_keys_waiting)
    async with console(OUT, prefill=replace(FULL, pwd=Secret()), make=make) as c:
        await until(lambda: c.port.sent)
        assert c.port.sent == [replace(SIGN_IN, pwd=Secret("demo-1001"))]


TWO = replace(
    FULL,
    other=replace(
        FULL,
        backend="http://127.0.0.1:40732",
        kind="platform1",
        gateway="ws://127.0.0.1:40731/sip",
    ),
)


async def test_the_sandbox_is_tried_at_the_other_generation_by_choosing_it(console) -> None:
    async with console(OUT, prefill=TWO, sandbox=True) as c:
        c.app.screen.kind.selected = 1
        await c.settle()
        await c.press("enter")
        gateway = "ws://127.0.0.1:40731/sip"
        one = replace(SIGN_IN, backend="http://127.0.0.1:40732", kind="platform1", gateway=gateway)
        assert c.port.sent == [one]
        c.app.screen.kind.selected = 0
        await c.settle()
        await c.press("enter")
        assert c.port.sent == [one, SIGN_IN]


async def test_in_the_sandbox_the_profiles_of_the_config_are_said_not_to_count(console) -> None:
    config = Config(profiles=(Profile(name="office"), Profile(name="home")))
    async with console(OUT, prefill=FULL, sandbox=True, config=config) as c:
        assert "takes the place of the profiles" in c.screen_text
        assert "office" not in c.screen_text
        c.app.screen.fold.opened = True
        await c.settle()
        assert "office" not in c.screen_text


async def test_why_there_is_no_sandbox_stays_on_the_form_when_the_engine_comes(console) -> None:
    async def none() -> Message:
        return message("sandbox.timeout")

    async with console(OUT, on_sandbox=none, port=False) as c:
        await c.press("ctrl+s")
        assert "sandbox" in c.line("✗")
        c.app.attach(s.ScriptedPort(OUT))
        await c.settle()
        assert "sandbox" in c.line("✗")
        assert "^S" in c.keys, "it can be tried again"


async def test_an_enter_before_the_sandbox_is_up_signs_in_when_it_is(console) -> None:
    up = asyncio.Event()

    async def sandbox() -> SignInPrefill:
        await up.wait()
        return FULL

    async with console(OUT, on_sandbox=sandbox) as c:
        await c.press("ctrl+s", "enter")
        assert "missing" not in c.screen_text
        up.set()
        await until(lambda: c.port.sent, what=lambda: c.screen_text)
        assert [each.un for each in c.port.sent] == [FULL.un]


STARTING = replace(FULL, backend="")
"""What stands in the form while the sandbox of `yimi --sandbox` starts."""


async def test_the_account_of_a_sandbox_that_starts_is_signed_in_by_an_early_enter(console) -> None:
    up = asyncio.Event()

    async def sandbox() -> SignInPrefill:
        await up.wait()
        return FULL

    async with console(OUT, prefill=STARTING, sandbox=True, on_sandbox=sandbox) as c:
        assert "1001" in c.line("Extension")
        assert "02500001234" in c.line("Switch number")
        c.app.do("sandbox")
        await c.press("enter")
        assert "Starting the sandbox" in c.screen_text
        assert c.port.sent == []
        up.set()
        await until(lambda: c.port.sent, what=lambda: c.screen_text)
        assert c.port.sent == [SIGN_IN]


async def test_what_was_typed_before_the_sandbox_is_up_stays(console) -> None:
    up = asyncio.Event()

    async def sandbox() -> SignInPrefill:
        await up.wait()
        return TWO

    async with console(OUT, prefill=STARTING, sandbox=True, on_sandbox=sandbox) as c:
        c.app.do("sandbox")
        c.app.screen.kind.selected = 1
        await c.press("shift+tab", "backspace", *"7", "tab", *"x", "enter")
        up.set()
        await until(lambda: c.port.sent, what=lambda: c.screen_text)
        (sent,) = c.port.sent
        assert (sent.un, sent.pwd.reveal()) == ("1007", "pw-1001x")
        assert (sent.kind, sent.backend) == ("platform1", "http://127.0.0.1:40732")


async def test_an_enter_before_a_sandbox_that_does_not_come_signs_nobody_in(console) -> None:
    up = asyncio.Event()

    async def none() -> Message:
        await up.wait()
        return message("sandbox.timeout")

    async with console(OUT, on_sandbox=none) as c:
        await c.press("ctrl+s", "enter")
        up.set()
        await c.settle()
        assert c.port.sent == []
        assert "sandbox" in c.line("✗")
