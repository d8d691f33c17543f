"""What the forms of the plan show when they open: the last version, findings, who does what."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.language import gettext, mark, moment
from engine.models import Action, Assessment, Decision, Goal, PlanVersion
from engine.prefill import FillContext, prefill
from engine.reading.recorded import findings_in_words
from tasks.plan import latest_plan

KINDS = mark({"security": "security", "social": "social"})
REPLIES = mark({"asked": "no answer in time", "accepted": "accepted", "declined": "declined"})
IN_FORCE = frozenset({"published", "replaced"})


@prefill("draft_action_plan")
def fill_plan(context: FillContext) -> dict[str, Any]:
    """Continue the last version; a first plan begins with what the conference found (P45)."""
    plan = latest_plan(context.session, context.case.id)
    if plan is None:
        return _from_conference(context.session, context.case.id)
    values = {
        **plan.details,
        "social_context": plan.social_context,
        "check_in_interval": plan.check_in_interval,
        "first_check_in": _iso(plan.first_check_in),
        "evaluator": plan.evaluator or "",
        "goals": [_goal_row(goal) for goal in plan.goals],
        "actions": [_action_row(action) for action in plan.actions],
        # A promise is written down once, when it is made.
        "promises": "",
    }
    if plan.state in IN_FORCE:
        return values
    return values | {"reason": plan.reason, "came_back": _came_back(context.session, plan)}


def _from_conference(session: Session, case_id: UUID) -> dict[str, Any]:
    conference = session.scalar(
        select(Assessment)
        .where(Assessment.case_id == case_id, Assessment.kind == "conference")
        .order_by(Assessment.at.desc())
        .limit(1)
    )
    details = conference.details if conference else {}
    keys = ("root_causes", "social_context", "online", "mental_health")
    return {key: details[key] for key in keys if key in details}


def _goal_row(goal: Goal) -> dict[str, Any]:
    return {
        **goal.details,
        "code": goal.code,
        "title": goal.title,
        "goal_reason": goal.reason or "",
        "indicator": goal.indicator or "",
        "baseline": goal.baseline or "",
        "goal_due": _iso(goal.due),
    }


def _action_row(action: Action) -> dict[str, Any]:
    return {
        **action.details,
        "title": action.title,
        "goal": action.goal_code,
        "kind": action.kind,
        "owner": action.owner.code,
        "starts": _iso(action.starts),
        "due": _iso(action.due),
        "outsourced": action.outsourced,
    }


def _iso(value: Any) -> str | None:
    return value.isoformat() if value is not None else None


def _came_back(session: Session, plan: PlanVersion) -> str:
    parts = []
    if blocked := findings_text(session, plan):
        parts.append(blocked)
    declined = {
        gettext(
            "%(organisation)s declined: %(reason)s",
            organisation=action.owner.name,
            reason=action.acceptance_reason,
        )
        for action in plan.actions
        if action.acceptance == "declined"
    }
    parts.extend(sorted(declined))
    decision = session.scalar(
        select(Decision)
        .where(
            Decision.case_id == plan.case_id,
            Decision.kind == "plan_approval",
            Decision.at >= plan.at,
        )
        .order_by(Decision.at.desc())
        .limit(1)
    )
    if decision is not None:
        parts.append(gettext("The chair decided: %(reasons)s", reasons=decision.reasons))
    return "\n".join(parts)


def findings_text(session: Session, plan: PlanVersion) -> str:
    """Return what the check said about this version, empty before it was checked."""
    found = session.scalars(
        select(Assessment)
        .where(Assessment.case_id == plan.case_id, Assessment.kind == "plan_findings")
        .order_by(Assessment.at.desc())
    )
    return next(
        (findings_in_words(row) for row in found if row.details.get("version") == plan.number), ""
    )


def action_line(action: Action) -> str:
    """Return who does what, and when, in one line (P51, P64)."""
    return gettext(
        "%(organisation)s: %(title)s (%(kind)s, %(starts)s to %(due)s)",
        organisation=action.owner.name,
        title=action.title,
        kind=gettext(KINDS.get(action.kind, action.kind)),
        starts=_day(action.starts),
        due=_day(action.due),
    )


def _day(value: date | None) -> str:
    return gettext("no date") if value is None else moment.day(value)


@prefill("accept_actions")
def fill_acceptance(context: FillContext) -> dict[str, Any]:
    """Show an organisation what it is asked to do, and everybody else's part (P64, P70)."""
    plan = latest_plan(context.session, context.case.id)
    if plan is None:
        return {}
    own = context.work_item.organisation_id
    return {
        "own_actions": _lines([a for a in plan.actions if a.owner_organisation_id == own]),
        "all_actions": _lines(plan.actions),
        "findings": findings_text(context.session, plan),
    }


def _lines(actions: list[Action]) -> str:
    return "\n".join(action_line(action) for action in actions)


@prefill("approve_action_plan")
def fill_approval(context: FillContext) -> dict[str, Any]:
    """Show the chair the plan in short, what was found, and who accepted what."""
    plan = latest_plan(context.session, context.case.id)
    if plan is None:
        return {}
    goals = [
        gettext("Goal %(code)s: %(title)s", code=goal.code, title=goal.title) for goal in plan.goals
    ]
    replies = {
        action.owner.name: gettext(REPLIES.get(action.acceptance, action.acceptance))
        for action in plan.actions
    }
    version = gettext("Version %(number)s: %(reason)s", number=plan.number, reason=plan.reason)
    return {
        "overview": "\n".join([version, *goals, _lines(plan.actions)]),
        "findings": findings_text(context.session, plan),
        "replies": "\n".join(f"{name}: {reply}" for name, reply in sorted(replies.items())),
    }
