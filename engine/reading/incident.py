"""What could not be done by itself, for the people who own it (R15)."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.access import is_barred
from engine.models import Account, Case, Incident
from engine.models.base import other_than


def incidents(session: Session, account: Account) -> list[tuple[Incident, str]]:
    """Return the open incidents of the account's roles with their case codes, oldest first.

    Not those of a case that the person is kept out of: for that person it does not exist.
    """
    rows = session.execute(
        select(Incident, Case.code)
        .outerjoin(Case, Case.id == Incident.case_id)
        .where(
            other_than(Incident.state, "resolved"),
            Incident.owner_role.in_(sorted(account.role_codes)),
            # Nobody is kept out of what belongs to no case.
            ~is_barred(account, Incident.case_id),
        )
        .order_by(Incident.created_at)
    )
    return [(row[0], row[1] or "") for row in rows]
