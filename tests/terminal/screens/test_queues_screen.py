"""What the console, its lines and its scripts show of the queues of a PBX."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.plain.conftest import lines
from tests.terminal import scripted_port as s
from tests.terminal.cli.command_run import signed_in, yimi
from tui.config.schema import Config, UiSettings
from tui.port import replace
from tui.port.events import QueuesChanged
from tui.port.queues import AgentQueue, QueueAsk, QueueCause, QueueState
from tui.port.values import message

SUPPORT = AgentQueue("Support", QueueState.IN, s.NOW - 600, cause=QueueCause.AGENT, free=True)
LUNCH = replace(SUPPORT, state=QueueState.PAUSED, reason=message("seat.break", name="Lunch"))
SALES = AgentQueue("Sales", QueueState.PAUSED, s.NOW - 60, cause=QueueCause.UNANSWERED)
LOST = AgentQueue("Night desk", failure=message("watch.no_such", status=404, reason=""))
WORDS = [
    (SUPPORT, "takes calls", ""),
    (replace(SUPPORT, ask=QueueAsk.PAUSE), "pausing…", ""),
    (LUNCH, "paused", "Lunch"),
    (SALES, "paused", "a call was not answered"),
    (replace(SALES, cause=QueueCause.QUEUE), "paused", "not asked for here"),
    (AgentQueue("Sales", QueueState.OUT), "not in it", ""),
    (LOST, "not confirmed", "The PBX has no hint for it (404)"),
]


async def shown(console: Any, *queues: AgentQueue, width: int = 120) -> list[str]:
    """The rows of an idle console with these queues, in English."""
    port_snapshot = replace(s.IDLE, queues=queues)
    config = Config(ui=UiSettings(language="en"))
    async with console(port_snapshot, size=(width, 30), config=config) as c:
        text: str = c.screen_text
        return text.splitlines()


@pytest.mark.parametrize(("queue", "state", "why"), WORDS, ids=lambda v: str(v)[:20])
async def test_a_queue_is_on_top_with_its_state_and_in_the_list_with_its_reason(
    console: Any, queue: AgentQueue, state: str, why: str
) -> None:
    rows = await shown(console, queue)
    assert f"{queue.name} {state}" in rows[0]
    (at,) = [n for n, row in enumerate(rows) if n and row.strip().startswith(queue.name)]
    assert state in rows[at]
    assert why in " ".join(rows[at : at + 2])


async def test_in_a_small_terminal_it_is_said_how_many_send_calls(console: Any) -> None:
    rows = await shown(console, SUPPORT, SALES, LOST, width=80)
    assert "queues 1/3" in rows[0]


async def test_the_list_says_whether_somebody_in_the_queue_is_free(console: Any) -> None:
    assert any("somebody is free" in row for row in await shown(console, SUPPORT))
    nobody = replace(SUPPORT, free=False)
    assert any("nobody is free" in row for row in await shown(console, nobody))


async def test_without_queues_nothing_speaks_of_them(console: Any) -> None:
    assert "queue" not in "\n".join(await shown(console)).lower()


async def test_plain_mode_says_them_when_asked_and_each_that_changes(console: Any) -> None:
    async with lines(replace(s.IDLE, queues=(SUPPORT, SALES))) as desk:
        await desk.asks("idle>")
        desk.say("queues")
        await desk.shows("Queue Support: takes calls (somebody is free).")
        await desk.shows("Queue Sales: paused (a call was not answered).")
        desk.port.happen(QueuesChanged((LUNCH, SALES)))
        await desk.shows("Queue Support: paused (Lunch; somebody is free).")


async def test_without_queues_plain_mode_has_no_such_word() -> None:
    async with lines() as desk:
        await desk.asks("idle>")
        desk.say("queues")
        await desk.shows("Not now: queues.")


async def test_the_status_for_scripts_has_them(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as engine:
        engine.publish(QueuesChanged((LUNCH, replace(SALES, ask=QueueAsk.UNPAUSE))))
        code, output, _ = await yimi(tmp_path, "status", "--json")
        assert code == 0
        support, sales = json.loads(output)["queues"]
        assert (support["state"], support["reason"], support["free"]) == ("paused", "Lunch", True)
        assert (sales["asked"], sales["cause"]) == ("unpause", "unanswered")
        _, output, _ = await yimi(tmp_path, "status")
        assert "queue    Support paused Lunch\n" in output
        assert "queue    Sales paused → unpause unanswered\n" in output
