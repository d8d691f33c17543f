"""The closing dossier: all that the accountable person needs, on one page (P92-P94)."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from engine.models import Assessment, CasePartner, Episode, Opinion
from engine.reading.plan import PlanView, plan
from engine.reading.recorded import OPEN_GAPS, Gap, gaps
from engine.reading.viewer import CONTENT, Viewer

BEFORE = ("conference", "need", "signal")
AFTER = ("risk", "effect")


@dataclass(frozen=True)
class OpinionView:
    """One agency's opinion; `choice` is `no_answer` when the deadline passed, `asked` before."""

    organisation: str
    choice: str
    reasons: str
    who: str
    earlier: list[Opinion]


@dataclass(frozen=True)
class Dossier:
    """Goals with progress, risk before and after in words, every opinion, open gaps, checks."""

    plan: PlanView | None
    before: Assessment | None
    after: list[Assessment]
    opinions: list[OpinionView]
    open_gaps: list[Gap]
    round: int


def dossier(session: Session, episode: Episode, viewer: Viewer) -> Dossier:
    """Return the dossier of the current closing round of an episode."""
    rows = session.scalars(
        select(Assessment)
        .where(Assessment.case_id == episode.case_id, Assessment.kind.in_(BEFORE + AFTER))
        .options(joinedload(Assessment.by))
        .order_by(Assessment.at)
    ).unique()
    assessments = [row for row in rows if viewer.reads_assessment(row.kind)]
    return Dossier(
        plan=plan(session, episode.case_id, viewer),
        before=_before(assessments),
        after=[found for found in assessments if found.kind in AFTER],
        opinions=opinions(session, episode) if viewer.reads(CONTENT) else [],
        open_gaps=[gap for gap in gaps(session, episode.case_id, viewer) if gap.state in OPEN_GAPS],
        round=episode.closing_round,
    )


def _before(assessments: list[Assessment]) -> Assessment | None:
    for kind in BEFORE:
        for found in assessments:
            if found.kind == kind:
                return found
    return None


def opinions(session: Session, episode: Episode) -> list[OpinionView]:
    """Return one line for each active agency: its opinion of this round, or that there is none."""
    rows = (
        session.scalars(
            select(Opinion)
            .where(Opinion.episode_id == episode.id, Opinion.closing_round == episode.closing_round)
            .options(joinedload(Opinion.by))
            .order_by(Opinion.at)
        )
        .unique()
        .all()
    )
    by_organisation: dict[UUID | None, list[Opinion]] = {}
    for row in rows:
        by_organisation.setdefault(row.organisation_id, []).append(row)
    partners = (
        session.scalars(
            select(CasePartner).where(
                CasePartner.case_id == episode.case_id, CasePartner.state == "active"
            )
        )
        .unique()
        .all()
    )
    return [
        _opinion(partner.organisation.name, by_organisation.get(partner.organisation_id, []))
        for partner in sorted(partners, key=lambda partner: partner.organisation.name)
    ]


def _opinion(organisation: str, given: list[Opinion]) -> OpinionView:
    if not given:
        return OpinionView(organisation, "asked", "", "", [])
    last = next(
        (opinion for opinion in reversed(given) if opinion.replaced_by_id is None), given[-1]
    )
    return OpinionView(
        organisation=organisation,
        choice=last.choice,
        reasons=last.reasons or "",
        who=last.by.display_name if last.by else "",
        earlier=[opinion for opinion in given if opinion is not last],
    )
