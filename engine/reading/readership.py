"""Who looked at a case, and what a person has opened: read from the audit trail (S13)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from engine.audit import deputised_for
from engine.language import gettext
from engine.models import Account, AuditEntry, Case

PAGE = 50
OPENED = "case:file:read"
REFUSED = "case:file:refuse"
EMERGENCY = "case:file:break_glass"
LISTED = "case:list:read"
KNOWN = "case:identity:hit"
OF_CASE = (OPENED, REFUSED, EMERGENCY, KNOWN)
OWN = (OPENED, EMERGENCY, LISTED)
"""What a person reads of the own trail: not what was refused, which would tell that it exists."""


@dataclass(frozen=True)
class Look:
    """One line: who looked at what, in which functions, when."""

    at: datetime
    name: str
    organisation: str
    acting: tuple[str, ...]
    event: str
    section: str
    case_code: str
    shown: tuple[str, ...]
    """The codes of the cases that a list has shown."""


@dataclass(frozen=True)
class Readership:
    """One page of lines, newest first; `people` are those to filter by, by user name."""

    looks: list[Look]
    page: int
    last: int
    people: Mapping[str, str]


def who_looked(session: Session, case: Case, username: str, page: int) -> Readership:
    """Return who opened a case or asked for it, all of them or one person."""
    of_case = (AuditEntry.case_id == case.id, AuditEntry.event.in_(OF_CASE))
    known = session.execute(
        select(Account.username, Account.display_name)
        .where(Account.id.in_(select(AuditEntry.actor_id).where(*of_case)))
        .order_by(Account.display_name)
    )
    people = {name: shown for name, shown in known}  # noqa: C416 - a row is no pair to a checker
    conditions: tuple[Any, ...] = of_case
    if username in people:
        chosen = select(Account.id).where(Account.username == username).scalar_subquery()
        conditions = (*of_case, AuditEntry.actor_id == chosen)
    return _page(session, conditions, page, people)


def own_looks(session: Session, account: Account, page: int) -> Readership:
    """Return what a person has opened and which lists of cases it was shown."""
    conditions = (AuditEntry.actor_id == account.id, AuditEntry.event.in_(OWN))
    return _page(session, conditions, page, {})


def _page(
    session: Session, conditions: tuple[Any, ...], page: int, people: Mapping[str, str]
) -> Readership:
    total = session.scalar(select(func.count(AuditEntry.id)).where(*conditions)) or 0
    rows = session.scalars(
        select(AuditEntry)
        .where(*conditions)
        .options(joinedload(AuditEntry.actor).joinedload(Account.organisation))
        .order_by(AuditEntry.at.desc(), AuditEntry.sequence.desc())
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    )
    entries = list(rows.unique())
    codes = _codes(session, {entry.case_id for entry in entries if entry.case_id})
    names = _names(session, {one for entry in entries for one in deputised_for(entry.detail)})
    looks = [_look(entry, codes, names) for entry in entries]
    return Readership(looks, page, max(1, -(-total // PAGE)), people)


def _codes(session: Session, ids: set[UUID]) -> dict[UUID | None, str]:
    rows = session.execute(select(Case.id, Case.code).where(Case.id.in_(ids)))
    return {case_id: code for case_id, code in rows}  # noqa: C416 - a row is no pair to a checker


def _names(session: Session, ids: set[UUID]) -> dict[UUID, str]:
    if not ids:
        return {}
    rows = session.execute(select(Account.id, Account.display_name).where(Account.id.in_(ids)))
    return {account_id: name for account_id, name in rows}  # noqa: C416 - a row is no pair


def _for(who: str, absent: str) -> str:
    return gettext("%(who)s for %(absent)s", who=who, absent=absent) if absent else who


def _look(entry: AuditEntry, codes: Mapping[UUID | None, str], names: Mapping[UUID, str]) -> Look:
    who = entry.actor
    absent = ", ".join(names[one] for one in deputised_for(entry.detail) if one in names)
    return Look(
        at=entry.at,
        name=_for(who.display_name if who else "", absent),
        organisation=who.organisation.name if who else "",
        acting=tuple(entry.detail.get("acting", ())),
        event=entry.event,
        section=str(entry.detail.get("section", entry.subject)),
        case_code=codes.get(entry.case_id, ""),
        shown=tuple(entry.detail.get("cases", ())),
    )
