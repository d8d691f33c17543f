"""Only engine/closing.py sets an episode or a case to closed."""

import ast
from collections.abc import Iterator

import pytest

from engine.settings import ROOT

DOOR = ROOT / "engine/closing.py"
GUARDED = {"status", "state"}


def _says_closed(value: ast.AST) -> bool:
    return any(
        (isinstance(node, ast.Attribute) and node.attr == "CLOSED")
        or (isinstance(node, ast.Constant) and node.value == "closed")
        for node in ast.walk(value)
    )


def _names(target: ast.AST) -> set[str]:
    return {node.attr for node in ast.walk(target) if isinstance(node, ast.Attribute)}


def _closings(source: str) -> Iterator[int]:
    """Yield the lines that set a status or state to closed, whichever way it is written."""
    for node in ast.walk(ast.parse(source)):
        if _sets_closed(node):
            yield getattr(node, "lineno", 0)


def _sets_closed(node: ast.AST) -> bool:
    match node:
        case ast.Assign(targets=targets, value=value):
            named = {name for target in targets for name in _names(target)}
            return bool(named & GUARDED) and _says_closed(value)
        case ast.keyword(arg=name, value=value):
            return name in GUARDED and _says_closed(value)
        case ast.Call(func=ast.Name(id="setattr")):
            return _says_closed(node)
        case ast.Dict(keys=keys, values=values):
            named = {getattr(key, "value", getattr(key, "attr", None)) for key in keys}
            return bool(named & GUARDED) and any(_says_closed(value) for value in values)
        case ast.Constant(value=str(text)):
            statement = " ".join(text.lower().split())
            return statement.startswith(("update episode", "update casework_case"))
        case _:
            return False


@pytest.mark.parametrize("folder", ["engine", "tasks", "webui"])
def test_closed_is_set_at_one_door_only(folder: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path != DOOR and "node_modules" not in path.parts
        for line in _closings(path.read_text(encoding="utf-8"))
    ]
    assert found == [], "set it through engine.closing.close_episode(turn)"


@pytest.mark.parametrize(
    "source",
    [
        "episode.status = EpisodeState.CLOSED.value",
        "a, case.state = 1, 'closed'",
        "Episode(status='closed')",
        "update(Case).values(state=CaseState.CLOSED.value)",
        "update(Case).values({'state': 'closed'})",
        "setattr(case, name, 'closed')",
        "run('UPDATE episode SET status = :new')",
    ],
)
def test_door_watch_sees_every_way_of_writing(source: str) -> None:
    assert list(_closings(source))


@pytest.mark.parametrize(
    "source", ["if case.state == CaseState.CLOSED.value: pass", "label = {'closed': 'Closed'}"]
)
def test_door_watch_lets_reading_pass(source: str) -> None:
    assert not list(_closings(source))


def test_door_is_where_the_watch_looks() -> None:
    assert list(_closings(DOOR.read_text(encoding="utf-8")))
