"""Who may what at two files that are kept apart, and who learns that the other exists (S1, S3).

apart.csv says it by hand for every kind of person; the program, the conditions of its lists and
the policies of the database are compared with it.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text

from engine.application import Application
from engine.clock import TestClock
from engine.database import Database
from engine.models import Case, CaseLink, Incident
from tests.authz import apart_piece, two_files
from tests.authz.standing import NOW
from tests.authz.two_files import FILES, HIDDEN, PEOPLE, TwoFiles, expected
from tests.conftest import make_settings
from tests.engine.apart import structure

WORDS = {
    *("member", "read", "print", "watch", "speaks", "own", "readers", "name", "reopen", "report"),
    *("step", "link", "incident", "hold", "opens", "opened"),
    *two_files.AREAS,
}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """Both files and everybody around them, in a database."""
    kind = "database" if request.param == "sqlite" else "postgres_only"
    database: Database = request.getfixturevalue(kind)
    url = database.url.render_as_string(hide_password=False)
    Application(make_settings(tmp_path, url), database, TestClock(NOW))
    with database.transaction() as session:
        two_files.Builder(session).write()
    return database


@pytest.fixture
def world(stored: Database) -> Iterator[TwoFiles]:
    with stored.reading() as session:
        yield two_files.read_in(session, structure().profile)


def test_table_names_every_kind_of_person_and_known_words_alone() -> None:
    said = {word for row in PEOPLE for file in FILES for word in row[file].split()}
    assert said == WORDS
    assert {row["stands_in_for"] for row in PEOPLE} <= {"", *(row["person"] for row in PEOPLE)}
    # Nobody reads the other body's file but who has a role that it admits.
    for row in PEOPLE:
        for file, columns in FILES.items():
            admitted = any(f" {one} " in columns["roles"] for one in row["roles"].split())
            assert admitted or "dpo" in row["roles"] or expected(row, file) <= {"own"}, row


def test_everybody_may_at_both_files_what_the_table_says(world: TwoFiles) -> None:
    wrong = list(two_files.objections(world))
    assert wrong == [], "\n".join(wrong)


def test_pieces_that_decide_about_files_do_what_is_written(tmp_path: Path) -> None:
    with two_files.opened(tmp_path, structure().profile) as found:
        assert list(apart_piece.objections(found.session)) == []


@pytest.mark.postgres
@pytest.mark.parametrize("stored", ["postgresql"], indirect=True)
def test_policies_show_of_both_files_what_the_table_says(stored: Database, world: TwoFiles) -> None:
    """Plain SQL on the session of a page: no condition of the program stands before it."""
    ids = {name: case.id for name, case in world.cases.items()}
    for row in PEOPLE:
        words = {file: expected(row, file) for file in FILES}
        reads = {ids[file] for file in FILES if words[file] & {"read", "opened"}}
        knows = {ids[file] for file in FILES if words[file] - HIDDEN}
        calls = {ids[file] for file in FILES if words[file] & {"read", "opened", "incident"}}
        with stored.reading_as(world.people[row["person"]].id) as session:
            found = (
                set(session.scalars(text("SELECT casetable_cases()"))),
                set(session.scalars(select(Case.id))),
                set(session.scalars(select(Incident.case_id))),
                {one.case_id for one in session.scalars(select(CaseLink))},
            )
        link = {ids["first"]} if len(reads) == len(ids) else set()
        assert found == (reads, knows, calls, link), row["person"]
