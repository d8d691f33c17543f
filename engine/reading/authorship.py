"""Says who wrote what a timeline shows, and for which absent person."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Uuid, bindparam, select
from sqlalchemy.orm import Session

from engine.audit import deputised_for
from engine.language import gettext
from engine.models import Account, AuditEntry, Organisation, ReportAnswer, Signal, WorkItem


def _author_id(row: Any) -> UUID | None:
    found: UUID | None
    if isinstance(row, WorkItem):
        found = row.completed_by_id
    elif isinstance(row, Signal):
        found = row.received_by_id
    elif isinstance(row, AuditEntry):
        found = row.actor_id
    elif isinstance(row, ReportAnswer):
        found = None  # nobody of ours wrote it
    else:
        found = row.by_id
    return found


def _absent_id(row: Any) -> UUID | None:
    """Return for whom the author deputised."""
    found: UUID | None
    if isinstance(row, WorkItem):
        found = row.completed_for_id
    elif isinstance(row, AuditEntry):
        told = deputised_for(row.detail)
        found = told[0] if told else None
    else:
        found = getattr(row, "for_id", None)
    return found


def signed(row: Any, names: Mapping[UUID | None, str]) -> str:
    """Return who wrote a row, and for whom: "X", or "X, for Y"; `names` as `authors` gives."""
    who, absent = names.get(_author_id(row), ""), names.get(_absent_id(row), "")
    return gettext("%(who)s, for %(absent)s", who=who, absent=absent) if absent else who


def authors(session: Session, rows: Iterable[Any]) -> dict[UUID | None, str]:
    """Return name and organisation of everybody who wrote some rows or was deputised for."""
    ids = {found for row in rows for found in (_author_id(row), _absent_id(row))} - {None}
    if not ids:
        return {}
    return {
        account_id: f"{name}, {organisation}"
        for account_id, name, organisation in session.execute(_AUTHORS, {"ids": list(ids)})
    }


_AUTHORS: Final = (
    select(Account.id, Account.display_name, Organisation.name)
    .join(Organisation, Organisation.id == Account.organisation_id)
    .where(Account.id.in_(bindparam("ids", type_=Uuid(), expanding=True)))
)
