"""The one door to closed: an episode is closed only if the recorded rows satisfy L1 to L4.

It reads what was recorded, not the diagram: an edited drawing, a migration, an operator or a bug
cannot close a case past it. The database repeats the heart of it (engine/models/guard.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from engine import human
from engine.errors import ClosingRefusedError, EpisodeClosedError
from engine.fadeout import local_day, monitoring_days
from engine.language import gettext
from engine.linked_file import owe_end
from engine.models import (
    AccountRole,
    Assessment,
    CaseMember,
    CasePartner,
    CaseState,
    CheckIn,
    ClosingDossier,
    Decision,
    Episode,
    EpisodeState,
    Opinion,
    PlanVersion,
)
from engine.profile import Profile

if TYPE_CHECKING:
    from engine.turn import Turn

ACCOUNTABLE = "accountable_person"
ANSWERS = frozenset({"agree", "disagree", "abstain"})
NO_ANSWER = "no_answer"
EVIDENCE = ("risk", "effect")


@dataclass(frozen=True)
class Record:
    """What was recorded of one closing round; None or empty where nothing was."""

    dossier: ClosingDossier | None
    decision: Decision | None
    """The newest decision of the round: a later refusal takes an agreement back."""
    decider_accountable: bool
    proposal: CheckIn | None
    """The check-in that proposed this round; none in an episode that was reopened for closing."""
    opinions: list[Opinion]
    asked: frozenset[UUID]
    """Organisations that were partners when the dossier was prepared."""
    assessments: list[Assessment]
    plan_changed_at: datetime | None
    checks: list[CheckIn] = field(default_factory=list)
    """Monitoring checks since the decision."""
    is_one_human: bool = False
    """Whether one human proposed and decided, be it by two accounts (L10, S19)."""


def close_episode(turn: "Turn") -> None:
    """Set the episode and its case to closed; raise ClosingRefusedError naming the broken rules."""
    episode = _running_episode(turn)
    found = objections(read_record(turn.session, episode), episode, turn.now, turn.profile)
    if found:
        raise ClosingRefusedError(" ".join(found))
    episode.status, episode.outcome, episode.ended_at = (
        EpisodeState.CLOSED.value,
        "closed",
        turn.now,
    )
    # The database accepts a closed case only after a closed episode.
    turn.session.flush()
    turn.case.state, turn.case.ended_at = CaseState.CLOSED.value, turn.now
    turn.audit("case:episode:close", episode.id, closing_round=episode.closing_round)
    owe_end(turn)


def end_episode(turn: "Turn", outcome: str) -> None:
    """End the episode in any other way than by closing, for example a transfer or a withdrawal."""
    episode = _running_episode(turn)
    if outcome in {EpisodeState.CLOSED.value, CaseState.CLOSED.value}:
        raise ClosingRefusedError(
            gettext("Only the joint decision closes a case; name another outcome.")
        )
    episode.status, episode.outcome, episode.ended_at = EpisodeState.ENDED.value, outcome, turn.now
    if turn.case.state == CaseState.OPEN.value:
        turn.case.state = CaseState.ENDED.value
    turn.case.ended_at = turn.now
    turn.audit("case:episode:end", episode.id, outcome=outcome)
    owe_end(turn)


def _running_episode(turn: "Turn") -> Episode:
    if turn.episode is None:
        raise ClosingRefusedError(
            gettext("This process carries no episode, so there is nothing to end.")
        )
    if turn.episode.status != EpisodeState.RUNNING.value:
        raise EpisodeClosedError(gettext("This episode has already ended; reopen the case first."))
    return turn.episode


def read_record(session: Session, episode: Episode) -> Record:
    """Read the rows of the episode's current closing round."""
    number = episode.closing_round
    dossier = session.scalar(
        select(ClosingDossier).where(
            ClosingDossier.episode_id == episode.id, ClosingDossier.closing_round == number
        )
    )
    decision = newest_decision(session, episode)
    proposal = _proposal(session, episode, dossier)
    return Record(
        is_one_human=_is_one_human(session, proposal, decision),
        dossier=dossier,
        decision=decision,
        decider_accountable=decision is not None and _was_accountable(session, decision),
        proposal=proposal,
        opinions=list(
            session.scalars(
                select(Opinion).where(
                    Opinion.episode_id == episode.id, Opinion.closing_round == number
                )
            )
        ),
        asked=_asked(session, dossier),
        assessments=list(
            session.scalars(
                select(Assessment).where(
                    Assessment.episode_id == episode.id, Assessment.kind.in_(EVIDENCE)
                )
            )
        ),
        plan_changed_at=session.scalar(
            select(func.max(PlanVersion.published_at)).where(PlanVersion.case_id == episode.case_id)
        ),
        checks=_checks_since(session, episode, decision),
    )


def newest_decision(session: Session, episode: Episode) -> Decision | None:
    """Return the newest decision on closing in the episode's current round."""
    return session.scalar(
        select(Decision)
        .where(
            Decision.episode_id == episode.id,
            Decision.kind == "closure",
            Decision.closing_round == episode.closing_round,
        )
        .order_by(Decision.at.desc(), Decision.id)
        .limit(1)
    )


def _was_accountable(session: Session, decision: Decision) -> bool:
    """Say whether the decider holds the role, or held it in this case when deciding.

    Monitoring takes a year: a mayor who has left office by then has decided all the same.
    """
    holds = select(AccountRole.role).where(
        AccountRole.account_id == decision.by_id, AccountRole.role == ACCOUNTABLE
    )
    held = select(CaseMember.id).where(
        CaseMember.case_id == decision.case_id,
        CaseMember.account_id == decision.by_id,
        CaseMember.function == ACCOUNTABLE,
        CaseMember.since <= decision.at,
        or_(CaseMember.until.is_(None), CaseMember.until >= decision.at),
    )
    return session.scalar(holds.limit(1)) is not None or session.scalar(held.limit(1)) is not None


def _is_one_human(session: Session, proposal: CheckIn | None, decision: Decision | None) -> bool:
    if proposal is None or decision is None:
        return False
    return bool(human.accounts_of(session, _persons(proposal)) & _persons(decision))


def _proposal(session: Session, episode: Episode, dossier: ClosingDossier | None) -> CheckIn | None:
    if dossier is None:
        return None
    return session.scalar(
        select(CheckIn)
        .where(
            CheckIn.episode_id == episode.id,
            CheckIn.outcome == "propose_closing",
            CheckIn.at <= dossier.at,
        )
        .order_by(CheckIn.at.desc(), CheckIn.number.desc())
        .limit(1)
    )


def _asked(session: Session, dossier: ClosingDossier | None) -> frozenset[UUID]:
    """Return who had to be asked: the dossier's list and, not trusting it, who was a partner."""
    if dossier is None:
        return frozenset()
    there = session.scalars(
        select(CasePartner.organisation_id).where(
            CasePartner.case_id == dossier.case_id,
            CasePartner.joined_at < dossier.at,
            or_(CasePartner.left_at.is_(None), CasePartner.left_at > dossier.at),
        )
    )
    return frozenset(UUID(text) for text in dossier.organisations) | frozenset(there)


def _checks_since(session: Session, episode: Episode, decision: Decision | None) -> list[CheckIn]:
    if decision is None:
        return []
    return list(
        session.scalars(
            select(CheckIn).where(
                CheckIn.episode_id == episode.id,
                CheckIn.kind == "monitoring_check",
                CheckIn.at >= decision.at,
            )
        )
    )


def objections(record: Record, episode: Episode, now: datetime, profile: Profile) -> list[str]:
    """Return in words what speaks against closing now; empty when nothing does (L1 to L4)."""
    if record.dossier is None:
        return [gettext("L2: no closing dossier was prepared, so the partners were not asked.")]
    if record.decision is None or record.decision.outcome != "agreed":
        return [
            gettext("L1: the accountable person has not agreed to close in this closing round.")
        ]
    return [
        *_against_decision(record, record.decision, record.dossier),
        *_against_opinions(record, record.decision, record.dossier),
        *_against_evidence(record, record.decision, episode),
        *_against_monitoring(record, record.decision, now, profile),
    ]


def _against_decision(record: Record, decision: Decision, dossier: ClosingDossier) -> Iterator[str]:
    if not record.decider_accountable:
        yield gettext("L1: whoever agreed to close was not the accountable person.")
    if decision.at < dossier.at:
        yield gettext("L1: closing was agreed before the dossier of this round was prepared.")
    if decision.proposed == "blocked":
        yield gettext("L1: the profile's closing rule did not allow an agreement.")
    proposal = record.proposal
    if record.is_one_human or (proposal and _persons(proposal) & _persons(decision)):
        yield gettext("L10: whoever proposed to close may not decide on it.")


def _persons(row: CheckIn | Decision) -> set[UUID]:
    """Return who stated it: a deputy counts as both persons (P36)."""
    return {person for person in (row.by_id, row.for_id) if person is not None}


def _against_opinions(record: Record, decision: Decision, dossier: ClosingDossier) -> Iterator[str]:
    answered = {
        opinion.organisation_id
        for opinion in record.opinions
        if _counts(opinion, decision, dossier)
    }
    missing = record.asked - answered
    if missing:
        yield (
            gettext(
                "L2: %(count)s of %(count2)s partners neither gave an opinion nor let the "
                "last day pass before the decision.",
                count=len(missing),
                count2=len(record.asked),
            )
        )


def _counts(opinion: Opinion, decision: Decision, dossier: ClosingDossier) -> bool:
    if not dossier.at <= opinion.at <= decision.at:
        return False
    if opinion.choice == NO_ANSWER:
        return opinion.at >= dossier.opinions_due
    return opinion.choice in ANSWERS


def _against_evidence(record: Record, decision: Decision, episode: Episode) -> Iterator[str]:
    since = record.proposal.at if record.proposal else episode.started_at
    if record.plan_changed_at is not None:
        since = max(since, record.plan_changed_at)
    if not any(since <= found.at <= decision.at for found in record.assessments):
        yield (
            gettext(
                "L3: since closing was proposed and the plan was last changed, and before "
                "the decision, neither the risk was looked at again nor the effect evaluated."
            )
        )


def _against_monitoring(
    record: Record, decision: Decision, now: datetime, profile: Profile
) -> Iterator[str]:
    zone = profile.zone
    days = monitoring_days(
        local_day(decision.at, zone),
        str(profile.values["monitoring_interval"]),
        str(profile.values["monitoring_duration"]),
        zone,
    )
    if local_day(now, zone) < days[-1]:
        yield gettext(
            "L4: monitoring has not run its full time, which ends on %(days)s.", days=days[-1]
        )
    held = {
        check.planned_for
        for check in record.checks
        if check.planned_for is not None
        and local_day(decision.at, zone) < check.planned_for <= local_day(check.at, zone)
    }
    if len(held) < len(days):
        yield gettext(
            "L4: %(count)s of %(count2)s monitoring checks were recorded.",
            count=len(held),
            count2=len(days),
        )
    if any(check.outcome == "relapse" for check in record.checks):
        yield gettext("L4: a monitoring check found a relapse after the agreement.")
