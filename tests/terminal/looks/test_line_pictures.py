"""A phone of one's own, and the check before the shift, as pictures."""

from __future__ import annotations

import pytest

from tests.terminal import languages
from tests.terminal.kept import drawn, look
from tui.config.schema import Config, UiSettings

NARROW, WIDE = (80, 24), (120, 40)
PICTURES: dict[str, tuple[str, tuple[int, int], tuple[str, ...]]] = {
    "lines-80x24": ("lines", NARROW, ()),
    "lines-120x40": ("lines", WIDE, ()),
    "waiting-marked": ("line-waiting-marked", NARROW, ()),
    "joined": ("lines-joined", NARROW, ()),
    "transfer-120x40": ("lines", WIDE, ("f4",)),
    "question": ("question", NARROW, ()),
    "sign-in-own": ("sign-in-own", NARROW, ()),
    "check-80x24": ("checked", NARROW, ("ctrl+t",)),
    "check-120x40": ("checked", WIDE, ("ctrl+t",)),
}


CONFIG = Config(ui=UiSettings(language="en"))


@pytest.mark.parametrize("name", PICTURES)
async def test_a_picture(console, kept, name: str) -> None:
    state, size, keys = PICTURES[name]
    snapshot, options = languages.states("en")[state]
    port = languages.port("en", snapshot)
    async with console(port=port, size=size, config=CONFIG, **options) as c:
        await c.press(*keys)
        await c.rest()
        kept({f"lines/{name}": look({c.app.theme: drawn(c.app)})})
