"""Actions of one's own: never a shell, values as arguments of their own, the end in words."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

import pytest

from tests.engine.desk import CC, CUSTOMER, Desk
from tui import sip
from tui.config.work import OwnAction
from tui.engine.agent.own_actions import OwnActions
from tui.engine.context import Limits
from tui.platform import control as m

ARGUMENTS = (sys.executable, "-c", "import sys; print(sys.argv[1:])")


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk(Limits())
    yield desk
    await desk.context.close()


def own(desk: Desk, *command: str, url: str = "", patience: float = 20.0) -> OwnActions:
    opener = (*ARGUMENTS, "open")
    action = OwnAction("crm", title="The CRM", command=command, url=url)
    return OwnActions(desk.calls, (action,), opener, patience=patience)


async def said(actions: OwnActions) -> dict[str, str]:
    """What came of it, with the id of the sentence."""
    result = await actions.run("crm", "")
    assert result.message is not None
    return {"id": result.message.id, **dict(result.message.values)}


async def test_the_calls_values_are_arguments_of_their_own(desk: Desk) -> None:
    desk.calls.note(CC, "header", sip.Headers([("X-Case", "7; reboot $(id)")]))
    desk.says(m.NewCall(CC, CUSTOMER))
    actions = own(desk, *ARGUMENTS, "{number}", "--case={header:X-Case}", "{name}")
    assert await said(actions) == {
        "id": "own.said",
        "name": "The CRM",
        "said": f"['{CUSTOMER}', '--case=7; reboot $(id)', '']",
    }


async def test_in_a_url_they_are_escaped_and_the_opener_gets_it(desk: Desk) -> None:
    desk.calls.note(CC, "attribute", (("p", "a b&c"),))
    desk.says(m.NewCall(CC, CUSTOMER))
    actions = own(desk, url="crm:open?n={number}&p={attribute:p}")
    found = await said(actions)
    assert found["said"] == f"['open', 'crm:open?n={CUSTOMER}&p=a%20b%26c']"


async def test_a_program_that_fails_says_its_code_and_its_last_words(desk: Desk) -> None:
    code = "import sys; print('first'); print('no such customer'); sys.exit(3)"
    actions = own(desk, sys.executable, "-c", code)
    assert await said(actions) == {
        "id": "own.failed",
        "name": "The CRM",
        "code": "3",
        "said": "no such customer",
    }
    assert not (await actions.run("crm", "")).ok


async def test_one_that_says_nothing_is_done_and_one_that_is_not_there_says_why(
    desk: Desk,
) -> None:
    assert (await said(own(desk, sys.executable, "-c", "")))["id"] == "own.done"
    missing = await said(own(desk, "/nowhere/at/all"))
    assert (missing["id"], missing["program"]) == ("own.not_started", "/nowhere/at/all")
    unknown = await own(desk, "x").run("other", "")
    assert unknown.message is not None
    assert unknown.message.id == "own.unknown"


async def test_one_that_goes_on_is_left_alone_and_said_to_run(desk: Desk) -> None:
    actions = own(desk, sys.executable, "-c", "", patience=0.0)
    assert (await said(actions))["id"] == "own.still_runs"


async def test_what_it_says_is_cleaned_and_much_of_it_is_not_kept(desk: Desk) -> None:
    code = r"print('\x1b]0;x\x07bold'); print('y' * 10**6)"
    assert (await said(own(desk, sys.executable, "-c", code)))["said"] == "bold"
