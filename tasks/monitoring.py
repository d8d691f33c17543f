"""Operators of the implementation: dates and records of check-ins, outsourced actions (P65-P85)."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from engine.calendar import Duration, occurrence, parse_duration
from engine.errors import OperatorError
from engine.fadeout import local_day
from engine.language import gettext
from engine.models import Action, CheckIn, Decision, PlanVersion
from engine.operator import operator, recorder
from engine.prefill import FillContext, prefill
from engine.turn import Turn
from tasks.note import add_note, text_of
from tasks.plan import published_plan

FINISHED = frozenset({"done", "stopped"})
CHECK_IN = "check_in"


@dataclass
class Nothing:
    """An operator that needs no inputs."""


@dataclass
class NextCheckIn:
    """When the table comes together next, and what has to be prepared for it."""

    next_check_in: date
    check_in_number: int
    outsourced_actions: int
    supervision_due: bool


@operator("monitoring/schedule_check_in", inputs=Nothing, outputs=NextCheckIn)
def schedule_check_in(turn: Turn, inputs: Nothing) -> NextCheckIn:
    """Choose the day of the next check-in from the current plan, never in the past (P53, P67)."""
    del inputs
    plan = published_plan(turn.session, turn.case.id)
    held, last = count_checks(turn, CHECK_IN)
    number = held + 1
    every = int(turn.profile.values["supervision_every"])
    return NextCheckIn(
        next_check_in=_next_day(turn, plan, last),
        check_in_number=number,
        outsourced_actions=len(_outsourced(plan)),
        supervision_due=every > 0 and number % every == 0,
    )


def count_checks(turn: Turn, kind: str) -> tuple[int, datetime | None]:
    """Return how many checks of a kind this episode has had, and when the last one was."""
    # The newest says both: to count them, each turn of an old case would read all it ever had (M2).
    newest = turn.session.execute(
        select(CheckIn.number, CheckIn.at)
        .where(
            CheckIn.case_id == turn.case.id,
            CheckIn.episode_id == (turn.episode.id if turn.episode else None),
            CheckIn.kind == kind,
        )
        .order_by(CheckIn.number.desc())
        .limit(1)
    ).one_or_none()
    return (newest[0], newest[1]) if newest else (0, None)


def _outsourced(plan: PlanVersion | None) -> list[Action]:
    return [a for a in plan.actions if a.outsourced and a.progress not in FINISHED] if plan else []


def _next_day(turn: Turn, plan: PlanVersion | None, last: datetime | None) -> date:
    """Return the first day of the plan's series that is not past and not yet held."""
    zone = turn.profile.zone
    interval = plan.check_in_interval if plan else ""
    step = parse_duration(interval or str(turn.profile.values["check_in_interval"]))
    published = local_day(plan.published_at, zone) if plan and plan.published_at else turn.today
    first = plan.first_check_in if plan else None
    anchor = first or local_day(occurrence(published, step, 1, zone), zone)
    held_today = last is not None and local_day(last, zone) >= turn.today
    earliest = turn.today + timedelta(days=1) if held_today else turn.today
    return day_in_series(anchor, step, earliest, zone)


def day_in_series(anchor: date, step: Duration, earliest: date, zone: ZoneInfo) -> date:
    """Return the first of the days anchor + n x step that is not before `earliest`."""
    longest = (
        step.calendar_months * 31 + step.calendar_days + ceil(step.elapsed / timedelta(days=1))
    )
    if longest == 0:
        raise OperatorError(
            gettext("Check-ins every %(step)s lead nowhere; mend the plan.", step=step),
            retryable=False,
        )
    # So many steps cannot reach past `earliest`; the age of a case costs nothing here.
    number = max(0, (earliest - anchor).days) // longest
    while (day := local_day(occurrence(anchor, step, number, zone), zone)) < earliest:
        number += 1
    return day


@dataclass
class OutsourcedCheck:
    """What was heard of the actions outside the table."""

    all_reached: str
    checks: list[dict[str, Any]] = field(default_factory=list)


@recorder("monitoring/record_outsourced_check", inputs=OutsourcedCheck)
def record_outsourced_check(turn: Turn, inputs: OutsourcedCheck) -> None:
    """Record the check of actions that somebody outside the table does (P65)."""
    note_progress(turn, inputs.checks)
    lines = [row.get("done_so_far") for row in inputs.checks]
    lines += [text_of(turn, "not_reached"), text_of(turn, "remarks")]
    add_note(
        turn,
        "outsourced_check",
        "\n".join(line for line in lines if line) or "-",
        details=turn.details("remarks"),
    )


def note_progress(turn: Turn, rows: list[dict[str, Any]]) -> None:
    """Write the progress of actions to the plan in force, by their position in it (P70)."""
    if not rows:
        return
    plan = published_plan(turn.session, turn.case.id)
    by_position = {str(action.position): action for action in plan.actions} if plan else {}
    for row in rows:
        action = by_position.get(str(row.get("action_number")))
        if action is not None and row.get("progress"):
            action.progress = str(row["progress"])


@dataclass
class CheckInAnswers:
    """What a check-in found and what follows from it."""

    check_in_outcome: str
    summary: str
    still_necessary: str
    side_effects_seen: str
    action_progress: list[dict[str, Any]] = field(default_factory=list)


@recorder("monitoring/record_check_in", inputs=CheckInAnswers)
def record_check_in(turn: Turn, inputs: CheckInAnswers) -> None:
    """Record a check-in and tell the partners that there is news (P67, P70, P78, P82, P85)."""
    partners = turn.partners()
    note_progress(turn, inputs.action_progress)
    kept = turn.details("summary", "promises", "safety")
    check = add_check(
        turn,
        kind=CHECK_IN,
        planned="next_check_in",
        outcome=inputs.check_in_outcome,
        summary=inputs.summary,
        still_necessary=inputs.still_necessary,
        details={**kept, "side_effects_seen": inputs.side_effects_seen},
    )
    add_note(turn, "promise", text_of(turn, "promises"))
    add_note(turn, "safety", text_of(turn, "safety"))
    turn.audit("case:check_in:record", check.number, outcome=inputs.check_in_outcome)
    for partner in partners:
        turn.notify("case_news", organisation_id=partner.organisation_id)


def add_check(turn: Turn, *, kind: str, planned: str, **columns: Any) -> CheckIn:
    """Add a check; one before its planned day is an extra one and fulfils no planned day."""
    day = turn.submission.work_item.variables.get(planned) if turn.submission else None
    planned_for = date.fromisoformat(day) if isinstance(day, str) else None
    check = CheckIn(
        **{**turn.statement(), **columns},
        kind=kind,
        number=count_checks(turn, kind)[0] + 1,
        planned_for=planned_for if planned_for and planned_for <= turn.today else None,
    )
    turn.session.add(check)
    return check


@dataclass
class Escalation:
    """How the case goes on after the chair decided."""

    check_in_outcome: str
    reasons: str


@recorder("monitoring/record_escalation", inputs=Escalation)
def record_escalation(turn: Turn, inputs: Escalation) -> None:
    """Record what the chair decided when the table could not."""
    decision = Decision(
        **{**turn.statement(), "details": turn.details("reasons", "safety")},
        kind="escalation",
        outcome=inputs.check_in_outcome,
        reasons=inputs.reasons,
    )
    turn.session.add(decision)
    add_note(turn, "safety", text_of(turn, "safety"))
    turn.audit("case:escalation:decide", turn.case.id, outcome=inputs.check_in_outcome)
    turn.notify("case_news", role="content_coordinator")


# -- what forms begin with -------------------------------------------------------------------------


@prefill("record_check_in")
def fill_check_in(context: FillContext) -> dict[str, Any]:
    """Begin with one row for each goal and each action that is not finished."""
    plan = published_plan(context.session, context.case.id)
    if plan is None:
        return {}
    return {
        "goal_progress": [{"goal": goal.code} for goal in plan.goals],
        "action_progress": [
            {"action_number": str(action.position), "progress": action.progress}
            for action in plan.actions
            if action.progress not in FINISHED
        ],
    }


@prefill("check_outsourced_actions")
def fill_outsourced_check(context: FillContext) -> dict[str, Any]:
    """Begin with one row for each action outside the table that is not finished."""
    plan = published_plan(context.session, context.case.id)
    return {
        "checks": [
            {"action_number": str(action.position), "progress": action.progress}
            for action in _outsourced(plan)
        ]
    }


@prefill("record_effect_evaluation")
def fill_effect_evaluation(context: FillContext) -> dict[str, Any]:
    """Begin with one row for each goal of the plan."""
    plan = published_plan(context.session, context.case.id)
    return {"goal_results": [{"goal": goal.code} for goal in plan.goals]} if plan else {}
