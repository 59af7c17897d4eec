"""What a request has to pass before anything acts on it (RFC 3261 §8.2), and whom we believe.

Theory of operation. `incoming.py` asks in this order, and the first no is the answer:

    what is asked                          the answer           where
    can the headers that route be read?    400                  `parse_message`, `check`
    is it from one of the trusted?         403 (INVITE 486)     `trusts`, before the rate limit
    is there room, and a token left?       503 + Retry-After    `too_fast`
    do we know the method?                 405 + Allow          §8.2.1, `refuse`
    do we support what it requires?        420 + Unsupported    §8.2.2.3, `refuse`
    is it for us?                          403 (INVITE 486)     §8.2.2.1, `refuse_stranger`
    can we read its content?               415 + Accept         §8.2.3, `refuse_content`

A rejection is a status with the headers that belong to it. Tokens are a bucket: it holds
`request_burst` and gains `request_rate` a second. Strangers have a bucket of their own, so that
what they send takes nothing from the PBX's share. So have the calls that are up: an ordinary
PBX lets anybody through, and a flood of new calls must not keep one that is up from being resumed.
"""

from __future__ import annotations

from tui.sip.dialog.dialog import read_routes
from tui.sip.errors import RemoteProtocolError
from tui.sip.events import Refused, Rule
from tui.sip.message.body import SDP, is_session
from tui.sip.message.header_values import sent_back
from tui.sip.message.identity import asserted_all
from tui.sip.message.message import Lines, MalformedRequest, Request
from tui.sip.message.uri import parse_uri
from tui.sip.ua.context import AgentContext

Rejection = tuple[int, Lines]


class _Bucket:
    """A rate limit: `size` tokens at most, `rate` more a second, one for each request."""

    def __init__(self, size: int, rate: float) -> None:
        self._size = float(size)
        self._rate = rate
        self._tokens = self._size
        self._filled: float | None = None

    def is_empty(self, now: float) -> bool:
        """Take one token; True when there is none left."""
        if self._filled is not None:
            gained = max(0.0, now - self._filled) * self._rate
            self._tokens = min(self._size, self._tokens + gained)
        self._filled = now
        if self._tokens < 1:
            return True
        self._tokens -= 1
        return False


class Admission:
    """The checks of one agent, and its rate limits: one for the trusted, one for the rest."""

    def __init__(self, context: AgentContext) -> None:
        self._context = context
        self._trusted = frozenset(parse_uri(text).aor() for text in context.config.trusted)
        config = context.config
        self._anybody_calls = "*" in config.callers
        named = (parse_uri(text).aor() for text in config.callers if text != "*")
        self._callers = self._trusted | frozenset(named)
        self._ours = _Bucket(config.request_burst, config.request_rate)
        self._inside = _Bucket(config.request_burst, config.request_rate)
        self._strangers = _Bucket(config.stranger_burst, config.stranger_rate)

    def too_fast(self, now: float, *, stranger: bool, inside: bool) -> bool:
        """Take one token of the sender's share, or of that of the calls that go on
        (`inside`); True when there is none left."""
        if inside:
            return self._inside.is_empty(now)
        return (self._strangers if stranger else self._ours).is_empty(now)

    def trusts(self, request: Request) -> bool:
        """Whether From, and every P-Asserted-Identity, is an identity that we were told. One that
        cannot be read is none of them."""
        if not self._trusted:
            return True
        if self._anybody_calls and request.method != "MESSAGE":
            return True
        stated = asserted_all(request.headers)
        if len(stated) != len(request.headers.get_all("P-Asserted-Identity")):
            return False
        known = self._trusted if request.method == "MESSAGE" else self._callers
        return all(identity.uri.aor() in known for identity in (request.from_, *stated))

    def refuse(self, request: Request, *, surfaced: bool) -> Rejection | None:
        """Why a request outside of a dialog or inside of one cannot be served; None = it can.

        `surfaced`: the user of this package judges it, only `Require` is ours to check.
        """
        context = self._context
        if request.method not in (*context.methods, "NOTIFY") and not surfaced:
            context.ignore(f"{request.method}, which nothing here is for: 405")
            return 405, [("Allow", ", ".join(context.methods))]
        unknown = [
            tag
            for tag in request.headers.get_all("Require")
            if tag.lower() not in context.extensions
        ]
        if unknown and request.method not in ("CANCEL", "BYE"):  # these end what is over there
            if request.method in ("INVITE", "MESSAGE"):
                what = f"{request.method} that requires what we do not have: 420"
                self._refused(
                    Rule.EXTENSION,
                    request,
                    420,
                    what,
                    given=tuple(unknown),
                    expected=context.extensions,
                )
            return 420, [("Unsupported", ", ".join(unknown))]
        return None

    def refuse_stranger(self, request: Request) -> Rejection | None:
        """For a MESSAGE, and an INVITE outside of a dialog: is it from the PBX, and for us? An
        INVITE gets 486, the same as one that nothing waits for: a stranger learns nothing."""
        status = 486 if request.method == "INVITE" else 403
        if not self.trusts(request):
            self.refused_sender(
                request, status, f"{request.method} from an identity that is not trusted: {status}"
            )
            return status, ()
        ours = self._context.is_us(request.request_uri, called=request.method == "INVITE")
        if not self._context.config.registrar_role and not ours:
            expected = str(self._context.aor), f"sip:{self._context.aor.user}@…"
            self._refused(
                Rule.ADDRESS,
                request,
                status,
                f"{request.method} to an address that is not ours: {status}",
                given=(request.uri,),
                expected=expected,
            )
            return status, ()
        return None

    def refused_sender(self, request: Request, status: int, what: str) -> None:
        """Tell of a request from somebody whom we were not told of, and who was expected."""
        known = self._trusted if request.method == "MESSAGE" else self._callers
        stated = request.headers.get_all("P-Asserted-Identity")
        given = (request.from_.uri.aor(), *stated)
        self._refused(
            Rule.SENDER, request, status, what, given=given, expected=tuple(sorted(known))
        )

    def _refused(
        self,
        rule: Rule,
        request: Request,
        status: int,
        what: str,
        *,
        given: tuple[str, ...],
        expected: tuple[str, ...],
    ) -> None:
        refused = Refused(
            rule, request.method, status, given, expected, request.content_type, request.body
        )
        self._context.ignore(what, refused)

    def is_for_us(self, request: Request) -> bool:
        """Whether it comes from one we trust, to an address of ours."""
        return self.trusts(request) and self._context.is_us(request.request_uri)

    def refuse_content(self, request: Request) -> Rejection | None:
        """415 with Accept for a body of a type that we do not read (§8.2.3)."""
        config = self._context.config
        encoding = (request.headers.get("Content-Encoding") or "identity").lower()
        if request.method in ("INVITE", "UPDATE"):
            types: tuple[str, ...] | None = (SDP,)
            readable = is_session(request)
        else:
            types = config.message_types if request.method == "MESSAGE" else config.info_types
            readable = types is None or request.content_type in types
        if encoding != "identity" and (request.body or request.method not in ("INVITE", "UPDATE")):
            self._refused_content(request, encoding, ("identity",))
            return 415, [("Accept-Encoding", "identity")]
        if readable or types is None:
            return None
        self._refused_content(request, request.content_type or "no Content-Type", types)
        return 415, [("Accept", ", ".join(types))]

    def _refused_content(self, request: Request, given: str, expected: tuple[str, ...]) -> None:
        what = f"{request.method} with a content that is not read: 415"
        self._refused(Rule.CONTENT, request, 415, what, given=(given,), expected=expected)

    def check(self, request: Request) -> None:
        """MalformedRequest, to be answered 400, when a header that routes or matches is unreadable:
        of an INVITE the first Contact, which is the target, and the Record-Route. Both go back as
        they stand, so it is enough that they can."""
        if request.method != "INVITE":
            return
        try:
            read_routes(request)
            for contact in request.headers.get_all("Contact")[:1]:
                sent_back(contact)
        except RemoteProtocolError as error:
            raise MalformedRequest(str(error), request) from None
