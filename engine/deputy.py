"""Who stands in for whom at this instant, read from the absences (P36).

The one place that says when an absence counts. What a deputy may do with it says
engine/access. A deputy's deputy is nobody: an absence passes on no more than one step.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Select, and_, bindparam, exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from engine.models import Absence, Account, WorkItem, guard
from engine.session import asked_once

ANYBODY, WITHIN, NOBODY = "anybody", "organisation", "nobody"
"""Who may do a step for an absent person: each deputy, one of the same organisation, nobody."""


SPEAKS_FOR_OWN_HOUSE = frozenset({"partner"})
"""Roles in which a person stands for an organisation: nobody of another one deputises (P22)."""


Instant = datetime | BindParameter[datetime]
"""An instant, or its place in a statement that is put together once."""


def now_of(session: Session) -> datetime:
    """Return the instant at which this session asks, by the installation's clock."""
    found: datetime = session.info["now"](session)
    return found


def in_force(now: Instant) -> ColumnElement[bool]:
    """Return the condition under which an Absence counts at an instant."""
    return and_(Absence.starts_at <= now, Absence.ends_at > now, Absence.ended_at.is_(None))


def is_away(
    account_id: InstrumentedAttribute[UUID] | InstrumentedAttribute[UUID | None], now: Instant
) -> ColumnElement[bool]:
    """Return the condition under which the account of a column is absent."""
    return exists().where(Absence.account_id == account_id, in_force(now))


# Named late, so that it is put together once: it runs whenever the own right is not enough.
_PRINCIPALS: Final[Select[Account]] = (
    select(Account)
    .join(Absence, Absence.account_id == Account.id)
    .where(
        Absence.deputy_id == bindparam("deputy"),
        in_force(bindparam("now")),
        Account.disabled_at.is_(None),
    )
    .order_by(Account.username)
)


def principals(session: Session, deputy: Account) -> list[Account]:
    """Return the absent people for whom a person deputises now."""
    return asked_once(session, ("principals", deputy.id), lambda: _principals(session, deputy))


def _principals(session: Session, deputy: Account) -> list[Account]:
    given = {"deputy": deputy.id, "now": now_of(session)}
    return list(session.scalars(_PRINCIPALS, given).unique())


_DEPUTIES: Final = (
    select(Absence.account_id, Account)
    .join(Account, Account.id == Absence.deputy_id)
    .where(
        Absence.account_id.in_(bindparam("absent", expanding=True)),
        in_force(bindparam("now")),
        Account.disabled_at.is_(None),
    )
    .order_by(Account.username)
)


def deputies_of(session: Session, absent: Iterable[UUID]) -> list[tuple[UUID, Account]]:
    """Return who deputises now for each of some people: pairs of the absent and the deputy."""
    wanted = list(absent)
    if not wanted:
        return []
    given = {"absent": wanted, "now": now_of(session)}
    rows = session.execute(_DEPUTIES, given).unique()
    return [(absent_id, deputy) for absent_id, deputy in rows]


def away(session: Session, accounts: Iterable[UUID]) -> set[UUID]:
    """Return those of some people who are absent now."""
    return set(
        session.scalars(
            select(Absence.account_id).where(
                Absence.account_id.in_(list(accounts)), in_force(now_of(session))
            )
        )
    )


def may_deputise(deputy: Account, person: Account) -> bool:
    """Say whether somebody may be named as a person's deputy.

    That is a colleague of the same organisation, or who holds all the person's roles where none
    of these stands for an organisation. Who watches over data protection does it for no case
    worker, and no case worker for who watches.
    """
    guarded = frozenset(guard.IN_NO_CASE)
    if deputy.person_id == person.person_id or (
        bool(guarded & deputy.role_codes) != bool(guarded & person.role_codes)
    ):
        return False
    if deputy.organisation_id == person.organisation_id:
        return True
    roles = person.role_codes
    return bool(roles) and roles <= deputy.role_codes and not roles & SPEAKS_FOR_OWN_HOUSE


def is_delegated(account: Account, absent: Account, item: WorkItem) -> bool:
    """Say whether the deputy may do what the absent person owes: some acts stay with the person."""
    within = account.organisation_id == absent.organisation_id
    return item.deputies == ANYBODY or (item.deputies == WITHIN and within)
