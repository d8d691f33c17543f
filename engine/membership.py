"""A deed about who takes part in a case: under its lock, on record, told to whom it concerns."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from engine import access, audit
from engine.application import Application
from engine.errors import NotFoundError, OperatorError, SeparationError
from engine.incident import raise_incident, resolve_incident
from engine.language import gettext, mark
from engine.models import (
    Account,
    AccountRole,
    Case,
    CaseMember,
    CaseStanding,
    Draft,
    Incident,
    Job,
    Outcome,
    Standing,
    WorkItem,
    WorkItemState,
)

COORDINATING = ("process_coordinator", "content_coordinator")
CHAIR = "chair"
GONE = mark("does not take part any more")
"""What everybody at the table reads about an ended membership: no reason is given away."""
NOT_HERE = mark("This page does not exist, or it is not for you.")


@dataclass(frozen=True)
class Deed:
    """One change of who takes part in a case, by a person or (without actor) by time."""

    application: Application
    session: Session
    case: Case
    now: datetime
    actor: Account | None

    def audit(self, event: str, subject: object, **detail: Any) -> None:
        """Write to the case's audit chain: ids and codes only."""
        audit.record(
            self.session,
            self.case,
            at=self.now,
            actor_id=self.actor.id if self.actor else None,
            event=event,
            subject=subject,
            **detail,
        )

    def tell(self, template: str, people: Iterable[UUID], *, once: str = "") -> None:
        """Owe each of some people a mail that says no more than the case code.

        What is told `once` is not told to the same person again.
        """
        for person in sorted(set(people)):
            key = f"{template}:{once or uuid4()}:{person}"
            if once and self.session.scalar(select(Job.id).where(Job.key == key)) is not None:
                continue
            self.session.add(
                Job(
                    kind="notice",
                    key=key,
                    state=self.application.job_state("notice"),
                    payload={
                        "template": template,
                        "case_id": str(self.case.id),
                        "account_id": str(person),
                    },
                    run_after=self.now,
                    created_at=self.now,
                )
            )

    def functions_of(self, account: Account) -> set[str]:
        """Return in which functions a person acts here; empty when the case is not open to it."""
        if not access.may(self.session, account, "case:write", self.case):
            return set()
        if access.acting_for_in(self.session, account, "case:write", self.case) is not None:
            return set()  # who leads elsewhere does not lead here as somebody's deputy (P36)
        return set(access.acting_functions(self.session, self.case.id, account))


@contextmanager
def deed(application: Application, case_id: UUID, actor_id: UUID | None) -> Iterator[Deed]:
    """Give a transaction with the lock on a case; whoever is late sees what the first has done."""
    with application.database.transaction() as session:
        case = session.scalar(
            select(Case)
            .where(Case.id == case_id)
            .with_for_update(of=Case)
            .execution_options(populate_existing=True)
        )
        if case is None:
            raise NotFoundError(gettext(NOT_HERE))
        actor = session.get_one(Account, actor_id) if actor_id else None
        yield Deed(application, session, case, application.now(session), actor)


def begin(
    what: Deed,
    account: Account,
    function: str,
    *,
    granted_by_id: UUID | None,
    legal_basis: str | None,
    reason: str,
) -> None:
    """Give access from now on; SeparationError when the person may take part in no case."""
    members = access.members_of(what.session, what.case.id)
    if (account.id, function) in members:
        return
    outside = access.IN_NO_CASE & account.role_codes or not what.case.admits(function)
    if outside or account.id in members.barred:
        raise SeparationError(gettext("This person may not take part here; choose somebody else."))
    what.session.add(
        CaseMember(
            case_id=what.case.id,
            account_id=account.id,
            function=function,
            since=what.now,
            reason=reason,
            legal_basis=legal_basis,
            granted_by_id=granted_by_id,
            confirmed_at=what.now,
        )
    )
    what.session.flush()
    what.audit("case:member:add", account.id, function=function)


def end(what: Deed, account: Account, *, function: str | None = None) -> list[str]:
    """End a person's access, in one function or in all; return which were ended.

    What the person had taken is free again for those who stay; what was typed is thrown away.
    """
    rows = what.session.scalars(
        select(CaseMember).where(
            CaseMember.case_id == what.case.id,
            CaseMember.account_id == account.id,
            CaseMember.until.is_(None),
        )
    ).unique()
    ended = [row for row in rows if function in {None, row.function}]
    for row in ended:
        row.until, row.reason = what.now, GONE
        what.audit("case:member:end", account.id, function=row.function)
    _free_steps(what, account, function)
    what.session.flush()
    return sorted(row.function for row in ended)


def _free_steps(what: Deed, account: Account, function: str | None) -> None:
    mine = [WorkItem.case_id == what.case.id, WorkItem.state == WorkItemState.OPEN.value]
    if function is not None:
        mine.append(WorkItem.role == function)
    what.session.execute(
        delete(Draft).where(
            Draft.account_id == account.id,
            Draft.work_item_id.in_(select(WorkItem.id).where(*mine)),
        )
    )
    what.session.execute(
        update(WorkItem)
        .where(*mine, WorkItem.assignee_id == account.id)
        .values(assignee_id=None, claimed_at=None)
    )


def stand(
    what: Deed, account_id: UUID, function: str, state: Standing, reason: str, **more: Any
) -> CaseStanding:
    """Record a state without access that begins now."""
    row = CaseStanding(
        case_id=what.case.id,
        account_id=account_id,
        function=function,
        state=state.value,
        since=what.now,
        reason=reason,
        granted_by_id=what.actor.id if what.actor else None,
        **more,
    )
    what.session.add(row)
    what.session.flush()
    return row


def finish(what: Deed, row: CaseStanding, outcome: Outcome) -> None:
    """End a state without access."""
    row.until, row.ended_as = what.now, outcome.value
    row.ended_by_id = what.actor.id if what.actor else None
    what.session.flush()


def open_standing(session: Session, standing_id: UUID, *states: Standing) -> CaseStanding:
    """Return a standing that still holds; NotFoundError when it is over or another kind."""
    row = session.get(CaseStanding, standing_id, populate_existing=True)
    if row is None or row.until is not None or row.state not in {one.value for one in states}:
        raise NotFoundError(gettext(NOT_HERE))
    return row


def leaders(what: Deed, *, without: UUID | None = None) -> set[UUID]:
    """Return who has to act when somebody is missing: coordinators, else who may chair."""
    members = access.members_of(what.session, what.case.id)
    for functions in (COORDINATING, (CHAIR,)):
        found = {person for person, function in members if function in functions} - {without}
        if found:
            return {person for person in found if person is not None}
    holders = what.session.scalars(
        select(Account.id)
        .join(AccountRole, AccountRole.account_id == Account.id)
        .where(AccountRole.role == CHAIR, Account.disabled_at.is_(None))
    )
    return set(holders) - members.barred - ({without} if without else set())


def tell_leaders(what: Deed, gone: UUID) -> None:
    """Tell who has to act that somebody went, and whether a step has nobody left."""
    lost = check_able(what)
    what.tell("step_without_person" if lost else "member_left", leaders(what, without=gone))


def check_able(what: Deed) -> list[WorkItem]:
    """Return the open steps that nobody may do any more; each has an incident with its owner.

    An incident of a step that somebody may do again is over.
    """
    rows = what.session.scalars(
        select(WorkItem).where(
            WorkItem.case_id == what.case.id, WorkItem.state == WorkItemState.OPEN.value
        )
    ).unique()
    lost = []
    for item in rows:
        key = f"nobody_able:{item.id}"
        if access.able_accounts(what.session, item):
            resolve_incident(what.session, key, what.now)
            continue
        lost.append(item)
        _alarm(what, item, key)
    _end_alarms(what)
    what.session.flush()
    return lost


def _end_alarms(what: Deed) -> None:
    """End the alarms about steps that were done or given up meanwhile."""
    rows = what.session.scalars(
        select(Incident).where(
            Incident.case_id == what.case.id,
            Incident.key.startswith("nobody_able:"),
            Incident.state != "resolved",
        )
    )
    for row in list(rows):
        item = what.session.get_one(WorkItem, UUID(row.key.removeprefix("nobody_able:")))
        if item.state != WorkItemState.OPEN.value:
            resolve_incident(what.session, row.key, what.now)


def _alarm(what: Deed, item: WorkItem, key: str) -> None:
    raise_incident(
        what.session,
        key=key,
        # Not to be retried by itself: a person has to be named.
        error=OperatorError(
            gettext(
                "Nobody may do “%(step)s” in case %(code)s any more; have its coordinator name "
                "somebody under People and agencies.",
                step=item.name,
                code=what.case.code,
            ),
            retryable=False,
        ),
        now=what.now,
        instance_id=item.instance_id,
        element_id=item.element_id,
        stimulus={"kind": "nobody_able", "work_item_id": str(item.id)},
    )
