"""What is stored past the unit of work is what the session itself would have stored."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Date,
    Integer,
    LargeBinary,
    Uuid,
    delete,
    event,
    inspect,
    select,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapper, Session
from sqlalchemy.orm.exc import StaleDataError

from engine import blind_index, keyring, verification
from engine.application import Application
from engine.models import (
    Account,
    Base,
    Case,
    CaseMember,
    CasePartner,
    Note,
    Organisation,
    Person,
    ProcessInstance,
    WorkItem,
)
from engine.models.base import Instant, Retold
from engine.models.sealed import BYTES, DAY, JSON_VALUE, Sealed
from engine.pending_rows import table_of
from engine.plain_rows import WATCHED, store_plain
from tests.engine.desk import Desk

HOW_FULL = ("all", "nothing that may be empty", "empty where it may be")
SEALED = {JSON_VALUE: {"a": ["b", None]}, DAY: date(2026, 2, 1), BYTES: b"\x00\xff"}
LEFT = {Account, Case, ProcessInstance, *WATCHED}
"""Left to the session: roles are hung onto an account, a case gets a key, an instance its first
revision, and a person marks."""
KINDS = sorted(
    (mapper.class_ for mapper in Base.registry.mappers if mapper.class_ not in LEFT),
    key=lambda kind: kind.__tablename__,
)


class _UndoneError(Exception):
    """Ends a transaction of which nothing is to stay."""


@contextmanager
def undone(application: Application) -> Iterator[Session]:
    """Give a session in which a row may belong to what is not there, and of which nothing stays."""
    with suppress(_UndoneError), application.database.transaction() as session:
        session.connection().exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        yield session
        raise _UndoneError


@contextmanager
def flushes(session: Session) -> Iterator[list[str]]:
    """Note what the session itself has to store."""
    seen: list[str] = []

    def note(session: Session, *_: Any) -> None:
        seen.extend(type(row).__name__ for row in (*session.new, *session.dirty))

    event.listen(session, "before_flush", note)
    yield seen
    event.remove(session, "before_flush", note)


def _value(column: Any, case_id: UUID) -> Any:
    found: dict[type[Any], Any] = {
        Boolean: True,
        Integer: 7,
        Uuid: uuid4(),
        Instant: datetime(2026, 3, 1, 8, tzinfo=UTC),
        Date: date(2026, 3, 2),
        LargeBinary: b"\x01",
        JSON: {"a": ["b", None]},
        Retold: {"a": "b"},
    }
    if column.name == "case_id":
        return case_id
    if isinstance(column.type, Sealed):
        return SEALED.get(column.type.kind, "words")
    return next((value for kind, value in found.items() if isinstance(column.type, kind)), "x")


def _given(mapper: Mapper[Any], how_full: str, case_id: UUID) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for attribute in mapper.column_attrs:
        column = attribute.columns[0]
        if column.nullable and how_full != "all":
            if how_full.startswith("empty"):
                given[attribute.key] = None
        elif column.default is None and column.server_default is None and not column.computed:
            given[attribute.key] = _value(column, case_id)
    return given


def _stored(session: Session, row: Base) -> tuple[Any, ...]:
    """Return the newest row as the table has it, but for what is sealed, which is opened."""
    # In its own words: as a value, the null of JSON would be that of the database.
    newest = f"SELECT * FROM {row.__tablename__} ORDER BY rowid DESC LIMIT 1"  # noqa: S608
    raw = session.connection().exec_driver_sql(newest).mappings().one()
    fields = keyring.sealed_fields(inspect(type(row)))
    plain = {name: value for name, value in raw.items() if name not in fields}
    empty = {name for name in fields if raw[name] is None}
    session.expire(row)
    return plain, empty, {name: getattr(row, name) for name in fields}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("how_full", HOW_FULL)
def test_row_of_each_table_is_stored_as_the_session_stores_it(desk: Desk, how_full: str) -> None:
    case_id = desk.open()
    ways: dict[str, Callable[[Session], None]] = {"plain": store_plain, "session": Session.flush}
    compared = 0
    for kind in KINDS:
        given, found = _given(inspect(kind), how_full, case_id), {}
        for way, store in ways.items():
            with undone(desk.application) as session:
                row = kind(**given)
                session.add(row)
                keyring.load(session, case_id)
                try:
                    store(session)
                    assert inspect(row).persistent
                    found[way] = _stored(session, row)
                except IntegrityError as error:
                    found[way] = (str(error.orig),)
        own = {one.name for one in table_of(kind).columns if isinstance(one.type, Uuid)}
        own -= given.keys()
        assert _without(found["plain"], own) == _without(found["session"], own), kind.__name__
        compared += len(found["session"]) > 1
    # The others have rules that such values break, whoever stores them.
    assert compared > 70


def _without(stored: tuple[Any, ...], names: set[str]) -> tuple[Any, ...]:
    """Leave out the random ids that each row gets of its own."""
    if len(stored) == 1:
        return stored
    return {name: value for name, value in stored[0].items() if name not in names}, *stored[1:]


def test_changed_row_is_stored_and_the_session_has_nothing_left_to_do(desk: Desk) -> None:
    case_id = desk.open()
    with desk.application.database.transaction() as session:
        item = session.scalars(select(WorkItem)).unique().one()
        item.name, item.assignee_id = "Another name", None
        session.add(Note(case_id=case_id, kind="note", text="Words.", at=desk.clock.now()))
        with flushes(session) as seen:
            store_plain(session)
            session.flush()
        assert seen == []
        item.name += "!"
    with desk.application.database.reading() as session:
        assert session.scalars(select(WorkItem.name)).one() == "Another name!"
        assert session.scalars(select(Note)).one().text == "Words."


def test_what_asks_for_more_is_left_to_the_session(desk: Desk) -> None:
    case_id, now = desk.open(), desk.clock.now()
    with desk.application.database.transaction() as session:
        case = session.get_one(Case, case_id)
        organisation = session.scalars(select(Organisation).limit(1)).one()
        for row in (
            CasePartner(case_id=case_id, organisation=organisation, joined_at=now),
            Person(case_id=case_id, name="Anna"),
            ProcessInstance(case_id=case_id, process_id="p", deployment_id="d", started_at=now),
            Case(code="ABCD", kind="signal", deployment_id=case.deployment_id, created_at=now),
        ):
            session.add(row)
            store_plain(session)
            assert row in session.new, row
            session.expunge(row)
        session.scalars(select(ProcessInstance)).unique().one().status = "ended"
        store_plain(session)
        assert [type(row) for row in session.dirty] == [ProcessInstance]


def test_row_that_is_gone_lets_nothing_of_the_turn_be_kept(desk: Desk) -> None:
    desk.open()
    with pytest.raises(StaleDataError):
        change_what_is_gone(desk)
    with desk.application.database.reading() as session:
        assert session.scalars(select(WorkItem.name)).one() != "Another name"


def change_what_is_gone(desk: Desk) -> None:
    with desk.application.database.transaction() as session:
        item = session.scalars(select(WorkItem)).unique().one()
        table = table_of(WorkItem)
        session.connection().execute(delete(table).where(table.c.id == item.id))
        item.name = "Another name"
        store_plain(session)


def test_period_that_ends_makes_room_for_the_one_that_begins(desk: Desk) -> None:
    case_id, anna, now = desk.open(), desk.account("intake.anna"), desk.clock.now()
    who = {"case_id": case_id, "account_id": anna.id, "function": "chair"}
    with desk.application.database.transaction() as session:
        session.add(CaseMember(**who, since=now))
    with desk.application.database.transaction() as session:
        chairs = select(CaseMember).where(CaseMember.function == "chair")
        former = session.scalars(chairs).unique().one()
        session.add(CaseMember(**who, since=now))
        former.until = now
        store_plain(session)
        assert not session.new
    with desk.application.database.reading() as session:
        ends = session.scalars(select(CaseMember.until).where(CaseMember.function == "chair"))
        assert set(ends) == {now, None}


def test_member_who_is_stored_so_is_witnessed(desk: Desk) -> None:
    case_id, anna = desk.open(), desk.account("intake.anna")
    with desk.application.database.transaction() as session:
        session.get_one(Case, case_id, with_for_update={"of": Case})
        row = CaseMember(
            case_id=case_id, account_id=anna.id, function="chair", since=desk.clock.now()
        )
        session.add(row)
        store_plain(session)
        assert inspect(row).persistent
    with desk.application.database.reading() as session:
        assert verification.verify(session).breaks == []


def test_nothing_but_sealing_happens_to_rows_as_they_are_stored() -> None:
    """Whoever listens to the storing of a row hears nothing of one that is stored so."""
    assert blind_index  # its listeners are there
    for mapper in Base.registry.mappers:
        heard = [
            name
            for name in ("before_insert", "after_insert", "before_update", "after_update")
            for _ in getattr(mapper.dispatch, name)
        ]
        allowed = 4 if keyring.sealed_fields(mapper) else 0
        assert len(heard) <= allowed or mapper.class_ in WATCHED, mapper.class_.__name__
