"""What a session can do is said by its capabilities: only the factory asks for its kind."""

from __future__ import annotations

import ast
from pathlib import Path

ENGINE = Path(__file__).parent.parent / "tui" / "engine"
FACTORY = ENGINE / "session" / "platform_factory.py"


def asks_for_a_kind(file: Path) -> bool:
    """Whether it compares something with a member of SessionKind, or matches on one."""
    asked: list[ast.AST] = []
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        match node:
            case ast.Compare():
                asked.append(node)
            case ast.match_case(pattern=pattern):
                asked.append(pattern)
    return any("SessionKind." in ast.unparse(each) for each in asked)


def test_nobody_in_the_engine_but_the_factory_asks_for_a_session_s_kind() -> None:
    assert [file for file in ENGINE.rglob("*.py") if asks_for_a_kind(file)] == [FACTORY]
