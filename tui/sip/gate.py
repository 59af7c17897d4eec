"""What a request has to pass before anything acts on it (RFC 3261 §8.2), and whom we believe.

A refusal is a status with the headers that belong to it. Order: method, required extensions,
identity, address, content.
"""

from __future__ import annotations

from tui.sip.core import SDP, Core, Lines
from tui.sip.errors import RemoteProtocolError
from tui.sip.fields import NameAddr, parse_name_addr
from tui.sip.message import Request
from tui.sip.session_timer import read_session_expires
from tui.sip.uri import parse_uri

Refusal = tuple[int, Lines]


def asserted(request: Request) -> NameAddr | None:
    """The first P-Asserted-Identity (RFC 3325), if any. Worth what the flow is worth."""
    found = _all_asserted(request)
    return found[0] if found else None


def _all_asserted(request: Request) -> tuple[NameAddr, ...]:
    return request.headers.parsed_all("p-asserted-identity", parse_name_addr)


class Gate:
    """The checks of one agent, and its rate limit: a bucket that `request_rate` a second fills."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._trusted = frozenset(parse_uri(text).aor() for text in core.config.trusted)
        self._tokens = float(core.config.request_burst)
        self._filled: float | None = None

    def too_fast(self, now: float) -> bool:
        """Take one token; True when there is none left."""
        config = self._core.config
        if self._filled is not None:
            gained = max(0.0, now - self._filled) * config.request_rate
            self._tokens = min(float(config.request_burst), self._tokens + gained)
        self._filled = now
        if self._tokens < 1:
            return True
        self._tokens -= 1
        return False

    def trusts(self, request: Request) -> bool:
        """Whether From, and every P-Asserted-Identity, is an identity that we were told."""
        if not self._trusted:
            return True
        identities = (request.from_, *_all_asserted(request))
        return all(identity.uri.aor() in self._trusted for identity in identities)

    def refuse(self, request: Request, *, surfaced: bool) -> Refusal | None:
        """Why a request outside of a dialog or inside of one cannot be served; None = it can.

        `surfaced`: the user of this package judges it, only `Require` is ours to check.
        """
        core = self._core
        if request.method not in (*core.methods, "NOTIFY") and not surfaced:
            return 405, [("Allow", ", ".join(core.methods))]
        unknown = [
            tag for tag in request.headers.get_all("Require") if tag.lower() not in core.extensions
        ]
        if unknown and request.method != "CANCEL":
            return 420, [("Unsupported", ", ".join(unknown))]
        return None

    def refuse_stranger(self, request: Request) -> Refusal | None:
        """For a MESSAGE, and an INVITE outside of a dialog: is it from the PBX, and for us? An
        INVITE gets 486, the same as one that nothing waits for: a stranger learns nothing."""
        status = 486 if request.method == "INVITE" else 403
        if not self.trusts(request):
            self._core.ignore(f"{request.method} from an identity that is not trusted: {status}")
            return status, ()
        if not self._core.config.registrar_role and not self._is_for_us(request):
            self._core.ignore(f"{request.method} to an address that is not ours: {status}")
            return status, ()
        return None

    def _is_for_us(self, request: Request) -> bool:
        return self._core.is_us(request.request_uri)

    def refuse_content(self, request: Request) -> Refusal | None:
        """415 with Accept for a body of a type that we do not read (§8.2.3)."""
        config = self._core.config
        types: tuple[str, ...] | None
        if request.method == "INVITE":
            if not request.body:
                return None
            types = (SDP,)
        elif request.method == "MESSAGE":
            types = config.message_types
        else:
            types = config.info_types
        encoding = (request.headers.get("Content-Encoding") or "identity").lower()
        if encoding != "identity":
            return 415, [("Accept-Encoding", "identity")]
        if types is None or request.content_type in types:
            return None
        return 415, [("Accept", ", ".join(types))]

    def check(self, request: Request) -> None:
        """RemoteProtocolError, to be answered 400, when a header that we act on is unreadable."""
        try:
            _all_asserted(request)
            if request.method == "INVITE":
                request.contacts, request.record_route  # noqa: B018
                read_session_expires(request.headers)
        except RemoteProtocolError as error:
            raise RemoteProtocolError(str(error), request_hint=request) from None
