"""Answers whether another organisation knows a person: hit or no hit, and never more (S22).

The name is compared by keyed hashes (engine/blind_index.py) and kept nowhere. Only organisations
that allow it are named, and those that are named are told who asked.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from engine import audit, blind_index, spelling
from engine.access import UNREADABLE, is_barred
from engine.application import Application
from engine.errors import InputError
from engine.incident import call_for
from engine.language import gettext, mark
from engine.models import (
    Account,
    Case,
    CaseMember,
    CasePartner,
    HitAllowance,
    IdentityQuery,
    Job,
    Organisation,
    Person,
)
from engine.profile import Profile

ASKED = "person:identity:ask"
HIT = "case:identity:hit"
OLDEST = date(1900, 1, 1)
SHORTEST, LONGEST = 20, 2000
LONGEST_NAME = 300


class QueryError(InputError):
    """A question that is incomplete; `field` is what has to be mended."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Question:
    """Who is meant, and what for: a code of the profile's `identity_purposes`, and in words."""

    name: str
    birth_date: date
    purpose: str
    reason: str


@dataclass(frozen=True)
class Known:
    """One organisation that knows the person and allows to be named."""

    organisation: str
    contact: str


@dataclass(frozen=True)
class Answer:
    """`left` is how many questions the person has left today; `stopped` when there was none."""

    known: tuple[Known, ...] = ()
    left: int = 0
    stopped: bool = False


def ask(application: Application, account_id: UUID, question: Question) -> Answer:
    """Answer a question and put it on record; raise QueryError when it is incomplete."""
    with application.database.transaction() as session:
        profile = application.deployment(session).profile
        now = application.now(session)
        today = now.astimezone(profile.zone).date()
        account = _locked(session, account_id)
        _check(question, profile, today)
        left = _left(session, account, profile, today)
        if left <= 0:
            _alarm(session, account, now, today)
            return Answer(stopped=True)
        key = blind_index.key_of(session)
        row = _row(key, account, question, now, today)
        session.add(row)
        session.flush()
        _record(session, row)
        found = _knowing(session, key, account, question)
        for case_id in sorted({case_id for case_id, _ in found}):
            _tell(application, session, row, case_id, [one for at, one in found if at == case_id])
        named = {one.id: Known(one.name, one.contact or "") for _, one in found}
        return Answer(tuple(sorted(named.values(), key=lambda one: one.organisation)), left - 1)


def _locked(session: Session, account_id: UUID) -> Account:
    """Lock the person, so that questions sent at once are counted one after the other."""
    statement = select(Account).where(Account.id == account_id)
    return session.scalars(statement.with_for_update(of=Account, key_share=True)).unique().one()


def _check(question: Question, profile: Profile, today: date) -> None:
    if not spelling.form(question.name) or len(question.name) > LONGEST_NAME:
        raise QueryError("name", gettext("Write the name of the person."))
    if not OLDEST <= question.birth_date <= today:
        raise QueryError("birth_date", gettext("Write the date of birth like 2004-03-17."))
    if question.purpose not in profile.lists.get("identity_purposes", {}):
        raise QueryError("purpose", gettext("Say what you ask for."))
    if not SHORTEST <= len(question.reason.strip()) <= LONGEST:
        raise QueryError(
            "reason",
            gettext(
                "Write why you ask, in %(shortest)s to %(longest)s characters.",
                shortest=SHORTEST,
                longest=LONGEST,
            ),
        )


def _left(session: Session, account: Account, profile: Profile, today: date) -> int:
    counted = select(func.count()).where(
        IdentityQuery.account_id == account.id, IdentityQuery.day == today
    )
    return int(profile.values.get("identity_queries", 20)) - (session.scalar(counted) or 0)


def _alarm(session: Session, account: Account, now: datetime, today: date) -> None:
    """Call the officer: who asks that often may be going through a list of names."""
    call_for(
        session,
        key=f"identity_limit:{account.id}:{today.isoformat()}",
        message=mark("Somebody asked for more people in a day than the profile allows."),
        now=now,
        about=account.username,
        role="dpo",
    )
    audit.record(
        session,
        None,
        at=now,
        actor_id=account.id,
        event="person:identity:stop",
        subject=account.id,
    )


def _row(
    key: bytes, account: Account, question: Question, now: datetime, today: date
) -> IdentityQuery:
    return IdentityQuery(
        account_id=account.id,
        organisation_id=account.organisation_id,
        query_hash=blind_index.query_hash(key, question.name, question.birth_date),
        purpose=question.purpose,
        reason=question.reason.strip(),
        at=now,
        day=today,
    )


def _record(session: Session, row: IdentityQuery) -> None:
    audit.record(
        session,
        None,
        at=row.at,
        actor_id=row.account_id,
        event=ASKED,
        subject=row.id,
        purpose=row.purpose,
        query=row.query_hash,
    )


def _knowing(
    session: Session, key: bytes, account: Account, question: Question
) -> list[tuple[UUID, Organisation]]:
    """Return the cases and the organisations at their tables that allow to be named.

    Not the cases that a conflict of interest keeps the person out of: nothing is told of them.
    """
    partner = select(CasePartner.case_id).where(
        CasePartner.case_id == Person.case_id,
        CasePartner.organisation_id == Organisation.id,
        CasePartner.state == "active",
    )
    member = (
        select(CaseMember.case_id)
        .join(Account, Account.id == CaseMember.account_id)
        .where(
            CaseMember.case_id == Person.case_id,
            Account.organisation_id == Organisation.id,
            CaseMember.until.is_(None),
        )
    )
    rows = session.execute(
        select(Person.case_id, Organisation)
        .join(Case, Case.id == Person.case_id)
        .join(HitAllowance, HitAllowance.audience_id == account.organisation_id)
        .join(Organisation, Organisation.id == HitAllowance.organisation_id)
        .where(
            Case.state.not_in(UNREADABLE),
            ~is_barred(account, Case.id),
            or_(partner.exists(), member.exists()),
            blind_index.same_person(key, question.name, question.birth_date),
        )
    )
    return [(case_id, organisation) for case_id, organisation in rows.unique()]


def _tell(
    application: Application,
    session: Session,
    row: IdentityQuery,
    case_id: UUID,
    named: Iterable[Organisation],
) -> None:
    """Write the hit to the trail of the case, and tell those of the organisation who are in it."""
    case = session.scalars(select(Case).where(Case.id == case_id).with_for_update(of=Case)).one()
    organisations = sorted(str(one.id) for one in named)
    audit.record(
        session,
        case,
        at=row.at,
        actor_id=row.account_id,
        event=HIT,
        subject=row.id,
        purpose=row.purpose,
        section=row.purpose,
        organisations=organisations,
    )
    for organisation in organisations:
        session.add(
            Job(
                kind="notice",
                key=f"identity_hit:{row.id}:{case_id}:{organisation[:8]}",
                state=application.job_state("notice"),
                payload={
                    "template": "identity_hit",
                    "case_id": str(case_id),
                    "organisation_id": organisation,
                },
                run_after=row.at,
                created_at=row.at,
            )
        )


def allowed(session: Session, organisation_id: UUID) -> set[UUID]:
    """Return which organisations may learn that this one knows somebody."""
    rows = session.scalars(
        select(HitAllowance.audience_id).where(HitAllowance.organisation_id == organisation_id)
    )
    return set(rows)


def allow(application: Application, account_id: UUID, audience: set[UUID]) -> None:
    """Replace which organisations may learn that the person's own one knows somebody."""
    with application.database.transaction() as session:
        account = session.get_one(Account, account_id)
        there = set(session.scalars(select(Organisation.id).where(Organisation.id.in_(audience))))
        if there != audience:
            raise InputError(
                gettext("One of these organisations is not here any more; choose again.")
            )
        own, now = account.organisation_id, application.now(session)
        session.execute(delete(HitAllowance).where(HitAllowance.organisation_id == own))
        session.add_all(
            HitAllowance(organisation_id=own, audience_id=one, by_id=account.id, at=now)
            for one in sorted(audience)
        )
        audit.record(
            session,
            None,
            at=now,
            actor_id=account.id,
            event="organisation:identity:allow",
            subject=own,
            audience=sorted(str(one) for one in audience),
        )
