"""How a command answers: in words, or as one line of JSON; and its exit code."""

from __future__ import annotations

import json
from argparse import Namespace
from typing import Any

from tui.cli.exits import OK, REFUSED, complain
from tui.console.i18n import render
from tui.port.commands import Result
from tui.port.values import Message
from tui.port.wire.codec import TAG


def said(sentence: Message) -> str:
    """In words; where the console would name a key, the command that does the same."""
    if sentence.id.startswith("check.demanded"):
        sentence = Message(sentence.id, (("key", "yimi doctor"),))
    if sentence.id == "threeway.ask":
        sentence = Message("threeway.ask_script")
    return render(sentence)


def answer(result: Result, *, as_json: bool = False, **more: Any) -> int:
    """Say what became of it. `more` stands beside it in the JSON."""
    if as_json:
        _print_answer(result.message, ok=result.ok, code=result.code, **more)
        return OK if result.ok else REFUSED
    if result.ok:
        return OK if result.message is None else complain(said(result.message), OK)
    return complain(said(result.message or Message("engine.refused")), REFUSED)


def unasked(sentence: Message, code: int, options: Namespace, **more: Any) -> int:
    """Why nothing was asked of an engine, or nothing came of it: said as it is wanted, in the JSON
    with `more` beside it; the exit code."""
    if getattr(options, "json", False):
        _print_answer(sentence, ok=False, code=0, **more)
        return code
    return complain(said(sentence), code)


def _print_answer(sentence: Message | None, *, ok: bool, code: int, **more: Any) -> None:
    print_json(
        {
            "ok": ok,
            "code": code,
            "message": None if sentence is None else said(sentence),
            "message_id": None if sentence is None else sentence.id,
            **more,
        }
    )


def plain(value: Any) -> Any:
    """The port's JSON without the names of its types."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if key != TAG}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def print_json(value: dict[str, Any]) -> None:
    """One line, written at once."""
    print(json.dumps(value, ensure_ascii=False), flush=True)
