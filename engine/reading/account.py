"""Accounts as the sign-in page and their owners see them."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from engine.accounts import IDLE
from engine.models import Account, SessionStage, WebSession


def demo_accounts(session: Session) -> list[Account]:
    """Return all accounts that can sign in; only for the sign-in page of a demo database."""
    rows = session.scalars(
        select(Account)
        .where(Account.disabled_at.is_(None))
        .options(joinedload(Account.organisation))
        .order_by(Account.created_at, Account.username)
    ).unique()
    return list(rows)


def sessions_of(session: Session, account: Account, now: datetime) -> list[WebSession]:
    """Return the open sessions of a person, the newest first."""
    rows = session.scalars(
        select(WebSession)
        .where(
            WebSession.account_id == account.id,
            WebSession.revoked_at.is_(None),
            WebSession.ends_at > now,
            WebSession.seen_at > now - IDLE,
            WebSession.stage == SessionStage.FULL.value,
        )
        .order_by(WebSession.created_at.desc())
    ).unique()
    return list(rows)
