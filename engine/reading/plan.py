"""The action plan of a case: the version in force with its goals and actions, and the others."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from engine.models import Action, CheckIn, Goal, PlanVersion
from engine.reading.viewer import ACTIONS, CONTENT, Viewer

IN_FORCE = ("published", "approved", "draft")


@dataclass(frozen=True)
class Progress:
    """How a goal stood at one check-in: a code and what was seen, in words."""

    code: str
    observed: str
    at: datetime


@dataclass(frozen=True)
class GoalView:
    """A goal with the actions that serve it and how it stood at each check-in, newest first."""

    goal: Goal
    actions: list[Action]
    progress: list[Progress]


@dataclass(frozen=True)
class PlanView:
    """One plan version, as far as a person may read it; `confidential`: there is more."""

    version: PlanVersion
    goals: list[GoalView]
    other_actions: list[Action]
    versions: list[PlanVersion]
    check_ins: list[CheckIn]
    confidential: bool = False


def plan(
    session: Session, case_id: UUID, viewer: Viewer, number: int | None = None
) -> PlanView | None:
    """Return a version of the plan, by default the one in force; None when there is none yet.

    Goals say what is wrong in somebody's life, so they are content; actions say who does what.
    """
    versions = list(
        session.scalars(
            select(PlanVersion)
            .where(PlanVersion.case_id == case_id)
            .order_by(PlanVersion.number.desc())
        ).unique()
    )
    shown = _chosen(versions, number)
    if shown is None:
        return None
    full = (
        session.scalars(
            select(PlanVersion)
            .where(PlanVersion.id == shown.id)
            .options(selectinload(PlanVersion.goals))
            .options(selectinload(PlanVersion.actions).options(joinedload(Action.owner)))
        )
        .unique()
        .one()
    )
    found = _view(full, versions, _check_ins(session, case_id))
    if viewer.reads(CONTENT):
        return found
    actions = full.actions if viewer.reads(ACTIONS) else []
    return replace(found, goals=[], other_actions=list(actions), confidential=True)


def _chosen(versions: list[PlanVersion], number: int | None) -> PlanVersion | None:
    if number is not None:
        return next((version for version in versions if version.number == number), None)
    for state in IN_FORCE:
        for version in versions:
            if version.state == state:
                return version
    return versions[0] if versions else None


def _check_ins(session: Session, case_id: UUID) -> list[CheckIn]:
    return list(
        session.scalars(
            select(CheckIn)
            .where(CheckIn.case_id == case_id)
            .options(joinedload(CheckIn.by))
            .order_by(CheckIn.at.desc())
        ).unique()
    )


def _view(version: PlanVersion, versions: list[PlanVersion], check_ins: list[CheckIn]) -> PlanView:
    codes = {goal.code for goal in version.goals}
    return PlanView(
        version=version,
        goals=[
            GoalView(
                goal,
                [action for action in version.actions if action.goal_code == goal.code],
                _progress(goal.code, check_ins),
            )
            for goal in version.goals
        ],
        other_actions=[action for action in version.actions if action.goal_code not in codes],
        versions=versions,
        check_ins=check_ins,
    )


def _progress(code: str, check_ins: list[CheckIn]) -> list[Progress]:
    """Collect what the check-ins say about a goal; its code stays the same over versions."""
    return [
        Progress(str(row.get("progress") or ""), str(row.get("observed") or ""), check_in.at)
        for check_in in check_ins
        for row in check_in.details.get("goal_progress") or []
        if isinstance(row, dict) and row.get("goal") == code and row.get("progress")
    ]
