"""Leads one case through its whole life and stops where access changes.

The words planted in it stand for what must not be read: each belongs to one kind of content, and
the table in canaries.csv says by hand who may meet it.
"""

import tomllib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.models import (
    Account,
    Assessment,
    Case,
    Contribution,
    Decision,
    Note,
    Opinion,
    Person,
    PlanVersion,
)
from engine.scenario_world import World
from engine.settings import ROOT
from tests.webui.site import Site
from tests.webui.story import KINDS, steps

SIGNAL_KINDS = {"source", "signal", "arrival"}
LEVELS = {
    "police": "concern_only",
    "youth_work": "summary",
    "school": "full",
    "mental_health": "nothing",
}
STRAIGHT = (
    "intake_to_multi_agency",
    "analysis_to_plan",
    "plan_to_implementation",
    "implementation_to_closure",
    "closure_to_monitoring",
    "monitoring_to_closed",
)
MARKS = {
    "check_source": "reported",
    "decide_route": "routing",
    "contribute_information": "analysis",
    "draft_action_plan": "plan",
    "record_check_in": "implementation",
    "give_closing_opinion": "opinions",
    "decide_closure": "closing",
    "record_monitoring_check": "fade_out",
}
"""The step before which the state of that name is looked at."""
SEALED = ("check_source", "assess_signal", "decide_route", "clear_up_report")
STATES = (*MARKS.values(), "closed", "sealed", "erased")


def life(site: Site) -> Iterator[tuple[str, Case]]:
    """Go through all states; each is left as soon as the next one is asked for."""
    yield from _straight(site)
    yield from _unfounded(site)


def _world(site: Site) -> Any:
    world: Any = World.__new__(World)
    world.application, world.clock = site.application, site.application.clock
    with site.application.database.reading() as session:
        world.zone = site.application.deployment(session).profile.zone
    world._case_id = None
    return world


def _straight(site: Site) -> Iterator[tuple[str, Case]]:
    world, met = _world(site), set()
    for step in (one for name in STRAIGHT for one in steps(name)):
        mark = MARKS.get(str(step.get("do", "")))
        if mark and mark not in met:
            met.add(mark)
            yield mark, _looked_at(site, world)
        _take(world, step)
    yield "closed", _looked_at(site, world)


def _unfounded(site: Site) -> Iterator[tuple[str, Case]]:
    story = tomllib.loads((ROOT / "processes/scenarios/intake_unfounded.toml").read_text())
    world = _world(site)
    for step in story["step"]:
        if step.keys() & {"start"} or step.get("do") in SEALED:
            _take(world, step)
    yield "sealed", _looked_at(site, world)
    _take(world, {"after": "P31D"})
    yield "erased", _case(site, world)


def _take(world: Any, step: dict[str, Any]) -> None:
    kind = next((kind for kind in KINDS if kind in step), None)
    if kind == "start":
        signal = {**step.get("signal", {}), "text": "WordSignal", "channel": "telephone"}
        signal |= {"about": {"name": "WordAbout"}, "reporter": {"name": "WordReporter"}}
        step = {**step, "signal": signal}
    if kind:
        problems = world.take(kind, step)
        assert problems == [], (step, problems)


def _looked_at(site: Site, world: Any) -> Case:
    with site.application.database.transaction() as session:
        _plant(session, world._case_id)
    return _case(site, world)


def _case(site: Site, world: Any) -> Case:
    with site.application.database.reading() as session:
        return session.scalars(select(Case).where(Case.id == world._case_id)).unique().one()


def _rows(session: Session, model: Any, case_id: Any) -> Any:
    return session.scalars(select(model).where(model.case_id == case_id)).unique()


def _plant(session: Session, case_id: Any) -> None:
    for person in _rows(session, Person, case_id):
        person.name = "WordPerson"
    for judged in _rows(session, Assessment, case_id):
        judged.summary = "WordSource" if judged.kind in SIGNAL_KINDS else "WordAnalysis"
    for row in _rows(session, Contribution, case_id):
        agency = row.organisation.code
        row.level, row.one_person = LEVELS[agency], LEVELS[agency] == "full"
        row.summary, row.body = f"WordSummary-{agency}", f"WordBody-{agency}"
    for plan in _rows(session, PlanVersion, case_id):
        plan.reason = "WordPlan"
    for model in (Decision, Opinion):
        for row in _rows(session, model, case_id):
            row.reasons = f"Word{model.__name__}"
    for note in _rows(session, Note, case_id):
        if note.by_id not in _coordinators(session):  # one may read back what one wrote
            note.text = "WordNote"


def _coordinators(session: Session) -> set[Any]:
    return set(session.scalars(select(Account.id).where(Account.username.startswith("process."))))


def open_steps(session: Session, case: Case) -> list[Any]:
    """Return the open work items of a case."""
    from engine.models import WorkItem, WorkItemState

    return list(
        session.scalars(
            select(WorkItem)
            .where(WorkItem.case_id == case.id, WorkItem.state == WorkItemState.OPEN.value)
            .order_by(WorkItem.element_id, WorkItem.organisation_id)
        ).unique()
    )


def people(session: Session) -> list[str]:
    """Return the user names of everybody, in order."""
    return list(session.scalars(select(Account.username).order_by(Account.username)))
