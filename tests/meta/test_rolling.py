"""Each migration leaves to the version before what it works with: two run beside each other.

While an upgrade rolls, processes of the version before work on tables of the new one. So tables
grow first, and shrink a version later (docs/operations.md).
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.settings import ROOT
from tests.meta.house import name_of

FOLDER = ROOT / "engine/migrations/versions"
FIRST = "0028"
"""Older ones were made before two versions ran beside each other: nothing was released."""
SHRINKS = {
    "drop_table": "the version before reads it",
    "drop_column": "the version before reads and writes it",
    "rename_table": "the version before calls it by its old name",
}
SHRUNK_ON_PURPOSE: dict[str, str] = {}
"""A migration that takes away what no version since the one named here uses."""


def _upgrades(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield all nodes that an upgrade reaches: its own, and of what it calls in the file."""
    known = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    wanted, seen = ["upgrade"], set()
    while wanted:
        name = wanted.pop()
        if name in seen or name not in known:
            continue
        seen.add(name)
        for node in ast.walk(known[name]):
            yield node
            if isinstance(node, ast.Name):
                wanted.append(node.id)


def _named(call: ast.Call, name: str) -> ast.expr | None:
    return next((word.value for word in call.keywords if word.arg == name), None)


def _is(value: ast.expr | None, constant: object) -> bool:
    return isinstance(value, ast.Constant) and value.value is constant


def broken(source: str) -> list[str]:
    """Return what an upgrade does that would stop a running older version."""
    found = []
    for node in _upgrades(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        name = node.func.attr
        if name in SHRINKS:
            found.append(f"{name}: {SHRINKS[name]}")
        if name == "add_column":
            found += _added(node)
        if name == "alter_column":
            found += _altered(node)
        if name in {"execute", "exec_driver_sql"}:
            found += [
                f"SQL {word}: leave it to the version after"
                for word in ("DROP TABLE", "DROP COLUMN", "RENAME ")
                if any(word in text.upper() for text in _texts(node))
            ]
    return found


def _texts(call: ast.Call) -> list[str]:
    return [
        node.value
        for node in ast.walk(call)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def _added(call: ast.Call) -> Iterator[str]:
    """Yield why the version before could not add rows any more."""
    for node in ast.walk(call):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "Column"
            and not _is(_named(node, "nullable"), True)
            and _named(node, "server_default") is None
        ):
            yield "add_column: the version before leaves it out; give nullable or server_default"


def _altered(call: ast.Call) -> Iterator[str]:
    if _named(call, "new_column_name") is not None:
        yield "alter_column: the version before calls it by its old name"
    if _is(_named(call, "nullable"), False):
        yield "alter_column: the version before leaves it empty; demand it a version later"
    default = _named(call, "server_default")
    if _is(default, None):
        yield "alter_column: the version before needs the default"


MIGRATIONS = [path for path in sorted(FOLDER.glob("0*.py")) if path.name[:4] >= FIRST]


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: path.stem[:4])
def test_migration_leaves_the_version_before_what_it_needs(path: Path) -> None:
    if path.name[:4] not in SHRUNK_ON_PURPOSE:
        assert broken(path.read_text(encoding="utf-8")) == [], name_of(path)


@pytest.mark.parametrize(
    "step",
    [
        'op.drop_table("draft")',
        'op.drop_column("case", "code")',
        'batch.drop_column("code")',
        'op.rename_table("draft", "sketch")',
        'op.alter_column("case", "code", new_column_name="name")',
        'op.alter_column("case", "code", nullable=False)',
        'op.alter_column("case", "code", server_default=None)',
        'op.add_column("case", sa.Column("mark", sa.String(), nullable=False))',
        'op.add_column("case", sa.Column("mark", sa.String()))',
        'op.execute("ALTER TABLE draft RENAME TO sketch")',
        'op.execute(sa.text("drop table draft"))',
    ],
)
def test_step_that_would_stop_the_version_before_is_named(step: str) -> None:
    assert len(broken(f"def upgrade():\n    _first()\n\ndef _first():\n    {step}\n")) == 1
    assert broken(f"def upgrade():\n    pass\n\ndef downgrade():\n    {step}\n") == []


@pytest.mark.parametrize(
    "step",
    [
        'op.create_table("more", sa.Column("id", sa.Uuid(), nullable=False))',
        'op.add_column("case", sa.Column("mark", sa.String(), nullable=True))',
        'op.add_column("case", sa.Column("n", sa.Integer(), nullable=False, server_default="0"))',
        'op.alter_column("case", "code", nullable=True)',
        'op.execute("CREATE INDEX more ON draft (saved_at)")',
    ],
)
def test_step_that_only_grows_is_fine(step: str) -> None:
    assert broken(f"def upgrade():\n    {step}\n") == []
