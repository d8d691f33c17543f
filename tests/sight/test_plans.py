"""Policies are asked once in a statement, not once in a row, and nothing is compiled for them."""

# ruff: noqa: S608 - the names are those of our own tables

import pytest
from sqlalchemy import Connection, text

from engine.models import Base
from engine.models.sight import FUNCTIONS, HIDDEN, READER, is_guarded
from tests.sight.crowd import Crowd

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]
GUARDED = [
    table.name
    for table in Base.metadata.sorted_tables
    if is_guarded(table) and table.name not in HIDDEN
]
NAMES = {function.partition("(")[0] for function in FUNCTIONS}


def plan(connection: Connection, statement: str) -> list[str]:
    rows = connection.execute(text(f"EXPLAIN (VERBOSE, COSTS OFF) {statement}")).scalars()
    return [row.strip() for row in rows]


def test_policy_is_asked_once_in_a_statement(crowd: Crowd) -> None:
    anna = crowd.people["intake.anna"].id
    asked = 0
    with crowd.application.database.reading_as(anna) as session:
        connection = session.connection()
        assert connection.scalar(text("SELECT current_user")) == READER
        for name in GUARDED:
            lines = plan(connection, f'SELECT * FROM "{name}"')
            whole = "\n".join(lines)
            assert any(function in whole for function in NAMES), name
            for line in lines:
                if line.startswith(("Filter:", "Index Cond:", "Recheck Cond:", "Join Filter:")):
                    assert not any(function in line for function in NAMES), f"{name}: {line}"
                    asked += line.count("hashed SubPlan")
    assert asked > len(GUARDED) / 2


def test_functions_of_policies_are_planned_once_for_a_connection(crowd: Crowd) -> None:
    """What is in SQL and runs as its owner is planned again in each statement that asks it."""
    with crowd.admin() as connection:
        rows = connection.execute(
            text(
                "SELECT p.proname, l.lanname, p.provolatile FROM pg_proc p "
                "JOIN pg_language l ON l.oid = p.prolang "
                "WHERE p.proname LIKE 'casetable\\_%' AND p.prosecdef"
            )
        ).all()
    assert {row.proname for row in rows} == NAMES - {"casetable_account", "casetable_now"}
    assert {(row.lanname, row.provolatile) for row in rows} == {("plpgsql", "s")}


def test_lists_are_not_compiled(crowd: Crowd) -> None:
    database = crowd.application.database
    for engine in (database.reader, database.worker):
        with engine.connect() as connection:
            assert connection.scalar(text("SHOW jit")) == "off"
