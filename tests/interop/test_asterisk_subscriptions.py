"""Asterisk tells our user agent of a colleague's phone and of a mailbox (RFC 6665)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

from tests.interop.asterisk_pbx import Asterisk
from tests.interop.programs import started
from tests.waiting import until
from tui.presence.dialog_info import CONTENT_TYPE as DIALOG_INFO
from tui.presence.dialog_info import DialogTable, parse_dialog_info
from tui.presence.lamp import Lamp
from tui.presence.message_summary import parse_message_summary
from tui.presence.pidf import CONTENT_TYPE as PIDF
from tui.presence.pidf import parse_pidf
from tui.secrets import Secret
from tui.sip import (
    AgentConfig,
    Event,
    Notified,
    Registered,
    SubscriptionActive,
    SubscriptionEnded,
    UserAgent,
)
from tui.sip.transport.websocket import SipConnection

PATIENCE = 20.0


class Watcher:
    """Alice's user agent at a PBX, which only watches."""

    def __init__(self, pbx: Asterisk) -> None:
        self.domain = pbx.domain
        rng = random.Random()
        config = AgentConfig(
            aor=f"sip:alice@{pbx.domain}",
            username="alice",
            password=Secret(pbx.password),
            registrar=f"sip:{pbx.domain}",
            instance_id="urn:uuid:00000000-0000-4000-8000-000000000001",
        )
        self.agent = UserAgent(config, rng=rng)
        self.events: list[Event] = []
        self.connection = SipConnection(
            self.agent, pbx.ws, rng=rng, on_event=self.events.append, on_flow=lambda flow: None
        )
        self.run: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self.run = asyncio.create_task(self.connection.run())
        await until(lambda: any(isinstance(each, Registered) for each in self.events), PATIENCE)

    async def end(self) -> None:
        await self.connection.close()
        if self.run is not None:
            self.run.cancel()
            await asyncio.gather(self.run, return_exceptions=True)

    def subscribe(self, user: str, package: str, accept: str, expires: int = 3600) -> str:
        now = asyncio.get_running_loop().time()
        target = f"sip:{user}@{self.domain}"
        handle = self.agent.subscribe(target, package, now, accept=(accept,), expires=expires)
        self.connection.flush()
        return handle

    def told(self, handle: str) -> list[Notified]:
        found = [each for each in self.events if isinstance(each, Notified)]
        return [each for each in found if each.subscription == handle]

    def lamp(self, handle: str) -> Lamp:
        """What its dialog-info comes to."""
        table = DialogTable()
        for news in self.told(handle):
            assert news.content_type == DIALOG_INFO
            assert table.take(parse_dialog_info(news.body))
        return table.lamp


@pytest.fixture
async def watcher(asterisk: Asterisk) -> AsyncIterator[Watcher]:
    async with started(Watcher(asterisk)) as ours:
        yield ours


async def test_a_hints_lamp_follows_its_device(asterisk: Asterisk, watcher: Watcher) -> None:
    await asterisk.cli("devstate change Custom:lamp NOT_INUSE")
    handle = watcher.subscribe("lamp", "dialog", DIALOG_INFO)
    await until(lambda: watcher.lamp(handle) is Lamp.IDLE, PATIENCE)
    await asterisk.cli("devstate change Custom:lamp RINGING")
    await until(lambda: watcher.lamp(handle) is Lamp.RINGING, PATIENCE)
    await asterisk.cli("devstate change Custom:lamp INUSE")
    await until(lambda: watcher.lamp(handle) is Lamp.TALKING, PATIENCE)
    await asterisk.cli("devstate change Custom:lamp NOT_INUSE")
    await until(lambda: watcher.lamp(handle) is Lamp.IDLE, PATIENCE)


async def test_presence_says_the_same_by_pidf(asterisk: Asterisk, watcher: Watcher) -> None:
    await asterisk.cli("devstate change Custom:lamp INUSE")
    handle = watcher.subscribe("lamp", "presence", PIDF)
    (news,) = await until(lambda: watcher.told(handle), PATIENCE)
    assert news.content_type == PIDF
    assert parse_pidf(news.body).lamp is Lamp.TALKING


async def test_a_mailbox_is_told_when_a_message_is_left(
    asterisk: Asterisk, watcher: Watcher
) -> None:
    handle = watcher.subscribe("mail", "message-summary", "application/simple-message-summary")
    (empty,) = await until(lambda: watcher.told(handle), PATIENCE)
    assert not parse_message_summary(empty.body).waiting
    await asterisk.ring("mail")
    await asterisk.until_it_says("Recording the message")
    await asterisk.hang_up()
    await until(lambda: len(watcher.told(handle)) > 1, PATIENCE)
    news = parse_message_summary(watcher.told(handle)[-1].body)
    assert news.waiting
    assert (news.voice.new, news.voice.old) == (1, 0)


async def test_a_lost_flow_costs_the_lamp_and_the_next_registration_brings_it_back(
    asterisk: Asterisk, watcher: Watcher
) -> None:
    await asterisk.cli("devstate change Custom:lamp INUSE")
    handle = watcher.subscribe("lamp", "dialog", DIALOG_INFO)
    await until(lambda: watcher.told(handle), PATIENCE)
    watcher.connection.redial("tried")
    await until(
        lambda: any(isinstance(each, SubscriptionEnded) for each in watcher.events), PATIENCE
    )
    await until(lambda: len(watcher.told(handle)) == 2, PATIENCE)
    assert [each.final for each in watcher.events if isinstance(each, SubscriptionEnded)] == [False]


async def test_one_that_does_not_exist_is_refused_for_good(watcher: Watcher) -> None:
    handle = watcher.subscribe("nobody-here", "dialog", DIALOG_INFO)
    (ended,) = await until(
        lambda: [each for each in watcher.events if isinstance(each, SubscriptionEnded)], PATIENCE
    )
    assert (ended.subscription, ended.status, ended.final) == (handle, 404, True)


async def test_it_is_told_anew_when_asked_and_our_end_is_the_pbxs_too(
    asterisk: Asterisk, watcher: Watcher
) -> None:
    now = asyncio.get_running_loop().time
    handle = watcher.subscribe("lamp", "dialog", DIALOG_INFO)
    await until(
        lambda: any(isinstance(each, SubscriptionActive) for each in watcher.events), PATIENCE
    )
    watcher.agent.refresh_subscription(handle, now())
    watcher.connection.flush()
    await until(lambda: len(watcher.told(handle)) == 2, PATIENCE)
    watcher.agent.unsubscribe(handle, now())
    watcher.connection.flush()
    await until(lambda: not watcher.agent._subscriptions._all, PATIENCE)
    assert "lamp" not in await asterisk.cli("pjsip show subscriptions inbound")
