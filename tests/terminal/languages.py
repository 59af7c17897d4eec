"""What the tests of the two languages share: the same states with names in either script, and
what may stand in a language that is not of its script."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from tests.terminal import scripted_port as s
from tui.console.actions.action import key_name
from tui.console.actions.registry import REGISTRY
from tui.console.catalogue import parse_po
from tui.console.i18n import LOCALE
from tui.console.sign_in_defaults import SignInPrefill
from tui.port import replace
from tui.port.commands import Dial, GetGroupMembers, GetGroups, GetHistory, Result
from tui.port.machines.call_machine import CallState, LineSound, ThirdState
from tui.port.machines.seat_machine import Status
from tui.port.snapshot import Call, SeatStatus, Snapshot, Third, Tones
from tui.port.values import (
    Account,
    Capability,
    Check,
    CheckState,
    Connection,
    ConnectionState,
    Group,
    GroupPage,
    Hearing,
    HistoryEntry,
    HistoryPage,
    Leg,
    Levels,
    MemberPage,
    Phase,
    Quality,
    Question,
    QuestionKind,
    Seat,
    ThirdKind,
    Voice,
    VoiceState,
    message,
)
from tui.secrets import Secret

LANGUAGES = ("en", "zh")
CHINESE = re.compile(r"[⺀-〿㇀-鿿豈-﫿＀-￯]")
LATIN = re.compile(r"[A-Za-z]+")
PREFILL = SignInPrefill("1001", Secret("pw-1001"), "02500001234", backend="http://127.0.0.1:40731")


def sentences(language: str) -> dict[str, str]:
    """Every sentence of a catalogue by its id; the forms of a plural stand with a NUL between."""
    source = LOCALE / language / "LC_MESSAGES" / "yimi.po"
    found = parse_po(source.read_text("utf-8"))
    return {key.partition("\0")[0]: text for key, text in found.items() if key}


KEYS = {key_name(key) for action in REGISTRY for key in (action.key, action.alias) if key}
NAMES = {
    # Names of things that have no other, and what is typed as it stands.
    *("yimi", "SIP", "PortAudio", "VoIP", "URL", "DTMF", "CSV", "TOML", "OSC", "SSH", "ASCII"),
    *("true", "false", "UTF", "config.example.toml", "Digest", "MD", "SHA"),
    *("yimi headset", "USER@", "HOST", "sshd", "AllowStreamLocalForwarding"),
    *("provision", "url", "pin", "key", "KiB", "TERM", "dumb"),
    *("HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "realms"),
    *("config.toml", "backend", "gateway", "servers", "kill", "--account", "http", "ws", "https"),
    *("refused.512", "borders", "device", "NAME", "file", "PATH", "none", "csv", "yimi-dark"),
    *(
        "B",
        "L",
        "Q",
        "Esc",
        "Enter",
        "Tab",
        "Space",
        "Delete",
        "PgUp",
        "PgDn",
        "Home",
        "End",
        "Shift",
        "Ctrl",
    ),
    *("TLS", "WebSocket", "ICE", "STUN", "TURN", "UDP", "VPN", "MOS", "MB", "dB", "wss", "opus"),
    *("libportaudio2", "libopus0", "libopus", "ice_servers", "YIMI_STATE_DIR"),
    *("YIMI_RUNTIME_DIR", "chmod", "yimi status", "yimi doctor", "yimi bundle"),
    *("systemctl --user restart pipewire", "pulseaudio -k"),
    *("PulseAudio", "PipeWire", "ssh", "unix", "tcp", "~/.config/pulse/cookie"),
    *("pip install 'yimi[handsfree]'", "[audio]", "echo_cancellation"),
    *("pip install 'yimi[noise]'", "noise_suppression"),
    *("libasound2-plugins", "PBX", "USER@DOMAIN", "1001@pbx.example.com"),
    *("stun:HOST", "turn:USER:PASSWORD@HOST", "[tls] ca_file", "DTLS-SRTP", "RTCP", "rtcp-mux"),
    *("yimi callbacks import FILE", "yimi callbacks", "--force"),
    *("yimi probe", "yimi signout", "yimi hangup --all", "--drop", "--leave", "ulimit -n"),
    *("log_in", "log_out", "in_hint", "pause", "unpause", "paused_hint", "pauses", "name", "lunch"),
    *("[breaks.NAME]", "[profiles.NAME]"),
    *("[x]", "1a"),  # a tick, and what a test types
    *("CPU", "PIN", "JSON", "OpenMetrics", "Excel", "kB", "A-D", "[watch] allow"),
    # The command line and plain mode: words that are typed.
    *("dial", "engine", "profile", "un", "keyring", "group", "--group", "gid", "top", "--json"),
    *("kiosk", "pin", "on", "off", "sandbox", "help", "busy", "idle", "tel", "sip", "callto"),
    *("hint", "pick_up", "park", "voicemail"),  # a PBX's word for what a lamp is subscribed to
    *("shell", "man", "-l", "import", "tomorrow", "probe", "jsonl", "bundle", "zip", "plain"),
    *("--plain", "paths", "xdg-mime", "a", "c", "d", "let", "ready"),
    *("C", "F", "T", "Ctrl+C", *(f"F{number}" for number in range(1, 25))),
}
"""What may stand in Latin letters in the Chinese console."""


def strangers(text: str, *, allowed: set[str]) -> list[str]:
    """The Latin words in a Chinese text that are neither a key, nor a name, nor allowed. Longest
    first, so that "config.toml" is taken away before "config" is looked at."""
    for word in sorted(KEYS | NAMES | allowed, key=len, reverse=True):
        if LATIN.search(word):
            text = re.sub(rf"(?<![A-Za-z]){re.escape(word)}(?![A-Za-z])", " ", text)
    return LATIN.findall(text)


_CHINESE_NAMES = {
    "Li Ming": "李明",
    "Wang Fang": "王芳",
    "Pre-sales": "售前咨询",
    "After-sales": "售后服务",
    "Night desk": "夜间值班",
    "headset": "耳机",
    "Resolved": "已解决",
    "Call back": "待回访",
    "Zhao Lei": "赵雷",
    "idle": "空闲",
    "talking": "通话中",
    "wants the invoice": "要发票",
}
"""What the platform, the computer and the config say, in the script of the console."""


def named(name: str, language: str) -> str:
    """The name as the platform would say it to a console of that language."""
    return _CHINESE_NAMES[name] if language == "zh" else name


def day(language: str) -> Snapshot:
    """An idle seat whose names are in the script of the language."""
    groups = tuple(
        Group(group.gid, named(group.name, language), state_id=group.state_id) for group in s.GROUPS
    )
    account = replace(
        s.ACCOUNT, displayname=named("Li Ming", language), group=named("Pre-sales", language)
    )
    voice = Voice(VoiceState.OK, device=named("headset", language))
    return replace(s.IDLE, account=account, groups=groups, voice=voice)


def states(language: str) -> dict[str, tuple[Snapshot, dict[str, Any]]]:
    """The main states of a shift: a snapshot, and how the app is made."""
    idle = day(language)
    group = named("Pre-sales", language)
    ringing = replace(s.RINGING, group=group)
    talking = replace(s.TALKING, group=group)
    out = replace(
        talking, outgoing=True, state=CallState.PROCEEDING, since=s.NOW - 4, leg=Leg.CONNECTED
    )
    third = Third(
        ThirdState.JOINED, ThirdKind.AGENT, "1007", named("Wang Fang", language), s.NOW - 65
    )
    joined = replace(third, joined=s.NOW - 58)
    three = replace(talking, third=joined)
    wrapup = replace(
        s.WRAPUP,
        outcome=named("Resolved", language),
        outcomes=(named("Resolved", language), named("Call back", language)),
    )
    levels = Levels(4, 6)

    def up(call: Any, hearing: Hearing = Hearing.OK) -> Snapshot:
        heard = call.leg is Leg.CONNECTED and call.state is not CallState.PROCEEDING
        gone = hearing is Hearing.GONE
        quality = Quality(mos=4.2, codec="opus", hearing=hearing) if heard or gone else None
        return replace(idle.with_call(call), levels=levels, quality=quality)

    busy = SeatStatus(Status.BUSY, since=s.NOW - 30, reason=message("seat.missed", count=3))
    return {
        "sign-in": (Snapshot(), {"prefill": SignInPrefill(), "on_sandbox": _no_sandbox}),
        "sign-in-failed": (
            Snapshot(failure=message("login.50003", code=50003)),
            {"prefill": PREFILL, "sandbox": True},
        ),
        "signing-in": (Snapshot(phase=Phase.SIGNING_IN), {"prefill": PREFILL}),
        "groups": (replace(idle, phase=Phase.CHOOSING_GROUP), {}),
        "idle": (idle, {}),
        "busy": (replace(idle, seat=busy), {}),
        "line-lost": (replace(idle, connection=Connection(ConnectionState.LOST, since=s.NOW)), {}),
        "no-sound": (replace(idle, voice=Voice(VoiceState.NO_DEVICE)), {}),
        "ringing": (idle.with_call(ringing), {}),
        "calling": (up(out), {}),
        "talking": (up(replace(talking, tones=Tones("8001#"))), {}),
        "muted": (up(replace(talking, muted=True)), {}),
        "not-heard": (up(talking, Hearing.NOT_HEARD), {}),
        "call-gone": (up(replace(talking, leg=Leg.LOST), Hearing.GONE), {}),
        "on-hold": (up(replace(talking, state=CallState.HOLDING, since=s.NOW - 12)), {}),
        "own-phone": (idle.with_call(replace(talking, leg=Leg.NONE)), {}),
        "sound-lost": (up(replace(talking, leg=Leg.LOST)), {}),
        "transferring": (up(replace(talking, transfer=named("Wang Fang", language))), {}),
        "third-invited": (
            up(replace(talking, third=replace(third, state=ThirdState.INVITED))),
            {},
        ),
        "three-way": (up(three), {}),
        "third-failed": (
            up(
                replace(
                    talking,
                    third=replace(
                        third, state=ThirdState.FAILED, outcome=message("threeway.failed")
                    ),
                )
            ),
            {},
        ),
        "ended": (idle.with_call(replace(s.ENDED, group=group)), {}),
        "wrap-up": (replace(idle.with_call(s.ENDED), wrapup=wrapup, next_status=2), {}),
        "kicked": (
            replace(idle, phase=Phase.KICKED, failure=message("kicked.895", code=895)),
            {},
        ),
        **own_phone(language),
    }


def own_phone(language: str) -> dict[str, tuple[Snapshot, dict[str, Any]]]:
    """The states of a phone of one's own: lines, and what stands where a platform's words would.
    The numbers are addresses, so that no letter stands in them."""
    idle = replace(day(language), groups=(), account=OWN, levels=Levels(4, 6))

    def line(at: int, state: CallState, name: str = "", **more: Any) -> Call:
        up = s.NOW - 61 * at if state in (CallState.TALKING, CallState.HOLDING) else None
        values: dict[str, Any] = {
            "key": str(at),
            "state": state,
            "outgoing": False,
            "number": f"100{at + 5}",
            "since": s.NOW - 7 * at,
            "began": s.NOW - 61 * at,
            "ccnumber": str(at),
            "answered": up,
            "leg": Leg.CONNECTED,
            "line": at,
            "name": named(name, language) if name else "",
        }
        return Call(**{**values, **more})

    talking = line(1, CallState.TALKING, "Wang Fang")
    held = line(3, CallState.HOLDING, "Zhao Lei")
    waiting = line(2, CallState.RINGING, "Li Ming", number="12000000001", verified=False)
    dialled = line(4, CallState.PROCEEDING, outgoing=True, line_sound=LineSound.EARLY)
    lines = replace(idle, calls=(talking, waiting, held, dialled), marked="1")
    joined = tuple(
        replace(call, state=CallState.TALKING, line_sound=LineSound.JOINED)
        for call in (talking, held)
    )
    question = Question(QuestionKind.REFER, "1", "19000000001", named("Wang Fang", language))
    found = (
        Check("disk", CheckState.OK, message("check.disk.ok", path="/", mb=900)),
        Check("names", CheckState.WARN, message("check.names.nothing")),
        Check("clock", CheckState.FAIL, message("check.timeout", seconds=15)),
        Check("microphone", CheckState.RUNNING),
        Check("call", CheckState.WAITING),
    )
    prefill = SignInPrefill("1001@192.0.2.10", Secret("pw"), backend="wss://192.0.2.10", kind="sip")
    return {
        "lines": (lines, {}),
        "lines-joined": (replace(idle, calls=joined, marked="1"), {}),
        "line-waiting-marked": (replace(lines, marked="2"), {}),
        "line-held-there": (
            replace(
                idle,
                calls=(replace(talking, line_sound=LineSound.PEER_HOLDS, verified=False),),
                marked="1",
            ),
            {},
        ),
        "question": (replace(idle, calls=(talking,), marked="1", question=question), {}),
        "checked": (replace(day(language), checks=found), {}),
        "sign-in-own": (Snapshot(), {"prefill": prefill}),
    }


OWN = Account("1001@192.0.2.10", "", "wss://192.0.2.10", kind="sip", can=(Capability.LINES,))


async def _no_sandbox() -> SignInPrefill:
    return PREFILL


def port(language: str, snapshot: Snapshot) -> s.ScriptedPort:
    """A port whose platform has a directory, and whose engine has a history."""
    made = s.ScriptedPort(snapshot)
    groups = day(language).groups
    seats = (
        Seat("1007", named("Wang Fang", language), state_id=2, state_name=named("idle", language)),
        Seat(
            "1008", named("Zhao Lei", language), state_id=2, state_name=named("talking", language)
        ),
    )
    entries = tuple(
        HistoryEntry(
            id=number,
            began=s.WALL - 600 * number,
            number=f"1200000{number:04}",
            outgoing=number == 2,
            group=named("Pre-sales", language),
            ring_time=4.0,
            talk_time=None if number == 3 else 61.0 * number,
            hold_time=12.0 if number == 1 else 0.0,
            reason="cancelled.missed" if number == 3 else "ended.25",
            outcome="Resolved" if number == 1 else "",
            note=named("wants the invoice", language) if number == 1 else "",
            missed=number == 3,
        )
        for number in range(1, 5)
    )
    made.answers[GetGroups] = lambda _: Result(True, value=GroupPage(1, 1, len(groups), groups))
    made.answers[GetGroupMembers] = lambda asked: Result(
        True, value=MemberPage(asked.gid, "", 1, 1, len(seats), seats)
    )
    made.answers[GetHistory] = lambda _: Result(True, value=HistoryPage(entries, len(entries), 1))
    return made


Steps = Callable[[Any], Awaitable[None]]


def pressing(*keys: str) -> Steps:
    """Press these keys, one after the other, and wait for what they fetch."""

    async def press(console: Any) -> None:
        console.clock.now += 1  # a moment after the call changed no destructive key works
        for key in keys:
            await console.press(key)
            await console.rest()  # a mark rests, a search waits for the last key
        console.app.drawing.draw()  # the running clock too, whether or not its second has come
        await console.settle()

    return press


async def failing(console: Any) -> None:
    """A call that cannot be made, and the page that says so again."""
    failure = message("refused.512", code=512)
    console.port.answers[Dial] = lambda _: Result(False, failure, 512)
    await pressing("f2", *"12000000001", "enter")(console)
    console.app.do("failure")
    await pressing()(console)


OPENED: dict[str, tuple[str, Steps]] = {
    "help": ("idle", pressing("f1")),
    "dial-field": ("idle", pressing("f2", "1", "a")),
    "palette": ("idle", pressing("ctrl+p")),
    "leave": ("talking", pressing("ctrl+q")),
    "directory": ("idle", pressing("f3")),
    "directory-filter": ("idle", pressing("f3", "/", "7")),
    "history": ("idle", pressing("f10")),
    "history-redial": ("idle", pressing("f10", "enter")),
    "party": ("talking", pressing("f4")),
    "history-export": ("idle", pressing("f10", "ctrl+o")),
    "party-how": ("talking", pressing("f4", "enter")),
    "party-outside": ("talking", pressing("f4", *"12000000009", "enter")),
    "who-stays": ("three-way", pressing("f8")),
    "who-stays-invited": ("third-invited", pressing("f8")),
    "tones": ("talking", pressing("comma", "1")),
    "settings": ("idle", pressing("ctrl+g")),
    "settings-keys": ("idle", pressing("ctrl+g", "shift+tab", "space")),
    "failure": ("idle", failing),
    "hand-over": ("lines", pressing("f4")),
    "hand-over-how": ("lines", pressing("f4", "enter")),
    "check": ("checked", pressing("ctrl+t")),
    "sign-in-own-more": ("sign-in-own", pressing("tab", "space")),
    "sign-in-empty": ("sign-in", pressing("enter")),
    "sign-in-more": ("sign-in-failed", pressing("tab", "tab", "tab", "space")),
}
"""What a key opens over a state, by name: the state, and how to get there."""
