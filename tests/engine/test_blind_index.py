"""People are found again without their names lying in the index (S22, S14)."""

from datetime import date
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from engine import blind_index, spelling
from engine.errors import StateError
from engine.models import Person, PersonMark
from tests.engine.desk import Desk

BORN = date(2004, 3, 17)
KEY = b"index:a key of the tests"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Peter Dekker", "DEKKER, Peter"),
        ("  Zoë   van  Dijk ", "Zoe van Dijk"),
        ("Søren Łukasz", "soren lukasz"),
        ("Sean O'Brien", "Sean O’Brien"),  # noqa: RUF001 - what keyboards make of it
        ("Jean-Luc Weiß", "Jean Luc WEISS"),
        ("José", "José"),
    ],
)
def test_name_has_one_form_however_it_is_written(one: str, other: str) -> None:
    assert spelling.form(one) == spelling.form(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Mohammed Yilmaz", "Muhamad Yilmaz"),
        ("Youssef Amrani", "Yusuf El Amrani"),
        ("Chaled Maier", "Khaled Meyer"),
        ("Peter Jan Dekker", "Peter Dekker"),
        ("Hassan Müller", "Hasan Mueller"),
    ],
)
def test_name_is_found_by_its_sound_and_date_of_birth(one: str, other: str) -> None:
    kept = blind_index.marks_of(KEY, one, BORN)
    asked = blind_index.marks_of(KEY, other, BORN)
    assert {kind for kind, _ in kept & asked} == {"sound"}
    assert not kept & blind_index.marks_of(KEY, other, date(2004, 3, 18))


@pytest.mark.parametrize(
    "other", ["Petra Bakker", "Peter Visser", "Hugo Dekker", "van der Peter", "Петр Деккер"]
)
def test_another_name_is_not_found(other: str) -> None:
    kept = blind_index.marks_of(KEY, "Peter van der Dekker", BORN)
    assert not kept & blind_index.marks_of(KEY, other, BORN)


@pytest.mark.parametrize("name", ["", "  ", "?!", blind_index.UNKNOWN_NAME])
def test_unknown_name_has_no_marks(name: str) -> None:
    assert blind_index.marks_of(KEY, name, BORN) == set()


def test_marks_depend_on_the_key_and_need_one() -> None:
    first = blind_index.marks_of(KEY, "Peter Dekker", BORN)
    assert not first & blind_index.marks_of(b"index:another", "Peter Dekker", BORN)
    with pytest.raises(StateError, match="secret key"):
        blind_index.marks_of(b"", "Peter Dekker", BORN)


@given(st.text(max_size=60))
def test_any_text_has_a_form_that_stays_itself_and_few_sounds(name: str) -> None:
    form = spelling.form(name)
    assert spelling.form(form) == form
    assert len(spelling.sounds(name)) <= spelling.MOST_WORDS * (spelling.MOST_WORDS - 1) // 2 + 1


def _kept(session: Session, person: Person) -> blind_index.Marks:
    rows = session.execute(
        select(PersonMark.kind, PersonMark.mark).where(PersonMark.person_id == person.id)
    )
    return {(kind, mark) for kind, mark in rows}


def _expected(session: Session, person: Person) -> blind_index.Marks:
    key = blind_index.key_of(session)
    return blind_index.marks_of(key, person.name, person.birth_date)


def test_index_follows_every_change_of_a_person(desk: Desk) -> None:
    case_id = desk.open()
    with desk.application.database.transaction() as session:
        session.execute(delete(Person).where(Person.case_id == case_id))
        person = Person(case_id=case_id, name="Peter Dekker", birth_date=None)
        session.add(person)
        session.flush()
        assert _kept(session, person) == _expected(session, person) != set()
        for change in ({"name": "Zoë Visser"}, {"birth_date": BORN}, {"name": "?"}):
            for field, value in change.items():
                setattr(person, field, value)
            session.flush()
            assert _kept(session, person) == _expected(session, person)
        assert _kept(session, person) == set()
        person.name = "Zoë Visser"
        session.flush()
        session.delete(person)
        session.flush()
        assert session.scalars(select(PersonMark)).all() == []


def test_index_goes_with_people_who_are_deleted_in_bulk(desk: Desk) -> None:
    case_id = desk.open()
    with desk.application.database.transaction() as session:
        session.execute(delete(Person).where(Person.case_id == case_id))
        session.add(Person(case_id=case_id, name="Peter Dekker", birth_date=BORN))
        session.flush()
        session.execute(delete(Person).where(Person.case_id == case_id))
        assert session.scalars(select(PersonMark)).all() == []


def test_index_cannot_be_passed_by_a_statement(desk: Desk) -> None:
    values = {"case_id": uuid4(), "name": "x", "details": {}}
    with desk.application.database.transaction() as session:
        for statement in (update(Person).values(name="x"), insert(Person).values(**values)):
            with pytest.raises(StateError, match="one by one"):
                session.execute(statement)


def test_index_finds_the_same_person_and_namesakes(desk: Desk) -> None:
    cases = [desk.open() for _ in range(3)]
    people = (("Youssef Amrani", BORN), ("Amrani, Youssef", None), ("Youssef Bakker", BORN))
    with desk.application.database.transaction() as session:
        session.execute(delete(Person))
        for case_id, (name, born) in zip(cases, people, strict=True):
            session.add(Person(case_id=case_id, name=name, birth_date=born))
        session.flush()
        key = blind_index.key_of(session)

        def found(condition: object) -> list[str]:
            rows = session.scalars(select(Person).where(condition))  # type: ignore[arg-type]
            return sorted(person.name for person in rows)

        both = ["Amrani, Youssef", "Youssef Amrani"]
        assert found(blind_index.same_person(key, "Yusuf el Amrani", BORN)) == ["Youssef Amrani"]
        assert found(blind_index.namesakes(key, "youssef AMRANI", None)) == both
        assert found(blind_index.namesakes(key, "youssef amrani", BORN)) == both
        other_day = date(2001, 1, 1)
        assert found(blind_index.namesakes(key, "youssef amrani", other_day)) == both[:1]


def test_index_holds_no_name(desk: Desk) -> None:
    case_id = desk.open()
    with desk.application.database.transaction() as session:
        session.execute(delete(Person).where(Person.case_id == case_id))
        session.add(Person(case_id=case_id, name="Canary Quixote", birth_date=BORN))
        session.flush()
        rows = session.execute(select(PersonMark.kind, PersonMark.mark)).all()
    text = repr(rows).lower()
    assert len(rows) == 3
    assert not any(word in text for word in ("canary", "quixote", "2004"))
