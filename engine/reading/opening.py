"""Which steps of a case open to a person, so that no page offers a link that leads nowhere.

Threat: a link that refuses is counted as "asked for in vain" beside what curious people try, and
hides these from the data-protection officer (S13).
"""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from engine.access import may, members_of
from engine.models import Account, WorkItem


def opening_steps(
    session: Session, account: Account, case_id: UUID, offered: Iterable[UUID]
) -> frozenset[UUID]:
    """Return which of the offered work items of a case this person may open."""
    wanted = set(offered)
    if not wanted:
        return frozenset()
    members = members_of(session, case_id)
    items = session.scalars(
        select(WorkItem)
        .where(WorkItem.case_id == case_id, WorkItem.id.in_(wanted))
        .options(joinedload(WorkItem.case))
    ).unique()
    return frozenset(
        item.id for item in items if may(session, account, "work_item:read", item, members=members)
    )
