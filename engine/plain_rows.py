"""Stores rows of which nothing but columns is new, past the session's unit of work.

SQLAlchemy works out anew at each flush which of all tables and relationships depends on which; to
do without saves a seventh of a turn (M1, M3). The rows of a turn name what they belong to by its
id, so the order of the tables is order enough. Whatever asks for more is left to the session.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any, Final

from sqlalchemy import Insert, Update, bindparam, inspect, update
from sqlalchemy.orm import (
    InstanceState,
    Mapper,
    Session,
    make_transient,
    make_transient_to_detached,
)
from sqlalchemy.orm.exc import StaleDataError

from engine import keyring, witness
from engine.models import Base, Case, Person
from engine.pending_rows import Rows, insert_into, table_of

WATCHED: Final = frozenset({Person})
"""Whose marks are written along with them (engine/blind_index.py)."""
PLACE: Final = {table.name: place for place, table in enumerate(Base.metadata.sorted_tables)}
"""Of each table behind those that its rows refer to."""
OF: Final = "of_"


def store_plain(session: Session) -> None:
    """Store what is new and changed in a session if all of it is plain; else do nothing.

    Afterwards the session holds the rows as if it had stored them itself. Raise StaleDataError
    where a changed row is gone: nothing of the transaction may be kept.
    """
    new, changed = list(session.new), list(session.dirty)
    if session.deleted or not (all(map(_is_plain, new)) and all(map(_is_plainly_changed, changed))):
        return
    witness.notice(session)
    _send(session, new, changed)
    for row in changed:
        make_transient(row)
    for row in new:
        session.expunge(row)
    for row in (*new, *changed):
        make_transient_to_detached(row)
    session.add_all((*new, *changed))


def _is_plain(row: Base) -> bool:
    mapper = inspect(row).mapper
    # A new case gets its key along with it (engine/keyring.py); revisions the session begins.
    is_more = isinstance(row, Case) or mapper.version_id_col is not None
    return not is_more and _is_simple(mapper) and _stands_alone(row)


def _is_plainly_changed(row: Base) -> bool:
    state = inspect(row)
    if not _is_simple(state.mapper) or not _stands_alone(row):
        return False
    names = _changes(state)
    # A row with revisions counts on the one that was read; what is sealed is closed as it is sent.
    return not names or (
        state.mapper.version_id_col is None
        and keyring.sealed_fields(state.mapper).keys().isdisjoint(names)
    )


@cache
def _is_simple(mapper: Mapper[Any]) -> bool:
    return mapper.class_ not in WATCHED and not any(
        link.cascade.expunge for link in mapper.relationships
    )


def _stands_alone(row: Base) -> bool:
    """Say whether a row names what it belongs to by ids, and nothing was hung onto it as a row."""
    state = inspect(row)
    return state.committed_state.keys().isdisjoint(state.mapper.relationships.keys())


def _changes(state: InstanceState[Any]) -> tuple[str, ...]:
    before, now = state.committed_state, state.dict
    return tuple(sorted(name for name in before if name in now and before[name] != now[name]))


def _send(session: Session, new: Iterable[Base], changed: Iterable[Base]) -> None:
    """Send what is owed: each table behind those that it refers to, changes before new rows.

    So does the session: a period that ends makes room for the one that begins.
    """
    owed: dict[tuple[int, bool, frozenset[str]], tuple[Insert | Update, Rows]] = {}
    for row in changed:
        if names := _changes(inspect(row)):
            place = PLACE[row.__tablename__], False, frozenset(names)
            owed.setdefault(place, (_change(type(row), names), []))[1].append(_moved(row, names))
    for row in new:
        given = _given(session, row)
        place = PLACE[row.__tablename__], True, frozenset(given)
        owed.setdefault(place, (insert_into(table_of(type(row))), []))[1].append(given)
    for place in sorted(owed, key=lambda one: one[:2]):
        statement, rows = owed[place]
        done = session.connection().execute(statement, rows)
        if isinstance(statement, Update) and done.rowcount != len(rows):
            raise StaleDataError("A row of the turn is gone.")


def _given(session: Session, row: Base) -> dict[str, Any]:
    state = inspect(row)
    # What nobody has set is the database's to fill, as it is for the session.
    given = {name: state.dict[name] for name in _columns(state.mapper) if name in state.dict}
    if keyring.sealed_fields(state.mapper):
        given = keyring.sealed_row(session, type(row), given)
    return given


def _moved(row: Base, names: Iterable[str]) -> dict[str, Any]:
    state = inspect(row)
    key = {f"{OF}{one.name}": state.dict[one.name] for one in state.mapper.primary_key}
    return key | {name: state.dict[name] for name in names}


@cache
def _columns(mapper: Mapper[Any]) -> tuple[str, ...]:
    return tuple(attribute.key for attribute in mapper.column_attrs)


@cache
def _change(kind: type[Base], names: tuple[str, ...]) -> Update:
    table = table_of(kind)
    which = (one == bindparam(f"{OF}{one.name}", type_=one.type) for one in table.primary_key)
    return update(table).where(*which).values({name: bindparam(name) for name in names})
