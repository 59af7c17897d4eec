"""Screen pop: the right program at the right moment, never a shell, never a wait."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.engine.desk import CC, CUSTOMER, Desk
from tests.waiting import until
from tui.config.schema import PopSettings
from tui.engine.agent import screen_pop as pop
from tui.engine.agent.screen_pop import ScreenPop
from tui.engine.agent.templates import arguments
from tui.engine.context import Limits
from tui.port import replace
from tui.port.machines.call_machine import CallState
from tui.port.snapshot import Call, CallEnd
from tui.port.values import message

VALUES = {"number": CUSTOMER, "ccnumber": CC, "group": "售前 & more", "reason": "25"}
WRITE = "import sys; open(sys.argv[1], 'w').write('\\n'.join(sys.argv[2:]))"
RINGING = Call("1", CallState.RINGING, False, CUSTOMER, 1.0, 1.0, ccnumber=CC, group="Pre-sales")
TALKING = replace(RINGING, state=CallState.TALKING, answered=2.0)
ENDED = replace(
    TALKING, state=CallState.ENDED, end=CallEnd(25), outcome=message("ended.25", code=25)
)


def program(path: Path, *words: str) -> tuple[str, ...]:
    """Writes its arguments into a file beside, then puts it in place."""
    code = WRITE + "; import os; os.rename(sys.argv[1], sys.argv[1][:-4])"
    return (sys.executable, "-c", code, f"{path}.tmp", *words)


def pops(**settings: object) -> ScreenPop:
    return ScreenPop(Desk(Limits()).calls, PopSettings(**settings))  # type: ignore[arg-type]


def test_values_become_arguments_of_their_own() -> None:
    template = ("crm", "--caller", "{number}", "{group}/{ccnumber}", "{reason}")
    assert arguments(template, VALUES, ("open",)) == (
        *("crm", "--caller", CUSTOMER),
        *(f"售前 & more/{CC}", "25"),
    )


def test_a_url_is_opened_with_every_value_encoded() -> None:
    template = ("https://crm.example/?n={number}&g={group}",)
    assert arguments(template, VALUES, ("open", "-u")) == (
        *("open", "-u"),
        f"https://crm.example/?n={CUSTOMER}&g=%E5%94%AE%E5%89%8D%20%26%20more",
    )


@pytest.mark.parametrize("number", ["$(reboot)", "`reboot`", "1; reboot", "1\n2", "a b", "{group}"])
def test_a_number_stays_one_argument_and_is_never_read_again(number: str) -> None:
    assert arguments(("crm", "{number}"), {**VALUES, "number": number}, ()) == ("crm", number)
    assert arguments(("x://h/{number}",), {**VALUES, "number": number}, ("o",))[1].isascii()


def test_a_value_never_becomes_an_option_nor_the_program() -> None:
    values = {**VALUES, "number": "--delete-all"}
    assert arguments(("crm", "{number}", "-n{number}"), values, ()) == (
        *("crm", "delete-all"),
        "-n--delete-all",
    )
    assert arguments(("{number}", "x"), values, ())[0] == "{number}"


async def test_each_moment_has_its_own_program(tmp_path: Path) -> None:
    names = ("ringing", "answered", "ended")
    room = pops(**{n: program(tmp_path / n, n, "{number}", "{group}", "{reason}") for n in names})
    room.call_changed(None, RINGING)
    room.call_changed(RINGING, replace(RINGING, state=CallState.ANSWERING))
    room.call_changed(replace(RINGING, state=CallState.ANSWERING), TALKING)
    room.call_changed(TALKING, replace(TALKING, state=CallState.HOLDING))
    room.call_changed(replace(TALKING, state=CallState.HOLDING), TALKING)
    room.call_changed(TALKING, ENDED)
    await until(lambda: all((tmp_path / name).exists() for name in names))
    assert (tmp_path / "ringing").read_text().split("\n") == ["ringing", CUSTOMER, "Pre-sales", ""]
    assert (tmp_path / "answered").read_text().split("\n")[0] == "answered"
    assert (tmp_path / "ended").read_text().split("\n")[3] == "25"


def test_nothing_starts_without_a_template(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    monkeypatch.setattr("threading.Thread", lambda **options: started.append(options))
    room = pops()
    room.call_changed(None, RINGING)
    room.call_changed(TALKING, ENDED)
    assert started == []


async def test_a_program_that_does_not_end_holds_up_nobody_and_has_no_terminal(
    tmp_path: Path,
) -> None:
    gate, out = tmp_path / "gate", tmp_path / "out"
    os.mkfifo(gate)
    code = (
        "import os, sys; t = open(sys.argv[2] + '.tmp', 'w');"
        "print(os.getsid(0) == os.getpid(), os.readlink('/proc/self/fd/0'), file=t); t.close();"
        "os.rename(sys.argv[2] + '.tmp', sys.argv[2]); open(sys.argv[1]).read()"
    )
    room = pops(ringing=(sys.executable, "-c", code, str(gate), str(out)))
    began = time.monotonic()
    room.call_changed(None, RINGING)
    assert time.monotonic() - began < 1
    await until(out.exists)
    assert out.read_text().split() == ["True", os.devnull]
    gate.open("w").close()
    await until(lambda: not [thread for thread in threading.enumerate() if thread.name == "pop"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((sys.executable, "-c", "raise SystemExit(3)"), "ended with 3"),
        (("/nowhere/at/all",), "did not start"),
    ],
)
async def test_what_fails_is_logged(
    words: tuple[str, ...], says: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        pops(ringing=words).call_changed(None, RINGING)
        await until(lambda: says in caplog.text)
    assert CUSTOMER not in caplog.text


async def test_no_more_than_a_few_run_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ended = threading.Event()

    class Endless:
        def __init__(self, *arguments: object, **options: object) -> None: ...

        def wait(self) -> int:
            ended.wait(10)
            return 0

    monkeypatch.setattr("subprocess.Popen", Endless)
    room = pops(ringing=("crm",))
    with caplog.at_level(logging.WARNING):
        for _ in range(pop.MOST + 1):
            room.call_changed(None, RINGING)
    assert "still run" in caplog.text
    ended.set()
    await until(lambda: not [thread for thread in threading.enumerate() if thread.name == "pop"])
