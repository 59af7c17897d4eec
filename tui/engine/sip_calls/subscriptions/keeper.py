"""Who is subscribed to what, for one session: each address once a package, however many listen.

The user agent sends the SUBSCRIBEs, spread in time, renews them, and asks again what a lost flow
took (`tui.sip.ua.subscription`). Here it is kept what each of them has come to: unknown until a
NOTIFY confirms it, unknown again with the flow, and why. What was refused for good is asked for
again with each new registration, as whoever runs the PBX may have mended it, and a few times after
that: a PBX that has just started knows its phones before its hints.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tui import sip
from tui.engine.context import EngineContext, log
from tui.engine.phone import Phone
from tui.engine.sip_calls.addresses import parse_destination
from tui.engine.sip_calls.subscriptions.documents import ACCEPTED, MAILBOX, DocumentReader
from tui.engine.sip_calls.subscriptions.state import (
    BAD_EVENT,
    Document,
    WatchedState,
    WatchPhase,
    refused,
)
from tui.platform.not_understood import SkippedKind
from tui.presence.errors import UnreadableBody
from tui.presence.message_summary import MailboxNews, parse_message_summary
from tui.text import clean_text

MOST: Final = 240
"""Addresses and packages at once; the user agent itself stops at 256."""
AGAIN: Final = (10.0, 30.0, 90.0)
"""Seconds after which what was refused is asked for again, on one connection."""
_ASK_AGAIN: Final = "subscriptions again"
_NAMES: Final = 100
"""Names of what nobody knew that are noted in one session."""
_FULL: Final = WatchedState(WatchPhase.REFUSED, cause="watch.too_many")

Hear = Callable[[WatchedState], None]


@dataclass(eq=False, slots=True)
class _Watched:
    """One address and package. `handle` "": the user agent has no subscription for it."""

    uri: str
    package: str
    handle: str = ""
    state: WatchedState = field(default_factory=WatchedState)
    reader: DocumentReader = field(default_factory=DocumentReader)
    watches: list[Watch] = field(default_factory=list)


class Watch:
    """One listener's wish to know of an address, until `stop`."""

    def __init__(self, keeper: SubscriptionKeeper, watched: _Watched, hear: Hear) -> None:
        self._keeper = keeper
        self._watched = watched
        self.hear = hear

    @property
    def state(self) -> WatchedState:
        """What is known now."""
        return self._watched.state

    def stop(self) -> None:
        """Hear no more; the subscription ends with its last listener."""
        self._keeper.stopped(self, self._watched)

    def refresh(self) -> None:
        """Have the whole told anew, where it is active."""
        self._keeper.refresh(self._watched)


class SubscriptionKeeper:
    """The subscriptions of one session at a PBX. `domain` is where numbers and names are asked
    for."""

    def __init__(self, context: EngineContext, phone: Phone, domain: str) -> None:
        self.context = context
        self.phone = phone
        self.domain = domain
        self.on_mailbox: Callable[[MailboxNews], None] | None = None
        """Told of a mailbox that the PBX tells of unasked (RFC 3842 §3.10)."""
        self.early_mailbox: MailboxNews | None = None
        """What was told before anybody listened: PBXs do so as soon as one is registered."""
        self._all: dict[tuple[str, str], _Watched] = {}
        self._by_handle: dict[str, _Watched] = {}
        self._begun = False
        self._tries = 0
        """How often what was refused was asked for again on this connection."""
        self._noted: set[tuple[str, str]] = set()

    # ------------------------------------------------------------ who wants to know what

    def watch(self, address: str, package: str, hear: Hear) -> Watch:
        """Have `hear` told of each change at `address` (a number, a name, or a sip: address) by
        `package` (`DIALOG`, `PRESENCE`, `MAILBOX`); what is known already stands in the watch. It
        may be asked for before the line is registered. Beyond `MOST` addresses the watch is
        refused, and says so. NumberError when that is no address."""
        uri = parse_destination(address, self.domain).uri
        watched = self._all.get((uri, package))
        if watched is None:
            watched = _Watched(uri, package)
            if len(self._all) >= MOST:
                log.warning("%d subscriptions: there is no room for more", MOST)
                watched.state = _FULL
                return Watch(self, watched, hear)
            self._all[uri, package] = watched
            self._ask(watched)
        watch = Watch(self, watched, hear)
        watched.watches.append(watch)
        return watch

    def stopped(self, watch: Watch, watched: _Watched) -> None:
        """A listener has had enough (`Watch.stop`)."""
        if watch not in watched.watches:
            return
        watched.watches.remove(watch)
        if watched.watches:
            return
        self._all.pop((watched.uri, watched.package), None)
        self._by_handle.pop(watched.handle, None)
        if watched.handle:
            try:
                self.phone.unsubscribe(watched.handle)
            except sip.LocalProtocolError:
                log.debug("nothing left to unsubscribe from")
        watched.handle = ""

    def refresh(self, watched: _Watched) -> None:
        """Have the whole of one told anew (`Watch.refresh`)."""
        if not watched.handle:
            return
        try:
            self.phone.refresh_subscription(watched.handle)
        except sip.LocalProtocolError:
            log.debug("nothing left to ask anew")

    # ------------------------------------------------------------ the session

    def begin(self) -> None:
        """The line is registered: ask for all that is wanted."""
        self._begun = True
        self.flow_is_back()

    def flow_is_back(self) -> None:
        """Registered anew: what was refused for good is asked for once more."""
        self._tries = 0
        self.context.timers.cancel(_ASK_AGAIN)
        for watched in list(self._all.values()):
            if not watched.handle:
                self._ask(watched)

    def end(self) -> None:
        """The session is over: nobody hears anything more."""
        self.context.timers.cancel(_ASK_AGAIN)
        self._begun = False
        self._all.clear()
        self._by_handle.clear()

    def _ask(self, watched: _Watched, *, again: bool = False) -> None:
        """Ask for it; `again`: on the same connection, where the refusal stands meanwhile."""
        if not self._begun:
            return
        accept = ACCEPTED.get(watched.package)
        watched.reader = DocumentReader()
        try:
            watched.handle = self.phone.subscribe(
                watched.uri, watched.package, accept=() if accept is None else (accept,)
            )
        except sip.LocalProtocolError as error:
            log.warning("no subscription to %s: %s", watched.package, error)
            why = clean_text(str(error))
            self._now(
                watched, WatchedState(WatchPhase.REFUSED, reason=why, cause="watch.not_asked")
            )
            return
        self._by_handle[watched.handle] = watched
        if not again:
            self._now(watched, WatchedState())

    def _ask_again_later(self) -> None:
        if self._tries < len(AGAIN) and _ASK_AGAIN not in self.context.timers:
            self.context.timers.set(_ASK_AGAIN, AGAIN[self._tries], self._ask_again)

    def _ask_again(self) -> None:
        """Once more for what was refused, but for packages that the PBX does not have."""
        self._tries += 1
        for watched in list(self._all.values()):
            if not watched.handle and watched.state.status != BAD_EVENT:
                self._ask(watched, again=True)

    # ------------------------------------------------------------ what comes

    def handle(self, event: sip.Event) -> bool:
        """Take an event of the user agent; whether it is about a subscription."""
        match event:
            case sip.Notified(subscription=""):
                self._unasked(event)
            case sip.Notified(subscription=handle):
                if watched := self._by_handle.get(handle):
                    self._notified(watched, event)
            case sip.SubscriptionActive(subscription=handle, pending=pending):
                if watched := self._by_handle.get(handle):
                    self._active(watched, pending)
            case sip.SubscriptionEnded():
                self._ended(event)
            case _:
                return False
        return True

    def _active(self, watched: _Watched, pending: bool) -> None:
        """Confirmed by a NOTIFY, whose body follows if it has one."""
        if pending:
            self._now(watched, WatchedState(WatchPhase.PENDING, cause="watch.pending"))
        else:
            document = watched.state.document
            cause = "watch.nothing" if document is None else ""
            self._now(watched, WatchedState(WatchPhase.ACTIVE, document, cause=cause))

    def _notified(self, watched: _Watched, news: sip.Notified) -> None:
        phase = watched.state.phase
        if phase not in (WatchPhase.ACTIVE, WatchPhase.PENDING):
            phase = WatchPhase.ACTIVE  # a body in the NOTIFY that ends it: the end follows
        try:
            taken = watched.reader.take(news.content_type, news.body, news.package)
            document, complete = taken
        except UnreadableBody as error:
            self._unreadable(news, error)
            self._now(
                watched, WatchedState(phase, None, 0, clean_text(str(error)), "watch.unreadable")
            )
            return
        self._skipped(news.package, document)
        if not complete:
            # What is missing may change all of it: nothing is believed before it is told anew.
            self._now(watched, WatchedState(phase, None, cause="watch.asking"))
            self.refresh(watched)
        elif phase is WatchPhase.PENDING:
            log.debug("a body of a subscription that nobody has allowed yet")
        else:
            self._now(watched, WatchedState(phase, document, cause=""))

    def _skipped(self, package: str, document: Document) -> None:
        """Each name once: what a PBX adds stands in every body of it."""
        for name in document.skipped:
            if (package, name) not in self._noted and len(self._noted) < _NAMES:
                self._noted.add((package, name))
                self.context.not_understood.add(SkippedKind.CHILD, name, where=f"NOTIFY {package}")

    def _unreadable(self, news: sip.Notified, error: UnreadableBody) -> None:
        self.context.not_understood.add(
            SkippedKind.REFUSED, str(error), where=f"NOTIFY {news.package}", body=news.body
        )

    def _ended(self, event: sip.SubscriptionEnded) -> None:
        watched = self._by_handle.get(event.subscription)
        if watched is None:
            return
        watched.reader = DocumentReader()
        reason = clean_text(event.reason, 60)
        if event.final:
            del self._by_handle[event.subscription]
            watched.handle = ""
            log.info("a subscription to %s is refused: %d %s", event.package, event.status, reason)
            self._now(watched, refused(event.status, reason))
            self._ask_again_later()
        else:
            cause = "watch.lost" if event.retry_in is None else _cause_of(event.status)
            self._now(watched, WatchedState(WatchPhase.ASKING, None, event.status, reason, cause))

    def _unasked(self, news: sip.Notified) -> None:
        """A mailbox that nobody is subscribed to."""
        if news.package != MAILBOX:
            return
        try:
            mailbox = parse_message_summary(news.body)
        except UnreadableBody as error:
            self._unreadable(news, error)
            return
        if self.on_mailbox is None:
            self.early_mailbox = mailbox
        else:
            self.on_mailbox(mailbox)

    def _now(self, watched: _Watched, state: WatchedState) -> None:
        """This is what is known: whoever listens is told if that is new."""
        if state == watched.state:
            return
        watched.state = state
        for watch in list(watched.watches):
            try:
                watch.hear(state)
            except Exception:  # a fault of one listener must not keep the others from hearing
                log.exception("a listener of %s failed", watched.package)


def _cause_of(status: int) -> str:
    """The sentence for an end after which it is asked for again."""
    return "watch.refused" if status else "watch.ended"
