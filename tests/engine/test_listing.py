"""M5: lists look through indexes first, and that hides nothing from anybody."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Select, delete, event, select, update
from sqlalchemy.orm import Session

from engine import access
from engine.access import listing
from engine.database import Database
from engine.models import Account, Case, CaseMember, WorkItem
from engine.reading.cases import cases
from engine.reading.worklist import Filter, worklist
from tests.engine.desk import Desk

ROLE = "content_coordinator"
DESK = "intake_desk"


def add_step(session: Session, case: UUID, **changes: object) -> UUID:
    """Add an open step that members of the case owe, and nobody else once there is a member."""
    first = select(WorkItem).where(WorkItem.case_id == case, WorkItem.role == DESK).limit(1)
    model = session.scalars(first).unique()
    columns = {
        column.key: getattr(found, column.key)
        for found in model
        for column in WorkItem.__table__.columns
        if column.key != "pool"
    }
    own = {"id": uuid4(), "token": str(uuid4()), "role": ROLE, "desk": False}
    step = WorkItem(**{**columns, **own, **changes})
    session.add(step)
    session.flush()
    return step.id


def add_member(session: Session, case: UUID, account: Account) -> CaseMember:
    since = session.get_one(Case, case).created_at
    row = CaseMember(case_id=case, account_id=account.id, function=ROLE, since=since)
    session.add(row)
    session.flush()
    return row


def in_pool(session: Session, step: UUID) -> bool:
    return bool(session.scalar(select(WorkItem.pool).where(WorkItem.id == step)))


def test_database_knows_which_steps_belong_to_a_whole_role(desk: Desk) -> None:
    case = desk.open()
    anna, bram = desk.account("intake.anna"), desk.account("intake.bram")
    with desk.application.database.transaction() as session:
        step = add_step(session, case)
        assert in_pool(session, step)
        first, second = add_member(session, case, anna), add_member(session, case, bram)
        assert not in_pool(session, step)
        assert not in_pool(session, add_step(session, case))
        assert in_pool(session, add_step(session, case, desk=True))
        first.until = first.since + timedelta(days=1)
        session.flush()
        assert not in_pool(session, step), "somebody still holds the role"
        session.execute(delete(CaseMember).where(CaseMember.id == second.id))
        assert in_pool(session, step)
        add_member(session, case, anna)
        assert not in_pool(session, step)
        session.execute(update(WorkItem).where(WorkItem.id == step).values(role="partner"))
        assert in_pool(session, step), "another role, which nobody holds here"


def narrowed_and_whole(session: Session, account: Account) -> list[tuple[set[UUID], set[UUID]]]:
    """Return what lists look at, and what the same conditions give without the short way."""
    may = access.work_items_of(account)
    open_items = select(WorkItem.id).where(WorkItem.state == "open", may)
    near = open_items.where(access.near_items(session, account))
    listed = select(Case.id).where(access.listed_cases(session, account))
    visible = select(Case.id).where(access.visible_cases(session, account))
    pairs = ((near, open_items), (listed, visible))
    found = [(set(session.scalars(one)), set(session.scalars(other))) for one, other in pairs]
    if len(list(access.persons(session, account))) == 1:
        found += own_and_whole(session, account, open_items, visible)
    return found


def own_and_whole(
    session: Session, account: Account, open_items: Select[UUID], visible: Select[UUID]
) -> list[tuple[set[UUID], set[UUID]]]:
    """Return the same for the statements that are put together once and told who reads."""
    who, lite = access.reader_like(account), access.is_lite(session)
    near = access.own_near(WorkItem.case_id, lite=lite)
    may = access.work_items_of(who)
    pairs = (
        (select(WorkItem.id).where(WorkItem.state == "open", near, may), open_items),
        (select(Case.id).where(access.own_seen(who, Case.id, lite=lite)), visible),
    )
    told = access.own_given(session, account)
    return [(set(session.scalars(one, told)), set(session.scalars(other))) for one, other in pairs]


def test_short_way_hides_nothing_from_anybody(desk: Desk) -> None:
    database, now = desk.application.database, desk.clock.now()
    open_cases = [desk.open() for _ in range(4)]
    with database.transaction() as session:
        people = session.scalars(select(Account)).unique().all()
        coordinator = next(one for one in people if ROLE in one.role_codes)
        member, pool, left, over = open_cases
        add_step(session, member)
        add_member(session, member, coordinator)
        add_step(session, pool)
        add_step(session, left)
        add_member(session, left, coordinator).until = now
        add_step(session, over, role="partner", escalate_to="chair", escalated_at=now)
        add_member(session, over, coordinator)
        add_step(session, over, organisation_id=coordinator.organisation_id)
    found: set[UUID] = set()
    for account in people:
        with database.reading_as(account.id) as session:
            for narrowed, whole in narrowed_and_whole(session, account):
                assert narrowed == whole, account.username
                found |= whole
    assert len(found) > 10


@pytest.mark.postgres
def test_lists_read_no_table_of_all_cases(postgres_desk: Desk) -> None:
    """What is joined is looked up by its key: no plan reads all cases or all instances."""
    desk = postgres_desk
    database, anna = desk.application.database, desk.account("intake.anna")
    open_cases = [desk.open() for _ in range(3)]
    seen: list[tuple[str, object]] = []

    def note(_c: object, _k: object, statement: str, parameters: object, *_: object) -> None:
        seen.append((statement, parameters))

    with database.reading_as(anna.id) as session:
        # Few rows are read through at once whatever is asked: the planner has to believe in many.
        session.connection().exec_driver_sql("SET LOCAL enable_seqscan = off")
        event.listen(database.reader, "before_cursor_execute", note)
        now = desk.clock.now()
        found = worklist(session, anna, now, now + timedelta(days=7), Filter())
        listed, total = cases(session, anna)
        event.remove(database.reader, "before_cursor_execute", note)
        plans = [
            "\n".join(
                row[0]
                for row in session.connection().exec_driver_sql(f"EXPLAIN {one}", given).all()
            )
            for one, given in seen
        ]
    assert len(found.case_codes) == total == len(listed) == len(open_cases)
    read = [plan for plan in plans if "work_item" in plan or "casework_case" in plan]
    assert len(read) > 4
    for plan in read:
        for table in ("work_item", "casework_case", "process_instance"):
            assert f"Seq Scan on {table}" not in plan


@pytest.fixture
def postgres_desk(desk: Desk, database: Database) -> Desk:
    if database.is_sqlite:
        pytest.skip("SQLite has no policies")
    return desk


def test_short_way_leads_to_what_can_be_ones_own_and_to_nothing_else(desk: Desk) -> None:
    """What is looked through first, without the condition that is asked of it afterwards."""
    database, now = desk.application.database, desk.clock.now()
    own, others, former, pool, over, shared = (desk.open() for _ in range(6))
    with database.transaction() as session:
        people = session.scalars(select(Account).order_by(Account.username)).unique().all()
        emma, erik = [one for one in people if one.role_codes == {ROLE}][:2]
        session.execute(delete(CaseMember))
        add_member(session, own, erik)
        mine = add_step(session, own)
        add_step(session, own, state="completed")
        add_member(session, others, emma)
        add_step(session, others)
        add_member(session, former, erik).until = now
        add_member(session, former, emma)
        add_step(session, former)
        anybodys = add_step(session, pool)
        add_step(session, pool, organisation_id=erik.organisation_id)
        add_step(session, pool, role="partner")
        late = {"role": "partner", "escalated_at": now}
        brought = add_step(session, over, escalate_to=ROLE, **late)
        add_step(session, shared, escalate_to="chair", **late)
        add_step(session, shared, role="partner", escalate_to=ROLE)
        session.flush()
        near = select(WorkItem.id).where(access.near_items(session, erik), WorkItem.role != DESK)
        cases_near = listing._among(session, Case.id, listing._cases_near(erik))
        at_own = select(WorkItem.id).where(WorkItem.case_id == own, WorkItem.role == DESK)
        assert set(session.scalars(near)) == {mine, anybodys, brought}
        assert set(session.scalars(select(Case.id).where(cases_near))) == {own, pool, over}
        # Of a case that one is a member of each open step is looked at, whoever owes it.
        near_own = at_own.where(access.near_items(session, erik))
        assert set(session.scalars(near_own)) == set(session.scalars(at_own))
