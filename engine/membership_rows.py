"""Who is around a case, members and those kept out, read by one statement."""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Integer, Uuid, bindparam, literal_column, select, true, union_all
from sqlalchemy.orm import aliased

from engine.models import BARRING, Account, CaseMember, CaseStanding


class Members(set[tuple[UUID, str]]):
    """Active members of a case, account and function, and who is kept out of it altogether."""

    def __init__(
        self, active: Iterable[tuple[UUID, str]] = (), barred: Iterable[UUID] = ()
    ) -> None:
        super().__init__(active)
        self.barred = frozenset(barred)


_THE_CASE: Final = bindparam("case_id", type_=Uuid())
_OWNER, _TWIN = aliased(Account), aliased(Account)
# Threat: who stepped out or is suspended comes back by another account of the same human.
# Built once, because they run at every step.
AROUND: Final = union_all(
    select(
        CaseMember.account_id, CaseMember.function, literal_column("0", Integer).label("barred")
    ).where(CaseMember.case_id == _THE_CASE, CaseMember.until.is_(None)),
    select(_TWIN.id, CaseStanding.function, literal_column("1", Integer).label("barred"))
    .join(_OWNER, _OWNER.id == CaseStanding.account_id)
    .join(_TWIN, _TWIN.person_id == _OWNER.person_id)
    .where(
        CaseStanding.case_id == _THE_CASE,
        CaseStanding.until.is_(None),
        CaseStanding.state.in_(BARRING),
    ),
)
_FOUND: Final = AROUND.subquery()
ENTER: Final = (
    select(Account, _FOUND.c.account_id, _FOUND.c.function, _FOUND.c.barred)
    .outerjoin(_FOUND, true())
    .where(Account.id == bindparam("account_id", type_=Uuid()))
)


def as_members(rows: Iterable[Any]) -> Members:
    """Return rows of account, function and whether it is barred as the members of a case."""
    around = [tuple(row) for row in rows]
    return Members(
        ((account_id, function) for account_id, function, barred in around if not barred),
        (account_id for account_id, _, barred in around if barred),
    )
