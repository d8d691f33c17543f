"""Finds the texts to translate in Python: what is said, and what is marked to be said later."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SAY = frozenset({"gettext", "_", "told", "say"})
MANY = frozenset({"ngettext", "counted"})
WITHIN = frozenset({"pgettext"})
MARK = frozenset({"mark"})
OPERATORS = frozenset({"operator", "recorder"})
"""Decorators whose function says in its first line what process owners choose it by."""


@dataclass(frozen=True)
class Message:
    """A text to translate: the English, its form for many where there is one, and its context."""

    text: str
    many: str = ""
    context: str | None = None


def messages(source: str) -> Iterator[Message]:
    """Yield the texts of a Python module in their order."""
    for node in ast.walk(ast.parse(source)):
        yield from _summary(node)
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        name = node.func.id if isinstance(node.func, ast.Name) else name
        texts = [one.value if isinstance(one, ast.Constant) else None for one in node.args[:2]]
        if name in SAY and isinstance(texts[0], str):
            yield Message(texts[0])
        elif name in MANY and isinstance(texts[0], str) and isinstance(texts[1], str):
            yield Message(texts[0], texts[1])
        elif name in WITHIN and isinstance(texts[0], str) and isinstance(texts[1], str):
            yield Message(texts[1], context=texts[0])
        elif name in MARK:
            yield from map(Message, _marked(node.args[0]))


def _summary(node: ast.AST) -> Iterator[Message]:
    """Yield the first line of an operator."""
    if not isinstance(node, ast.FunctionDef):
        return
    calls = [one.func for one in node.decorator_list if isinstance(one, ast.Call)]
    names = {one.id for one in calls if isinstance(one, ast.Name)}
    if names & OPERATORS and (said := ast.get_docstring(node)):
        yield Message(said.splitlines()[0])


def _marked(node: ast.expr) -> Iterator[str]:
    """Yield the texts of what is marked: one, or the values of a table."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.Dict):
        for value in node.values:
            yield from _marked(value)
    elif isinstance(node, ast.Tuple | ast.List):
        for value in node.elts:
            yield from _marked(value)
    elif isinstance(node, ast.Call):
        for value in node.args:
            yield from _marked(value)


def modules(root: Path, packages: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield name and source of the modules, in the order of their names."""
    for package in packages:
        for path in sorted((root / package).rglob("*.py")):
            name = path.relative_to(root).as_posix()
            if "node_modules" not in name and "migrations/versions" not in name:
                yield name, path.read_text(encoding="utf-8")
