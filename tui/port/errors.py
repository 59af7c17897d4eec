"""That there is no engine to speak to. A file of its own, so that a front end can name it before
its first frame without loading the whole port."""

from __future__ import annotations

from tui.port.values import Message


class EngineUnavailable(Exception):
    """There is no engine at the socket, or none that this front end can speak to; `message`
    says it in words."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.id)
        self.message = message
