"""The registry holds every check, and every code has a planted mistake."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import engine.check
from engine.check import CHECKS

PACKAGE = Path(engine.check.__file__).parent
TABLE = Path(__file__).parent / "test_planted_mistakes.py"
# Too large to plant into a small deployment; they have tests of their own in test_bounds.
BOUNDS = {
    "layout_not_checked",
    "too_many_elements",
    "too_many_expressions",
    "too_many_paths",
}


def _sources() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.glob("*.py")):
        yield path.stem, ast.parse(path.read_text())


def _written_codes() -> Iterator[str]:
    for _, tree in _sources():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id in {"error", "warning"} and len(node.args) > 2:
                yield from _constants(node.args[2])


def _constants(node: ast.expr) -> Iterator[str]:
    found = [node.body, node.orelse] if isinstance(node, ast.IfExp) else [node]
    for part in found:
        if isinstance(part, ast.Constant):
            yield str(part.value)


def test_registry_holds_every_check() -> None:
    defined = {
        getattr(importlib.import_module(f"engine.check.{stem}"), node.name)
        for stem, tree in _sources()
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and node.name.startswith("check_")
        and stem != "registry"
    }
    assert set(CHECKS) == defined
    assert len(CHECKS) == len(defined)


def test_every_code_has_a_planted_mistake() -> None:
    table = TABLE.read_text()
    missing = {code for code in _written_codes() if f'"{code}"' not in table}
    assert missing == BOUNDS
