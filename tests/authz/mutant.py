"""Makes small mistakes in the modules that decide who reads what: each must be noticed (S1)."""

import ast
import copy
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any

COMBINING = {"and_", "or_"}
EVERY = {"any": "all", "all": "any"}
OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
}
PLAIN = (frozenset, dict, tuple, list, str, int)


@dataclass(frozen=True)
class Mutant:
    """One module with one mistake."""

    module: ModuleType
    line: int
    within: str
    """The function that it is in; empty outside of all."""
    what: str
    tree: ast.Module

    def __str__(self) -> str:
        return f"{self.module.__name__}:{self.line} {self.what}"

    @property
    def source(self) -> str:
        """The whole module with the mistake, as a text."""
        return ast.unparse(self.tree)

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
        values = _swap_values(before, fresh)
        try:
            yield
        finally:
            for function, code in codes:
                function.__code__ = code
            for names, name, value in values:
                names[name] = value


def _swap_values(
    before: dict[str, Any], fresh: dict[str, Any]
) -> list[tuple[dict[str, Any], str, Any]]:
    """Put constants and statements in the place of the old ones, wherever these were imported."""
    kept = []
    places = [
        vars(one)
        for name, one in list(sys.modules.items())
        if name.partition(".")[0] in {"engine", "tasks", "webui"}
    ]
    for name, value in fresh.items():
        old = before.get(name)
        if name.startswith("__") or not (isinstance(old, PLAIN) or _is_sql(old)):
            continue
        for names in places:
            if names.get(name) is old:
                kept.append((names, name, old))
                names[name] = value
    return kept


def _is_sql(value: object) -> bool:
    """Say whether it is a statement, a condition or an alias that is built once at import."""
    return type(value).__module__.startswith("sqlalchemy") and not inspect.isclass(value)


def _swap_code(before: dict[str, Any], fresh: dict[str, Any]) -> list[tuple[FunctionType, Any]]:
    """Give the functions that others have imported the new code; return what they had."""
    kept = []
    made = dict(_functions(fresh))
    for name, value in _functions(before):
        other = made.get(name)
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
            own = {key: getattr(one, "fget", one) for key, one in vars(value).items()}
            found += [
                (f"{name}.{key}", one) for key, one in own.items() if isinstance(one, FunctionType)
            ]
    return found


def mutants(module: ModuleType) -> Iterator[Mutant]:
    """Give the module once for every single mistake."""
    tree = ast.parse(inspect.getsource(module))
    for place, statement in enumerate(tree.body):
        within = {
            id(inside): function.name
            for function in ast.walk(statement)
            if isinstance(function, ast.FunctionDef)
            for inside in ast.walk(function)
        }
        for number, node in enumerate(ast.walk(statement)):
            for way in range(len(_ways(node))):
                # Only what has the mistake is copied: a module is long, and has hundreds.
                changed = copy.deepcopy(statement)
                target = next(one for at, one in enumerate(ast.walk(changed)) if at == number)
                what = _ways(target)[way]()
                body = [*tree.body[:place], ast.fix_missing_locations(changed)]
                whole = ast.Module([*body, *tree.body[place + 1 :]], tree.type_ignores)
                yield Mutant(module, _line(node), within.get(id(node), ""), what, whole)


def _line(node: Any) -> int:
    line: int = (node.target if isinstance(node, ast.comprehension) else node).lineno
    return line


def _ways(node: Any) -> list[Callable[[], str]]:  # noqa: C901
    """Return the mistakes that can be made at a piece of code; each says itself in words."""
    found: list[Callable[[], str]] = []
    match node:
        case ast.If() | ast.IfExp():
            found = [lambda: _negate(node)]
        case ast.Compare() if type(node.ops[0]) in OPPOSITE:
            found = [lambda: _turn(node)]
        case ast.Return(value=ast.Constant(value=bool())):
            found = [lambda: _return(node)]
        case ast.BoolOp():
            found = [*_without(node.values, _neutral(node)), lambda: _other(node)]
        case ast.Set():
            found = _without(node.elts)
        case ast.UnaryOp(op=ast.Not() | ast.Invert()):
            found = [lambda: _drop(node)]
        case ast.comprehension():
            found = _without(node.ifs)
        case ast.Call(func=ast.Name(id=name)) if name in EVERY:
            found = [lambda: _every(node)]
        case ast.Call(func=ast.Name(id=name)) if name in COMBINING and len(node.args) > 1:
            found = _without(node.args)
        case ast.Call(func=ast.Attribute(attr="where")):
            found = _without(node.args)
    return found


def _without(parts: list[Any], instead: ast.expr | None = None) -> list[Callable[[], str]]:
    def leave_out(at: int) -> str:
        gone = parts[at]
        parts[at : at + 1] = [] if instead is None else [instead]
        return f"without: {ast.unparse(gone)}"

    return [lambda at=at: leave_out(at) for at in range(len(parts))]  # type: ignore[misc]


def _neutral(node: ast.BoolOp) -> ast.expr:
    """Return the value that decides nothing: an `and` of one alone is no code."""
    return ast.Constant(isinstance(node.op, ast.And))


def _negate(node: Any) -> str:
    node.test = ast.UnaryOp(ast.Not(), node.test)
    return f"if not: {ast.unparse(node.test.operand)}"


def _turn(node: ast.Compare) -> str:
    node.ops[0] = OPPOSITE[type(node.ops[0])]()
    return f"turned: {ast.unparse(node)}"


def _return(node: Any) -> str:
    node.value = ast.Constant(not node.value.value)
    return ast.unparse(node)


def _other(node: ast.BoolOp) -> str:
    node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    return f"instead: {ast.unparse(node)}"


def _drop(node: Any) -> str:
    said, inner = ast.unparse(node), node.operand
    place = {"lineno": node.lineno, "col_offset": node.col_offset}
    # In its place, since what is around it holds on to this node: a choice of one.
    node.__class__ = ast.IfExp
    vars(node).clear()
    vars(node).update(test=ast.Constant(value=True), body=inner, orelse=inner, **place)
    return f"not turned: {said}"


def _every(node: Any) -> str:
    node.func.id = EVERY[node.func.id]
    return f"instead: {ast.unparse(node)}"
