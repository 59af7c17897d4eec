"""An hour of two agents in one queue of Asterisk, at their consoles: keys in, screens out. After
each step both screens say what `queue show` says, with the recipe of docs/queues.md as it stands
there: Wang logs in, Li is a member for good and writes her calls up."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.interop.asterisk_pbx import Asterisk
from tests.interop.asterisk_queue import CUSTOMERS, QUEUES, Queue
from tests.interop.queue_consoles import BACK, ConsoleDesk, Hour, at_console
from tests.interop.recipe import RECIPE, make_certificates
from tui.port.queues import QueueState

CUSTOMER = 700
"""What customers say, in hertz."""
LOGS_IN = 'log_in = "*45"\nlog_out = "*44"\nin_hint = "support-in-1001"\n'


def config(pbx: Asterisk, user: str, more: str, write_up: str) -> str:
    """The recipe's profile for that user, with `more` of its queue."""
    found = re.search(r"<!-- desk: begin -->\n```toml\n(.*?)```", QUEUES.read_text(), re.DOTALL)
    assert found
    profile = found[1].replace("wss://pbx.example.com:8089/ws", pbx.ws)
    profile = profile.replace("pbx.example.com", pbx.domain).replace("1001", user)
    work = f'[wrapup]\nmode = "{write_up}"\n[breaks.lunch]\ntitle = "Lunch"\n'
    return f"{work}{profile}{more}"


@pytest.fixture
async def pbx(tmp_path: Path) -> AsyncIterator[Asterisk]:
    """Asterisk with the recipe's files, whose queue rings everybody, and long enough for a machine
    that is slow; and customers."""
    make_certificates(tmp_path)
    server = Asterisk(tmp_path, RECIPE.read_text(), QUEUES.read_text(), CUSTOMERS)
    server.change("queues.conf", "member => PJSIP/1001", ";member => PJSIP/1001")
    server.change("queues.conf", "rrmemory", "ringall")
    server.change("queues.conf", "timeout = 15", "timeout = 40")
    try:
        await server.start()
        yield server
    finally:
        await server.end()


async def signing_in(hour: Hour) -> None:
    """Both are in the queue, and idle."""
    await hour.wang.signs_in(hour.pbx.password)
    await hour.li.signs_in(hour.pbx.password)
    await hour.step({hour.wang: "IDLE", hour.li: "IDLE"})


async def ringing_all(hour: Hour) -> None:
    """It rings at both; who comes second reads why it stops."""
    wang, li = hour.wang, hour.li
    await hour.pbx.ring("support", CUSTOMER)
    await hour.step({wang: "RINGING", li: "RINGING"})
    await wang.answers(CUSTOMER)
    await li.sees("Answered by someone else.", "missed 0")
    await hour.step({wang: "TALKING", li: "IDLE"})
    await over(hour, wang)


async def taking_turns(hour: Hour) -> None:
    """Reloaded, the queue gives each a call in her turn. Who cannot take hers is paused in the
    ring, and the other gets it."""
    pbx, wang, li = hour.pbx, hour.wang, hour.li
    pbx.change("queues.conf", "ringall", "rrmemory")
    await hour.reload()
    await hour.step({wang: "IDLE", li: "IDLE"})
    turns = []
    for _ in range(3):
        await pbx.ring("support", CUSTOMER)
        turns.append(desk := await hour.who_rings())
        other = hour.other(desk)
        await hour.step({desk: "RINGING", other: "IDLE"})
        await desk.answers(CUSTOMER)
        await hour.step({desk: "TALKING", other: "IDLE"})
        await over(hour, desk)
    assert turns[0] is turns[2] is not turns[1]
    await pbx.ring("support", CUSTOMER)
    desk = await hour.who_rings()
    assert desk is turns[1]
    other = hour.other(desk)
    await desk.press("F12")
    await hour.step({desk: "BUSY", other: "RINGING"})
    await other.answers(CUSTOMER)
    await hour.step({desk: "BUSY", other: "TALKING"})
    await desk.press("F9")
    await hour.step({desk: "IDLE", other: "TALKING"})
    await over(hour, other)


async def over(hour: Hour, desk: ConsoleDesk) -> None:
    """The call there ends, and is written up where it is Li's: both are idle."""
    await desk.hangs_up()
    if desk is hour.li:
        await hour.step({hour.wang: "IDLE", hour.li: "WRAP-UP"})
        await hour.li.press("F9")
    await hour.step({hour.wang: "IDLE", hour.li: "IDLE"})


async def being_paused(hour: Hour) -> None:
    """Whom somebody else pauses in the ring may still take the call, and reads of it."""
    pbx, wang, li = hour.pbx, hour.wang, hour.li
    await li.goes_to_lunch()
    await hour.step({wang: "IDLE", li: "BUSY"})
    await pbx.ring("support", CUSTOMER)
    await hour.step({wang: "RINGING", li: "BUSY"})
    await pbx.cli("queue pause member PJSIP/1001 queue support reason meeting")
    await wang.sees("Queue Support has paused you; nobody here asked for that.")
    await hour.step({wang: "RINGING", li: "BUSY"})
    await wang.answers(CUSTOMER)
    await hour.step({wang: "TALKING", li: "BUSY"})
    await wang.hangs_up()
    await hour.step({wang: "BUSY", li: "BUSY"})
    await pbx.cli("queue unpause member PJSIP/1001 queue support")
    await hour.step({wang: "IDLE", li: "BUSY"})


async def not_answering(hour: Hour) -> None:
    """Who does not answer is paused by the queue, reads that, and is back by a key."""
    pbx, wang, li = hour.pbx, hour.wang, hour.li
    pbx.change("queues.conf", "timeout = 40", "timeout = 5")
    await hour.reload()
    await pbx.ring("support", CUSTOMER)
    await wang.sees("RINGING")
    await wang.sees("Queue Support has paused you, as a call was not answered.", "missed 1")
    await hour.step({wang: "BUSY", li: "BUSY"})
    await pbx.hang_up()
    pbx.change("queues.conf", "timeout = 5", "timeout = 40")
    await hour.reload()
    await wang.press("F9")
    await hour.step({wang: "IDLE", li: "BUSY"})


async def writing_up(hour: Hour) -> None:
    """Who will write a call up is paused from its answer on; the next caller comes after that."""
    pbx, wang, li = hour.pbx, hour.wang, hour.li
    await wang.goes_to_lunch()
    await hour.step({wang: "BUSY", li: "BUSY"})
    await li.press("F9")
    await hour.step({wang: "BUSY", li: "IDLE"})
    await pbx.ring("support", CUSTOMER)
    await hour.step({wang: "BUSY", li: "RINGING"})
    await li.answers(CUSTOMER)
    await hour.step({wang: "BUSY", li: "TALKING"})
    await pbx.ring("support", CUSTOMER)
    await li.hangs_up()
    await hour.step({wang: "BUSY", li: "WRAP-UP"})
    await li.press("F9")
    await hour.step({wang: "BUSY", li: "RINGING"})
    await li.answers(CUSTOMER)
    await wang.press("F9")
    await hour.step({wang: "IDLE", li: "TALKING"})


async def handing_over(hour: Hour) -> None:
    """What Li talks of goes back into the queue, and Wang takes it."""
    wang, li = hour.wang, hour.li
    await li.hands_over_to("800")
    await hour.step({wang: "RINGING", li: "WRAP-UP"})
    await wang.answers(CUSTOMER)
    await hour.step({wang: "TALKING", li: "WRAP-UP"})
    await li.press("F9")
    await hour.step({wang: "TALKING", li: "IDLE"})
    await over(hour, wang)


async def reloading(hour: Hour) -> None:
    """A reload leaves each in her place."""
    await hour.wang.goes_to_lunch()
    await hour.step({hour.wang: "BUSY", hour.li: "IDLE"})
    await hour.reload()
    await hour.step({hour.wang: "BUSY", hour.li: "IDLE"})


async def restarting(hour: Hour) -> None:
    """What counts before the PBX is back is nothing. Then who has logged in is where she was, and
    who is a member for good is paused as the file says, reads that, and is back by a key."""
    wang, li = hour.wang, hour.li
    await hour.pbx.end()
    for desk in (wang, li):
        await desk.sees("UNCONFIRMED", "LINE LOST", "Support not confirmed")
    await hour.pbx.start()
    await hour.step({wang: "BUSY", li: "BUSY"}, BACK)
    await li.sees("Queue Support has paused you; nobody here asked for that.")
    await li.press("F9")
    await hour.step({wang: "BUSY", li: "IDLE"})
    await wang.press("F9")
    await hour.step({wang: "IDLE", li: "IDLE"})
    await hour.pbx.ring("support", CUSTOMER)
    desk = await hour.who_rings()
    await desk.answers(CUSTOMER)
    await over(hour, desk)


async def signing_out(hour: Hour) -> None:
    """Who has logged in is out of the queue, the other is paused in it."""
    queue = Queue(hour.pbx)
    await hour.wang.signs_out()
    assert await queue.state("1001") is QueueState.OUT
    await hour.step({hour.li: "IDLE"})
    await hour.li.signs_out()
    assert await queue.state("1002") is QueueState.PAUSED


HOUR = (
    signing_in,
    ringing_all,
    taking_turns,
    being_paused,
    not_answering,
    writing_up,
    handing_over,
    reloading,
    restarting,
    signing_out,
)


@pytest.mark.timeout(900)
async def test_at_each_step_of_an_hour_both_screens_say_what_the_queue_says(
    pbx: Asterisk, tmp_path: Path
) -> None:
    async with (
        at_console(tmp_path, "1001", config(pbx, "1001", LOGS_IN, "off")) as wang,
        at_console(tmp_path, "1002", config(pbx, "1002", "", "optional")) as li,
    ):
        hour = Hour(pbx, wang, li)
        for chapter in HOUR:
            await chapter(hour)
