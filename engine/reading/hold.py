"""Which cases are held from erasure: for those who set and lift holds, and on a case's page."""

from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, and_, bindparam, exists, or_, select
from sqlalchemy.orm import Session, joinedload

from engine.access import is_barred
from engine.hold import OFFICER, in_force
from engine.models import Account, Case, LegalHold
from engine.profile import Profile

MOST = 100


def _reached(account: Account, profile: Profile) -> ColumnElement[bool]:
    """Return the condition under which a hold is on a file that the person's holds reach."""
    if OFFICER in account.role_codes:
        return ~is_barred(account, LegalHold.case_id)
    held = account.role_codes & set(profile.values["hold_roles"])
    here = [Case.roles.contains(f" {role} ", autoescape=True) for role in sorted(held)]
    return and_(
        ~is_barred(account, LegalHold.case_id),
        exists().where(Case.id == LegalHold.case_id, or_(Case.roles == "", *here)),
    )


def holds(session: Session, account: Account, profile: Profile) -> list[LegalHold]:
    """Return the holds, the newest first; none of cases that the person is kept out of.

    Nor those of files in which none of the person's roles that hold takes part.
    """
    return list(
        session.scalars(
            select(LegalHold)
            .where(_reached(account, profile))
            .options(joinedload(LegalHold.case), joinedload(LegalHold.asked_by))
            .order_by(LegalHold.asked_at.desc())
            .limit(MOST)
        ).unique()
    )


def hold_of(
    session: Session, account: Account, hold_id: UUID, profile: Profile
) -> LegalHold | None:
    """Return one hold, unless the person is kept out of its case, or it is another body's."""
    return (
        session.scalars(
            select(LegalHold)
            .where(LegalHold.id == hold_id, _reached(account, profile))
            .options(joinedload(LegalHold.case))
        )
        .unique()
        .one_or_none()
    )


def hold_on(session: Session, case_id: UUID) -> LegalHold | None:
    """Return the oldest hold in force on a case; pages of the case say no more than since when."""
    return session.scalars(_ON, {"case_id": case_id}).one_or_none()


_ON: Final = (
    select(LegalHold)
    .where(LegalHold.case_id == bindparam("case_id", type_=Uuid()), in_force())
    .order_by(LegalHold.agreed_at)
    .limit(1)
)


def state_of(hold: LegalHold) -> str:
    """Return where a hold stands, as a code that pages put into words."""
    if hold.lifted_at:
        return "lifted"
    if hold.agreed_at:
        return "lift_asked" if hold.lift_asked_at else "on_hold"
    return "declined" if hold.declined_at else "asked"
