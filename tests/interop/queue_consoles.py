"""Agents of a PBX's queue as people are: `yimi` in terminals of 80×24, whose keys are pressed and
whose screens are read; and what `queue show` says, in the words of those screens."""

from __future__ import annotations

import asyncio
import re
import wave
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.e2e.hearing import share_of
from tests.e2e.pty_console import PtyConsole, end_engines
from tests.interop.asterisk_pbx import Asterisk
from tests.waiting import until
from tui.console.keys.key_meanings import STEADY

PATIENCE = 60.0
"""Seconds for a fact: more than a machine needs that does other work besides."""
BACK = 90.0
"""Seconds for desks to be back after a restart: a line that was refused is dialled again within
half a minute."""
HAND = STEADY + 0.1
"""Seconds between reading a screen and a key: what comes sooner after a change may have been meant
for what was before, and is not taken."""
BETWEEN = 0.05
"""Seconds between two looks at a screen."""
HEARD = 0.5
"""Seconds of a tone that prove it, and the share of it in them."""
KEYS = {
    "enter": b"\r",
    "escape": b"\x1b",
    "F4": b"\x1bOS",
    "F5": b"\x1b[15~",
    "F8": b"\x1b[19~",
    "F9": b"\x1b[20~",
    "F12": b"\x1b[24~",
    "^Q": b"\x11",
}
DEVICES = {
    "IDLE": "Not in use",
    "BUSY": "Not in use",
    "WRAP-UP": "Not in use",
    "RINGING": "Ringing",
    "TALKING": "In use",
}
"""What Asterisk calls the phone of a seat in that state."""
REASONS = {
    "lunch": ("Lunch",),
    "write-up": ("wrap-up",),
    # Whoever declines is paused for that, also who is paused already and has said so here.
    "Auto-Pause": ("a call was not answered", ""),
    "meeting": ("not asked for here",),
    # What a member of the file is paused for is forgotten by a reload.
    "": ("", "Lunch"),
}
"""Why a member is paused, in Asterisk's word and in those that a screen may have for it."""


@dataclass(frozen=True)
class Said:
    """What is said of one agent in the queue."""

    seat: str
    device: str
    queue: str
    reason: str
    lamp: str
    """Whether somebody in the queue is free."""


class ConsoleDesk:
    """One agent, with a home, a config and a terminal of her own."""

    def __init__(self, folder: Path, user: str, config: str) -> None:
        """`config` is what stands in the config besides her voice and her ears, a tone and a
        file."""
        self.user = user
        self._folder, self._ears = folder, folder / "heard.wav"
        written = folder / "config" / "config.toml"
        written.parent.mkdir(parents=True)
        sound = f'[audio]\ninput = "tone:1200"\noutput = "file:{self._ears}"\n'
        written.write_text(f"{sound}{config}")
        self._console = PtyConsole(folder, "--profile", "pbx", home=folder)

    # ------------------------------------------------------------ hands, eyes, ears

    @property
    def screen(self) -> str:
        return self._console.screen

    async def sees(self, *words: str) -> None:
        """Wait until all the words stand on the screen."""
        await self._until(lambda: all(word in self.screen for word in words), f"{words}")

    async def sees_no_more(self, word: str) -> None:
        """Wait until the word stands on the screen no more."""
        await self._until(lambda: word not in self.screen, f"no {word}")

    async def _until(self, fact: Callable[[], bool], what: str) -> None:
        def told() -> str:
            return f"{what} at {self.user}:\n{self.screen}"

        await until(fact, PATIENCE, what=told, interval=BETWEEN)

    async def press(self, key: str) -> None:
        """A key, by a hand that has looked."""
        await asyncio.sleep(HAND)
        self._console.press(KEYS.get(key, key.encode()))

    def _heard(self) -> float:
        """How many seconds were heard until now."""
        try:
            with wave.open(str(self._ears), "rb") as file:
                return file.getnframes() / file.getframerate()
        except (OSError, EOFError, wave.Error):
            return 0.0

    # ------------------------------------------------------------ what agents do

    async def signs_in(self, password: str) -> None:
        await self.sees("Sign in", "Password")
        await self.press(password)
        await self.press("enter")
        await self.sees("Skip the tour")
        await self.press("escape")

    async def answers(self, hz: int) -> None:
        """Take the call that rings, and talk until that tone is heard."""
        await self.sees("RINGING")
        before = self._heard()
        await self.press("F5")
        await self.sees("TALKING")
        await self._until(lambda: self._hears(hz, before), f"{hz} Hz")

    def _hears(self, hz: int, since: float) -> bool:
        return self._heard() - since >= HEARD and share_of(self._ears, hz, HEARD) >= HEARD

    async def hangs_up(self) -> None:
        await self.press("F8")
        await self.sees_no_more("TALKING")

    async def goes_to_lunch(self) -> None:
        await self.press("F9")
        await self.sees("Busy, for what?", "1  Lunch")
        await self.press("1")

    async def hands_over_to(self, number: str) -> None:
        await self.press("F4")
        await self.sees("whom?")
        await self.press(number)
        await self.sees(f"Outside number {number}")
        await self.press("enter")
        await self.sees("1 hand the call over")
        await self.press("1")

    async def signs_out(self) -> None:
        """Sign out and end; the terminal is left in order."""
        await self.press("^Q")
        await self.sees("Leave?", "2 Sign out")
        await self.press("2")
        assert await self._console.ended(PATIENCE) == 0
        assert self._console.left_behind() == {}

    # ------------------------------------------------------------ what the screen says

    def says(self) -> Said | None:
        """What the screen says on top and in the list; None while these differ."""
        rows = self.screen.splitlines()
        top = re.search(r" · Support (\S+(?: \S+)*)", rows[0]) if rows else None
        listed = re.search(
            r"^  Support +(\S+(?: \S+)*) +\d+:\d\d( .*)\n(.*)", self.screen, re.MULTILINE
        )
        if top is None or listed is None or top[1] != listed[1]:
            return None
        seat = next((word for word in DEVICES if rows[1].startswith(f" {word} ")), "")
        reason, _, lamp = (listed[2].strip() or listed[3].strip()).rpartition(" · ")
        return Said(seat, DEVICES.get(seat, ""), top[1], reason, lamp)

    async def end(self) -> None:
        """End console and engine, whatever they do."""
        await self._console.close()
        await end_engines(self._folder)


@asynccontextmanager
async def at_console(folder: Path, user: str, config: str) -> AsyncIterator[ConsoleDesk]:
    """That agent's console, before the sign-in."""
    desk = ConsoleDesk(folder / f"home-{user}", user, config)
    try:
        yield desk
    finally:
        await desk.end()


class Hour:
    """Two agents in one queue, and the question that is asked after each step."""

    def __init__(self, pbx: Asterisk, wang: ConsoleDesk, li: ConsoleDesk) -> None:
        self.pbx, self.wang, self.li = pbx, wang, li
        self._lamp_counts = True

    def other(self, desk: ConsoleDesk) -> ConsoleDesk:
        """The one who sits at the other desk."""
        return self.li if desk is self.wang else self.wang

    async def who_rings(self) -> ConsoleDesk:
        """Wait until a call rings at a desk: that one."""

        def ringing() -> list[ConsoleDesk]:
            return [desk for desk in (self.wang, self.li) if "RINGING" in desk.screen]

        return (await until(ringing, PATIENCE, interval=BETWEEN))[0]

    async def reload(self) -> None:
        """Have Asterisk read `queues.conf` again. From then on the queue's lamp says that nobody is
        free, until a member's phone changes: that is Asterisk's doing, not the screen's."""
        await self.pbx.cli("queue reload all")
        self._lamp_counts = False

    async def step(self, seats: Mapping[ConsoleDesk, str], seconds: float = PATIENCE) -> None:
        """Wait until the screens say these states, and `queue show` says of each agent what her
        screen says."""
        self._lamp_counts = self._lamp_counts or "RINGING" in seats.values()
        compared: list[Said] = []

        async def agree() -> bool:
            screens = self._screens(seats)
            if [each.seat for each in screens] != list(seats.values()):
                return False
            queue = await self._queue(seats, screens)
            compared[:] = [*screens, *queue]
            return screens == queue and screens == self._screens(seats)

        def told() -> str:
            wanted = {desk.user: seat for desk, seat in seats.items()}
            return "\n".join([f"{wanted}", *map(str, compared), *(desk.screen for desk in seats)])

        await until(agree, seconds, what=told, interval=BETWEEN)

    def _screens(self, desks: Iterable[ConsoleDesk]) -> list[Said]:
        """What those screens say that can be read now."""
        return [self._counted(said) for desk in desks if (said := desk.says()) is not None]

    async def _queue(self, desks: Iterable[ConsoleDesk], read: Iterable[Said]) -> list[Said]:
        """What Asterisk says of each agent who reads that on her screen."""
        shown = await self.pbx.cli("queue show support")
        both = zip(desks, read, strict=True)
        return [self._counted(_in_words(shown, desk.user, said)) for desk, said in both]

    def _counted(self, said: Said) -> Said:
        return said if self._lamp_counts else replace(said, lamp="")


def _in_words(shown: str, user: str, read: Said) -> Said:
    """What `queue show` says of that user, in the words of a screen that says `read`."""
    members = [line.strip() for line in shown.splitlines() if line.strip().startswith("PJSIP/")]
    free = any("(paused" not in line and "(Not in use)" in line for line in members)
    own = next((line for line in members if line.startswith(f"PJSIP/{user} ")), "")
    paused = re.search(r"\(paused(?::(\S+))? was", own)
    reasons = REASONS[paused[1] or ""] if paused else ("", "not asked for here")
    return Said(
        seat=read.seat,
        device=next((word for word in DEVICES.values() if f"({word})" in own), own),
        queue="paused" if paused else "takes calls" if own else "not in it",
        reason=read.reason if read.reason in reasons else reasons[0],
        lamp="somebody is free" if free else "nobody is free",
    )
