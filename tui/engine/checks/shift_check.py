"""The check before the shift: which checks there are, in which order, for one account and one
machine."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tui.config.provision.kept_copy import last_look
from tui.config.schema import Profile
from tui.engine.checks import loop_call, machine, network, reach, sound, world
from tui.engine.checks.account import AccountProbe
from tui.engine.checks.runner import Finding, Step, ok, warn
from tui.engine.session.platform_factory import relays
from tui.platform.web.proxies import proxy_for
from tui.port.values import HEADSET, VOIP
from tui.sip.transport.address import is_local

if TYPE_CHECKING:
    from tui.config.schema import AudioSettings, Config, Paths
    from tui.platform.base import Platform
    from tui.port.commands import SignIn
    from tui.port.values import Connection

IDS: Final = (
    *("disk", "libraries", "opus", "names", "tls", "account", "websocket", "registration"),
    *("clock", "ice", "voice", "microphone", "speaker", "ring", "call"),
)
"""The checks in their order; the title of each is the message `check.title.ID`. Before them stands
`settings`, where these come from a server."""


@dataclass(frozen=True)
class Probes:
    """What the checks do outside of this process; tests put something else in."""

    resolve: network.Resolve = world.resolve
    handshake: network.Handshake = world.handshake
    dial: network.Dial = world.dial
    server_clock: Callable[[str], Any] = world.server_clock
    wall: Callable[[], float] = world.wall
    monotonic: Callable[[], float] = world.monotonic
    gather: reach.Gather = reach.gather
    load: Callable[[str], Any] = importlib.import_module


def probes_of(config: Config) -> Probes:
    """The world, trusting whom the config does."""
    ca_file = config.tls.ca_file
    return Probes(
        handshake=partial(world.handshake, ca_file=ca_file),
        dial=partial(world.dial, ca_file=ca_file),
    )


@dataclass(frozen=True)
class Subject:
    """What is checked. Outside a session `sign_in` is what would be signed in with, or None; in
    one, `connection` tells how its connection stands and `url` where it leads."""

    config: Config
    paths: Paths
    make_platform: Callable[[SignIn], Platform]
    sign_in: SignIn | None = None
    connection: Callable[[], Connection] | None = None
    url: str = ""
    server: str = ""
    """The PulseAudio that carries the voice; "" for this machine's own sound."""
    headset: sound.ProbedHeadset | None = None
    """The headset that carries the voice, where one does."""
    devices: AudioSettings | None = None
    """The devices in force, where they are not those of the config."""
    probes: Probes = field(default_factory=Probes)

    @property
    def profile(self) -> Profile:
        """The profile that is meant; an empty one where none is."""
        if self.sign_in is None:
            return Profile()
        asked = self.sign_in
        return self.config.profile_for(asked.kind, asked.profile, asked.un)

    async def relays_by_profile(self, sign_in: SignIn) -> bool:
        """Whether the STUN and TURN servers of that account's calls stand in its profile."""
        platform = self.make_platform(sign_in)
        await platform.close()
        return platform.relays_by_profile

    @property
    def audio(self) -> AudioSettings:
        """The devices that are meant."""
        return self.devices or self.config.audio

    @property
    def backend(self) -> str:
        """The platform's web address as it would be asked."""
        given = self.sign_in.backend if self.sign_in is not None else ""
        found = (given or self.profile.backend).strip()
        return f"https://{found}" if found and "://" not in found else found

    @property
    def voice_here(self) -> bool:
        """Whether the sound of this computer carries the calls."""
        return self.sign_in is None or self.sign_in.callintype == VOIP


class ShiftCheck:
    """The steps for a subject, and what they share."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self._dialled: network.Dialled | None = None
        known = subject.url or subject.profile.gateway
        if not known and subject.backend.startswith(("ws:", "wss:")):
            known = subject.backend
        self._account = AccountProbe(
            subject.sign_in,
            subject.make_platform,
            url=known,
            connection=subject.connection,
            ca_file=subject.config.tls.ca_file,
        )

    def steps(self) -> Sequence[Step]:
        """All checks, in order."""
        settings = self.subject.audio
        looks = {
            "disk": lambda: _in_thread(lambda: machine.disk(self.subject.paths.state)),
            "libraries": self._libraries,
            "opus": self._opus,
            "names": lambda: network.names(
                # What is behind a proxy has its name looked up there.
                [proxy_for(each) or each for each in self._addresses()],
                self._probes.resolve,
            ),
            "tls": lambda: network.certificates(
                self._addresses(ice=False), self._probes.handshake, self._probes.wall()
            ),
            "account": self._account.signs_in,
            "websocket": self._websocket,
            "registration": self._account.registers,
            "clock": self._clock,
            "ice": self._ice,
            "voice": lambda: sound.voice(
                self.subject.server, here=self.subject.voice_here, headset=self.subject.headset
            ),
            "microphone": lambda: self._with_sound(sound.microphone, settings.input),
            "speaker": lambda: self._with_sound(sound.speaker, settings.output),
            "ring": self._ring,
            "call": self._call,
        }
        steps = [Step(id, looks[id]) for id in IDS]
        if self.subject.config.provision.url:
            steps.insert(0, Step("settings", self._settings))
        return steps

    async def close(self) -> None:
        """Let go of what was opened on the way."""
        await self._account.close()

    # ------------------------------------------------------------ each

    @property
    def _probes(self) -> Probes:
        return self.subject.probes

    def _addresses(self, *, ice: bool = True) -> list[str]:
        profile, config = self.subject.profile, self.subject.config
        servers = (profile.ice_servers or config.audio.ice_servers) if ice else ()
        found = [reach.server(url) for url in servers]
        hosts = [f"{each.scheme}:{each.host}" for each in found if each is not None]
        return list(filter(None, [self.subject.backend, self._account.url, *hosts]))

    async def _settings(self) -> Finding:
        return machine.settings(last_look(self.subject.paths.state), self._probes.wall())

    async def _libraries(self) -> Finding:
        return await _in_thread(
            lambda: machine.libraries(
                self._probes.load,
                sound_wanted=self.subject.voice_here and self.subject.server != HEADSET,
            )
        )

    async def _opus(self) -> Finding:
        codecs = await asyncio.to_thread(self._probes.load, "tui.media.codec.codecs")
        return machine.opus(codecs.opus_source, codecs.opus_is_deep)

    async def _websocket(self) -> Finding:
        finding, self._dialled = await network.websocket(self._account.url, self._probes.dial)
        return finding

    async def _clock(self) -> Finding:
        async def server() -> float | None:
            if self._account.date is not None:
                return self._account.date
            if self._dialled is not None and self._dialled.date is not None:
                return self._dialled.date
            told: float | None = await self._probes.server_clock(self.subject.backend)
            return told

        return await network.clock(server, self._probes.wall, self._probes.monotonic)

    async def _ice(self) -> Finding:
        local = is_local(self._account.url or self.subject.backend)
        return await reach.ice(await self._servers(), self._probes.gather, local=local)

    async def _servers(self) -> Sequence[str | reach.Server | None]:
        """The STUN and TURN servers of a call: a PBX's with credentials that count now."""
        subject = self.subject
        if subject.sign_in is None or not await subject.relays_by_profile(subject.sign_in):
            return subject.config.audio.ice_servers
        given = await relays(subject.config, subject.profile, self._probes.monotonic).servers()
        return [
            reach.with_credentials(each.url, each.username, each.credential.reveal())
            for each in given
        ]

    async def _with_sound(self, check: Any, setting: str) -> Finding:
        if not self.subject.voice_here:
            return ok("check.sound.elsewhere")
        if self.subject.headset is not None:
            through: Finding = await check("", self.subject.headset.open_sound)
            return through
        if self.subject.server == HEADSET:
            return warn("headset.later")
        module = await asyncio.to_thread(self._probes.load, "tui.media.device.sound")
        found: Finding = await check(setting, module.open_sound)
        return found

    async def _ring(self) -> Finding:
        settings = self.subject.audio

        async def look(setting: str, open_sound: sound.Open) -> Finding:
            return await sound.ring_device(setting, settings.output, settings.ring, open_sound)

        return await self._with_sound(look, settings.ring_device)

    async def _call(self) -> Finding:
        load = self._probes.load
        names = ("leg.leg", "pcm.sources", "pcm.sinks", "e_model")
        modules = [await asyncio.to_thread(load, f"tui.media.{name}") for name in names]
        leg, sources, sinks, quality = modules

        def make() -> Any:
            return leg.AudioLeg(
                source=sources.ToneSource(440.0), sink=sinks.NullSink(), loopback=True
            )

        def rate(statistics: Any) -> float | None:
            mos: float = quality.rate(
                rtt=statistics.rtt,
                playout=statistics.delay,
                loss=statistics.concealed,
                name=statistics.codec,
            )
            return mos

        return await loop_call.loop_call(make, rate)


async def _in_thread(work: Callable[[], Any]) -> Finding:
    """What imports something heavy is done beside the event loop."""
    found: Finding = await asyncio.to_thread(work)
    return found
