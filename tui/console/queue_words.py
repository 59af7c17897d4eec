"""What a queue of a PBX says of the agent, in words: for the screens, the lines and scripts."""

from __future__ import annotations

from tui.console.i18n import render, tr
from tui.port.queues import AgentQueue, QueueAsk, QueueCause, QueueState

_CAUSES = {
    QueueCause.UNANSWERED: "queue.cause.unanswered",
    QueueCause.QUEUE: "queue.cause.queue",
}


def state_word(queue: AgentQueue) -> str:
    """Its state in a word or two; what is asked of it counts before that."""
    if queue.ask is not QueueAsk.NONE:
        return tr(f"queue.ask.{queue.ask.value}")
    return tr(f"queue.state.{queue.state.value}")


def state_style(queue: AgentQueue) -> str:
    """How that is drawn."""
    if queue.ask is not QueueAsk.NONE:
        return "$dim"
    return "$good" if queue.state is QueueState.IN else "$ring"


def why(queue: AgentQueue) -> str:
    """Why it is so, or why the last wish was not confirmed; "" where there is nothing to say."""
    if queue.ask is not QueueAsk.NONE:
        return ""
    if queue.failure is not None:
        return render(queue.failure)
    if queue.cause is QueueCause.AGENT:
        return "" if queue.reason is None else render(queue.reason)
    return tr(_CAUSES[queue.cause]) if queue.cause in _CAUSES else ""


def lamp(queue: AgentQueue) -> str:
    """Whether somebody in it is free; "" where it does not say."""
    if queue.free is None:
        return ""
    return tr("queue.somebody_free" if queue.free else "queue.nobody_free")


def sentence(queue: AgentQueue) -> str:
    """All of it in one line."""
    said = tr("queue.says", name=queue.name, state=state_word(queue))
    more = [each for each in (why(queue), lamp(queue)) if each]
    return said if not more else f"{said} ({'; '.join(more)})"
