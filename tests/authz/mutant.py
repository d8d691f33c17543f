"""Makes small mistakes in the modules that decide who reads what: each must be noticed (S1)."""

import ast
import copy
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any

COMBINING = {"and_", "or_"}
OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}


@dataclass(frozen=True)
class Mutant:
    """One module with one mistake."""

    module: ModuleType
    line: int
    what: str
    tree: ast.Module

    def __str__(self) -> str:
        return f"{self.module.__name__}:{self.line} {self.what}"

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Put the mistake into the running program and take it out again."""
        fresh: dict[str, Any] = {
            "__name__": self.module.__name__,
            "__file__": self.module.__file__,
            "__package__": self.module.__package__,
        }
        exec(compile(self.tree, str(self.module.__file__), "exec"), fresh)  # noqa: S102
        before = dict(vars(self.module))
        codes = _swap_code(before, fresh)
        for name, value in fresh.items():
            if isinstance(before.get(name), (frozenset, dict, tuple)) or _is_sql(name, value):
                setattr(self.module, name, value)
        try:
            yield
        finally:
            for function, code in codes:
                function.__code__ = code
            vars(self.module).update(before)


def _is_sql(name: str, value: object) -> bool:
    """Say whether it is a statement or condition that is built once at import."""
    return name.startswith("_") and type(value).__module__.startswith("sqlalchemy")


def _swap_code(before: dict[str, Any], fresh: dict[str, Any]) -> list[tuple[FunctionType, Any]]:
    """Give the functions that others have imported the new code; return what they had."""
    kept = []
    for name, value in _functions(before):
        other = dict(_functions(fresh)).get(name)
        if other is not None and value.__code__.co_freevars == other.__code__.co_freevars:
            kept.append((value, value.__code__))
            value.__code__ = other.__code__
    return kept


def _functions(names: dict[str, Any]) -> list[tuple[str, FunctionType]]:
    found = []
    for name, value in names.items():
        if getattr(value, "__module__", None) != names["__name__"]:
            continue
        if isinstance(value, FunctionType):
            found.append((name, value))
        elif inspect.isclass(value):
            methods = [(f"{name}.{key}", one) for key, one in vars(value).items()]
            found += [(key, one) for key, one in methods if isinstance(one, FunctionType)]
    return found


def mutants(module: ModuleType) -> Iterator[Mutant]:
    """Give the module once for every single mistake."""
    tree = ast.parse(inspect.getsource(module))
    for number, node in enumerate(ast.walk(tree)):
        for way in range(_ways(node)):
            changed = copy.deepcopy(tree)
            target = next(one for at, one in enumerate(ast.walk(changed)) if at == number)
            what = _spoil(target, way)
            yield Mutant(module, node.lineno, what, ast.fix_missing_locations(changed))


def _ways(node: Any) -> int:  # noqa: PLR0911
    """Say in how many ways a piece of code can be spoilt."""
    match node:
        case ast.If():
            return 1
        case ast.BoolOp():
            return len(node.values)
        case ast.Set():
            return len(node.elts)
        case ast.Compare():
            return int(type(node.ops[0]) in OPPOSITE)
        case ast.Return(value=ast.Constant(value=bool())):
            return 1
        case ast.Call(func=ast.Name(id=name)) if name in COMBINING and len(node.args) > 1:
            return len(node.args)
    return 0


def _spoil(node: Any, way: int) -> str:
    """Make the mistake in place; return it in words."""
    if isinstance(node, ast.If):
        node.test = ast.UnaryOp(ast.Not(), node.test)
        return f"if not: {ast.unparse(node.test)}"
    if isinstance(node, ast.Compare):
        node.ops[0] = OPPOSITE[type(node.ops[0])]()
        return f"turned: {ast.unparse(node)}"
    if isinstance(node, ast.Return):
        node.value = ast.Constant(not node.value.value)
        return ast.unparse(node)
    parts = node.values if isinstance(node, ast.BoolOp) else _parts(node)
    return f"without: {ast.unparse(parts.pop(way))}"


def _parts(node: Any) -> list[Any]:
    found: list[Any] = node.args if isinstance(node, ast.Call) else node.elts
    return found
