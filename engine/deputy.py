"""Who stands in for whom at this instant, read from the absences (P36).

The one place that says when an absence counts. What a deputy may do with it says
engine/access.py. A deputy's deputy is nobody: an absence passes on no more than one step.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from engine.models import Absence, Account

ANYBODY, WITHIN, NOBODY = "anybody", "organisation", "nobody"
"""Who may do a step for an absent person: each deputy, one of the same organisation, nobody."""


def now_of(session: Session) -> datetime:
    """Return the instant at which this session asks, by the installation's clock."""
    found: datetime = session.info["now"](session)
    return found


def in_force(now: datetime) -> ColumnElement[bool]:
    """Return the condition under which an Absence counts at an instant."""
    return and_(Absence.starts_at <= now, Absence.ends_at > now, Absence.ended_at.is_(None))


def is_away(account_id: InstrumentedAttribute[UUID | None], now: datetime) -> ColumnElement[bool]:
    """Return the condition under which the account of a column is absent."""
    return exists().where(Absence.account_id == account_id, in_force(now))


# Named late, so that it is put together once: it runs whenever the own right is not enough.
_PRINCIPALS: Final[Select[Account]] = (
    select(Account)
    .join(Absence, Absence.account_id == Account.id)
    .where(
        Absence.deputy_id == bindparam("deputy"),
        Absence.starts_at <= bindparam("now"),
        Absence.ends_at > bindparam("now"),
        Absence.ended_at.is_(None),
        Account.disabled_at.is_(None),
    )
    .order_by(Account.username)
)


def principals(session: Session, deputy: Account) -> list[Account]:
    """Return the absent people for whom a person deputises now."""
    given = {"deputy": deputy.id, "now": now_of(session)}
    return list(session.scalars(_PRINCIPALS, given).unique())


def deputies_of(session: Session, absent: Iterable[UUID]) -> list[tuple[UUID, Account]]:
    """Return who deputises now for each of some people: pairs of the absent and the deputy."""
    wanted = list(absent)
    if not wanted:
        return []
    rows = session.execute(
        select(Absence.account_id, Account)
        .join(Account, Account.id == Absence.deputy_id)
        .where(
            Absence.account_id.in_(wanted),
            in_force(now_of(session)),
            Account.disabled_at.is_(None),
        )
        .order_by(Account.username)
    ).unique()
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
