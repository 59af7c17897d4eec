"""An account is one on this machine however its platform's address is written: a second engine for
it would sign in beside the first, and the platform would put that one out, with its call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tui.config.paths import Paths
from tui.config.schema import AudioSettings, Config
from tui.engine.engine import Engine
from tui.port.commands import Result, SignIn
from tui.port.values import message
from tui.port.wire.sockets import account_key
from tui.secrets import Secret

AS_BEFORE = "https://platform.example"
SPELLINGS = (
    *(
        "https://platform.example/",
        "platform.example",
        " https:/platform.example ",
        "PLATFORM.example",
    ),
    *("https://platform.example:443", "platform.example:443/", "ｈｔｔｐｓ：／／platform.example"),
)


class Door:
    """Who has which account; it lets nobody sign in."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    async def claim(self, account: SignIn) -> Result | None:
        self.keys.append(account_key(account))
        return Result(False, message("engine.elsewhere", socket="x"))


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    paths = Paths(*(tmp_path / name for name in ("config", "state", "runtime", "data"))).prepare()
    engine = Engine(Config(audio=AudioSettings(input="none", output="none")), paths=paths)
    yield engine
    await engine.close()


async def _key(engine: Engine, backend: str, kind: str = "platform2", un: str = "1001") -> str:
    door = Door()
    engine.claim = door.claim
    command = SignIn(
        un=un, pwd=Secret("hush"), switchnumber="02500001234", backend=backend, kind=kind
    )
    result = await engine.execute(command)
    assert result.message is not None
    assert result.message.id == "engine.elsewhere"
    return door.keys[0]


@pytest.mark.parametrize("backend", SPELLINGS)
async def test_an_account_is_one_however_its_backend_is_written(
    engine: Engine, backend: str
) -> None:
    assert await _key(engine, backend) == await _key(engine, AS_BEFORE)


async def test_it_has_the_name_that_it_had(engine: Engine) -> None:
    command = SignIn(un="1001", pwd=Secret(), switchnumber="02500001234", backend=AS_BEFORE)
    assert await _key(engine, AS_BEFORE) == account_key(command)


@pytest.mark.parametrize(
    "backend", ["https://platform.example:8443", "https://other.example", "platform.example/two"]
)
async def test_another_platform_is_another_account(engine: Engine, backend: str) -> None:
    assert await _key(engine, backend) != await _key(engine, AS_BEFORE)


async def test_at_a_pbx_the_line_is_the_account(engine: Engine) -> None:
    one, two = "wss://pbx.example/ws", "wss://pbx.example/other"
    keys = [await _key(engine, each, "sip", "1001@pbx.example") for each in (one, two, one)]
    assert keys[0] == keys[2]
    assert keys[0] != keys[1]
