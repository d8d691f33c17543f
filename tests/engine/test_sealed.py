"""What people wrote is stored sealed, and opens only where it was written (S14)."""

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Date, LargeBinary, String, Table, select, text, update
from sqlalchemy.orm import Session

from engine import cases, keyring
from engine.application import Application
from engine.clock import TestClock
from engine.errors import StateError
from engine.keyring import Place
from engine.models import Base, Case, CaseKey, Note, Person, Signal
from engine.models.base import JsonValue, Retold, RetoldText
from engine.models.sealed import Closed, Sealed
from tests.engine.lives import play
from tests.engine.plain import PLAIN


@pytest.fixture
def played(application: Application, clock: TestClock) -> Application:
    """Two cases with everything that a life up to the monitoring leaves behind."""
    for _ in range(2):
        play(application, clock)
    return application


def sealed_tables() -> Iterator[tuple[Table, list[str]]]:
    for table in Base.metadata.sorted_tables:
        names = [column.name for column in table.columns if isinstance(column.type, Sealed)]
        if names:
            yield table, names


def cells(session: Session) -> list[tuple[Place, Closed]]:
    """Every sealed value of the database with its place."""
    found = []
    for table, names in sealed_tables():
        for row in session.connection().execute(select(table)).mappings():
            key = keyring.row_id(row[column.name] for column in table.primary_key)
            for name in names:
                if isinstance(row[name], Closed) and len(row[name].stored) > 1:
                    place = Place(
                        table.name, name, table.c[name].type.kind, key, row.get("case_id")
                    )
                    found.append((place, row[name]))
    return found


def says_something(kind: Any) -> bool:
    return isinstance(kind, (String, Date, LargeBinary, type(JsonValue), Retold, RetoldText))


def test_column_that_can_hold_words_is_sealed_or_says_why_not() -> None:
    plain = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if not isinstance(column.type, Sealed) and says_something(column.type)
    }
    assert plain - set(PLAIN) == set(), "seal these (SealedText, ...) or say why they are plain"
    assert set(PLAIN) - plain == set(), "these are sealed or gone"
    assert all(len(reason) > 3 for reason in PLAIN.values())


def test_table_with_sealed_columns_knows_its_case() -> None:
    without = [table.name for table, _ in sealed_tables() if "case_id" not in table.c]
    assert sorted(without) == ["disclosure", "identity_query"], (
        "a question whether somebody is known, and a request for access, may find no case"
    )


def test_row_shows_its_content_before_and_after_it_is_stored(application: Application) -> None:
    about = {"name": "Åsa Müller-Łęcka", "birth_date": "2001-02-28", "rows": [1, None, {"a": True}]}
    receipt = cases.report_concern(
        application, cases.Report("Line one.\nLine two ☂", "telephone", about, {"name": "Rita"})
    )
    with application.database.transaction() as session:
        signal = session.scalars(select(Signal)).one()
        assert (signal.text, signal.about["rows"]) == ("Line one.\nLine two ☂", about["rows"])
        signal.text = "Changed."
        session.flush()
        assert signal.text == "Changed."
        session.refresh(signal)
        assert signal.text == "Changed."
    with application.database.reading() as session:
        person = session.scalar(select(Person).where(Person.case_id == receipt.case_id))
        assert person is not None
        stored = session.execute(text("SELECT name, birth_date, details FROM person")).one()
    assert person.name == "Åsa Müller-Łęcka"
    assert str(person.birth_date) == "2001-02-28"
    assert all(bytes(value)[:1] == b"\x01" for value in stored)


def test_same_words_are_never_stored_the_same_twice(played: Application) -> None:
    with played.database.reading() as session:
        stored = [closed.stored for _, closed in cells(session)]
    assert len(stored) > 200
    assert len({value[1:13] for value in stored}) == len(stored)


def test_sealed_value_opens_nowhere_but_in_its_place(played: Application) -> None:
    """S14: moved to every other row, column or case, and with any bit changed: 100 %."""
    chance = random.Random(14)
    with played.database.reading() as session:
        found = cells(session)
        assert {place.table for place, _ in found} >= {"person", "signal", "note", "action"}
        for case_id in {place.case_id for place, _ in found}:
            keyring.load(session, case_id)
        ring = keyring.of(session)
        for place, closed in found:
            ring.open(place, closed)
        moved = opened = 0
        others = [place for place, _ in found]
        ways: Counter[str] = Counter()
        for place, closed in found:
            same_kind = [other for other in others if other.kind == place.kind and other != place]
            for other in chance.sample(same_kind, min(20, len(same_kind))):
                moved, opened = moved + 1, opened + opens(ring, other, closed)
                ways[way(place, other)] += 1
            # To what is nearest: the next column of its row, the same column of another row.
            for other in others:
                if other != place and (other.table, other.row) == (place.table, place.row):
                    moved, opened = moved + 1, opened + opens(ring, other, closed)
                    ways[way(place, other)] += 1
            changed = bytearray(closed.stored)
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
            moved, opened = moved + 1, opened + opens(ring, place, Closed(bytes(changed)))
    assert moved > 4000
    assert all(ways[name] > 50 for name in ("column", "row", "table", "case")), ways
    assert opened == 0


def way(place: Place, other: Place) -> str:
    """Return what a move leads to another one of: the nearest thing that differs."""
    if place.case_id != other.case_id:
        return "case"
    if place.table != other.table:
        return "table"
    return "row" if place.row != other.row else "column"


def opens(ring: keyring.Keyring, place: Place, closed: Closed) -> bool:
    try:
        ring.open(place, closed)
    except StateError:
        return False
    return True


def test_row_with_a_moved_value_is_refused_when_it_is_read(played: Application) -> None:
    with played.database.transaction() as session:
        first, second = session.connection().execute(select(Person.__table__)).all()
        session.connection().execute(
            update(Person.__table__)
            .where(Person.__table__.c.id == first.id)
            .values(name=second.name)
        )
    with (
        played.database.reading() as session,
        pytest.raises(StateError, match=r"person\.name .* does not open"),
    ):
        session.scalars(select(Person)).all()


def test_statement_past_the_rows_cannot_write_or_compare_words(application: Application) -> None:
    with application.database.transaction() as session:
        for statement in (
            update(Note).values(text="Written past the seal"),
            select(Person).where(Person.name == "Looked for"),
        ):
            with pytest.raises(Exception, match="row by row"):
                session.execute(statement)


def test_key_of_a_case_opens_no_other_case(played: Application) -> None:
    with played.database.transaction() as session:
        first, second = session.connection().execute(select(CaseKey.__table__)).all()
        session.connection().execute(
            update(CaseKey.__table__)
            .where(CaseKey.__table__.c.case_id == first.case_id)
            .values(wrapped=second.wrapped)
        )
    with (
        played.database.reading() as session,
        pytest.raises(StateError, match="does not open under master key"),
    ):
        session.scalars(select(Person)).all()


def test_session_without_keys_reads_nothing(played: Application) -> None:
    with Session(played.database.engine) as session, pytest.raises(StateError):
        session.scalars(select(Note)).all()


def test_every_case_gets_a_key_of_its_own(played: Application) -> None:
    with played.database.reading() as session:
        keys = session.scalars(select(CaseKey)).all()
        ids: set[UUID] = set(session.scalars(select(Case.id)))
        opened = {keyring.unwrap(played.database.master_keys, wrapped(key)) for key in keys}
    assert {key.case_id for key in keys} == ids
    assert len(opened) == len(ids) == 2


def wrapped(key: CaseKey) -> keyring.WrappedKey:
    return keyring.WrappedKey(key.case_id, key.version, key.master_version, key.wrapped)
