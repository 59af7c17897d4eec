"""The check before the shift: each check by itself with a world of its own, the row of them, and
what the engine makes of it."""

from __future__ import annotations

import asyncio
import ssl
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tui.config.paths import Paths
from tui.config.schema import Config, Profile
from tui.engine.checks import machine, network, reach, sound
from tui.engine.checks.commands import CheckCommands
from tui.engine.checks.loop_call import loop_call
from tui.engine.checks.runner import Course, Finding, Step, fail, ok, passed, warn, worst
from tui.engine.checks.shift_check import Probes, ShiftCheck, Subject
from tui.platform.pbx.platform import Plain, PlainSettings
from tui.port.commands import SignIn
from tui.port.values import Check, CheckState, message
from tui.secrets import Secret

DAY = 86400.0


def said(finding: Finding) -> tuple[str, str]:
    return finding.state, finding.message.id


async def no_pause(seconds: float) -> None:
    return None


# ---------------------------------------------------------------- the row


async def test_each_check_is_told_when_it_begins_and_when_it_ends() -> None:
    told: list[list[str]] = []

    async def good() -> Finding:
        return ok("check.clock.alone")

    course = Course(
        [Step("a", good), Step("b", good)], lambda checks: told.append([c.state for c in checks])
    )
    checks = await course.run()
    assert told == [
        ["waiting", "waiting"],
        ["running", "waiting"],
        ["ok", "waiting"],
        ["ok", "running"],
        ["ok", "ok"],
    ]
    assert passed(checks)


async def test_a_check_that_fails_or_hangs_is_a_finding_and_the_next_one_follows() -> None:
    async def breaks() -> Finding:
        raise RuntimeError("a driver")

    async def hangs() -> Finding:
        await asyncio.Event().wait()
        raise AssertionError

    async def good() -> Finding:
        return warn("check.names.nothing")

    row = [Step("a", breaks), Step("b", hangs, limit=0.01), Step("c", good)]
    checks = await Course(row, lambda checks: None).run()
    assert [(c.state, c.message and c.message.id) for c in checks] == [
        ("fail", "check.fault"),
        ("fail", "check.timeout"),
        ("warn", "check.names.nothing"),
    ]
    assert not passed(checks)


async def test_what_is_broken_off_does_not_pass() -> None:
    begun = asyncio.Event()

    async def hangs() -> Finding:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    course = Course([Step("a", hangs), Step("b", hangs)], lambda checks: None)
    task = asyncio.create_task(course.run())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [c.state for c in course.checks] == ["fail", "fail"]


def test_only_a_whole_row_without_a_failure_passes() -> None:
    assert passed([Check("a", CheckState.OK), Check("b", CheckState.WARN)])
    assert not passed([])
    assert not passed([Check("a", CheckState.OK), Check("b", CheckState.RUNNING)])
    assert worst([ok("a"), fail("b"), warn("c")]).message.id == "b"


# ---------------------------------------------------------------- the network


async def test_every_host_of_the_settings_is_looked_up_once() -> None:
    asked: list[str] = []

    async def resolve(host: str) -> list[str]:
        asked.append(host)
        if host == "gone.example":
            raise OSError(-2, "Name or service not known")
        return ["192.0.2.1"]

    addresses = ["https://cc.example/x", "wss://cc.example:8443/ws", "turn:relay.example"]
    assert said(await network.names(addresses, resolve)) == ("ok", "check.names.ok")
    assert asked == ["cc.example", "relay.example"]
    missing = await network.names(["https://gone.example"], resolve)
    assert dict(missing.message.values) == {"hosts": "gone.example"}
    assert missing.state == "fail"
    assert said(await network.names([], resolve)) == ("warn", "check.names.nothing")


def refuses(error: Exception) -> network.Handshake:
    async def handshake(host: str, port: int) -> float:
        raise error

    return handshake


def _unverified() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "x")
    error.verify_message = "self-signed certificate"
    return error


@pytest.mark.parametrize(
    ("error", "id"),
    [
        (_unverified(), "check.tls.refused"),
        (ssl.SSLError(1, "wrong version"), "check.tls.broken"),
        (ConnectionRefusedError(111, "Connection refused"), "check.tls.unreachable"),
    ],
)
async def test_a_certificate_that_does_not_verify_fails(error: Exception, id: str) -> None:
    found = await network.certificates(["https://cc.example"], refuses(error), 0.0)
    assert said(found) == ("fail", id)


async def test_a_certificate_near_its_end_is_told_and_the_worst_counts() -> None:
    async def handshake(host: str, port: int) -> float:
        assert port == {"a.example": 443, "b.example": 8443}[host]
        return 100 * DAY if host == "a.example" else 3 * DAY

    good = await network.certificates(["https://a.example"], handshake, 0.0)
    assert said(good) == ("ok", "check.tls.ok")
    both = await network.certificates(["https://a.example", "wss://b.example:8443"], handshake, 0.0)
    assert said(both) == ("warn", "check.tls.soon")
    assert dict(both.message.values)["n"] == "3"


async def test_without_tls_only_this_computer_will_do() -> None:
    handshake = refuses(AssertionError())
    here = await network.certificates(["http://127.0.0.1:1"], handshake, 0.0)
    assert said(here) == ("ok", "check.tls.local")
    there = await network.certificates(["http://cc.example"], handshake, 0.0)
    assert said(there) == ("fail", "check.tls.plain")


@pytest.mark.parametrize(
    ("seconds", "state"), [(0.012, "ok"), (0.9, "warn")], ids=["quick", "slow"]
)
async def test_a_slow_round_trip_is_told(seconds: float, state: str) -> None:
    async def dial(url: str) -> network.Dialled:
        return network.Dialled(seconds)

    finding, dialled = await network.websocket("wss://cc.example", dial)
    assert finding.state == state
    assert dict(finding.message.values)["ms"] == str(round(seconds * 1000))
    assert dialled == network.Dialled(seconds)


async def test_a_websocket_that_cannot_be_opened_fails_in_our_words() -> None:
    async def dial(url: str) -> network.Dialled:
        raise network.CannotDial("the server answered 403")

    finding, dialled = await network.websocket("wss://cc.example/ws", dial)
    assert said(finding) == ("fail", "check.websocket.failed")
    assert dialled is None


@pytest.mark.parametrize(
    ("theirs", "id"),
    [
        (None, "check.clock.alone"),
        (1003.0, "check.clock.ok"),
        (1100.0, "check.clock.apart"),
        (900.0, "check.clock.apart"),
    ],
)
async def test_the_clock_is_held_against_the_servers(theirs: float | None, id: str) -> None:
    async def server() -> float | None:
        return theirs

    ticks = iter((5.0, 5.05))
    found = await network.clock(server, lambda: 1000.0, lambda: next(ticks), no_pause)
    assert found.message.id == id


async def test_a_clock_that_jumps_is_told() -> None:
    async def server() -> float | None:
        raise AssertionError

    walls, ticks = iter((1000.0, 1300.0)), iter((5.0, 5.05))
    found = await network.clock(server, lambda: next(walls), lambda: next(ticks), no_pause)
    assert said(found) == ("warn", "check.clock.jumps")


@pytest.mark.parametrize("text", [None, "", "yesterday", "Sun, 99 Foo 2026 00:00:00 GMT"])
def test_a_date_that_is_none_is_none(text: str | None) -> None:
    assert network.http_date(text) is None


def test_a_date_header_is_unix_time() -> None:
    assert network.http_date("Sun, 06 Nov 1994 08:49:37 GMT") == 784111777.0


# ---------------------------------------------------------------- reach


def gathers(**found: set[str]) -> tuple[reach.Gather, list[str]]:
    asked: list[str] = []

    async def gather(given: reach.Server | None) -> frozenset[str]:
        name = "alone" if given is None else given.host.partition(".")[0]
        asked.append(name)
        return frozenset(found.get(name, set()))

    return gather, asked


async def test_each_server_must_give_what_it_is_there_for() -> None:
    gather, asked = gathers(alone={"host"}, stun={"host", "srflx"}, relay={"host", "relay"})
    urls = ["stun:stun.example", "turn:u:p@relay.example:3478?transport=tcp"]
    found = await reach.ice(urls, gather)
    assert said(found) == ("ok", "check.ice.ok")
    assert asked == ["alone", "stun", "relay"]
    assert "p@" not in str(found)


@pytest.mark.parametrize(
    ("url", "state", "id"),
    [
        ("stun:dumb.example", "warn", "check.ice.stun_failed"),
        ("turn:u:p@dumb.example", "fail", "check.ice.turn_failed"),
        ("ftp:dumb.example", "fail", "check.ice.bad"),
    ],
)
async def test_a_server_that_gives_nothing(url: str, state: str, id: str) -> None:
    gather, _ = gathers(alone={"host"}, dumb={"host"})
    assert said(await reach.ice([url], gather)) == (state, id)


async def test_a_computer_without_an_address_fails_unless_the_platform_is_on_it() -> None:
    gather, _ = gathers(alone=set())
    assert said(await reach.ice([], gather)) == ("fail", "check.ice.no_address")
    assert said(await reach.ice([], gather, local=True)) == ("ok", "check.ice.none")


async def test_a_pbx_is_checked_with_the_relays_and_credentials_of_its_profile(
    tmp_path: Path,
) -> None:
    asked: list[reach.Server | None] = []

    async def gather(server: reach.Server | None) -> frozenset[str]:
        asked.append(server)
        return frozenset({"host", "relay", "srflx"})

    profile = Profile(
        "pbx",
        "sip",
        "wss://pbx.example/ws",
        un="1001@pbx.example",
        ice_servers=("stun:s.example", "turn:relay.example"),
        turn_username="1700000000:1001",
        turn_credential="geheim",
    )
    sign_in = SignIn("1001@pbx.example", Secret("x"), "", kind="sip")
    subject = Subject(
        Config(profiles=(profile,)),
        Paths(tmp_path, tmp_path, tmp_path, tmp_path),
        lambda command: Plain(PlainSettings()),
        sign_in,
        probes=Probes(gather=gather),
    )
    steps = {step.id: step for step in ShiftCheck(subject).steps()}
    assert said(await steps["ice"].look()) == ("ok", "check.ice.ok")
    assert asked == [
        None,
        reach.Server("stun", "s.example", 3478),
        reach.Server("turn", "relay.example", 3478, "1700000000:1001", "geheim"),
    ]


def test_a_server_is_taken_apart_and_does_not_show_its_password() -> None:
    found = reach.server("turns:user:geheim@relay.example")
    assert found == reach.Server("turns", "relay.example", 5349, "user", "geheim", "tcp")
    assert "geheim" not in repr(found)
    assert reach.server("stun:[2001:db8::1]:99") == reach.Server("stun", "2001:db8::1", 99)


# ---------------------------------------------------------------- this machine


def test_a_disk_that_cannot_be_written_or_is_full_fails(tmp_path: Path) -> None:
    assert said(machine.disk(tmp_path / "new")) == ("ok", "check.disk.ok")
    assert not list((tmp_path / "new").iterdir())
    assert said(machine.disk(tmp_path, lambda _: 50 << 20)) == ("warn", "check.disk.low")
    assert said(machine.disk(tmp_path, lambda _: 1 << 20)) == ("fail", "check.disk.full")
    (tmp_path / "file").touch()
    assert said(machine.disk(tmp_path / "file" / "x")) == ("fail", "check.disk.unwritable")


@pytest.mark.parametrize(
    ("problem", "word"),
    [
        (OSError("PortAudio library not found"), "check.libraries.no_portaudio"),
        (AttributeError("undefined symbol: Pa_GetVersionInfo"), "check.libraries.bad_portaudio"),
    ],
)
def test_without_portaudio_it_fails_only_where_the_voice_is_here(
    problem: Exception, word: str
) -> None:
    def load(name: str) -> Any:
        if name == "sounddevice":
            raise problem

    def version(name: str) -> str:
        return "1.0"

    here = machine.libraries(load, version)
    assert said(here) == ("fail", word)
    assert machine.libraries(load, version, sound_wanted=False).state == "warn"


def test_the_last_resort_of_opus_is_told() -> None:
    source = lambda: "bundled: libopus 1.6.1"  # noqa: E731
    assert said(machine.opus(source, lambda: False)) == ("ok", "check.opus.ok")
    assert said(machine.opus(source, lambda: True)) == ("ok", "check.opus.deep")
    pyav = machine.opus(lambda: "pyav: 18.1.0", lambda: False)
    assert said(pyav) == ("warn", "check.opus.pyav")

    def broken() -> str:
        raise OSError

    assert said(machine.opus(broken, lambda: False)) == ("fail", "check.opus.none")


# ---------------------------------------------------------------- sound


class State:
    def __init__(self, value: str) -> None:
        self.value = value


class Card:
    """A sound card that gives what it is told to, and keeps what it is given."""

    def __init__(self, sample: int = 0, state: str = "ok", device: str = "headset") -> None:
        self.source: Card = self
        self.sink: Card = self
        self.sample, self.state, self.device = sample, state, device
        self.played: list[bytes] = []
        self.closed = 0
        self.opened: list[tuple[str, str]] = []

    def open(self, input: str, output: str, heard: Callable[[Any, str], None]) -> Card:
        self.opened.append((input, output))
        heard(State(self.state), self.device)
        return self

    def read(self, samples: int) -> bytes:
        return array("h", [self.sample] * samples).tobytes()

    def write(self, pcm: bytes) -> None:
        self.played.append(pcm)

    def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize(
    ("card", "state", "id"),
    [
        (Card(3277), "ok", "check.microphone.ok"),
        (Card(0), "warn", "check.microphone.silent"),
        (Card(state="no-device"), "fail", "check.sound.no-device"),
        (Card(state="no-device", device=""), "fail", "check.sound.nothing"),
        (Card(state="no-portaudio"), "fail", "check.sound.no-portaudio"),
    ],
)
async def test_a_microphone_must_give_more_than_silence(card: Card, state: str, id: str) -> None:
    found = await sound.microphone("", card.open, no_pause)
    assert said(found) == (state, id)
    assert card.closed == len(card.opened) == 1
    if state == "ok":
        assert dict(found.message.values)["db"] == "-20"


async def test_a_speaker_gets_a_short_tone() -> None:
    card = Card()
    assert said(await sound.speaker("", card.open, no_pause)) == ("ok", "check.speaker.ok")
    assert len(card.played) == 20
    assert max(array("h", b"".join(card.played))) == pytest.approx(3277, abs=40)
    assert card.opened == [("none", "")]


async def test_a_speaker_that_the_sound_server_has_muted_is_a_warning() -> None:
    found = await sound.speaker("", Card().open, no_pause, lambda: True)
    assert said(found) == ("warn", "sound.silenced")


@pytest.mark.parametrize(
    ("server", "here", "state", "id"),
    [
        ("", True, "ok", "check.voice.here"),
        ("unix:/nowhere", False, "ok", "check.sound.elsewhere"),
        ("somewhere:else:", True, "fail", "pulse.bad-address"),
        ("unix:/no/such/socket", True, "fail", "pulse.nothing-listens"),
    ],
)
async def test_the_server_that_is_to_carry_the_voice_must_answer(
    server: str, here: bool, state: str, id: str
) -> None:
    assert said(await sound.voice(server, here=here)) == (state, id)


async def test_a_ring_device_of_its_own_is_tried() -> None:
    card = Card()
    same = await sound.ring_device("", "", True, card.open, no_pause)
    assert said(same) == ("ok", "check.ring.same")
    assert not card.opened
    other = await sound.ring_device("device:bell", "", True, card.open, no_pause)
    assert said(other) == ("ok", "check.ring.ok")
    assert card.opened == [("none", "device:bell")]
    off = await sound.ring_device("device:bell", "", False, card.open, no_pause)
    assert said(off) == ("ok", "check.ring.off")


# ---------------------------------------------------------------- the call


class FakeLeg:
    """Only for what cannot be brought about with two real ones: they are in tests/e2e."""

    def __init__(self, state: str = "connected", level: float = 0.5, received: int = 150) -> None:
        self.state, self.reason, self.level = state, "", level
        self.received = received
        self.closed = False

    async def offer(self) -> str:
        return "offer"

    async def answer(self, offer: str) -> str:
        return "answer"

    async def accept(self, answer: str) -> None:
        return None

    def levels(self) -> tuple[float, float]:
        return 0.5, self.level

    def statistics(self) -> Any:
        return self

    async def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("leg", "mos", "state", "id"),
    [
        ({}, 4.4, "ok", "check.call.ok"),
        ({}, 3.6, "warn", "check.call.fair"),
        ({}, 2.0, "fail", "check.call.poor"),
        ({}, None, "ok", "check.call.unrated"),
        ({"level": 0.0}, 4.4, "fail", "check.call.silent"),
        ({"received": 0}, 4.4, "fail", "check.call.no_packets"),
        ({"state": "connecting"}, 4.4, "fail", "check.call.no_media"),
    ],
)
async def test_the_loop_call_is_judged_by_what_came(
    leg: dict[str, Any], mos: float | None, state: str, id: str
) -> None:
    legs: list[FakeLeg] = []

    def make() -> FakeLeg:
        legs.append(FakeLeg(**leg))
        return legs[-1]

    found = await loop_call(make, lambda statistics: mos, no_pause)
    assert said(found) == (state, id)
    assert [one.closed for one in legs] == [True, True]


# ---------------------------------------------------------------- the desk


def test_idle_is_refused_until_a_check_has_passed(desk_of: Callable[[], CheckCommands]) -> None:
    desk = desk_of()
    assert desk.refusal() is None
    desk.demanded = True
    assert desk.refusal() == message("check.demanded")
    desk.context.snapshot = _with(desk, CheckState.FAIL)
    assert desk.refusal() == message("check.demanded_failed")
    assert desk.first_status() == 2
    assert desk.context.snapshot.notice is not None
    desk.context.snapshot = _with(desk, CheckState.WARN)
    assert desk.refusal() is None
    assert desk.first_status() == 1
    desk.forget()
    assert desk.refusal() == message("check.demanded")


def _with(desk: CheckCommands, state: CheckState) -> Any:
    from tui.port import replace

    return replace(desk.context.snapshot, checks=(Check("disk", state),))


@pytest.fixture
def desk_of() -> Callable[[], CheckCommands]:
    from random import Random

    from tui.engine.context import EngineContext, Limits

    def make() -> CheckCommands:
        context = EngineContext(clock=lambda: 1.0, rng=Random(1), limits=Limits())

        def never(command: Any) -> Any:
            raise AssertionError

        return CheckCommands(context, never)

    return make
