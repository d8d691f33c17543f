"""What stands around the form of one work item: its drawing, drafts of others, who may take it."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.models import Account, Draft


def other_drafts(session: Session, item_id: UUID, account: Account) -> list[str]:
    """Return who else has begun to answer; nobody reads what they have typed."""
    return list(
        session.scalars(
            select(Account.display_name)
            .join(Draft, Draft.account_id == Account.id)
            .where(Draft.work_item_id == item_id, Draft.account_id != account.id)
            .order_by(Account.display_name)
        ).unique()
    )
