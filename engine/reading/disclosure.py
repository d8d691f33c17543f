"""Which requests for access a person has to do with, and how far each has come; no content."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.access import IN_NO_CASE
from engine.application import Application
from engine.disclosure import may_search
from engine.language import gettext
from engine.models import (
    Account,
    Disclosure,
    Organisation,
)
from engine.profile import Profile
from engine.release import Record, all_records, to_decide

MOST = 50


@dataclass(frozen=True)
class Waiting:
    """How many records somebody still has to decide about, by organisation or who leads a case."""

    who: str
    open: int
    all: int


def requests(session: Session) -> list[Disclosure]:
    """Return all requests for the officer, the newest first."""
    newest = select(Disclosure).order_by(Disclosure.registered_at.desc()).limit(MOST)
    return list(session.scalars(newest).unique())


def to_search(session: Session, account: Account, profile: Profile) -> list[Disclosure]:
    """Return the requests for which the desk has to look for cases; none for anybody else."""
    if not may_search(account, profile):
        return []
    waiting = select(Disclosure).where(
        Disclosure.identity_at.is_not(None),
        Disclosure.searched_at.is_(None),
        Disclosure.closed_at.is_(None),
    )
    return list(session.scalars(waiting.order_by(Disclosure.due_on)).unique())


def deciding(
    session: Session, application: Application, account: Account
) -> list[tuple[Disclosure, int, int]]:
    """Return the open requests in which a person decides, with open records and all of them."""
    if IN_NO_CASE & account.role_codes:
        return []
    rows = session.scalars(
        select(Disclosure)
        .where(
            Disclosure.searched_at.is_not(None),
            Disclosure.closed_at.is_(None),
            or_(Disclosure.is_party.is_(None), Disclosure.is_party.is_(False)),
        )
        .order_by(Disclosure.due_on)
        .limit(MOST)
    ).unique()
    found = []
    for row in rows:
        mine = to_decide(session, application, row, account)
        if mine:
            found.append((row, sum(one.decision is None for one in mine), len(mine)))
    return found


def waiting(session: Session, application: Application, found: Disclosure) -> list[Waiting]:
    """Return for whose decisions a request waits: counts and names of organisations, no content."""
    groups: dict[UUID | None, list[Record]] = {}
    for one in all_records(session, application, found):
        groups.setdefault(one.organisation_id, []).append(one)
    names = {row.id: row.name for row in session.scalars(select(Organisation))}
    lines = [
        Waiting(
            names[key] if key else gettext("Who leads the case"),
            sum(one.decision is None for one in rows),
            len(rows),
        )
        for key, rows in groups.items()
    ]
    return sorted(lines, key=lambda one: one.who)
