"""The phone of whoever is signed in: each command is stamped with the instant, given to the user
agent, and sent at once, so that no caller need know the time or the connection."""

from __future__ import annotations

from collections.abc import Sequence

from tui import sip
from tui.engine.session.account_connection import SayNow
from tui.engine.session.requests import Requests


class LivePhone:
    """A `Phone`, by what says something to the user agent, and the requests that are waited for."""

    def __init__(self, say: SayNow, requests: Requests) -> None:
        self._say = say
        self.info = requests.info
        """Send an INFO inside a call; whether it was taken."""

    def invite(self, target: str, sdp: bytes, headers: Sequence[tuple[str, str]] = ()) -> str:
        """Call somebody; the call's handle."""
        return self._say(lambda agent, now: agent.invite(target, sdp, now, headers))

    def ring(self, call: str) -> None:
        """Say that it rings here: 180."""
        self._say(lambda agent, now: agent.ring(call, now))

    def accept(self, call: str, sdp: bytes) -> None:
        """Answer an INVITE: 200."""
        self._say(lambda agent, now: agent.accept(call, sdp, now))

    def reject(self, call: str, status: int) -> None:
        """Refuse an INVITE with this status."""
        self._say(lambda agent, now: agent.reject(call, status, now))

    def cancel(self, call: str) -> None:
        """Give up a call of ours that is not answered."""
        self._say(lambda agent, now: agent.cancel(call, now))

    def bye(self, call: str, reason: str = "") -> None:
        """End a call that is up; `reason` is the value of a Reason header."""
        self._say(lambda agent, now: agent.bye(call, now, reason))

    def reinvite(self, call: str, sdp: bytes) -> None:
        """Offer a call's session anew."""
        self._say(lambda agent, now: agent.reinvite(call, sdp, now))

    def accept_reinvite(self, call: str, sdp: bytes) -> None:
        """Answer what the peer offers anew."""
        self._say(lambda agent, now: agent.accept_reinvite(call, sdp, now))

    def reject_reinvite(self, call: str, status: int) -> None:
        """Refuse what the peer offers anew."""
        self._say(lambda agent, now: agent.reject_reinvite(call, status, now))

    def kept(self, call: str) -> sip.KeptDialog:
        """What another engine would need to go on with a call that is up."""
        return self._say(lambda agent, now: agent.kept(call))

    def restore(self, kept: sip.KeptDialog) -> str:
        """Go on with a call that another engine left up; its handle."""
        return self._say(lambda agent, now: agent.restore(kept))

    def replaces_header(self, call: str) -> str:
        """What an INVITE says that takes the place of a call of ours."""
        return self._say(lambda agent, now: agent.replaces_header(call))

    def refer(self, call: str, target: str, *, replaces: str = "") -> None:
        """Ask the peer to call the target, or to take our place in the call `replaces`."""
        self._say(lambda agent, now: agent.refer(call, target, now, replaces=replaces))

    def accept_refer(self, call: str) -> None:
        """Take on what the peer asks for."""
        self._say(lambda agent, now: agent.accept_refer(call, now))

    def reject_refer(self, call: str, status: int) -> None:
        """Refuse what the peer asks for."""
        self._say(lambda agent, now: agent.reject_refer(call, status, now))

    def refer_progress(self, call: str, status: int) -> None:
        """Tell the peer how the call goes that it asked for."""
        self._say(lambda agent, now: agent.refer_progress(call, status, now))

    def subscribe(
        self, target: str, package: str, *, accept: Sequence[str] = (), expires: int = 3600
    ) -> str:
        """Have the news of a package at `target` told; the subscription's handle."""
        return self._say(
            lambda agent, now: agent.subscribe(target, package, now, accept=accept, expires=expires)
        )

    def unsubscribe(self, subscription: str) -> None:
        """End a subscription."""
        self._say(lambda agent, now: agent.unsubscribe(subscription, now))

    def refresh_subscription(self, subscription: str) -> None:
        """Have the whole state of a subscription told anew."""
        self._say(lambda agent, now: agent.refresh_subscription(subscription, now))
