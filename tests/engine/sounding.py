"""A call with a leg whose counters and addresses a test sets: for what the engine concludes."""

from __future__ import annotations

from typing import Any

from tests.engine.desk import CC, CUSTOMER, Desk, Phone
from tui import sip
from tui.config.schema import AudioSettings
from tui.engine.audio.devices import SoundDevices
from tui.engine.audio.leg_entry import LegEntry
from tui.engine.audio.leg_machine import LegPhase
from tui.engine.audio.legs import Legs
from tui.engine.audio.network_watch import NetworkWatch
from tui.engine.audio.quality_monitor import QualityMonitor
from tui.engine.context import Limits
from tui.media.rtp.statistics import Statistics
from tui.media.sdp.direction import Direction
from tui.platform import control as m
from tui.port.events import Event, NoticeChanged
from tui.port.snapshot import Call
from tui.port.values import Leg

NEVER = 3600.0
"""The engine's own timers do not come in a test: it looks when it is told to."""


class Media:
    """Of a leg what the engine asks; `said` is what it was asked, in order."""

    def __init__(self) -> None:
        self.figures: dict[str, Any] = {"codec": "opus", "rtt": 20.0, "delay": 45.0}
        self.level = 0.0
        self.direction = Direction.SENDRECV
        self.held = self.muted = False
        self.decrypted = True
        self.local_address: tuple[str, int] | None = ("192.0.2.10", 40000)
        self.said: list[str] = []
        self.servers: list[Any] = []

    def statistics(self) -> Statistics:
        return Statistics(**self.figures)

    def spoken(self) -> float:
        return self.level

    def mute(self, on: bool) -> None:
        self.muted = on

    def hold(self, on: bool) -> None:
        self.held = on

    async def restart(self, ice_servers: list[Any]) -> str:
        self.said.append("restart")
        self.servers = ice_servers
        return "v=0 restart"

    async def reoffer(self, direction: str) -> str:
        self.said.append(f"reoffer {direction}")
        return "v=0"

    async def apply(self, answer: str) -> None:
        self.said.append("apply")
        if "bad" in answer:
            raise ValueError("not a description")

    def withdraw(self) -> None:
        self.said.append("withdraw")

    async def close(self) -> None:
        self.said.append("close")


class Line(Phone):
    """Of the user agent what legs ask."""

    def __init__(self) -> None:
        super().__init__()
        self.offers: list[str] = []
        self.ended: list[str] = []
        self.fails = False

    def reinvite(self, call: str, sdp: bytes) -> None:
        if self.fails:
            raise sip.LocalProtocolError("a re-INVITE is under way")
        self.offers.append(sdp.decode())

    def bye(self, call: str, reason: str = "") -> None:
        self.ended.append(call)


class Owner:
    """Whose leg it is: `lasting` as at a PBX, or not, as at a platform."""

    lasting = False

    def renegotiated(self, leg: LegEntry) -> None:
        pass

    def leg_gone(self, leg: LegEntry, state: Leg) -> None:
        raise AssertionError("the leg's own media says so, and here is none")


class Flow:
    """The signalling's connection."""

    def __init__(self) -> None:
        self.local_address = "192.0.2.10"
        self.redialled = 0

    def redial(self, reason: str) -> None:
        self.redialled += 1


class Sounding:
    """The desk, a call that is up, its leg, and the two who look at it."""

    def __init__(self) -> None:
        self.desk = Desk(Limits(quality=NEVER, network=NEVER, leg_without_end=0.01))
        devices = SoundDevices(
            self.desk.context, AudioSettings(input="none", output="none", ring=False)
        )
        self.phone = Line()
        self.audio = Legs(self.desk.calls, devices, self.phone)
        self.owner = Owner()
        self.media = Media()
        self.quality = QualityMonitor(self.audio)
        self.addresses = {"127.0.0.1", "192.0.2.10"}
        self.flow = Flow()
        self.renewed: list[str] = []
        self.network = NetworkWatch(
            self.audio, lambda: self.flow, self.renewed.append, lambda: self.addresses
        )
        self.desk.calls.listen(self.quality.call_changed)
        self.desk.calls.listen(self.network.call_changed)
        self.desk.says(m.NewCall(CC, CUSTOMER), m.Answered(CC, CUSTOMER))
        self.entry = LegEntry("1", self.call.key, self.owner, media=self.media, phase=LegPhase.UP)  # type: ignore[arg-type]
        self.audio._legs["1"] = self.entry
        self.desk.calls.put(self.call, leg=Leg.CONNECTED)
        self.desk.heard.clear()

    @property
    def call(self) -> Call:
        return self.desk.call

    @property
    def notices(self) -> list[str]:
        return [event.notice.message.id for event in self.desk.facts(NoticeChanged) if event.notice]

    def heard(self, name: str) -> list[Event]:
        return [event for event in self.desk.heard if type(event).__name__ == name]

    def looks(self, seconds: int, *, lost: int = 0, **figures: Any) -> None:
        """Seconds go by with 50 packets each, and the quality is looked at in each."""
        known = self.media.figures
        known.update(figures)
        for _ in range(seconds):
            self.desk.now += 1
            for name, count in (("sent", 50), ("received", 50 - lost), ("lost", lost)):
                known[name] = known.get(name, 0) + count
            known.setdefault("last_packet_age", 0.01)
            known.setdefault("silence_in", 0.0)
            known.setdefault("silence_out", 0.0)
            self.quality.look()

    async def close(self) -> None:
        await self.audio.close()
        await self.desk.context.close()
