"""Rules about the product's Python: how long, what it may never call, what it may not know."""

import ast
import re
from collections.abc import Iterator

import pytest
from babel import Locale

from engine.settings import ROOT
from tests.meta.house import files, name_of, trees

LONG = 300
LONGEST = 400
MAY_BE_LONG = {
    "engine/turn.py": "the one transaction and what operators are handed, read as one story",
    "engine/expression/evaluation.py": "one case for each kind of expression, a table in prose",
    "engine/expression/function.py": "the functions of the language, one after the other",
    "engine/worklist.py": "everything one can do with a work item",
    "engine/expression/inference.py": "one case for each kind of expression",
    "engine/decision/coverage.py": "one algorithm over cells of all types",
}
"""Modules over 300 lines with the reason; a new one should rather be split."""
EDGES = {
    "engine/bell.py": "any broker's library",
    "engine/bpmn/parser.py": "the library's parser, before any drawing",
    "engine/due.py": "every operator and row, so that one failing piece stops no other",
    "engine/firing.py": "what fails beside others, to be tried again by itself",
    "engine/job.py": "every handler of a job",
    "engine/workshop/room.py": "whatever a play did, in its own process",
    "engine/migrating/moving.py": "every drawing and row, so that one case stops no other",
    "engine/operator.py": "every operator",
    "engine/scenario_run.py": "one scenario, so that a broken one does not end the others",
    "tasks/worker.py": "the loop of the worker",
}
"""Where the last handler stands, and before what."""
NEVER_CALLED = {"eval", "exec", "compile", "__import__"}
NEVER_IMPORTED = {"pickle", "marshal", "shelve", "dill", "jsonpickle"}


def _lines(source: str) -> int:
    """Count what has to be read: neither blank lines nor docstrings."""
    tree = ast.parse(source)
    blank = {number for number, line in enumerate(source.splitlines(), 1) if not line.strip()}
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            blank |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(source.splitlines()) - len(blank)


def _lengths() -> Iterator[tuple[str, int]]:
    for name in trees():
        if "migrations/versions" not in name:
            yield name, _lines((ROOT / name).read_text(encoding="utf-8"))


def test_modules_are_read_in_one_sitting() -> None:
    long = {name: length for name, length in _lengths() if length > LONG}
    assert set(long) <= set(MAY_BE_LONG), "split it, or add it to MAY_BE_LONG with the reason"
    assert all(length <= LONGEST for length in long.values()), f"split it: {long}"


def test_list_of_long_modules_holds_no_module_that_is_gone() -> None:
    assert set(MAY_BE_LONG) <= set(trees())


def test_every_module_says_what_it_is_responsible_for() -> None:
    silent = [name for name, tree in trees().items() if not ast.get_docstring(tree)]
    allowed = {name for name in silent if "migrations/" in name}
    assert set(silent) == allowed, "one sentence at the top"


def test_modules_have_names_of_one_thing() -> None:
    vague = re.compile(r"(^|_)(utils?|helpers?|misc|common|services?|managers?)$")
    assert not [name for name in trees() if vague.search(name.removesuffix(".py").split("/")[-1])]


def _calls(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("name", sorted(trees()))
def test_code_evaluates_no_text_and_unpickles_nothing(name: str) -> None:
    tree = trees()[name]
    assert not NEVER_CALLED & set(_calls(tree)), "text is never code here; write a FEEL expression"
    assert not NEVER_IMPORTED & {found.partition(".")[0] for found in _imports(tree)}


def test_python_environment_of_the_library_is_cut_off() -> None:
    from SpiffWorkflow.bpmn.script_engine.python_environment import TaskDataEnvironment
    from SpiffWorkflow.bpmn.serializer.migration import version_migration

    from engine.bpmn import guard

    assert TaskDataEnvironment.evaluate is guard.refuse_python
    assert TaskDataEnvironment.execute is guard.refuse_python
    assert not version_migration.MIGRATIONS
    users = {
        name
        for name, tree in trees().items()
        if any("TaskDataEnvironment" in found for found in _imports(tree))
    }
    assert users == {"engine/bpmn/guard.py"}


def test_code_knows_no_country() -> None:
    names = {
        name.lower()
        for code, name in Locale("en").territories.items()
        if len(code) == 2 and code not in {"EU", "EZ", "UN", "XA", "XB", "ZZ"}
    }
    wanted = re.compile(rf"\b({'|'.join(re.escape(name) for name in sorted(names))})\b")
    found = [
        f"{name}: {match[0]}"
        for name in trees()
        for match in wanted.finditer((ROOT / name).read_text(encoding="utf-8").lower())
    ]
    assert not found, "national differences belong in a profile"


def test_code_catches_everything_only_at_its_edges() -> None:
    bare = [
        f"{name}:{node.lineno}"
        for name, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id == "Exception"))
    ]
    assert {place.partition(":")[0] for place in bare} <= set(EDGES), "name what may go wrong"


def test_code_checks_nothing_with_assert() -> None:
    found = [
        f"{name}:{node.lineno}"
        for name, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert)
    ]
    assert not found, "raise an error of engine/errors.py; assert can be switched off"


def test_templates_are_all_used() -> None:
    folder = ROOT / "webui/templates"
    names = {path.relative_to(folder).as_posix() for path in files("webui/templates")}
    text = "\n".join(path.read_text(encoding="utf-8") for path in files("webui/templates"))
    for path in files("webui"):
        if path.suffix == ".py":
            text += path.read_text(encoding="utf-8")
    unused = {name for name in names if f'"{name}"' not in text}
    # webui/errorpage.py makes the name from the status.
    assert not {name for name in unused if not re.fullmatch(r"error/\d{3}\.html", name)}


def test_templates_are_short() -> None:
    long = {
        name_of(path): length
        for path in files("webui/templates")
        if (length := len(path.read_text(encoding="utf-8").splitlines())) > 150
    }
    assert set(long) <= {"webui/templates/form/field.html"}, "split it"
