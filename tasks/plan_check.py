"""Looks a drafted plan over and says in words what is missing or unwise. No scores."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from engine.calendar import occurrence, parse_duration
from engine.language import gettext
from engine.models import Action, Goal, PlanVersion

# Whole days only, so any zone without summer time will do.
CALENDAR = ZoneInfo("UTC")


@dataclass(frozen=True)
class Finding:
    """One sentence about the plan; a blocking one sends it back to whoever drafts it.

    It is kept in English with its parts, and read in the language of whoever opens the plan.
    """

    text: str
    blocking: bool


@dataclass(frozen=True)
class Circumstances:
    """What the check knows besides the plan itself."""

    today: date
    partners: frozenset[str]
    """Codes of the organisations at the table."""
    under_way: frozenset[str]
    """Titles of the actions of the plan in force: these may have begun."""
    start_spread: str
    """ISO 8601 duration within which starts count as "at the same time" (P52)."""


def check_plan(plan: PlanVersion, circumstances: Circumstances) -> list[Finding]:
    """Return everything found, what blocks first (P46 to P53, P60, P65, P79, P80, P99, P105)."""
    found = [finding for look in LOOKS for finding in look(plan, circumstances)]
    return sorted(found, key=lambda finding: not finding.blocking)


def _goals(plan: PlanVersion, _: Circumstances) -> Iterator[Finding]:
    if not plan.goals:
        yield Finding(
            gettext("There is no goal: say what should be different for this person."), True
        )
    codes = [goal.code for goal in plan.goals]
    for code in sorted({code for code in codes if codes.count(code) > 1}):
        yield Finding(
            gettext("Two goals have the number %(code)s: give each its own.", code=code), True
        )
    for goal in plan.goals:
        yield from _goal(goal)


def _goal(goal: Goal) -> Iterator[Finding]:
    if not (goal.indicator or "").strip():
        yield Finding(
            gettext("Goal “%(title)s” does not say how anybody will see it.", title=goal.title),
            True,
        )
    if not (goal.baseline or "").strip():
        yield Finding(
            gettext("Goal “%(title)s” does not say where things stand today.", title=goal.title),
            True,
        )
    if goal.due is None:
        yield Finding(gettext("Goal “%(title)s” has no date.", title=goal.title), False)
    if not (goal.reason or "").strip():
        yield Finding(
            gettext("Goal “%(title)s” does not say why it was chosen.", title=goal.title), False
        )


def _actions(plan: PlanVersion, circumstances: Circumstances) -> Iterator[Finding]:
    if not plan.actions:
        yield Finding(gettext("There is no action: say who does what, and when."), True)
    goals = {goal.code for goal in plan.goals}
    for action in plan.actions:
        yield from _action(action, goals, circumstances)
    served = {action.goal_code for action in plan.actions}
    for goal in plan.goals:
        if goal.code not in served:
            yield Finding(
                gettext("No action works on the goal “%(title)s”.", title=goal.title), False
            )


def _action(action: Action, goals: set[str], circumstances: Circumstances) -> Iterator[Finding]:
    title = action.title
    if action.goal_code not in goals:
        yield Finding(
            gettext("Action “%(title)s” belongs to no goal of this plan.", title=title), True
        )
    if action.owner.code not in circumstances.partners:
        yield Finding(
            gettext(
                "Action “%(title)s” belongs to an organisation that is not at the table.",
                title=title,
            ),
            True,
        )
    if action.starts is None or action.due is None:
        yield Finding(
            gettext(
                "Action “%(title)s” has no dates: say when it starts and until when it is done.",
                title=title,
            ),
            True,
        )
    elif action.due < action.starts:
        yield Finding(gettext("Action “%(title)s” ends before it starts.", title=title), True)
    early = action.starts is not None and action.starts < circumstances.today
    if early and action.title not in circumstances.under_way:
        yield Finding(
            gettext("Action “%(title)s” starts before the plan can be approved.", title=title), True
        )
    if action.outsourced and not str(action.details.get("outsourced_check") or "").strip():
        yield Finding(
            gettext(
                "Action “%(title)s” is done by somebody outside, and nobody checks it.", title=title
            ),
            True,
        )
    if not str(action.details.get("checker") or "").strip():
        yield Finding(
            gettext("Action “%(title)s” does not say who checks whether it works.", title=title),
            False,
        )


def _balance(plan: PlanVersion, _: Circumstances) -> Iterator[Finding]:
    kinds = {action.kind for action in plan.actions}
    if not kinds or str(plan.details.get("balance_reason") or "").strip():
        return
    if "social" not in kinds:
        yield Finding(
            gettext("There is no social action: add one, or say why there is none."), True
        )
    if "security" not in kinds:
        yield Finding(
            gettext("There is no security action: add one, or say why there is none."), True
        )


def _overlap(plan: PlanVersion, circumstances: Circumstances) -> Iterator[Finding]:
    first: dict[str, date] = {}
    for action in plan.actions:
        if action.starts is not None:
            code = action.owner.code
            first[code] = min(first.get(code, action.starts), action.starts)
    if len(first) < 2 or str(plan.details.get("order_reason") or "").strip():  # noqa: PLR2004 - one partner cannot overlap
        return
    begin = datetime.combine(min(first.values()), time(), CALENDAR)
    until = occurrence(begin, parse_duration(circumstances.start_spread), 1, CALENDAR).date()
    if max(first.values()) < until:
        yield Finding(
            gettext("All partners start at the same time: put the steps in order, or say why not."),
            False,
        )


def _follow_up(plan: PlanVersion, circumstances: Circumstances) -> Iterator[Finding]:
    if plan.first_check_in is None:
        yield Finding(gettext("There is no date for the first check-in."), True)
    elif plan.first_check_in < circumstances.today:
        yield Finding(gettext("The first check-in lies in the past."), True)
    if not (plan.evaluator or "").strip():
        yield Finding(gettext("Nobody evaluates: say who does, best somebody neutral."), True)
    if not plan.details.get("evaluation_on"):
        yield Finding(gettext("There is no date for the evaluation."), False)


def _forgotten(plan: PlanVersion, _: Circumstances) -> Iterator[Finding]:
    if not str(plan.details.get("online") or "").strip():
        yield Finding(gettext("The online side is not considered."), False)
    if not str(plan.details.get("mental_health") or "").strip():
        yield Finding(gettext("Mental health is not considered."), False)


LOOKS: tuple[Callable[[PlanVersion, Circumstances], Iterator[Finding]], ...] = (
    _goals,
    _actions,
    _balance,
    _overlap,
    _follow_up,
    _forgotten,
)
