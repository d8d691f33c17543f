"""What a person reads of partners' contributions: the one place that takes them apart (P21-P23).

Every page, list and print takes contributions from here and never from the table.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Uuid, bindparam, select
from sqlalchemy.orm import Session, joinedload

from engine.language import gettext
from engine.models import Contribution, ContributionShare, Organisation
from engine.reading.viewer import CONTENT, SUMMARY, Viewer
from engine.sharing import LEVELS, Standing, level_for, rank, standing, summary_for, table_level

BESIDE_THE_SUMMARY = ("evidence_against", "online", "care_needs", "own_actions")
"""What the form asks together with the summary and what has no column of its own."""


@dataclass(frozen=True)
class SharedContribution:
    """One contribution as one person may read it. `withheld`: there is more on file."""

    id: UUID
    at: datetime
    by_id: UUID | None
    for_id: UUID | None
    organisation_id: UUID | None
    organisation: str
    contact: str
    level: str
    concern: bool | None
    urgency: str
    """As its author states it, never worked out: a code of the form, or nothing."""
    summary: str | None
    beside: tuple[tuple[str, str], ...]
    body: str | None
    legal_basis: str | None
    withheld: bool
    own: bool


def shared(
    session: Session, viewer: Viewer, rows: Iterable[Contribution], today: date
) -> dict[UUID, SharedContribution]:
    """Return contributions as the viewer may read them; one statement for all of them."""
    found = list(rows)
    changes = standing(session, [row.id for row in found], today)
    return {row.id: _shared(viewer, row, changes.get(row.id, {})) for row in found}


def contributions(
    session: Session, case_id: UUID, viewer: Viewer, today: date
) -> list[SharedContribution]:
    """Return all contributions to a case as the viewer may read them, the oldest first."""
    rows = session.scalars(_OF_CASE, {"case_id": case_id}).unique().all()
    found = shared(session, viewer, rows, today)
    return [found[row.id] for row in rows]


_OF_CASE: Final = (
    select(Contribution)
    .where(Contribution.case_id == bindparam("case_id", type_=Uuid()))
    .options(joinedload(Contribution.organisation))
    .order_by(Contribution.at, Contribution.id)
)


def _shared(viewer: Viewer, row: Contribution, changes: Standing) -> SharedContribution:
    own = row.organisation_id == viewer.organisation_id and not viewer.is_emergency
    level = _level(viewer, row, changes, own=own)
    organisation: Organisation | None = row.organisation
    audience = None if viewer.is_emergency else viewer.organisation_id
    summary = row.summary if own else summary_for(row, changes, audience)
    tells = rank(level) >= rank("summary")
    beside = [(name, str(row.details.get(name) or "")) for name in BESIDE_THE_SUMMARY]
    return SharedContribution(
        id=row.id,
        at=row.at,
        by_id=row.by_id,
        for_id=row.for_id,
        organisation_id=row.organisation_id,
        organisation=organisation.name if organisation else "",
        contact=(organisation.contact or "") if organisation else "",
        level=_chosen(row, changes) if own else level if viewer.reads(SUMMARY) else "withheld",
        concern=row.concern if level != "nothing" else None,
        urgency=str(row.details.get("urgency") or "") if level != "nothing" else "",
        summary=summary if tells else None,
        beside=tuple((name, text) for name, text in beside if text) if tells else (),
        body=row.body if level == "full" else None,
        legal_basis=row.legal_basis if level == "full" else None,
        withheld=level != "full" and bool(row.body or (row.summary and level != "summary")),
        own=own,
    )


def _level(viewer: Viewer, row: Contribution, changes: Standing, *, own: bool) -> str:
    """Return how much is read. No function raises what the author's organisation chose (P22, P23).

    An emergency reads what the whole table reads, and a summary at most: whom to call for more
    stands beside it.
    """
    if viewer.is_emergency:
        return min(_chosen(row, changes), "summary", key=rank)
    if own or viewer.reads(CONTENT):
        return level_for(row, changes, viewer.organisation_id)
    return "nothing"


def _chosen(row: Contribution, changes: Standing) -> str:
    """Return what the author's organisation lets the table read now, shown to itself."""
    return table_level(row, changes)


@dataclass(frozen=True)
class Audience:
    """Who reads how much of a contribution, for its author's organisation."""

    organisation_id: UUID | None
    name: str
    level: str
    expires_on: date | None
    changed_by: str
    changed_at: datetime | None


def audiences(
    contribution: Contribution, changes: Standing, organisations: Iterable[Organisation]
) -> list[Audience]:
    """Return one line for the table and one for each organisation that takes part."""
    table = changes.get(None)
    lines = [_line(None, gettext("Everybody at the table"), _chosen(contribution, changes), table)]
    for organisation in organisations:
        row = changes.get(organisation.id)
        level = level_for(contribution, changes, organisation.id)
        lines.append(_line(organisation.id, organisation.name, level, row))
    return lines


def _line(
    organisation_id: UUID | None, name: str, level: str, row: ContributionShare | None
) -> Audience:
    return Audience(
        organisation_id,
        name,
        level,
        row.expires_on if row else None,
        _who(row) if row else "",
        row.at if row else None,
    )


def _who(row: ContributionShare) -> str:
    who = row.by.display_name
    if row.behalf:
        who = gettext("%(who)s for %(absent)s", who=who, absent=row.behalf.display_name)
    return (
        gettext(
            "%(who)s, agreed by %(display_name)s", who=who, display_name=row.agreed_by.display_name
        )
        if row.agreed_by
        else who
    )


def offered_levels(contribution: Contribution) -> list[str]:
    """Return the levels that the text on file allows; a summary can be written on the spot."""
    return [level for level in LEVELS if level != "full" or contribution.body]
