"""config.toml into frozen settings, strictly: what is not understood is an error in words.

Every setting stands here once, with its default and what it means; `config.example.toml` is
written from this table (`python -m tui.config.example`). Where files live is in `tui.config.paths`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any, Final

from tui.config.errors import ConfigError, meant
from tui.config.frozen import frozen
from tui.config.kiosk import KioskSettings
from tui.config.paths import Paths
from tui.config.provision.settings import ProvisionSettings
from tui.config.queues import QueueSettings
from tui.config.setting import setting
from tui.config.work import Break, LookupSettings, OwnAction

__all__ = [
    "AudioSettings",
    "Break",
    "Config",
    "ConfigError",
    "DtmfSettings",
    "HistorySettings",
    "KioskSettings",
    "LookupSettings",
    "NoticeSettings",
    "OfferSettings",
    "OwnAction",
    "Paths",
    "Person",
    "Policies",
    "PopSettings",
    "Profile",
    "QueueSettings",
    "SandboxSettings",
    "SipSettings",
    "TlsSettings",
    "UiSettings",
    "WrapUpSettings",
]


@frozen
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


@frozen
class Person:
    """An entry of the directory where the server has none (kind "sip")."""

    name: str
    number: str
    group: str = ""


@frozen
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
    realms: tuple[str, ...] = setting(
        (),
        "sip: realms that get a proof of the password besides those that ask for it at the sign-in,"
        " such as that of a PBX behind the proxy.",
        like=r".+",
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
    lamps: int = setting(
        80,
        "sip: of how many people of the directory the PBX is asked whether they talk; 0 of none.",
        low=0,
        high=90,
    )
    pick_up: str = setting(
        "",
        "sip: what is called to take what rings at a colleague, such as *8{number}; left out: by"
        " what the PBX tells of that call (RFC 3891).",
        like=r"|[^{}\s]*\{number\}[^{}\s]*",
    )
    listen: str = setting(
        "",
        "sip: what is called to listen to a colleague's call, such as *33{number}.",
        like=r"|[^{}\s]*\{number\}[^{}\s]*",
    )
    whisper: str = setting(
        "",
        "sip: what is called to be heard there by the colleague alone, such as *34{number}.",
        like=r"|[^{}\s]*\{number\}[^{}\s]*",
    )
    join: str = setting(
        "",
        "sip: what is called to be heard there by both, such as *35{number}.",
        like=r"|[^{}\s]*\{number\}[^{}\s]*",
    )
    park: str = setting(
        "",
        "sip: where a call is transferred to wait: a number, or, where the slot is chosen here, one"
        " with {slot} in it, such as *5{slot}.",
        like=r"|[^{}\s]*(\{slot\})?[^{}\s]*",
    )
    park_slots: tuple[str, ...] = setting(
        (), "sip: the slots, each a number that the PBX tells of (a hint).", like=r"[^{}\s]+"
    )
    fetch: str = setting(
        "{slot}", "sip: what is called to fetch a parked call.", like=r"[^{}\s]*\{slot\}[^{}\s]*"
    )
    mailbox: str = setting(
        "",
        "sip: the mailbox whose lamp is shown: a number or an address, left out your own, none for"
        " no lamp.",
        like=r"\S*",
    )
    voicemail: str = setting(
        "", "sip: what is called to hear the mailbox, such as *97.", like=r"\S*"
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
    queues: tuple[QueueSettings, ...] = ()
    """[[profiles.NAME.queues]]: the queues that the agent works in, with kind "sip"."""
    policies: Policies | None = None
    """[profiles.NAME.policies]: in place of [policies], as far as given."""


@frozen
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
    noise_suppression: bool = setting(
        False,
        "Free a headset's microphone of the room's noise. Wants the extra: yimi[noise].",
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


@frozen
class SipSettings:
    """The signalling line."""

    expires: int = setting(600, "Seconds for which a registration is asked.", low=60, high=86400)
    session_expires: int = setting(
        1800, "Seconds of the session timer (RFC 4028).", low=90, high=86400
    )
    allow_weaker_digest: bool = setting(
        False, "Whether a platform may fall back to a weaker digest (MD5) than it used before."
    )


@frozen
class TlsSettings:
    """Whom to trust, for https and wss."""

    ca_file: str = setting(
        "", "A PEM file of certificate authorities that are trusted besides this computer's."
    )


@frozen
class WrapUpSettings:
    """The write-up after a call."""

    mode: str = setting(
        "timed",
        "What is wanted after a call: an outcome is optional or required, or there is a countdown.",
        choices=("off", "optional", "required", "timed", "timed-strict"),
    )
    seconds: int = setting(30, "The countdown; 0 = no write-up.", low=0, high=3600)
    outcomes: tuple[str, ...] = setting(
        ("Resolved", "Call back", "Complaint", "Wrong number"),
        "What can be chosen.",
        like=r".*\S.*",
    )
    call_back: str = setting("Call back", 'The outcome that asks when to call; "" for none.')


@frozen
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


@frozen
class DtmfSettings:
    """Tones from the keypad. A receiver drops digits that come too fast."""

    tone: int = setting(160, "How long a tone is, in milliseconds.", low=40, high=2000)
    gap: int = setting(250, "The silence between two tones, in milliseconds.", low=20, high=5000)
    pause: int = setting(2000, "What a comma waits, in milliseconds.", low=100, high=20000)


@frozen
class HistorySettings:
    """The history of calls, kept on this computer."""

    mask: bool = setting(False, "Whether numbers are masked wherever the history shows them.")
    keep_days: int = setting(90, "Days before a call is forgotten; 0 = never.", low=0, high=36500)
    csv_bom: bool = setting(
        False, "Whether an exported CSV begins with a byte-order mark, as Excel wants it."
    )


@frozen
class PopSettings:
    """What to run when a call comes or goes: words of a command, or one URL to open."""

    ringing: tuple[str, ...] = setting(
        (),
        "When a call is offered. {number} {ccnumber} {group} {reason} {name} {header:NAME}"
        " {attribute:NAME} are replaced in each word.",
    )
    answered: tuple[str, ...] = setting((), "When it is up.")
    ended: tuple[str, ...] = setting((), "When it is over.")
    opener: tuple[str, ...] = setting(("xdg-open",), "The command that opens a URL.")


@frozen
class UiSettings:
    """The screen."""

    theme: str = setting("yimi-dark", "The name of a theme file, without .toml.")
    language: str = setting(
        "",
        'The language of the screen, "en" or "zh"; "" as the system says.',
        like=r"(?i:(en|zh)([-_.@].*)?)?",
    )
    letters: bool = setting(
        False,
        "Whether letters are keys where no field has the cursor (d dials, m mutes); a note then"
        " begins with Tab. None hangs up, declines or answers: only [keys] gives those a letter.",
    )
    calm: bool = setting(
        False,
        "For a screen reader, a braille line, a slow link: no meters, the clock by the minute, no"
        " boxes.",
    )
    mouse: bool = setting(
        True,
        "Whether a click works on keys, choices and lists; if not, the mouse is the terminal's.",
    )


@frozen
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


@frozen
class SandboxSettings:
    """The call platform in a box (`yimi --sandbox`)."""

    port: int = setting(0, "The TCP port on loopback; 0 = any free one.", low=0, high=65535)


@frozen
class QualitySettings:
    """How calls sounded, told to whoever runs the place."""

    publish: str = setting(
        "",
        "A collector that gets a report after each call (RFC 6035, PUBLISH): sip:NAME@HOST, reached"
        " over the line; none unless it stands here.",
        like=r"|sips?:[!-?A-~]+@[!-?A-~]+",
    )


@frozen
class WatchSettings:
    """Who else may look at this desk (`yimi watch`). The agent is told while somebody does."""

    allow: tuple[str, ...] = setting(
        (),
        "Login names, and groups as @GROUP, of this machine; none: nobody.",
        like=r"@?[A-Za-z0-9_][A-Za-z0-9_.-]*\$?",
    )
    directory: str = setting(
        "/tmp",  # noqa: S108 - the directory that is made in it is checked
        "Where the sockets for them lie; all must be able to enter.",
    )


@frozen
class PlatformSettings:
    """Who may speak to us on the line, where a platform does otherwise than it said at sign-in."""

    pbx: tuple[str, ...] = setting(
        (),
        "Addresses that control messages come from too: sip:NAME@HOST, with a port or without.",
        like=r"sips?:[^\s@<>]+@[^\s@<>]+",
    )
    callers: tuple[str, ...] = setting(
        (),
        "Who may send the INVITE of a call that waits for its sound, besides the PBX: addresses, or"
        ' "*" for anybody.',
        like=r"\*|sips?:[^\s@<>]+@[^\s@<>]+",
    )
    content_types: tuple[str, ...] = setting(
        ("application/pidf+xml",),
        "Content types of control messages: all are read, the first is written.",
        like=r"[a-z0-9.+-]+/[a-z0-9.+-]+",
    )


@frozen
class Config:
    """All settings. The sections of WIRE hold what the config says otherwise than the tables of the
    wire (`wire_table`); `servers` the servers of generation 1, by switch number or by what it
    begins with."""

    locked: tuple[str, ...] = ()
    """What the administrator's file locks: "section", "section.key" (`tui.config.layers`)."""
    profiles: tuple[Profile, ...] = ()
    policies: Policies = Policies()
    audio: AudioSettings = AudioSettings()
    sip: SipSettings = SipSettings()
    tls: TlsSettings = TlsSettings()
    ui: UiSettings = UiSettings()
    notices: NoticeSettings = NoticeSettings()
    wrapup: WrapUpSettings = WrapUpSettings()
    offers: OfferSettings = OfferSettings()
    dtmf: DtmfSettings = DtmfSettings()
    history: HistorySettings = HistorySettings()
    pop: PopSettings = PopSettings()
    lookup: LookupSettings = field(default=LookupSettings())
    sandbox: SandboxSettings = SandboxSettings()
    platform: PlatformSettings = PlatformSettings()
    watch: WatchSettings = WatchSettings()
    quality: QualitySettings = QualitySettings()
    kiosk: KioskSettings = KioskSettings()
    provision: ProvisionSettings = ProvisionSettings()
    servers: Mapping[str, str] = field(default_factory=dict)
    breaks: tuple[Break, ...] = ()
    """[breaks.NAME]: why a seat is busy, in the order of the file."""
    actions: tuple[OwnAction, ...] = ()
    """[actions.NAME]: what the agent can do besides."""
    scripts: Mapping[str, str] = field(default_factory=dict)
    """Markdown files by a group's name or gid, "*" for all others: what to say in a call."""
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Keys by action; what they may be is checked by whoever has the actions."""
    routes: Mapping[str, str] = field(default_factory=dict)
    routes1: Mapping[str, str] = field(default_factory=dict)
    messages: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    fields1: Mapping[str, str] = field(default_factory=dict)

    def profile(self, name: str) -> Profile:
        """The profile of that name. ConfigError when there is none."""
        for profile in self.profiles:
            if profile.name == name:
                return profile
        known = tuple(profile.name for profile in self.profiles)
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


WIRE: Final = ("routes", "routes1", "fields", "fields1", "messages")
"""Sections that say what a platform has otherwise than the tables of the wire."""


def wire_table(section: str) -> Any:
    """The table that a section of WIRE changes, with its defaults. Imported when it is asked for:
    few configs have one."""
    match section:
        case "routes":
            from tui.platform.gen2.routes import ROUTES

            return ROUTES
        case "routes1":
            from tui.platform.gen1.routes import ROUTES1

            return ROUTES1
        case "fields":
            from tui.platform.gen2.fields import FIELDS

            return FIELDS
        case "fields1":
            from tui.platform.gen1.fields import FIELDS1

            return FIELDS1
    from tui.platform.vocabulary import ASSUMED

    return ASSUMED
