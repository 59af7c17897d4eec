"""The bundle of a desk that had a call."""

from __future__ import annotations

import zipfile
from pathlib import Path

from tests.e2e.box import Box, Desk
from tests.waiting import until
from tui.port import commands as c
from tui.port.machines.call_machine import CallState

CUSTOMER = "12000054321"


async def bundle_of_a_call(box: Box, desk: Desk, path: Path) -> dict[str, str]:
    """Its files, of a desk that has just had a call from a customer."""
    await box.ring("1001", number=CUSTOMER)
    await desk.state(CallState.RINGING)
    assert (await desk.engine.execute(c.Answer())).ok
    await desk.audio()
    await until(lambda: desk.snapshot.quality is not None)
    assert (await desk.engine.execute(c.HangUp())).ok
    await desk.state(CallState.ENDED)
    written = await desk.engine.execute(c.WriteBundle(str(path)))
    assert written.ok
    assert written.code == path.stat().st_size
    with zipfile.ZipFile(path) as bundle:
        return {name: bundle.read(name).decode() for name in bundle.namelist()}
