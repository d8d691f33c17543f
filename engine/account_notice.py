"""Tells somebody what happened to the own account: by mail, and on the own page (S9, V6.3.7)."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from engine.language import mark
from engine.models import AccountEvent, Job

KINDS = mark(
    {
        "account_password": "Your password was changed",
        "account_password_reset": "Two colleagues set a new password for you",
        "account_factor": "Your second factor was changed",
        "account_factor_removed": "A second factor of yours was removed",
        "account_factor_reset": "Two colleagues removed your second factor",
        "account_linked": "Two colleagues linked your account to your organisation's sign-in",
        "account_unlinked": "Two colleagues ended the link to your organisation's sign-in",
        "account_new_browser": "You signed in from a new browser",
    }
)
"""The neutral words for each kind: subject of the mail and line on the own page."""
KEPT = timedelta(days=365)
MOST = 50


def tell(session: Session, account_id: UUID, kind: str, now: datetime, *, device: str = "") -> None:
    """Note what happened in the commit that does it, and owe the mail about it."""
    old = (AccountEvent.account_id == account_id, AccountEvent.at < now - KEPT)
    session.execute(delete(AccountEvent).where(*old))
    row = AccountEvent(account_id=account_id, kind=kind, device=device, at=now)
    session.add(row)
    session.add(
        Job(
            kind="notice",
            key=f"{kind}:{row.id}",
            payload={"template": kind, "account_id": str(account_id)},
            run_after=now,
            created_at=now,
        )
    )


def events_of(session: Session, account_id: UUID) -> list[AccountEvent]:
    """Return what happened to an account in the last year, the newest first."""
    rows = session.scalars(
        select(AccountEvent)
        .where(AccountEvent.account_id == account_id)
        .order_by(AccountEvent.at.desc(), AccountEvent.id)
        .limit(MOST)
    )
    return list(rows)
