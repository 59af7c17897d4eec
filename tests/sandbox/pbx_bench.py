"""The sandbox's PBX on a bench: the test moves its clock."""

from __future__ import annotations

import random

from tui.platform import messages as m
from tui.sandbox.fixtures import SALES, Fixtures
from tui.sandbox.pbx.actions import PbxAction, Say
from tui.sandbox.pbx.dialplan import Behaviour
from tui.sandbox.pbx.pbx import Pbx


class Bench:
    """A PBX whose clock the test moves."""

    def __init__(self, auto_call: float | None = None) -> None:
        self.pbx = Pbx(
            Fixtures(), rng=random.Random(1), auto_call=auto_call, wall=lambda: 1_800_000_000_000
        )
        self.now = 100.0
        self.done: list[PbxAction] = []

    def drain(self) -> list[PbxAction]:
        new = list(self.pbx.actions())
        self.done += new
        return new

    def said(self, un: str) -> list[object]:
        """What an agent was told since the last look, repeats written out."""
        return [
            each.message
            for each in self.drain()
            if isinstance(each, Say) and each.un == un
            for _ in range(each.copies)
        ]

    def wait(self, seconds: float) -> None:
        end = self.now + seconds
        while (due := self.pbx.next_deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            self.pbx.handle_timeout(self.now)
        self.now = end

    def sign_in(self, un: str, gid: str = SALES) -> None:
        self.pbx.presence.registered(un, self.now, fresh=True)
        for message in (m.SetStatus(1), m.SetSeatMode(True), m.JoinGroup(gid, "61234")):
            self.pbx.commands.receive(un, message, self.now)
        self.wait(0.3)
        self.drain()

    def tell(self, un: str, message: m.AgentMessage) -> None:
        self.pbx.commands.receive(un, message, self.now)

    def up(self, un: str = "1001") -> str:
        """A customer's call that is up."""
        cc = self.pbx.queue.ring("12000000001", Behaviour(), self.now, target=un)
        self.tell(un, m.Answer(cc))
        self.pbx.legs.up(cc, un, self.now)
        self.drain()
        return cc
