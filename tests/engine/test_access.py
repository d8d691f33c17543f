"""The two ways to ask who may do a work item give the same answer."""

import random
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access, inbox
from engine.models import Account, AccountRole, Case, CaseMember, CaseStanding, WorkItem
from tests.engine.desk import Desk
from tests.engine.small import GO_ON


def _compare(desk: Desk) -> int:
    compared = 0
    with desk.application.database.reading() as session:
        accounts = session.scalars(select(Account).order_by(Account.username)).unique().all()
        items = session.scalars(select(WorkItem).where(WorkItem.state == "open")).unique().all()
        for item in items:
            able = {account.username for account in access.able_accounts(session, item)}
            asked = {
                account.username
                for account in accounts
                if access.may(session, account, "work_item:complete", item)
            }
            listed = {
                account.username
                for account in accounts
                if session.scalar(
                    select(WorkItem.id).where(
                        WorkItem.id == item.id, access.visible_work_items(session, account)
                    )
                )
            }
            assert able == asked == listed
            compared += len(accounts)
    return compared


def test_access_gives_one_answer_however_it_is_asked(desk: Desk) -> None:
    case = desk.open()
    anna = desk.account("intake.anna").id
    inbox.post_event(desk.application, case, anna, "new_information", "x", key="1")
    assert _compare(desk) > 15
    desk.pass_time(days=9)
    assert _compare(desk) > 15
    desk.do(case, "ask", "head.greta", GO_ON)
    assert _compare(desk) > 15


def test_access_hides_a_case_from_everybody_without_a_part_in_it(desk: Desk) -> None:
    case = desk.open()
    with desk.application.database.reading() as session:
        row = session.get_one(Case, case)
        accounts = session.scalars(select(Account)).unique().all()
        readers = {a.username for a in accounts if access.may(session, a, "case:read", row)}
    assert readers == {"intake.anna", "intake.bram"}


class Shaker:
    """Changes who stands where in a case at random, below all rules but those of the database."""

    def __init__(self, desk: Desk, case_id: UUID) -> None:
        self.desk, self.case_id = desk, case_id
        self.chance = random.Random(11)

    def shake(self) -> None:
        with self.desk.application.database.transaction() as session:
            people = session.scalars(
                select(Account).where(~Account.roles.any(AccountRole.role.in_(access.IN_NO_CASE)))
            ).unique()
            person = self.chance.choice(sorted(people, key=lambda one: one.username))
            deed = self.chance.choice(
                [self._join, self._leave, self._stand, self._stand, self._end]
            )
            deed(session, person)
            for item in session.scalars(select(WorkItem).where(WorkItem.state == "open")).unique():
                item.desk = self.chance.random() < 0.3
                item.organisation_id = self.chance.choice([None, None, person.organisation_id])
                item.escalate_to = self.chance.choice(["chair", "desk_head"])
                item.escalated_at = self.chance.choice([None, item.created_at])

    def _join(self, session: Session, person: Account) -> None:
        around = access.members_of(session, self.case_id)
        function = self.chance.choice(sorted(person.role_codes))
        if person.id not in around.barred and (person.id, function) not in around:
            session.add(
                CaseMember(
                    case_id=self.case_id,
                    account_id=person.id,
                    function=function,
                    since=self.desk.clock.now(),
                )
            )

    def _leave(self, session: Session, person: Account) -> None:
        self._close(session, CaseMember, person)

    def _end(self, session: Session, person: Account) -> None:
        self._close(session, CaseStanding, person)

    def _close(self, session: Session, table: Any, person: Account) -> None:
        for row in session.scalars(
            select(table).where(table.account_id == person.id, table.until.is_(None))
        ).unique():
            row.until = self.desk.clock.now()

    def _stand(self, session: Session, person: Account) -> None:
        self._end(session, person)
        state = self.chance.choice(["invited", "suspended", "recused"])
        if state != "invited":
            self._leave(session, person)
        session.flush()
        session.add(
            CaseStanding(
                case_id=self.case_id,
                account_id=person.id,
                function=self.chance.choice(sorted(person.role_codes)),
                state=state,
                since=self.desk.clock.now(),
                reason="friend",
            )
        )


def test_access_keeps_out_whoever_is_recused_or_suspended_however_it_is_asked(desk: Desk) -> None:
    """An oracle of its own reads the rows: kept out is kept out, whatever else a person holds."""
    case_id = desk.open()
    shaker = Shaker(desk, case_id)
    kept_out = let_in = 0
    for _ in range(60):
        shaker.shake()
        _compare(desk)
        with desk.application.database.reading() as session:
            case = session.get_one(Case, case_id)
            barred = {
                row.account_id
                for row in session.scalars(select(CaseStanding)).unique()
                if row.until is None and row.state in {"suspended", "recused"}
            }
            members = {
                row.account_id
                for row in session.scalars(select(CaseMember)).unique()
                if row.until is None
            }
            for account in session.scalars(select(Account)).unique():
                reads = access.may(session, account, "case:read", case)
                if account.id in barred:
                    assert not reads
                    assert not access.may(session, account, "case:own", case)
                    kept_out += 1
                elif account.id in members:
                    assert reads
                    let_in += 1
    assert kept_out > 60
    assert let_in > 60
