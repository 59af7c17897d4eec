"""Who imports whom. Imports for types, and inside functions, count."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parent.parent


def _name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {_name(file): file for file in (ROOT / "tui").rglob("*.py")}


def imported(file: Path) -> set[str]:
    """The files of ours that this one imports: a name of a package may be a file of its own."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        match node:
            case ast.Import(names=names):
                found |= {each.name for each in names}
            case ast.ImportFrom(module=str(module), names=names, level=0):
                files = {f"{module}.{each.name}" for each in names} & FILES.keys()
                found |= files or {module}
    return found & FILES.keys()


def test_no_file_imports_itself_by_a_detour() -> None:
    graph = {name: imported(file) - {name} for name, file in FILES.items()}
    assert sum(map(len, graph.values())) > len(FILES)
    circle: list[str] = []
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = error.args[1]
    assert not circle


def _names(node: ast.AST) -> list[str]:
    """What a statement imports, as far as its words go."""
    match node:
        case ast.Import(names=names):
            return [each.name for each in names]
        case ast.ImportFrom(module=str(module), names=names):
            return [f"{module}.{each.name}" for each in names]
    return []


def test_no_file_of_tests_imports_a_module_of_tests_that_is_run() -> None:
    """What several of them use has a module of its own: who changes a test changes that one."""
    found = [
        (file.name, name)
        for folder in (ROOT / "tests").iterdir()
        if folder.is_dir()
        for file in folder.rglob("*.py")
        if "node_modules" not in file.parts
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        for name in _names(node)
        if name.startswith("tests.") and any(part.startswith("test_") for part in name.split("."))
    ]
    assert found == []
