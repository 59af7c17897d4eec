"""The subscriptions of one agent: their number, their turns, and whose a NOTIFY is (RFC 6665)."""

from __future__ import annotations

from typing import Final

from tui.sip.errors import LocalProtocolError
from tui.sip.events import Notified
from tui.sip.message.grammar import is_token
from tui.sip.message.message import Request
from tui.sip.message.subscription_state import event_package
from tui.sip.transaction.transaction_layer import ServerTransaction
from tui.sip.ua.admission import Admission
from tui.sip.ua.context import AgentContext
from tui.sip.ua.out_of_dialog import dialled_uri
from tui.sip.ua.subscription.usage import SipSubscription, SubscriptionPhase

_PAUSE: Final = 0.05
"""Seconds between two first SUBSCRIBEs: a hundred lamps after a reconnect are no flood."""
_MAILBOX: Final = "message-summary"
_ALLOWED: Final = ("refer", _MAILBOX)
"""The packages of which news may come in the dialog of a call, or in none."""
_HARMLESS: Final = "check-sync"
"""What PBXs tell unasked besides: to read the settings again."""


class Subscriptions:
    """All that one agent is subscribed to, or wants to be."""

    def __init__(self, context: AgentContext, admission: Admission) -> None:
        self._context = context
        self._admission = admission
        self._all: dict[str, SipSubscription] = {}
        self._up = False
        """We may ask: registered on this flow, or with no wish to be."""
        self._turn = 0.0
        """When the next one may ask."""

    # -------------------------------------------------------- commands

    def subscribe(
        self, target: str, package: str, accept: tuple[str, ...], expires: int, now: float
    ) -> str:
        """Ask for it now, or with the next registration; `expires` in seconds. Its handle.
        LocalProtocolError for what cannot be said, or when there are too many."""
        if len(self._all) >= self._context.config.max_subscriptions:
            raise LocalProtocolError("too many subscriptions")
        if not is_token(package) or expires < 1:
            raise LocalProtocolError("a package is a token, and its life a second at least")
        uri = dialled_uri(target, self._context.aor.host)
        subscription = SipSubscription(
            self._context, uri, package, accept, expires, self._queue, self._forget
        )
        subscription.build().to_bytes()  # what cannot be said is refused now
        self._all[subscription.handle] = subscription
        if self._up:
            self._queue(subscription, now)
        return subscription.handle

    def unsubscribe(self, handle: str, now: float) -> None:
        """Nobody wants to know any more."""
        self._get(handle).leave(now)

    def refresh(self, handle: str, now: float) -> None:
        """Have it all told anew; nothing where it is being asked for already."""
        self._get(handle).refresh(now)

    def leave(self, now: float) -> None:
        """End them all."""
        for subscription in list(self._all.values()):
            if subscription.phase is not SubscriptionPhase.LEAVING:
                subscription.leave(now)

    def _get(self, handle: str) -> SipSubscription:
        found = self._all.get(handle)
        if found is None or found.phase is SubscriptionPhase.LEAVING:
            raise LocalProtocolError("there is no such subscription")
        return found

    def _forget(self, subscription: SipSubscription) -> None:
        self._all.pop(subscription.handle, None)

    # -------------------------------------------------------- flow and turns

    def flow_up(self, now: float) -> None:
        """We are registered, or may ask without: whatever waits for that has its turn."""
        self._up = True
        for subscription in self._all.values():
            if subscription.rests:
                self._queue(subscription, now)

    def flow_down(self) -> None:
        """Called after the transactions were told."""
        self._up, self._turn = False, 0.0
        for subscription in list(self._all.values()):
            subscription.flow_down()

    def _queue(self, subscription: SipSubscription, now: float) -> None:
        turn = max(now, self._turn)
        self._turn = turn + _PAUSE
        if turn > now:
            subscription.wait(turn, subscription.start)
        else:
            subscription.start(now)

    # -------------------------------------------------------- NOTIFY

    def find(self, request: Request) -> SipSubscription | None:
        """Whose NOTIFY this is."""
        if request.method != "NOTIFY" or request.to.tag is None:
            return None
        for subscription in self._all.values():
            if subscription.matches(request):
                return subscription
        return None

    def notified(
        self, subscription: SipSubscription, transaction: ServerTransaction, now: float
    ) -> None:
        """Take a NOTIFY of ours, if its package is and its body can be read."""
        request = transaction.request
        if event_package(request.headers.get("Event")) != subscription.package.lower():
            self._context.answer(transaction, now, 481)
        elif not self._refuse(transaction, now):
            subscription.notified(transaction, now)

    def unasked(self, transaction: ServerTransaction, now: float, *, in_call: bool) -> None:
        """A NOTIFY that nobody asked for: 481 (RFC 6665 §4.1.3), unless it is one that PBXs send
        all the same: of the mailbox, which is told, or to read the settings again. One of a package
        that we have not, as `talk` and `hold`, by which a PBX presses a phone's keys, gets 489 in
        the dialog of a call: that is about the package alone (RFC 5057 §5.1), where a 481 would
        end the call at some peers."""
        context, request = self._context, transaction.request
        package = event_package(request.headers.get("Event"))
        if in_call and package not in (*_ALLOWED, _HARMLESS, ""):
            context.ignore("news of what we have no package for, in a call: 489")
            context.answer(transaction, now, 489, lines=[("Allow-Events", ", ".join(_ALLOWED))])
        elif package not in (_MAILBOX, _HARMLESS) or not self._admission.is_for_us(request):
            context.answer(transaction, now, 481)
        elif not self._refuse(transaction, now):
            context.answer(transaction, now, 200)
            if package == _MAILBOX and request.body:
                context.emit(Notified("", package, request.content_type, request.body))
            else:
                context.ignore(f"NOTIFY of {package}")

    def _refuse(self, transaction: ServerTransaction, now: float) -> bool:
        """Refuse a body that is too long, or packed; whether it was."""
        context, request = self._context, transaction.request
        encoding = (request.headers.get("Content-Encoding") or "identity").lower()
        if len(request.body) > context.config.max_notify_body:
            context.ignore("a NOTIFY with a body that is too long: 413")
            context.answer(transaction, now, 413)
        elif encoding != "identity" and request.body:
            context.ignore("a NOTIFY with a packed body: 415")
            context.answer(transaction, now, 415, lines=[("Accept-Encoding", "identity")])
        else:
            return False
        return True
