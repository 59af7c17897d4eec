"""What a user agent has to say: facts in the past tense, drained with `UserAgent.events()`.

`call` is the handle that `invite()` returned or `InviteReceived` brought; `id` the one that
`send_message()`, `info()`, `options()` or `send_request()` returned; `subscription` that of
`subscribe()`. Texts in these events come
from the wire as they are: whoever shows them passes them through `clean_text()` first.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from tui.sip.message.header_values import NameAddr
from tui.sip.message.headers import Headers
from tui.sip.message.message import Request
from tui.sip.message.reason import Reason

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
    """A REGISTER was refused. `final`: nothing more is tried until `register()` is called, or,
    where it has worked before, until the next flow.

    Otherwise the agent tries again by itself after `retry_after` seconds. Unless the binding of
    before is `held` until then, nothing may reach us until the next `Registered`.
    """

    status: int
    reason: str
    final: bool
    retry_after: float | None
    held: bool = False
    unmet: bool = False
    """The password was not asked for in a way that we answer: nobody has looked at it."""


@dataclass(frozen=True, slots=True)
class Unregistered:
    """The registration that `unregister()` ended is gone (or its answer never came)."""


@dataclass(frozen=True, slots=True)
class FlowFailed:
    """The flow carries nothing any more although the socket is open: drop it, connect again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Overloaded:
    """A request of somebody we trust got 503: there was no room for it. What it said is lost, so
    whoever keeps state by such requests asks for that state again."""

    method: str


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
    Neither is `answered`: the peer said nothing, and may have carried out what was `sent`. After
    `withdraw()` nothing is told.
    """

    id: str
    status: int
    reason: str
    body: bytes
    answered: bool = True
    sent: bool = True


@dataclass(frozen=True, slots=True)
class RequestReceived:
    """Registrar role: an out-of-dialog request that waits for `respond(id, …)`."""

    id: str
    request: Request


# ------------------------------------------------------------ subscriptions


@dataclass(frozen=True, slots=True)
class SubscriptionActive:
    """The notifier has taken our SUBSCRIBE, for `expires` seconds; it is refreshed by itself.
    `pending`: somebody there has not yet said that we may know; told again when he has."""

    subscription: str
    package: str
    expires: int
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Notified:
    """What a NOTIFY says; the 200 is on its way already. `content_type` is in lower case, without
    parameters. `subscription` is "" for what a PBX tells unasked: a mailbox (RFC 3842)."""

    subscription: str
    package: str
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class SubscriptionEnded:
    """What a subscription told is true no longer. `final`: nothing more is tried, and the handle
    is void; each `subscribe()` comes to that once. Else it is asked for again by itself, after
    about `retry_in` seconds, or, where that is None, with the next registration.

    `status` is that of the refusal, 408 when no NOTIFY came, 503 when the flow was lost, 200 after
    `unsubscribe()`; 0 when a NOTIFY ended it: `reason` is then the one that it gives (RFC 6665
    §4.1.3: deactivated, probation, rejected, timeout, giveup, noresource, invariant), or
    "terminated"."""

    subscription: str
    package: str
    reason: str
    status: int
    final: bool
    retry_in: float | None


# ------------------------------------------------------------ calls


@dataclass(frozen=True, slots=True)
class InviteReceived:
    """A new call for us. `sdp` is the offer, or None when the caller wants ours.

    `headers` has what else a PBX says: Alert-Info, Call-Info, Answer-Mode, Referred-By…
    `replaces` is the handle of the call whose place it takes (RFC 3891): there is nothing to
    ring for. `accept()` ends that one: `CallEnded` with the reason "replaced", or, for one that
    still rings at the other side, `InviteRefused` with 487.

    `asserted` is P-Asserted-Identity, else Remote-Party-ID. `of_registrar`: the server that we are
    registered at made this call itself (one Via, over our registered flow), so what it says of the
    caller is the PBX's own word, whatever host it writes, and the user part is the number.
    """

    call: str
    from_: NameAddr
    asserted: NameAddr | None
    sdp: bytes | None
    headers: Headers
    request_uri: str = ""
    replaces: str | None = None
    of_registrar: bool = False


@dataclass(frozen=True, slots=True)
class InviteCancelled:
    """A call that rang here is over before we answered: CANCEL or an early BYE came with `reasons`
    (RFC 3326); or `flow_lost`: we lost the line; or `timed_out`: nobody answered for as long as the
    caller's Expires, or `AgentConfig.longest_ring`, allows; or `unconfirmed`: the caller wants our
    ringing confirmed, and confirmed nothing (RFC 3262 §3)."""

    call: str
    reasons: tuple[Reason, ...] = ()
    flow_lost: bool = False
    timed_out: bool = False
    unconfirmed: bool = False

    @property
    def elsewhere(self) -> bool:
        """Somebody else took the call: it was not missed."""
        return any(reason.elsewhere for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class Progress:
    """A 101–199 to our INVITE; `sdp` is early media.

    A call that forks rings at several phones: `tag` says which of them this is from ("" where
    the peer says not). Each may have early media of its own; `InviteAnswered.tag` is who took it.
    `reason` is the peer's phrase, with what its Warning says.
    """

    call: str
    status: int
    sdp: bytes | None
    tag: str = ""
    asserted: NameAddr | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class InviteAnswered:
    """A 2xx to our INVITE. The ACK is sent already, unless our INVITE had no SDP: then `sdp` is
    the peer's offer and `acknowledge(call, sdp)` sends the ACK with the answer. `tag` is that of
    the `Progress` events of the phone that took the call. `asserted` is who the server says took
    it, in this and in the events below: P-Asserted-Identity, else Remote-Party-ID, else None, which
    changes nothing."""

    call: str
    sdp: bytes | None
    tag: str = ""
    asserted: NameAddr | None = None


@dataclass(frozen=True, slots=True)
class InviteRefused:
    """Our INVITE came to nothing: each `invite()` ends in this or in `InviteAnswered`.

    `targets`: where a 3xx says to call instead, the most wanted first. Nothing is ever called
    by itself: these may cost money. `flow_lost`: nobody refused it, our connection went away.
    `realm`: who asked for the password and is none that may; from the wire.
    """

    call: str
    status: int
    reason: str
    targets: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    flow_lost: bool = False
    realm: str = ""


@dataclass(frozen=True, slots=True)
class Established:
    """The ACK to our 2xx to the first INVITE has come."""

    call: str
    asserted: NameAddr | None = None


@dataclass(frozen=True, slots=True)
class AckWithSdp:
    """The ACK carried the answer to the offer in our 2xx."""

    call: str
    sdp: bytes


@dataclass(frozen=True, slots=True)
class ReinviteReceived:
    """The peer's re-INVITE waits for `accept_reinvite` or `reject_reinvite`, for 32 s; or its
    UPDATE with an offer, for 10 s."""

    call: str
    sdp: bytes | None
    asserted: NameAddr | None = None


@dataclass(frozen=True, slots=True)
class ReinviteAccepted:
    """The 2xx to `reinvite()`; the ACK is sent already."""

    call: str
    sdp: bytes | None
    asserted: NameAddr | None = None


@dataclass(frozen=True, slots=True)
class ReinviteRefused:
    """An offer of ours in a call was refused and the session stays as it was: by the answer to
    `reinvite()`, or (488) by an ACK without the answer that it had to bring. 503: the flow was
    lost. `reason`: the peer's words, where they are more than the usual ones of that status."""

    call: str
    status: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DialogUpdated:
    """An UPDATE without a description (RFC 3311) in a call, answered or not, or an INFO in one of
    ours that rings there; the 200 is already on its way. `asserted`: who it says is there."""

    call: str
    asserted: NameAddr | None = None


@dataclass(frozen=True, slots=True)
class InfoReceived:
    """An INFO inside a call; the 200 is already on its way. `asserted`: who it says is there."""

    call: str
    content_type: str
    body: bytes
    asserted: NameAddr | None = None


@dataclass(frozen=True, slots=True)
class HangUpRefused:
    """Our BYE was refused for good, by the peer or on the way to it: `call`, which is over for us,
    may be up there yet. `reason`: the words of the refusal; `peer`: the From or To value of the
    other side; both from the wire."""

    call: str
    status: int
    reason: str
    peer: str


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
    reasons: tuple[Reason, ...] = ()
    """Those of the peer's BYE (RFC 3326)."""


# ------------------------------------------------------------ for the log


class Rule(StrEnum):
    """Which rule of admission a request did not pass (`tui.sip.ua.admission`)."""

    SENDER = "sender"
    """It says to be from somebody we were not told of."""
    ADDRESS = "address"
    """Its Request-URI is no address of ours."""
    CONTENT = "content"
    """Its body is of a type, or in an encoding, that we do not read."""
    EXTENSION = "extension"
    """It requires an extension that we do not have (RFC 3261 §8.2.2.3)."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A request that was answered with `status` for a rule: what it had, and what would pass."""

    rule: Rule
    method: str
    status: int
    given: tuple[str, ...]
    expected: tuple[str, ...]
    content_type: str = ""
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something from the wire changed nothing; `what` says why, for the log. `refused`: a rule
    of ours was the reason, and whoever knows our settings can say which. `stray`: it belongs to
    nothing of ours, or no more, as what comes late or twice; nobody is refused anything by that."""

    what: str
    refused: Refused | None = None
    stray: bool = False


Event: TypeAlias = (
    Registered
    | RegistrationRefreshed
    | RegistrationFailed
    | Unregistered
    | FlowFailed
    | Overloaded
    | MessageReceived
    | RequestOutcome
    | RequestReceived
    | SubscriptionActive
    | Notified
    | SubscriptionEnded
    | InviteReceived
    | InviteCancelled
    | Progress
    | InviteAnswered
    | InviteRefused
    | Established
    | AckWithSdp
    | ReinviteReceived
    | ReinviteAccepted
    | ReinviteRefused
    | DialogUpdated
    | HangUpRefused
    | InfoReceived
    | TransferProgress
    | ReferReceived
    | CallEnded
    | Ignored
)
