"""What a user agent is told once: who it is, whom it trusts, and its limits."""

from __future__ import annotations

from dataclasses import dataclass

from tui.secrets import Secret


@dataclass(frozen=True, slots=True)
class AgentConfig:
    """The settings of one user agent. Times are in seconds."""

    aor: str
    """Our address of record, `sip:user@domain`."""
    username: str
    """The digest user name."""
    password: Secret
    registrar: str
    """Where REGISTER goes, `sip:domain`."""
    instance_id: str
    """`urn:uuid:…`, kept on disk per account (RFC 5626 §4.1)."""
    transport: str = "ws"
    """`ws` or `wss`: what Via says. Contact says `transport=ws` for both (RFC 7118 §5)."""
    user_agent: str = "yimi"
    display_name: str = ""
    outbound_proxy: str = ""
    """The outbound proxy: requests outside of dialogs carry it as their Route (RFC 3261 §8.1.2)."""
    trusted: tuple[str, ...] = ()
    """Identities that may send us MESSAGE, INVITE and requests in the calls they began:
    their From, and P-Asserted-Identity where present, must equal one of these. () = anyone
    whom the flow's other end, an ordinary PBX, lets through."""
    callers: tuple[str, ...] = ()
    """Identities that may send INVITE, and requests in the calls they began, besides `trusted`;
    `*` for anybody."""
    message_types: tuple[str, ...] = ("application/pidf+xml",)
    """Content types of MESSAGE that we read; others get 415. () = MESSAGE is left out of Allow
    and gets 405."""
    info_types: tuple[str, ...] | None = None
    """Content types of INFO that we read; None = any."""
    register: bool = True
    """Register by itself whenever a flow comes up."""
    transfers: bool = False
    """REFER, Replaces and UPDATE, as an ordinary PBX uses them: `ReferReceived`, `DialogUpdated`
    and `InviteReceived.replaces` may come. Without it REFER and UPDATE are left out of Allow and
    get 405, and an INVITE that requires Replaces 420."""
    outbound: bool = True
    """RFC 5626: `reg-id`, `Supported: outbound, path`."""
    registrar_role: bool = False
    """Surface every out-of-dialog request but INVITE, ACK and CANCEL as `RequestReceived`."""
    expires: int = 600
    """The registration life that is asked for."""
    session_expires: int = 1800
    """The session interval that is asked for (RFC 4028); 0 = no session timers."""
    min_se: int = 90
    """The shortest session interval that we take."""
    realms: tuple[str, ...] = ()
    """Realms that get a proof of the password besides those that asked for it at the first
    registration: of servers behind the registrar that challenge on their own."""
    allow_weaker_digest: bool = False
    """Answer a challenge with a weaker algorithm than the realm has shown before."""
    longest_ring: float = 600.0
    """Seconds that a call may ring, ours since its last sign of life or theirs since it came."""
    max_calls: int = 8
    """More calls at once get 503."""
    max_server_transactions: int = 64
    """More requests under way at once get 503; inside of dialogs twice as many may be."""
    max_queued_messages: int = 64
    """MESSAGEs that may wait for one peer's answer before `send_message` refuses."""
    max_subscriptions: int = 256
    """Subscriptions at once; `subscribe` refuses more."""
    max_notify_body: int = 16 * 1024
    """Bytes of a NOTIFY's body; a longer one gets 413, and nothing of it is told."""
    request_rate: float = 100.0
    """Requests a second that are served in the long run; the rest gets 503 with Retry-After.
    Those inside of dialogs have as much again, which nobody else takes from."""
    request_burst: int = 200
    """Requests that may come at once on top of that."""
    stranger_rate: float = 10.0
    """The same for requests of identities that are not `trusted`: a share of their own."""
    stranger_burst: int = 20
