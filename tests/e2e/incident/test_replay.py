"""The bundle of a real call on the console again."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.box import Box, Desk
from tests.e2e.incident.bundle import bundle_of_a_call
from tests.waiting import press, quiet, until
from tui.config.schema import Config, UiSettings
from tui.console.replay.app import ReplayApp
from tui.console.replay.player import Player
from tui.console.replay.recorded import read
from tui.port.commands import GetLadder
from tui.port.ladder import Ladder, RungKind
from tui.port.machines.call_machine import CallState


async def test_a_real_call_rings_talks_and_ends_again_and_back(
    box: Box, desk: Desk, tmp_path: Path
) -> None:
    path = tmp_path / "bundle.zip"
    await bundle_of_a_call(box, desk, path)
    live = (await desk.engine.execute(GetLadder())).value
    assert isinstance(live, Ladder)
    recorded = read(path)
    assert not recorded.skipped
    player = Player(recorded)
    # What is told of the live engine is told of its bundle too.
    player.seek(recorded.ended)
    told, replayed = (
        [rung.text.split()[0] for rung in ladder.rungs if rung.kind is RungKind.SIP]
        for ladder in (live, player.ladder)
    )
    assert replayed == told[: len(replayed)]
    assert "BYE" in replayed
    player.seek(recorded.began)
    app = ReplayApp(player, Config(ui=UiSettings(language="en")))
    async with app.run_test(size=(120, 40)):
        await quiet(app)
        forwards = await _walk(app, "right", lambda: player.at_end)
        words = [word for word in ("RINGING", "TALKING", "CALL ENDED") if word in forwards]
        assert words[:2] == ["RINGING", "TALKING"]
        assert app.view.snapshot.call is not None
        assert app.view.snapshot.call.state is CallState.ENDED
        assert "BYE" in _screen(app)
        backwards = await _walk(app, "left", lambda: not player.count)
        assert "TALKING" in backwards
        assert backwards.rindex("TALKING") < backwards.rindex("RINGING")
        assert app.view.snapshot.call is None


async def _walk(app: ReplayApp, key: str, done: object) -> str:
    """Press that key until it is done; the state's word at each step."""
    seen = []
    assert callable(done)
    while not done():
        await press(app, key)
        await until(lambda: app.view.snapshot == app.player.snapshot())
        await quiet(app)
        seen.append(_screen(app).splitlines()[1])
    return "\n".join(seen)


def _screen(app: ReplayApp) -> str:
    lines = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in line) for line in lines)
