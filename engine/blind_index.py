"""Finds a person by name and date of birth without reading either: keyed hashes of both (S22).

Whoever reads the database alone can test no name against it, since the key is not in there. The
rows are written by the same flush as the person, whoever changes it.
"""

import hmac
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, delete, event, insert, inspect, select
from sqlalchemy.orm import Mapper, ORMExecuteState, Session, object_session

from engine import spelling
from engine.errors import StateError
from engine.models import Person, PersonMark

UNKNOWN_NAME = "Name not known"
"""What stands for a name that nobody knows yet; it is like nobody's."""
NAME, EXACT, SOUND = "name", "exact", "sound"
Marks = set[tuple[str, str]]
"""Kind and keyed hash."""


def key_of(session: Session) -> bytes:
    """Return the key of this installation's index."""
    key: bytes = session.info.get("index_key", b"")
    return key


def marks_of(key: bytes, name: str, birth_date: date | None) -> Marks:
    """Return by what a person is found again; nothing for an unknown name."""
    form = spelling.form(name)
    if not form or name == UNKNOWN_NAME:
        return set()
    born = birth_date.isoformat() if birth_date else ""
    found = {(NAME, _mark(key, NAME, form)), (EXACT, _mark(key, EXACT, form, born))}
    if born:
        found |= {(SOUND, _mark(key, SOUND, pair, born)) for pair in spelling.sounds(name)}
    return found


def query_hash(key: bytes, name: str, birth_date: date) -> str:
    """Return by what a question is known again without keeping for whom it was asked.

    Not the mark of a person: who reads the table must not see which file a question was about.
    """
    return _mark(key, "query", spelling.form(name), birth_date.isoformat())


def _mark(key: bytes, *parts: str) -> str:
    if not key:
        raise StateError("People are found again under the secret key; open the application.")
    return hmac.digest(key, "\n".join(parts).encode(), "sha256").hex()


def namesakes(key: bytes, name: str, birth_date: date | None) -> ColumnElement[bool]:
    """Return the condition for a Person of the same name and no other date of birth."""
    return _has_any(_of_name(key, name, birth_date))


def same_person(key: bytes, name: str, birth_date: date) -> ColumnElement[bool]:
    """Return the condition for a Person born that day whose name is, or sounds like, this one."""
    return _has_any(_born_that_day(key, name, birth_date))


def alike(key: bytes, name: str, birth_date: date | None) -> ColumnElement[bool]:
    """Return the condition for a namesake, or where the date is known for the same person."""
    wanted = _of_name(key, name, birth_date)
    return _has_any(wanted + (_born_that_day(key, name, birth_date) if birth_date else []))


def _of_name(key: bytes, name: str, birth_date: date | None) -> list[str]:
    form = spelling.form(name)
    if birth_date is None:
        return [_mark(key, NAME, form)]
    return [_mark(key, EXACT, form, day) for day in (birth_date.isoformat(), "")]


def _born_that_day(key: bytes, name: str, birth_date: date) -> list[str]:
    return [mark for kind, mark in marks_of(key, name, birth_date) if kind != NAME]


def _has_any(marks: list[str]) -> ColumnElement[bool]:
    """Return the condition that a Person has one of these marks, each of which tells its kind.

    People are found by their marks: asked the other way round, a database would go through all
    people and look for the marks of each.
    """
    return Person.id.in_(select(PersonMark.person_id).where(PersonMark.mark.in_(marks)))


def write(connection: Connection, person_id: UUID, marks: Marks) -> None:
    """Replace the marks of one person."""
    connection.execute(delete(PersonMark).where(PersonMark.person_id == person_id))
    if marks:
        rows = [{"person_id": person_id, "kind": kind, "mark": mark} for kind, mark in marks]
        connection.execute(insert(PersonMark), rows)


@event.listens_for(Person, "after_insert")
@event.listens_for(Person, "after_update")
def _keep(mapper: Mapper[Any], connection: Connection, person: Person) -> None:
    """Keep the marks of a person true within the flush that stores it."""
    del mapper
    if inspect(person).persistent and not _has_new_name(person):
        return
    session = object_session(person)
    if session is None:
        raise StateError("A person is stored through a session.")
    marks = marks_of(key_of(session), person.name, person.birth_date)
    write(connection, person.id, marks)


def _has_new_name(person: Person) -> bool:
    attributes = inspect(person).attrs
    return any(attributes[name].history.has_changes() for name in ("name", "birth_date"))


@event.listens_for(Session, "do_orm_execute")
def _refuse_many_at_once(state: ORMExecuteState) -> None:
    """Refuse statements that would change people past `_keep` and leave the index untrue."""
    changes = state.is_update or state.is_insert
    if changes and state.bind_mapper is not None and state.bind_mapper.class_ is Person:
        raise StateError("Change people one by one, so that they are found again.")
