"""A turn counts only on the revision of the instance that it loaded: else nothing of it is kept."""

from uuid import UUID

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from engine.models import ProcessInstance
from engine.pending_rows import table_of
from engine.stored_state import store
from tests.engine.desk import Desk

TABLE = table_of(ProcessInstance)


def instances(session: Session) -> list[ProcessInstance]:
    return list(session.scalars(select(ProcessInstance).order_by(ProcessInstance.started_at)))


def stored(desk: Desk) -> dict[UUID, tuple[int, int]]:
    with desk.application.database.reading() as session:
        columns = ProcessInstance.id, ProcessInstance.revision, ProcessInstance.step_count
        return {row[0]: (row[1], row[2]) for row in session.execute(select(*columns))}


def go_on(rows: list[ProcessInstance]) -> None:
    for row in rows:
        row.step_count += 100


def go_on_past_a_change(desk: Desk, stale: int) -> None:
    with desk.application.database.transaction() as session:
        rows = instances(session)
        ahead = update(TABLE).where(TABLE.c.id == rows[stale].id)
        session.connection().execute(ahead.values(revision=rows[stale].revision + 1))
        go_on(rows)
        store(session, rows)


def test_many_instances_are_stored_by_one_statement_each_on_its_revision(desk: Desk) -> None:
    for _ in range(3):
        desk.open()
    before = stored(desk)
    sent: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        sent.append(statement)

    with desk.application.database.transaction() as session:
        rows = instances(session)
        go_on(rows)
        event.listen(desk.application.database.worker, "before_cursor_execute", note)
        store(session, rows)
        session.flush()
        event.remove(desk.application.database.worker, "before_cursor_execute", note)
        assert [row.revision for row in rows] == [before[row.id][0] + 1 for row in rows]
    assert len([one for one in sent if "process_instance" in one]) == 1
    after = {one: (revision + 1, steps + 100) for one, (revision, steps) in before.items()}
    assert stored(desk) == after


@pytest.mark.parametrize("stale", [0, 2])
def test_one_that_was_changed_past_the_lock_lets_nothing_of_any_be_kept(
    desk: Desk, stale: int
) -> None:
    for _ in range(3):
        desk.open()
    before = stored(desk)
    with pytest.raises(StaleDataError, match="past the lock"):
        go_on_past_a_change(desk, stale)
    assert stored(desk) == before


def test_new_instance_is_left_to_the_session(desk: Desk) -> None:
    case = desk.open()
    with desk.application.database.transaction() as session:
        (row,) = instances(session)
        new = ProcessInstance(
            **{
                column.name: getattr(row, column.name)
                for column in TABLE.columns
                if column.name not in {"id", "revision"}
            }
        )
        session.add(new)
        store(session, [new])
    with desk.application.database.reading() as session:
        found = session.scalars(select(ProcessInstance).where(ProcessInstance.case_id == case))
        assert sorted(one.revision for one in found) == [1, row.revision]
