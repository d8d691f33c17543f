"""Who stands where in a case, and how that came about: for who looks after its people."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.models import Account, Case, CaseMember, CaseStanding, Contribution, Standing, WorkItem


@dataclass(frozen=True)
class Period:
    """One period of one person in one state; nothing of it is ever overwritten."""

    person: str
    organisation: str
    function: str
    state: str
    since: datetime
    until: datetime | None
    reason: str
    by: str
    legal_basis: str


def standings(session: Session, case_id: UUID) -> dict[str, list[CaseStanding]]:
    """Return who is invited, suspended or recused now, by state."""
    rows = session.scalars(
        select(CaseStanding)
        .where(CaseStanding.case_id == case_id, CaseStanding.until.is_(None))
        .order_by(CaseStanding.since)
    ).unique()
    found: dict[str, list[CaseStanding]] = {state.value: [] for state in Standing}
    for row in rows:
        found[row.state].append(row)
    return found


def periods(session: Session, case_id: UUID) -> list[Period]:
    """Return every period of everybody, the newest first; three statements."""
    members = session.scalars(select(CaseMember).where(CaseMember.case_id == case_id)).unique()
    others = session.scalars(select(CaseStanding).where(CaseStanding.case_id == case_id)).unique()
    rows: list[tuple[CaseMember | CaseStanding, str]] = [
        *((row, "takes_part" if row.until is None else "former") for row in members),
        *((row, row.state) for row in others),
    ]
    wanted = {row.granted_by_id for row, _ in rows} | {row.account_id for row, _ in rows}
    people = {
        account.id: account
        for account in session.scalars(
            select(Account).where(Account.id.in_([one for one in wanted if one]))
        ).unique()
    }
    found = [_period(row, state, people) for row, state in rows]
    return sorted(found, key=lambda one: one.since, reverse=True)


def _period(row: CaseMember | CaseStanding, state: str, people: dict[UUID, Account]) -> Period:
    by = people.get(row.granted_by_id) if row.granted_by_id else None
    return Period(
        person=people[row.account_id].display_name,
        organisation=people[row.account_id].organisation.name,
        function=row.function,
        state=state,
        since=row.since,
        until=row.until,
        reason=row.reason or "",
        by=by.display_name if by else "",
        legal_basis=row.legal_basis or "",
    )


@dataclass(frozen=True)
class OwnStatements:
    """What a person said in a case while taking part."""

    contributions: list[Contribution]
    steps: list[WorkItem]


def own_statements(session: Session, case: Case, account: Account) -> OwnStatements:
    """Return a person's own contributions and answered steps, and nothing of anybody else's."""
    contributions = session.scalars(
        select(Contribution)
        .where(Contribution.case_id == case.id, Contribution.by_id == account.id)
        .order_by(Contribution.at)
    ).unique()
    steps = session.scalars(
        select(WorkItem)
        .where(WorkItem.case_id == case.id, WorkItem.completed_by_id == account.id)
        .order_by(WorkItem.completed_at)
    ).unique()
    return OwnStatements(list(contributions), list(steps))
