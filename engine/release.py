"""Which records of a case a request for access is about, and who decides what of each goes out.

Each sealed column has a class here, and what is built for who asks is built from this list alone:
what nobody has classed goes nowhere (S21).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access, audit
from engine.application import Application
from engine.deployment import ResolvedDeployment
from engine.errors import NotFoundError, ReleaseError
from engine.language import gettext
from engine.models import (
    Account,
    Action,
    Assessment,
    Case,
    CaseMember,
    CheckIn,
    Contribution,
    Decision,
    Disclosure,
    Document,
    Goal,
    InformationGap,
    Note,
    Opinion,
    Person,
    PlanVersion,
    ReleaseDecision,
    Signal,
)
from engine.profile import Profile
from engine.sealed_column import CLASSES, LABELS, OWN
from engine.wordbook import deployment_words

RECORDS: tuple[Any, ...] = (
    Person,
    Signal,
    Assessment,
    Contribution,
    InformationGap,
    PlanVersion,
    Goal,
    Action,
    CheckIn,
    Decision,
    Opinion,
    Note,
    Document,
)
OF_AUTHOR = (Contribution, InformationGap, Opinion)
"""Records whose author's organisation decides; of all others who leads the case does."""
SHIELDED = frozenset({"source"})
"""Kinds of assessments that are about who reported: they are no record of this list."""
OUTCOMES = ("release", "part", "refuse")
LONGEST = 20_000
_FIRST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Record:
    """One record of a case; `words` are its own data by their names."""

    kind: str
    id: UUID
    case_id: UUID
    organisation_id: UUID | None
    """Whose people decide; None: who leads the case."""
    label: str
    at: datetime | None
    words: Mapping[str, str]
    content: bytes | None = None
    """Of a document."""
    decision: ReleaseDecision | None = None

    @property
    def is_shielded(self) -> bool:
        """Say whether nothing of it goes out but in a text written for it."""
        return self.kind == Signal.__tablename__


@dataclass(frozen=True)
class Choice:
    """What somebody decides about a record."""

    outcome: str
    ground: str = ""
    reason: str = ""
    text: str = ""


def records(
    session: Session, disclosure: Disclosure, case: Case, deployment: ResolvedDeployment
) -> list[Record]:
    """Return the records of a case with what was decided about each for this request."""
    decided = {
        row.record_id: row
        for row in session.scalars(
            select(ReleaseDecision).where(
                ReleaseDecision.disclosure_id == disclosure.id, ReleaseDecision.case_id == case.id
            )
        ).unique()
    }
    keys = _keys(deployment)
    found: list[Record] = []
    for table in RECORDS:
        rows = session.scalars(select(table).where(table.case_id == case.id)).unique().all()
        found += [
            _record(table, row, keys, decided.get(row.id))
            for row in rows
            if not (table is Assessment and row.kind in SHIELDED)
        ]
    return sorted(found, key=lambda one: (one.at or _FIRST, str(one.id)))


def _keys(deployment: ResolvedDeployment) -> dict[str, str]:
    """Return the labels of the form fields that may go out; not of those about who reported."""
    found: dict[str, str] = {}
    shielded: set[str] = set()
    words = deployment_words(deployment)
    for form in map(words.form, deployment.forms.values()):
        for field in form.fields():
            found[field.key] = field.label or field.key
            if field.field_class == "source":
                shielded.add(field.key)
    return {key: label for key, label in found.items() if key not in shielded}


def _record(
    table: Any, row: Any, keys: Mapping[str, str], decision: ReleaseDecision | None
) -> Record:
    name = table.__tablename__
    words: dict[str, str] = {}
    for column in table.__table__.columns:
        if CLASSES.get(f"{name}.{column.name}") == OWN and column.name != "content":
            _add(words, gettext(LABELS[column.name]), getattr(row, column.name), keys)
    kind = getattr(row, "kind", None)
    return Record(
        kind=name,
        id=row.id,
        case_id=row.case_id,
        organisation_id=row.organisation_id if table in OF_AUTHOR else None,
        label=f"{name}: {kind}" if kind else name,
        at=getattr(row, "at", None) or getattr(row, "received_at", None),
        words=words,
        content=row.content if table is Document else None,
        decision=decision,
    )


def _add(words: dict[str, str], name: str, value: Any, keys: Mapping[str, str]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in keys:
                _add(words, keys[key], inner, keys)
    elif isinstance(value, list):
        for number, inner in enumerate(value, 1):
            _add(words, f"{name} {number}", inner, keys)
    elif value not in {None, ""}:
        words[name] = value.isoformat() if isinstance(value, date) else str(value)


def deciders(session: Session, record: Record, profile: Profile) -> list[Account]:
    """Return who decides about a record, in the order of their user names.

    What an organisation wrote is decided by its own people who take or took part in the case;
    where none is left, by anybody of it who takes part in cases. All else by who leads the case,
    and by the desk where nobody does. Whoever is kept out of the case decides nothing, and of a
    file that is kept apart nobody of another body: who decides reads.
    """
    around = select(CaseMember).where(CaseMember.case_id == record.case_id)
    members = list(session.scalars(around).unique())
    accounts = session.scalars(select(Account).where(Account.disabled_at.is_(None))).unique()
    barred = access.members_of(session, record.case_id).barred
    case = session.get_one(Case, record.case_id)
    able = [
        one
        for one in accounts
        if one.id not in barred
        and not access.IN_NO_CASE & one.role_codes
        and case.admits_any(one.role_codes)
    ]
    if record.organisation_id is not None:
        own = [one for one in able if one.organisation_id == record.organisation_id]
        ids = {row.account_id for row in members}
        taken = [one for one in own if one.id in ids]
        chosen = taken or [one for one in own if case.admitted({"partner"}) & one.role_codes]
    else:
        leading = set(profile.values["disclosure_deciders"])
        ids = {row.account_id for row in members if row.until is None and row.function in leading}
        desk = case.admitted(profile.values["disclosure_desk"])
        chosen = [one for one in able if one.id in ids] or [
            one for one in able if desk & one.role_codes
        ]
    return sorted(chosen, key=lambda one: one.username)


def to_decide(
    session: Session, application: Application, disclosure: Disclosure, account: Account
) -> list[Record]:
    """Return the records of a request that this person decides about."""
    if disclosure.searched_at is None or disclosure.closed_at is not None:
        return []
    found: list[Record] = []
    groups: dict[tuple[UUID, UUID | None], bool] = {}
    for link in disclosure.cases:
        deployment = application.deployments.get(session, link.case.deployment_id)
        for record in records(session, disclosure, link.case, deployment):
            key = (record.case_id, record.organisation_id)
            if key not in groups:
                people = deciders(session, record, deployment.profile)
                groups[key] = account.id in {one.id for one in people}
            if groups[key]:
                found.append(record)
    return found


def all_records(session: Session, application: Application, disclosure: Disclosure) -> list[Record]:
    """Return the records of all cases of a request."""
    return [
        record
        for link in disclosure.cases
        for record in records(
            session,
            disclosure,
            link.case,
            application.deployments.get(session, link.case.deployment_id),
        )
    ]


def decide(
    application: Application,
    disclosure_id: UUID,
    account_id: UUID,
    record_id: UUID,
    choice: Choice,
) -> None:
    """Decide about one record; a later decision replaces it until the request is answered."""
    with application.database.transaction() as session:
        # Locked, as by the answer: a decision comes before it or not at all.
        disclosure = session.get(Disclosure, disclosure_id, with_for_update=True)
        account = session.get_one(Account, account_id)
        mine = to_decide(session, application, disclosure, account) if disclosure else []
        record = next((one for one in mine if one.id == record_id), None)
        if record is None or disclosure is None:
            raise NotFoundError(gettext("This page does not exist, or it is not for you."))
        profile = application.deployment(session).profile
        _check(record, choice, profile)
        case = session.scalars(
            select(Case).where(Case.id == record.case_id).with_for_update(of=Case)
        ).one()
        row = record.decision or ReleaseDecision(
            disclosure_id=disclosure.id,
            case_id=record.case_id,
            record_kind=record.kind,
            record_id=record.id,
        )
        withheld = choice.outcome != "release"
        row.organisation_id = account.organisation_id
        row.outcome, row.ground = choice.outcome, choice.ground if withheld else None
        row.reason = choice.reason.strip() if withheld else None
        row.text = choice.text.strip() if choice.outcome == "part" else None
        row.by_id, row.at = account.id, application.now(session)
        session.add(row)
        audit.record(
            session,
            case,
            at=row.at,
            actor_id=account.id,
            event="case:disclosure:decide",
            subject=record.id,
            outcome=row.outcome,
            ground=row.ground or "",
            request=disclosure.code,
        )


def _check(record: Record, choice: Choice, profile: Profile) -> None:
    if choice.outcome not in OUTCOMES:
        raise ReleaseError("outcome", gettext("Say whether the record goes out."))
    if record.is_shielded and choice.outcome == "release":
        raise ReleaseError(
            "outcome", gettext("A report may tell who reported: write a text for it, or refuse.")
        )
    if choice.outcome == "part" and not 0 < len(choice.text.strip()) <= LONGEST:
        raise ReleaseError("text", gettext("Write what goes out instead of the record."))
    if choice.outcome == "release":
        return
    if choice.ground not in profile.lists.get("disclosure_grounds", {}):
        raise ReleaseError("ground", gettext("Choose the ground on which something is withheld."))
    if not 0 < len(choice.reason.strip()) <= LONGEST:
        raise ReleaseError("reason", gettext("Write why, for the file."))
