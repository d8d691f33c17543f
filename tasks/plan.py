"""Operators that draft and check the action plan. Every draft is a version and is kept."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from engine.errors import OperatorError
from engine.language import gettext, mark, parts_of, source_of
from engine.models import Action, Assessment, Goal, Organisation, PlanVersion
from engine.operator import operator, recorder
from engine.turn import Turn
from tasks.lookup import organisations
from tasks.note import add_note
from tasks.plan_check import Circumstances, check_plan

GOAL_COLUMNS = frozenset({"code", "title", "goal_reason", "indicator", "baseline", "goal_due"})
ACTION_COLUMNS = frozenset({"title", "goal", "kind", "owner", "starts", "due", "outsourced"})
PLAN_COLUMNS = (
    "reason",
    "social_context",
    "check_in_interval",
    "first_check_in",
    "evaluator",
    "goals",
    "actions",
    "came_back",
)


_LATEST: Final = (
    select(PlanVersion)
    .where(PlanVersion.case_id == bindparam("case_id"))
    .order_by(PlanVersion.number.desc())
    .limit(1)
)
_PUBLISHED: Final = _LATEST.where(PlanVersion.state == "published")


def latest_plan(session: Session, case_id: UUID) -> PlanVersion | None:
    """Return the newest version of the plan, whatever its state."""
    return session.scalar(_LATEST, {"case_id": case_id})


def published_plan(session: Session, case_id: UUID) -> PlanVersion | None:
    """Return the version in force."""
    return session.scalar(_PUBLISHED, {"case_id": case_id})


def current_draft(turn: Turn) -> PlanVersion:
    """Return the version that is being decided on."""
    plan = latest_plan(turn.session, turn.case.id)
    if plan is None:
        raise OperatorError(gettext("There is no plan yet: draft one first."), retryable=False)
    return plan


@dataclass(frozen=True)
class Draft:
    """A plan as it was typed: goals and actions are rows of the form."""

    reason: str
    social_context: str
    check_in_interval: str
    first_check_in: date | None = None
    evaluator: str = ""
    promises: str = ""
    goals: list[dict[str, Any]] = field(default_factory=list)
    actions: list[dict[str, Any]] = field(default_factory=list)


@recorder("plan/record_draft", inputs=Draft)
def record_draft(turn: Turn, inputs: Draft) -> None:
    """Keep the draft as a new version; an earlier one is never overwritten (P46 to P54)."""
    before = latest_plan(turn.session, turn.case.id)
    number = turn.session.scalar(
        select(func.coalesce(func.max(PlanVersion.number), 0)).where(
            PlanVersion.case_id == turn.case.id
        )
    )
    plan = PlanVersion(
        **turn.statement() | {"details": turn.details(*PLAN_COLUMNS)},
        number=(number or 0) + 1,
        state="draft",
        reason=inputs.reason,
        social_context=inputs.social_context,
        check_in_interval=inputs.check_in_interval,
        first_check_in=inputs.first_check_in,
        evaluator=inputs.evaluator or None,
        goals=[_goal(turn, position, row) for position, row in enumerate(inputs.goals, start=1)],
    )
    owners = {
        row.code: row
        for row in organisations(turn.session, [str(row["owner"]) for row in inputs.actions])
    }
    progress = _progress(turn)
    plan.actions = [
        _action(turn, position, row, owners, progress)
        for position, row in enumerate(inputs.actions, start=1)
    ]
    if before is not None and before.state == "draft":
        before.state = "replaced"
    turn.session.add(plan)
    add_note(turn, "promise", inputs.promises)
    turn.audit("case:plan:draft", plan.id, version=plan.number)


def _goal(turn: Turn, position: int, row: dict[str, Any]) -> Goal:
    return Goal(
        case_id=turn.case.id,
        position=position,
        code=str(row["code"]),
        title=str(row["title"]),
        reason=row.get("goal_reason") or None,
        indicator=row.get("indicator") or None,
        baseline=row.get("baseline") or None,
        due=_day(row.get("goal_due")),
        details={key: value for key, value in row.items() if key not in GOAL_COLUMNS},
    )


def _action(
    turn: Turn,
    position: int,
    row: dict[str, Any],
    owners: dict[str, Organisation],
    progress: dict[tuple[str, UUID], str],
) -> Action:
    owner = owners[str(row["owner"])]
    title = str(row["title"])
    action = Action(
        case_id=turn.case.id,
        position=position,
        goal_code=row.get("goal") or None,
        title=title,
        kind=str(row["kind"]),
        owner_organisation_id=owner.id,
        outsourced=bool(row.get("outsourced")),
        starts=_day(row.get("starts")),
        due=_day(row.get("due")),
        progress=progress.get((title, owner.id), "open"),
        details={key: value for key, value in row.items() if key not in ACTION_COLUMNS},
    )
    action.owner = owner
    return action


def _day(value: Any) -> date | None:
    return date.fromisoformat(value[:10]) if isinstance(value, str) and value else None


def _progress(turn: Turn) -> dict[tuple[str, UUID], str]:
    """Return how far the actions of the plan in force are, so that a new version keeps it."""
    plan = published_plan(turn.session, turn.case.id)
    actions = plan.actions if plan else []
    return {(action.title, action.owner_organisation_id): action.progress for action in actions}


@dataclass(frozen=True)
class Nothing:
    """No inputs."""


@dataclass(frozen=True)
class Checked:
    """How many findings there are, whether one blocks, and whose actions are asked for."""

    plan_findings: int
    plan_blocked: bool
    action_owners: dict[str, str]


@operator("plan/check_action_plan", inputs=Nothing, outputs=Checked)
def check_action_plan(turn: Turn, _inputs: Nothing) -> Checked:
    """Say in words what is missing in the plan or unwise (P47 to P53, P60, P65, P80, P99, P105)."""
    plan = current_draft(turn)
    in_force = published_plan(turn.session, turn.case.id)
    found = check_plan(
        plan,
        Circumstances(
            today=turn.today,
            partners=frozenset(partner.organisation.code for partner in turn.partners()),
            under_way=frozenset(action.title for action in (in_force.actions if in_force else [])),
            start_spread=str(turn.profile.values["start_spread"]),
        ),
    )
    blocked = any(finding.blocking for finding in found)
    texts = [finding.text for finding in found] or [mark("Nothing was found.")]
    said = [parts_of(text) for text in texts]
    details = {"version": plan.number, "blocked": blocked, "said": said}
    turn.session.add(
        Assessment(
            **turn.statement() | {"details": details},
            kind="plan_findings",
            summary="\n".join(source_of(text) for text in texts),
        )
    )
    owners = {action.owner.code for action in plan.actions}
    return Checked(len(found), blocked, {code: code for code in sorted(owners)})
