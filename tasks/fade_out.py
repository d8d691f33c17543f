"""Operators of the fade-out: actions stop, checks go on until the full time is over (P95, P96)."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from engine.closing import newest_decision
from engine.errors import InputError, OperatorError
from engine.fadeout import local_day, monitoring_days
from engine.language.telling import message_of
from engine.models import CheckIn, Decision
from engine.operator import operator, recorder
from engine.turn import Turn
from tasks.monitoring import FINISHED, Nothing, add_check
from tasks.note import add_note, text_of
from tasks.plan import published_plan

MONITORING_CHECK = "monitoring_check"


@dataclass
class FadeOut:
    """The day from which all monitoring counts."""

    end_of_action: date


@operator("monitoring/start_fade_out", inputs=Nothing, outputs=FadeOut)
def start_fade_out(turn: Turn, inputs: Nothing) -> FadeOut:
    """Stop what is left of the actions and take the day of the agreement as end of action (P95)."""
    del inputs
    plan = published_plan(turn.session, turn.case.id)
    running = [a for a in plan.actions if a.progress not in FINISHED] if plan else []
    for action in running:
        action.progress = "stopped"
    turn.audit("case:action:stop_all", plan.id if plan else turn.case.id, count=len(running))
    return FadeOut(_end_of_action(turn))


def _agreement(turn: Turn) -> Decision | None:
    found = newest_decision(turn.session, turn.episode) if turn.episode else None
    return found if found is not None and found.outcome == "agreed" else None


def _end_of_action(turn: Turn) -> date:
    found = _agreement(turn)
    return local_day(found.at, turn.profile.zone) if found else turn.today


@dataclass
class Schedule:
    """How often and how long, and from which day."""

    monitoring_interval: str
    monitoring_duration: str
    end_of_action: date


@dataclass
class NextMonitoringCheck:
    """The next planned check; none when monitoring has run its full time."""

    next_monitoring_check: date | None
    monitoring_number: int
    monitoring_done: bool


@operator("monitoring/schedule_check", inputs=Schedule, outputs=NextMonitoringCheck)
def schedule_check(turn: Turn, inputs: Schedule) -> NextMonitoringCheck:
    """Choose the next monitoring check: anchor plus n intervals, whatever came late (P96)."""
    try:
        days = monitoring_days(
            inputs.end_of_action,
            inputs.monitoring_interval,
            inputs.monitoring_duration,
            turn.profile.zone,
        )
    except InputError as error:
        raise OperatorError(message_of(error), retryable=False) from error
    held = _days_held(turn)
    owed = [day for day in days if day not in held]
    return NextMonitoringCheck(
        next_monitoring_check=owed[0] if owed else None,
        monitoring_number=len(days) - len(owed) + 1,
        monitoring_done=not owed,
    )


def _days_held(turn: Turn) -> set[date | None]:
    """Return the planned days whose check was recorded since the agreement."""
    agreement = _agreement(turn)
    query = select(CheckIn.planned_for).where(
        CheckIn.case_id == turn.case.id,
        CheckIn.episode_id == (turn.episode.id if turn.episode else None),
        CheckIn.kind == MONITORING_CHECK,
    )
    if agreement is not None:
        query = query.where(CheckIn.at >= agreement.at)
    return set(turn.session.scalars(query))


@dataclass
class MonitoringAnswers:
    """What a monitoring check found."""

    monitoring_outcome: str
    summary: str


@recorder("monitoring/record_monitoring_check", inputs=MonitoringAnswers)
def record_monitoring_check(turn: Turn, inputs: MonitoringAnswers) -> None:
    """Record a check during the fade-out: no relapse, or a relapse (P89, P95, P96)."""
    check = add_check(
        turn,
        kind=MONITORING_CHECK,
        planned="next_monitoring_check",
        outcome=inputs.monitoring_outcome,
        summary=inputs.summary,
        details=turn.details("summary", "safety"),
    )
    add_note(turn, "safety", text_of(turn, "safety"))
    turn.audit("case:monitoring_check:record", check.number, outcome=inputs.monitoring_outcome)
    if inputs.monitoring_outcome == "relapse":
        for partner in turn.partners():
            turn.notify("case_news", organisation_id=partner.organisation_id)
