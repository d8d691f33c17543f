"""The demo people around two cases, and by hand who may see which row of which table (S3)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Table, create_engine, select, text
from sqlalchemy.orm import Session

from engine import access, cases
from engine.application import Application
from engine.clock import TestClock
from engine.models import (
    Account,
    Base,
    Case,
    CaseLink,
    CaseMember,
    CaseStanding,
    Contribution,
    ContributionShare,
    Deployment,
    Disclosure,
    DisclosureCase,
    Document,
    Draft,
    EmergencyAccess,
    EmergencyReview,
    ErasureRound,
    FilePrinting,
    IdentityQuery,
    InboxMessage,
    Incident,
    InstanceMove,
    LegalHold,
    MigrationOutcome,
    MigrationRun,
    Notice,
    ProcessInstance,
    ReleaseDecision,
    ReportAnswer,
    ReportAttachment,
    ReportQuestion,
    SharingRequest,
    Signal,
    WorkItem,
)
from tests.engine.desk import REPORT
from tests.sight.server import Server

INVITED, OPENER, STRANGER = "content.erik", "child.chris", "lead.petra"
HEADS = {"dpo", "desk_head", "chair"}
Rows = list[dict[str, Any]]


@dataclass
class Crowd:
    """One database with two cases, and everybody who works there."""

    application: Application
    clock: TestClock
    server: Server
    reads: dict[str, set[UUID]] = field(default_factory=dict)
    """Which cases each person reads, as engine/access says."""

    @cached_property
    def people(self) -> dict[str, Account]:
        with self.application.database.reading() as session:
            rows = session.scalars(select(Account)).unique()
            return {row.username: row for row in rows}

    @contextmanager
    def admin(self) -> Iterator[Connection]:
        """Give a connection that may change policies; nothing of it is kept."""
        engine = create_engine(self.server.as_admin)
        try:
            with engine.connect() as connection:
                yield connection
                connection.rollback()
        finally:
            engine.dispose()

    def look(self, connection: Connection, username: str, table: Table) -> Rows:
        """Return all rows of a table that somebody's reading session gets."""
        connection.exec_driver_sql("SET LOCAL ROLE casetable_reader")
        given = {"a": str(self.people[username].id), "n": self.clock.now().isoformat()}
        connection.execute(
            text(
                "SELECT set_config('casetable.account', :a, true), "
                "set_config('casetable.now', :n, true)"
            ),
            given,
        )
        rows = connection.execute(select(table)).mappings()
        found = [dict(row) for row in rows]
        connection.exec_driver_sql("RESET ROLE")
        return found

    def foreign(self, username: str, table: Table, rows: Rows) -> Rows:
        """Return those of some rows that the person has no right to see."""
        me = self.people[username]
        own = OWN.get(table.name, lambda *_: False)
        return [
            row
            for row in rows
            if self.case_of(table, row) not in self.reads[username] and not own(self, me, row)
        ]

    def case_of(self, table: Table, row: dict[str, Any]) -> UUID | None:
        if table.name == "casework_case":
            return UUID(str(row["id"]))
        if table.name == "disclosure":
            return self.lived
        if "case_id" in row:
            return row["case_id"] and UUID(str(row["case_id"]))
        return self.instances.get(row.get("instance_id"))

    @cached_property
    def instances(self) -> dict[Any, UUID]:
        with self.application.database.reading() as session:
            return {row.id: row.case_id for row in session.scalars(select(ProcessInstance))}

    @cached_property
    def past(self) -> dict[UUID, set[UUID]]:
        """By person, the cases in which something of the own was left."""
        found: dict[UUID, set[UUID]] = {row.id: set() for row in self.people.values()}
        with self.application.database.reading() as session:
            for member in session.scalars(
                select(CaseMember).where(CaseMember.until.is_not(None))
            ).unique():
                found[member.account_id].add(member.case_id)
            for item in session.scalars(
                select(WorkItem).where(
                    WorkItem.completed_by_id.is_not(None), WorkItem.completed_for_id.is_(None)
                )
            ).unique():
                if item.completed_by_id:
                    found[item.completed_by_id].add(item.case_id)
        return found

    @cached_property
    def lived(self) -> UUID:
        """The case that was lived; the emergency, the invitation and the incident are of it."""
        with self.application.database.reading() as session:
            return session.scalars(select(EmergencyAccess.case_id)).one()


def _knows(crowd: Crowd, me: Account, row: dict[str, Any]) -> bool:
    """Say whether code and state of a case are known to somebody who does not read it."""
    case_id = UUID(str(row.get("case_id") or row["id"]))
    if case_id in crowd.past[me.id]:
        return True
    told = me.username in {INVITED, OPENER} or bool(me.role_codes & HEADS)
    return told and case_id == crowd.lived


def _did(crowd: Crowd, me: Account, row: dict[str, Any]) -> bool:
    by = row.get("by_id") or row.get("completed_by_id")
    return by == me.id and row["case_id"] in crowd.past[me.id]


OWN: dict[str, Callable[[Crowd, Account, dict[str, Any]], bool]] = {
    "casework_case": lambda crowd, me, row: "dpo" in me.role_codes or _knows(crowd, me, row),
    "case_key": _knows,
    "case_member": lambda _, me, row: row["account_id"] == me.id,
    "case_standing": lambda _, me, row: row["account_id"] == me.id,
    "contribution": _did,
    "form_submission": _did,
    "work_item": _did,
    "emergency_access": lambda _, me, row: (
        row["account_id"] == me.id or bool(me.role_codes & HEADS)
    ),
    "emergency_review": lambda _, me, row: row["opener_id"] == me.id or bool(me.role_codes & HEADS),
    "audit_entry": lambda crowd, me, row: (
        row["actor_id"] == me.id
        or "dpo" in me.role_codes
        or (row["case_id"] == crowd.lived and bool(me.role_codes & HEADS))
        or (row["case_id"] == crowd.lived and me.username == OPENER)
    ),
    "incident": lambda _, me, row: row["owner_role"] in me.role_codes,
    "legal_hold": lambda _, me, __: "dpo" in me.role_codes,
    "erasure_round": lambda _, me, __: "dpo" in me.role_codes,
    "disclosure_case": lambda _, me, __: "dpo" in me.role_codes,
    "release_decision": lambda _, me, __: "dpo" in me.role_codes,
    "disclosure": lambda _, me, __: "dpo" in me.role_codes,
}
"""Who sees a row of a case that he or she does not read, written down by hand."""


def fill(crowd: Crowd) -> None:
    """Add a second case, and rows to the tables that a life leaves empty."""
    cases.report_concern(crowd.application, REPORT)
    people, now = crowd.people, crowd.clock.now()
    with crowd.application.database.transaction() as session:
        instance = session.scalars(
            select(ProcessInstance).order_by(ProcessInstance.started_at).limit(1)
        ).one()
        case_id = instance.case_id
        other = session.scalars(select(Case.id).where(Case.id != case_id)).one()
        signal = session.scalars(select(Signal).where(Signal.case_id == case_id)).one()
        shared = session.scalars(select(Contribution).where(Contribution.case_id == case_id))
        lent = next(iter(shared.unique()))
        opener, anna = people[OPENER], people["intake.anna"]
        item = (
            session.scalars(select(WorkItem).where(WorkItem.case_id == case_id).limit(1))
            .unique()
            .one()
        )
        emergency = EmergencyAccess(
            case_id=case_id,
            account_id=opener.id,
            organisation_id=opener.organisation_id,
            category="violence",
            motive="He left with a knife.",
            opened_at=now,
            ends_at=now + timedelta(hours=4),
            review_by=now + timedelta(hours=72),
        )
        question = ReportQuestion(
            case_id=case_id, signal_id=signal.id, number=1, text="When?", at=now, by_id=anna.id
        )
        session.add_all([emergency, question])
        session.flush()
        paula = people["privacy.paula"]
        session.add_all(
            [
                CaseLink(case_id=case_id, other_case_id=other, kind="family"),
                CaseStanding(
                    case_id=case_id,
                    account_id=people[INVITED].id,
                    function="content_coordinator",
                    state="invited",
                    since=now,
                    reason="",
                ),
                EmergencyReview(
                    access_id=emergency.id,
                    case_id=case_id,
                    part="dpo",
                    account_id=paula.id,
                    organisation_id=paula.organisation_id,
                    opener_id=opener.id,
                    opener_organisation_id=opener.organisation_id,
                    finding="justified",
                    reasons="The call is on record.",
                    at=now,
                ),
                ReportAnswer(case_id=case_id, question_id=question.id, text="Monday.", at=now),
                ReportAttachment(
                    signal_id=signal.id,
                    case_id=case_id,
                    name="photo",
                    media_type="image/png",
                    size=1,
                    sha256="0" * 64,
                    content=b"x",
                    at=now,
                ),
                InboxMessage(
                    instance_id=instance.id,
                    case_id=case_id,
                    name="m",
                    key="m",
                    received_at=now,
                ),
                Incident(
                    case_id=case_id,
                    key="k",
                    element_id="e",
                    message="m",
                    owner_role="desk_head",
                    created_at=now,
                ),
                Document(
                    case_id=case_id, at=now, name="d", media_type="text/plain", size=1, content=b"x"
                ),
                Draft(
                    work_item_id=item.id,
                    account_id=anna.id,
                    case_id=case_id,
                    values={},
                    saved_at=now,
                ),
                Notice(
                    message_id="m",
                    account_id=anna.id,
                    case_id=case_id,
                    template="t",
                    created_at=now,
                ),
                IdentityQuery(
                    account_id=anna.id,
                    organisation_id=anna.organisation_id,
                    query_hash="0" * 64,
                    purpose="p",
                    reason="r",
                    at=now,
                    day=now.date(),
                ),
                ContributionShare(
                    case_id=case_id,
                    contribution_id=lent.id,
                    number=1,
                    level="summary",
                    by_id=anna.id,
                    at=now,
                ),
                *_of_two_persons(instance, people, now, lent),
            ]
        )
        _add_move(session, instance, people["owner.olga"], now)
    with crowd.application.database.reading() as session:
        everything = session.scalars(select(Case)).unique().all()
        for name, person in people.items():
            crowd.reads[name] = {
                case.id for case in everything if access.may(session, person, "case:read", case)
            }
        crowd.reads[OPENER] |= {case_id}  # by the emergency, for four hours


def _add_move(session: Session, instance: ProcessInstance, owner: Account, now: datetime) -> None:
    """Add that the case was moved to another version of the processes."""
    way = {"from_id": instance.deployment_id, "to_id": "0" * 64}
    session.add(Deployment(id="0" * 64, profile="base", manifest={}, note="", published_at=now))
    session.flush()
    run = MigrationRun(**way, state="done", asked_by_id=owner.id, asked_at=now)
    session.add(run)
    session.flush()
    known = {"run_id": run.id, "case_id": instance.case_id, "at": now}
    session.add(MigrationOutcome(**known, state="moved", places="p", sentence=""))
    session.add(
        InstanceMove(
            **known,
            **way,
            instance_id=instance.id,
            number=1,
            step_count=1,
            before=b"x",
            after_hash="0" * 64,
        )
    )


def _of_two_persons(
    instance: ProcessInstance, people: dict[str, Account], now: datetime, lent: Contribution
) -> list[Base]:
    """Return what waits for a second person: a hold, a request for access, an agreement."""
    paula, case_id = people["privacy.paula"], instance.case_id
    request = Disclosure(
        id=uuid4(),
        code="A-1",
        relation="self",
        requester="r",
        contact="c",
        about_name="n",
        received_on=now.date(),
        due_on=now.date(),
        registered_by_id=paula.id,
        registered_at=now,
    )
    return [
        LegalHold(
            case_id=case_id,
            ground="court",
            reference="r",
            reason="r",
            asked_by_id=paula.id,
            asked_part="dpo",
            asked_at=now,
            answer_by=now + timedelta(days=7),
        ),
        request,
        DisclosureCase(
            disclosure_id=request.id, case_id=case_id, found_by_id=paula.id, found_at=now
        ),
        ReleaseDecision(
            disclosure_id=request.id,
            case_id=case_id,
            record_kind="note",
            record_id=uuid4(),
            organisation_id=paula.organisation_id,
            outcome="release",
            by_id=paula.id,
            at=now,
        ),
        ErasureRound(
            case_id=case_id,
            instance_id=instance.id,
            number=1,
            ground="wrong_person",
            asked_by_id=paula.id,
            asked_at=now,
            legal_basis="l",
            reason="r",
        ),
        FilePrinting(
            case_id=case_id, purpose="p", asked_by_id=people["police.peter"].id, asked_at=now
        ),
        SharingRequest(
            case_id=case_id,
            contribution_id=lent.id,
            organisation_id=lent.organisation_id,
            asked_by_id=people["police.peter"].id,
            asked_at=now,
        ),
    ]


def tables() -> list[Table]:
    """Return all tables with rows of cases that a page may read at all."""
    from engine.models.sight import HIDDEN, is_guarded

    return [
        table
        for table in Base.metadata.sorted_tables
        if is_guarded(table) and table.name not in HIDDEN
    ]
