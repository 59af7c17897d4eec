"""What a user agent has to say: facts in the past tense, drained with `UserAgent.events()`.

`call` is the handle that `invite()` returned or `InviteReceived` brought; `id` the one that
`send_message()`, `info()`, `options()` or `send_request()` returned. Texts in these events come
from the wire as they are: whoever shows them passes them through `clean_text()` first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from tui.sip.fields import NameAddr
from tui.sip.headers import Headers
from tui.sip.message import Request

# ------------------------------------------------------------ registration and flow


@dataclass(frozen=True, slots=True)
class Registered:
    """The first 2xx to REGISTER on this flow. `expires` in seconds, as the registrar granted."""

    expires: int
    headers: Headers


@dataclass(frozen=True, slots=True)
class RegistrationRefreshed:
    """A later 2xx on the same flow: nothing to do again, only a new life in seconds."""

    expires: int


@dataclass(frozen=True, slots=True)
class RegistrationFailed:
    """A REGISTER was refused. `final`: nothing more is tried until `register()` is called.

    Otherwise the agent tries again by itself after `retry_after` seconds.
    """

    status: int
    reason: str
    final: bool
    retry_after: float | None


@dataclass(frozen=True, slots=True)
class Unregistered:
    """The registration that `unregister()` ended is gone (or its answer never came)."""


@dataclass(frozen=True, slots=True)
class FlowFailed:
    """The flow carries nothing any more although the socket is open: drop it, connect again."""

    reason: str


# ------------------------------------------------------------ outside of calls


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """A MESSAGE from a trusted peer; the 200 is already on its way."""

    from_: NameAddr
    asserted: NameAddr | None
    content_type: str
    body: bytes
    request_uri: str


@dataclass(frozen=True, slots=True)
class RequestOutcome:
    """The final answer to a MESSAGE, INFO, OPTIONS or other request of ours.

    408: no answer within 32 s. 503 with the reason "flow lost": the connection went away first.
    """

    id: str
    status: int
    reason: str
    body: bytes


@dataclass(frozen=True, slots=True)
class RequestReceived:
    """Registrar role: an out-of-dialog request that waits for `respond(id, …)`."""

    id: str
    request: Request


# ------------------------------------------------------------ calls


@dataclass(frozen=True, slots=True)
class InviteReceived:
    """A new call for us. `sdp` is the offer, or None when the caller wants ours.

    `headers` has what else a PBX says: Alert-Info, Call-Info, Answer-Mode, Referred-By…
    `replaces` is the handle of the call whose place it takes (RFC 3891): there is nothing to
    ring for. `accept()` ends that one: `CallEnded` with the reason "replaced", or, for one that
    still rings at the other side, `InviteRefused` with 487.
    """

    call: str
    from_: NameAddr
    asserted: NameAddr | None
    sdp: bytes | None
    headers: Headers
    request_uri: str = ""
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class InviteCancelled:
    """The caller gave up (CANCEL, an early BYE, or the flow went away) before we answered."""

    call: str


@dataclass(frozen=True, slots=True)
class Progress:
    """A 101–199 to our INVITE; `sdp` is early media.

    A call that forks rings at several phones: `tag` says which of them this is from ("" where
    the peer says not). Each may have early media of its own; `Answered.tag` is who took it.
    """

    call: str
    status: int
    sdp: bytes | None
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """A 2xx to our INVITE. The ACK is sent already, unless our INVITE had no SDP: then `sdp` is
    the peer's offer and `acknowledge(call, sdp)` sends the ACK with the answer. `tag` is that of
    the `Progress` events of the phone that took the call."""

    call: str
    sdp: bytes | None
    tag: str = ""


@dataclass(frozen=True, slots=True)
class InviteRefused:
    """Our INVITE came to nothing: each `invite()` ends in this or in `Answered`.

    `targets`: where a 3xx says to call instead, the most wanted first. Nothing is ever called
    by itself: these may cost money.
    """

    call: str
    status: int
    reason: str
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Established:
    """The ACK to our 2xx to the first INVITE has come."""

    call: str


@dataclass(frozen=True, slots=True)
class AckWithSdp:
    """The ACK carried the answer to the offer in our 2xx."""

    call: str
    sdp: bytes


@dataclass(frozen=True, slots=True)
class ReinviteReceived:
    """The peer's re-INVITE waits for `accept_reinvite` or `reject_reinvite`."""

    call: str
    sdp: bytes | None


@dataclass(frozen=True, slots=True)
class ReinviteAccepted:
    """The 2xx to `reinvite()`; the ACK is sent already."""

    call: str
    sdp: bytes | None


@dataclass(frozen=True, slots=True)
class ReinviteRefused:
    """`reinvite()` was refused and the session stays as it was. 503: the flow was lost."""

    call: str
    status: int


@dataclass(frozen=True, slots=True)
class InfoReceived:
    """An INFO inside a call; the 200 is already on its way."""

    call: str
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class TransferProgress:
    """News of `refer()`: 100–199 under way; 200–299 the peer and the target talk; 300 or more
    it came to nothing, or was refused. Exactly one is `final`; after the call's end, too.

    A final one below 200: the peer tells no more and did not say how it ended. 408: it said
    nothing. The call itself is still ours to hang up, or to take back.
    """

    call: str
    status: int
    reason: str
    final: bool


@dataclass(frozen=True, slots=True)
class ReferReceived:
    """The peer asks us to call `target` in its place: `accept_refer` or `reject_refer`.

    Whoever accepts invites `target` with the headers Referred-By and, where `replaces` is one,
    Replaces, and tells with `refer_progress` how that goes. `target` has no headers. Until it
    is decided the call may end (`CallEnded`) or the flow go; the decision is then out of place.
    """

    call: str
    target: str
    replaces: str | None
    referred_by: NameAddr | None


@dataclass(frozen=True, slots=True)
class CallEnded:
    """A call that was answered is over. `by_peer`: a BYE came; `status` is then 200.

    Else 200 after `bye()`, 408 when an answer or ACK never came or the session timer ran out,
    481 when the peer no longer knew the dialog.
    """

    call: str
    by_peer: bool
    status: int
    reason: str


# ------------------------------------------------------------ for the log


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something from the wire changed nothing; `what` says why, for the log."""

    what: str


Event: TypeAlias = (
    Registered
    | RegistrationRefreshed
    | RegistrationFailed
    | Unregistered
    | FlowFailed
    | MessageReceived
    | RequestOutcome
    | RequestReceived
    | InviteReceived
    | InviteCancelled
    | Progress
    | Answered
    | InviteRefused
    | Established
    | AckWithSdp
    | ReinviteReceived
    | ReinviteAccepted
    | ReinviteRefused
    | InfoReceived
    | TransferProgress
    | ReferReceived
    | CallEnded
    | Ignored
)
