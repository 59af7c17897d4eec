"""What a supervisor is doing, in one sentence: on her page, and on the console under it."""

from __future__ import annotations

from tui.console.widgets.formats import spaced
from tui.port.supervision import SuperviseState, Supervision
from tui.port.values import Leg, Message, message


def sentence(now: Supervision, name: str = "") -> Message | None:
    """The sentence; None where no call is supervised. `name` is the agent's."""
    if not now.call:
        return None
    who = {"agent": f"{now.agent} {name}".strip() or "–", "number": spaced(now.customer) or "–"}
    if now.state is SuperviseState.JOINED:
        return message("supervise.joined", **who)
    if now.state is SuperviseState.WHISPERING:
        return message("supervise.whispering", **who)
    if now.pending == "listen" or now.leg in (Leg.AWAITED, Leg.CONNECTING):
        return message("supervise.opening", **who)
    return message("supervise.listening", **who)


def style_of(now: Supervision) -> str:
    """Whoever is heard is told so loudly."""
    heard = (SuperviseState.JOINED, SuperviseState.WHISPERING)
    return "bold $ring" if now.state in heard else "$strong"
