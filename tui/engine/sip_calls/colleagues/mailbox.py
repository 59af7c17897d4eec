"""The mailbox's lamp (RFC 3842): subscribed to, or told by the PBX unasked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tui.engine.context import EngineContext, log
from tui.engine.numbers import NumberError
from tui.engine.sip_calls.addresses import destination_of
from tui.engine.sip_calls.subscriptions.documents import MAILBOX
from tui.engine.sip_calls.subscriptions.keeper import SubscriptionKeeper
from tui.engine.sip_calls.subscriptions.state import WatchedState
from tui.port import replace
from tui.port.colleagues import Mailbox
from tui.port.events import ConnectionChanged, Event, MailboxChanged
from tui.port.values import ConnectionState, message
from tui.presence.message_summary import MailboxNews

NO_LAMP: Final = "none"
"""What the setting `mailbox` says for none."""


class MailboxLamp:
    """The lamp of one session. `number` is what is called to hear the mailbox; "": what the PBX
    names as its account."""

    def __init__(self, context: EngineContext, keeper: SubscriptionKeeper, number: str) -> None:
        self.context = context
        self.keeper = keeper
        self._number = number
        self._deafen: Callable[[], None] | None = None
        self._told = False
        """What is known was told unasked: the next connection tells it anew."""

    def begin(self, address: str, own: str) -> None:
        """Ask about the mailbox at `address`; "" is that of `own`, the address of record."""
        if address == NO_LAMP:
            if self._number:
                self._put(Mailbox(number=self._number))
            return
        self.keeper.on_mailbox = self._unasked
        self._deafen = self.context.events.listen(self._line)
        try:
            watch = self.keeper.watch(address or own, MAILBOX, self._heard)
        except NumberError:
            log.warning("the mailbox of the config is no address")
            return
        self._heard(watch.state)
        if (early := self.keeper.early_mailbox) is not None:
            self._unasked(early)

    def end(self) -> None:
        """The session is over."""
        self.keeper.on_mailbox = None
        if self._deafen is not None:
            self._deafen()
            self._deafen = None
        if self.context.snapshot.mailbox is not None:
            self.context.emit(MailboxChanged(None))

    def _heard(self, state: WatchedState) -> None:
        if isinstance(state.document, MailboxNews):
            self._told = False
            self._put(self._mailbox(state.document))
        elif not self._told:
            # What was told unasked stands, whatever becomes of our own wish.
            self._put(Mailbox(number=self._number, why=state.why))

    def _unasked(self, news: MailboxNews) -> None:
        self._told = True
        self._put(self._mailbox(news))

    def _line(self, event: Event) -> None:
        """With the connection what was told unasked is gone."""
        if (
            isinstance(event, ConnectionChanged)
            and self._told
            and event.connection.state is not ConnectionState.OK
        ):
            self._told = False
            known = self.context.snapshot.mailbox or Mailbox()
            why = message("watch.lost", reason="", status=0)
            self._put(replace(known, waiting=None, new=None, old=None, why=why))

    def _mailbox(self, news: MailboxNews) -> Mailbox:
        voice = news.counts.get("voice-message")
        account = destination_of(news.account, self.keeper.domain) if news.account else None
        return Mailbox(
            waiting=news.waiting,
            new=None if voice is None else voice.new,
            old=None if voice is None else voice.old,
            number=self._number or ("" if account is None else account.shown),
        )

    def _put(self, mailbox: Mailbox) -> None:
        if mailbox != self.context.snapshot.mailbox:
            self.context.emit(MailboxChanged(mailbox))
