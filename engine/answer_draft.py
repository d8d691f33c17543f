"""What a person has typed into a step and not sent yet, and who was first when it is too late."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine import keyring
from engine.errors import ConflictError
from engine.language import gettext, moment
from engine.models import Account, Draft, WorkItem, WorkItemState
from engine.session import asked_once


def load_draft(session: Session, item: WorkItem, account: Account) -> Draft | None:
    """Return what this person has typed so far."""
    key = (item.id, account.id)
    return asked_once(session, ("draft", *key), lambda: session.get(Draft, key))


def save_draft(
    session: Session, item: WorkItem, account: Account, values: Mapping[str, Any], now: datetime
) -> Draft:
    """Keep what a person has typed so far, whatever state it is in.

    ConflictError when the step is done: a draft that nobody can send would stay for ever.
    """
    # The shared lock lets a turn finish first; two windows of one person write one row.
    state = session.scalar(
        select(WorkItem.state).where(WorkItem.id == item.id).with_for_update(read=True)
    )
    if state != WorkItemState.OPEN.value:
        session.refresh(item)
        raise ConflictError(who_was_first(session, item))
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    key = {"work_item_id": item.id, "account_id": account.id, "case_id": item.case_id}
    sealed = keyring.sealed_row(session, Draft, {**key, "values": dict(values)})
    row = {"values": sealed["values"], "saved_at": now}
    session.execute(
        dialect.insert(Draft)
        .values(**key, **row)
        .on_conflict_do_update(index_elements=["work_item_id", "account_id"], set_=row)
    )
    return session.get_one(Draft, (item.id, account.id), populate_existing=True)


def who_was_first(session: Session, item: WorkItem) -> str:
    """Return the sentence for somebody who comes too late: who answered, and when (UTC)."""
    if item.state == WorkItemState.CANCELLED.value:
        return gettext("This step is no longer needed: the process has moved on.")
    by = session.get(Account, item.completed_by_id) if item.completed_by_id else None
    absent = session.get(Account, item.completed_for_id) if item.completed_for_id else None
    who = by.display_name if by else gettext("Somebody")
    if by and absent:
        who = gettext("%(by)s for %(absent)s", by=who, absent=absent.display_name)
    if item.completed_at is None:
        return gettext("%(who)s has already answered this step (before).", who=who)
    when = f"{moment.moment(item.completed_at)} UTC"
    return gettext("%(who)s has already answered this step (%(when)s).", who=who, when=when)
