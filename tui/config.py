"""config.toml into frozen settings, strictly: what is not understood is an error in words.

Every setting stands here once, with its default and what it means; `config.example.toml` is
written from this table (`python -m tui.config`). Where files live is in `tui.paths`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeVar

from tui.config_words import ConfigError
from tui.paths import Paths

__all__ = [
    "AudioSettings",
    "Config",
    "ConfigError",
    "DtmfSettings",
    "HistorySettings",
    "NoticeSettings",
    "OfferSettings",
    "Paths",
    "Person",
    "Policies",
    "PopSettings",
    "Profile",
    "SandboxSettings",
    "SipSettings",
    "UiSettings",
    "WrapUpSettings",
    "example",
    "load",
    "parse",
]

T = TypeVar("T")


def setting(
    default: T,
    doc: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[object, ...] = (),
    like: str = "",
    shown: bool = True,
) -> T:
    """One setting: its default, its meaning, and what it may be; `like` is a regular expression
    for a text, or for each text of a list. What is not `shown` is kept out of logs and errors."""
    metadata = {"doc": doc, "low": low, "high": high, "choices": choices, "like": like}
    return field(default=default, metadata=metadata, repr=shown)


@dataclass(frozen=True)
class Policies:
    """What this console does by itself."""

    unattended_busy: bool = setting(
        True,
        "When no screen looks at an idle seat, it goes busy, and stays so until someone looks.",
    )
    unattended_busy_after: float = setting(
        5.0, "Seconds without a screen before the seat goes busy.", low=0, high=3600
    )
    unattended_sign_out_after: float = setting(
        1800.0,
        "Seconds without a screen and without a call before the agent is signed out.",
        low=60,
        high=604800,
    )
    decline: bool = setting(
        True, "Whether F8 may decline an offered call; some enterprises send it straight back."
    )
    check_before_idle: bool = setting(
        False, "Whether the seat may go idle only after a check before the shift without a failure."
    )
    dial_reply: float = setting(
        15.0, "Seconds to wait for the platform's reply to a call.", low=1, high=120
    )
    status_reply: float = setting(
        5.0, "Seconds to wait for the platform to confirm idle or busy.", low=1, high=60
    )


@dataclass(frozen=True)
class Person:
    """An entry of the directory where the server has none (kind "sip")."""

    name: str
    number: str
    group: str = ""


@dataclass(frozen=True)
class Profile:
    """A named sign-in, chosen on the sign-in screen. The password is not part of it."""

    name: str = ""
    kind: str = setting(
        "platform2",
        "The platform's generation, or sip for any PBX that speaks SIP over WebSocket.",
        choices=("platform2", "platform1", "sip"),
    )
    backend: str = setting(
        "",
        "The platform's web address, https://…, or with sip the PBX's WebSocket, wss://…;"
        " it comes from whoever runs it.",
    )
    switchnumber: str = setting("", "The enterprise's main number.", like="[0-9]*")
    un: str = setting(
        "",
        "The extension: digits in quotes, leading zeros count. With sip: USER@DOMAIN.",
        like=r"[0-9]*|(sips?:)?[!-9;-?A-~]+@[!-?A-~]+",
    )
    callintype: int = setting(
        2, "The line: 2 this computer, 4 callback phone, 5 SIP phone.", choices=(2, 4, 5)
    )
    number: str = setting("", "The phone's number, with lines 4 and 5.")
    keyring: bool = setting(
        False, "Take the password from the system's keyring, and offer to keep it."
    )
    gateway: str = setting(
        "", "platform1: the SIP gateway, wss://HOST:9060.", like=r"|wss?://[!-~]+"
    )
    directory: str = setting(
        "",
        "platform1: where a server is asked for that [servers] has not; {switchnumber} is filled.",
        like=r"|https?://[!-~]+",
    )
    seed: str = setting(
        "",
        "platform1: 32 hexadecimal digits, where customers' numbers are encrypted.",
        like=r"|[0-9A-Fa-f]{32}",
        shown=False,
    )
    auth_user: str = setting(
        "", "sip: the name that goes with the password, where it is not the USER of un."
    )
    outbound_proxy: str = setting(
        "", "sip: the proxy that requests go by, sip:HOST.", like=r"|sips?:[!-~]+"
    )
    trusted_domain: str = setting(
        "",
        "sip: whose identities (P-Asserted-Identity) are believed; the DOMAIN of un unless it"
        " stands here.",
        like=r"|[0-9A-Za-z.:\[\]-]+",
    )
    auto_answer: str = setting(
        "never",
        "sip: whether a call that wants to be answered by itself is (trusted: only when the"
        " caller's identity is believed).",
        choices=("never", "trusted"),
    )
    people_file: str = setting(
        "",
        "sip: the directory as a CSV file beside this one, with the columns name, number, group.",
    )
    ice_servers: tuple[str, ...] = setting(
        (), "sip: STUN and TURN servers in place of those of [audio].", like=r"(stun|turn)s?:.+"
    )
    turn_username: str = setting("", "sip: the name for the TURN servers.")
    turn_credential: str = setting("", "sip: what goes with it.", shown=False)
    turn_renewal: tuple[str, ...] = setting(
        (),
        "sip: where TURN credentials come from that last only a while: one https:// address, or"
        " the words of a command; either gives JSON: username, password, ttl, uris.",
        shown=False,
    )
    people: tuple[Person, ...] = ()
    """[[profiles.NAME.people]]: the directory, with kind "sip"."""
    policies: Policies | None = None
    """[profiles.NAME.policies]: in place of [policies], as far as given."""


@dataclass(frozen=True)
class AudioSettings:
    """The sound of this computer."""

    input: str = setting(
        "",
        'The microphone: "" the default device, "device:NAME", "file:PATH", "tone:HZ", "none".',
        like=r"|(device|file):.+|tone:[0-9]+|none",
    )
    output: str = setting(
        "",
        'What you hear with: "" the default device, "device:NAME", "file:PATH", "none".',
        like=r"|(device|file):.+|none",
    )
    ring_device: str = setting(
        "",
        'What rings: "" what you hear with, "device:NAME" such as a loudspeaker.',
        like=r"|device:.+",
    )
    volume: int = setting(100, "Listening volume in per cent.", low=0, high=200)
    gain: int = setting(100, "Microphone gain in per cent.", low=0, high=200)
    ring: bool = setting(True, "Whether an incoming call rings on the sound device.")
    ring_volume: int = setting(100, "How loud it rings, in per cent.", low=0, high=200)
    echo_cancellation: bool = setting(
        False,
        "Hands-free: free the microphone of the loudspeaker. Wants the extra: yimi[handsfree].",
    )
    dtx: bool = setting(
        False,
        "Send next to nothing while you are silent, for a thin line; a peer may ask for it itself.",
    )
    ice_servers: tuple[str, ...] = setting(
        (),
        'STUN and TURN servers, "stun:HOST:PORT". None are asked unless they stand here.',
        like=r"(stun|turn)s?:.+",
    )


@dataclass(frozen=True)
class SipSettings:
    """The signalling line."""

    expires: int = setting(600, "Seconds for which a registration is asked.", low=60, high=86400)
    session_expires: int = setting(
        1800, "Seconds of the session timer (RFC 4028).", low=90, high=86400
    )
    allow_weaker_digest: bool = setting(
        False, "Whether a platform may fall back to a weaker digest (MD5) than it used before."
    )


@dataclass(frozen=True)
class WrapUpSettings:
    """The write-up after a call."""

    mode: str = setting(
        "timed",
        "What is wanted after a call: an outcome is optional or required, or there is a countdown.",
        choices=("off", "optional", "required", "timed", "timed-strict"),
    )
    seconds: int = setting(30, "The countdown; 0 = no write-up.", low=0, high=3600)
    outcomes: tuple[str, ...] = setting(
        ("Resolved", "Call back", "Complaint", "Wrong number"), "What can be chosen."
    )


@dataclass(frozen=True)
class OfferSettings:
    """Calls that are offered."""

    auto_answer: int = setting(
        0, "Answer by itself after so many seconds; 0 = no.", choices=(0, 3, 5, 8)
    )
    enterprise_auto_answer: bool = setting(
        True, "Whether the enterprise may want calls answered by themselves."
    )
    missed_limit: int = setting(
        3, "After so many missed offers in a row the seat goes busy; 0 = never.", low=0, high=100
    )


@dataclass(frozen=True)
class DtmfSettings:
    """Tones from the keypad. A receiver drops digits that come too fast."""

    tone: int = setting(160, "How long a tone is, in milliseconds.", low=40, high=2000)
    gap: int = setting(250, "The silence between two tones, in milliseconds.", low=20, high=5000)
    pause: int = setting(2000, "What a comma waits, in milliseconds.", low=100, high=20000)


@dataclass(frozen=True)
class HistorySettings:
    """The history of calls, kept on this computer."""

    mask: bool = setting(False, "Whether numbers are masked wherever the history shows them.")
    keep_days: int = setting(90, "Days before a call is forgotten; 0 = never.", low=0, high=36500)


@dataclass(frozen=True)
class PopSettings:
    """What to run when a call comes or goes: words of a command, or one URL to open."""

    ringing: tuple[str, ...] = setting(
        (),
        "When a call is offered. {number} {ccnumber} {group} {reason} are replaced in each word.",
    )
    answered: tuple[str, ...] = setting((), "When it is up.")
    ended: tuple[str, ...] = setting((), "When it is over.")
    opener: tuple[str, ...] = setting(("xdg-open",), "The command that opens a URL.")


@dataclass(frozen=True)
class UiSettings:
    """The screen."""

    theme: str = setting("yimi-dark", "The name of a theme file, without .toml.")
    language: str = setting("", 'The language of the screen, such as "en"; "" as the system says.')


@dataclass(frozen=True)
class NoticeSettings:
    """What reaches an agent who looks elsewhere."""

    bell: bool = setting(True, "Whether the terminal's bell sounds when a call is offered.")
    title: bool = setting(True, "Whether the terminal's title shows a call.")
    osc9: bool = setting(
        True, "Whether to notify by OSC 9 (iTerm2, kitty, WezTerm …), in tmux with passthrough."
    )
    osc777: bool = setting(
        False, "Whether to notify by OSC 777 (rxvt-unicode, foot, Ghostty …), in tmux as well."
    )


@dataclass(frozen=True)
class SandboxSettings:
    """The call platform in a box (`yimi --sandbox`)."""

    port: int = setting(0, "The TCP port on loopback; 0 = any free one.", low=0, high=65535)


@dataclass(frozen=True)
class Config:
    """All settings. `routes`, `routes1` and `messages` hold what the config says otherwise than
    the tables of the wire (`platform.routes`, `platform.routes1`, `platform.control`); `servers`
    the servers of generation 1, by switch number or by what it begins with."""

    profiles: tuple[Profile, ...] = ()
    policies: Policies = Policies()
    audio: AudioSettings = AudioSettings()
    sip: SipSettings = SipSettings()
    ui: UiSettings = UiSettings()
    notices: NoticeSettings = NoticeSettings()
    wrapup: WrapUpSettings = WrapUpSettings()
    offers: OfferSettings = OfferSettings()
    dtmf: DtmfSettings = DtmfSettings()
    history: HistorySettings = HistorySettings()
    pop: PopSettings = PopSettings()
    sandbox: SandboxSettings = SandboxSettings()
    servers: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Keys by action; what they may be is checked by whoever has the actions."""
    routes: Mapping[str, str] = field(default_factory=dict)
    routes1: Mapping[str, str] = field(default_factory=dict)
    messages: Mapping[str, str] = field(default_factory=dict)

    def profile(self, name: str) -> Profile:
        """The profile of that name. ConfigError when there is none."""
        for profile in self.profiles:
            if profile.name == name:
                return profile
        known = tuple(profile.name for profile in self.profiles)
        from tui.config_reader import meant

        raise ConfigError(("config.no_profile", {"name": repr(name)}), *meant(name, known))

    def profile_for(self, kind: str, name: str = "", un: str = "") -> Profile:
        """What a sign-in of that kind finds in the config: the profile it names, else the one of
        that account, else the only one of that kind; defaults when there is none."""
        if name:
            named = [each for each in self.profiles if each.name == name]
            return named[0] if named else Profile(kind=kind)
        fitting = [each for each in self.profiles if each.kind == kind]
        own = [each for each in fitting if un and each.un == un]
        fitting = own or fitting
        return fitting[0] if len(fitting) == 1 else Profile(kind=kind)

    def with_profile(self, name: str) -> Config:
        """The same with the profile's own policies in force."""
        return replace(self, policies=self.profile(name).policies or self.policies)


ROUTES: Final = (
    *("sign_in", "renew", "user", "check_in", "check_out", "groups", "members"),
    *("source", "sip_username", "user_agent"),
)
"""The names of [routes]; their defaults are `platform.routes.Routes`."""
ROUTES1: Final = (
    *("server", "web", "getinfo", "profile", "member", "update", "check_phone", "groups"),
    *("members", "sip_username", "user_agent"),
)
"""The names of [routes1]; their defaults are `platform.routes1.Routes1`."""
MESSAGES: Final = (
    *("query", "offline", "threeway", "threeway_response", "threeway_result"),
    *("threeway_type", "call_time", "info", "area", "more_attributes"),
)
"""The names of [messages]; their defaults are `platform.control.Assumed`."""


def load(path: Path | None) -> Config:
    """The settings in a file; the defaults when `path` is None or there is no such file.

    Raises ConfigError when the file cannot be read or understood.
    """
    if path is None:
        return Config()
    try:
        return _with_files(parse(path.read_text("utf-8"), path.name), path.parent)
    except FileNotFoundError:
        return Config()
    except UnicodeDecodeError:
        raise ConfigError(("config.not_utf8", {"file": path.name})) from None
    except OSError as error:
        why = error.strerror or str(error)
        raise ConfigError(("config.unreadable", {"file": str(path), "error": why})) from None


def _with_files(config: Config, folder: Path) -> Config:
    """The same with the files that it names found beside it."""
    if not any(profile.people_file for profile in config.profiles):
        return config
    profiles = tuple(
        replace(each, people_file=str(folder / Path(each.people_file).expanduser()))
        if each.people_file
        else each
        for each in config.profiles
    )
    return replace(config, profiles=profiles)


def parse(text: str, name: str = "config.toml") -> Config:
    """The settings in a text. Raises ConfigError, which names `name` and the line."""
    from tui import config_reader  # here: the defaults need no parser

    return config_reader.parse(text, name)


# ---------------------------------------------------------------- the example

_HEAD: Final = """\
# yimi's settings. Every one stands here with its default; what is left out is the default.
# No password belongs in here: the system's keyring keeps it, when you ask for it at sign-in.
"""
_TAIL: Final = """
# A named sign-in, as many as you like:
#
# [profiles.office]
{profile}#
# [profiles.office.policies]
# unattended_sign_out_after = 600.0

# platform1: which server knows which switch number, or the numbers that begin so. A host, or an
# address with its port:
#
# [servers]
# 02500001234 = "cc.example.com"
# 025 = "cc.example.com:1047"

# Any PBX that speaks SIP over WebSocket. The password is asked for, or in the keyring; ws:// is
# only for a PBX on this computer. The directory stands here, or in a file (people_file):
#
# [profiles.pbx]
# kind = "sip"
# un = "1001@pbx.example.com"
# backend = "wss://pbx.example.com:8443/ws"
# ice_servers = ["stun:pbx.example.com", "turn:pbx.example.com"]
# turn_renewal = ["https://pbx.example.com/turn?user=1001"]
#
# [[profiles.pbx.people]]
# name = "Wang Fang"
# number = "1007"
# group = "After-sales"

# Keys by action, one or two each; what stands here replaces an action's own. `yimi keys` shows the
# actions, and what a terminal really sends:
#
# [keys]
# mute = "f11"
# hold = ["f6", "w"]

# What nobody has published about the wire is assumed. Where a platform does otherwise, say so by
# these names, each with a text:
# [routes]: {routes}
# [routes1]: {routes1}
# [messages]: {messages}
"""


def example() -> str:
    """The text of `config.example.toml`."""
    parts = [_HEAD]
    for section in fields(Config):
        defaults = section.default
        if defaults is not MISSING and is_dataclass(defaults):
            parts.append(f"\n# {type(defaults).__doc__}\n[{section.name}]\n{_listed(defaults)}")
    profile = "".join(f"# {line}\n" for line in _listed(Profile()).splitlines())
    names = {"routes": ROUTES, "routes1": ROUTES1, "messages": MESSAGES}
    folded = {name: _folded(each) for name, each in names.items()}
    return "".join(parts) + _TAIL.format(profile=profile, **folded)


def _folded(names: tuple[str, ...]) -> str:
    import textwrap

    return "\n#   ".join(textwrap.wrap(", ".join(names), 80))


def _listed(defaults: Any) -> str:
    from tui.config_reader import written

    lines = []
    for each in fields(defaults):
        if "doc" in each.metadata:
            lines.append(f"# {each.metadata['doc']}\n{each.name} = {written(each.default, 1000)}\n")
    return "".join(lines)


if __name__ == "__main__":
    print(example(), end="")
