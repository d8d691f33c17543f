"""What happened in a case is held to the rules when its episode ends (L1 to L12)."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from engine.deployment import ResolvedDeployment, resolve
from engine.inheritance import PROFILE_RULES
from engine.models import Case, Incident, ProcessInstance, StepHistory
from engine.proof.history import history_rules
from engine.recheck import recheck
from engine.settings import ROOT
from tests.webui.site import Site
from tests.webui.story import tell

TO_THE_END = (
    "intake_to_multi_agency",
    "analysis_to_plan",
    "plan_to_implementation",
    "implementation_to_closure",
    "closure_to_monitoring",
    "monitoring_to_closed",
)
NEVER = b"""
[[rule]]
id = "N1"
sentence = "No plan is approved."
sources = ["assumption"]
[[rule.check]]
kind = "never"
at = { milestone = "plan_approved" }
"""


@pytest.fixture(scope="module")
def shipped() -> ResolvedDeployment:
    return resolve(ROOT / "processes", "base")


def found(session: Any, site: Site, case: Case, deployment: ResolvedDeployment) -> set[str]:
    """Return the rules that the case's episode breaks, after it was checked again."""
    instance, now = _instance(session, case), site.application.clock.now()
    return {broken.rule.id for broken in recheck(session, deployment, instance, now)}


def _instance(session: Any, case: Case) -> ProcessInstance:
    rows = session.scalars(
        select(ProcessInstance).where(
            ProcessInstance.case_id == case.id, ProcessInstance.process_id == "case_management"
        )
    )
    instance: ProcessInstance = rows.unique().one()
    return instance


def change(session: Any, case: Case, element: str, **values: Any) -> None:
    """Change a step of the history by hand, or take it away, as nobody may."""
    mine = (StepHistory.instance_id == _instance(session, case).id,)
    mine += (StepHistory.element_id == element,)
    statement = update(StepHistory).values(**values) if values else delete(StepHistory)
    session.execute(statement.where(*mine))


def test_episode_that_ran_as_drawn_keeps_every_rule(
    site: Site, shipped: ResolvedDeployment
) -> None:
    case = tell(site, *TO_THE_END)
    with site.application.database.transaction() as session:
        assert found(session, site, case, shipped) == set()
        rows = session.execute(select(StepHistory.element_id, StepHistory.told)).all()
        told = {element: told for element, told in rows if told}
        assert told["decide_closure"]["closure_agreed"] is True
        assert told["decide_route"]["route"] == "multi_agency"
        noted = {
            name
            for process in ("case_management", "retention")
            for names in history_rules(shipped, process).told.values()
            for name in names
        }
        assert {name for values in told.values() for name in values} <= noted
        # An episode that began before this was noted shows nothing.
        change(session, case, "decide_closure", told=None)
        assert found(session, site, case, shipped) == set()
        change(session, case, "decide_closure")
        # Without the step nothing is left that was not noted, and its absence shows.
        both = [found(session, site, case, shipped) for _ in range(2)]
        assert both == [{"L1"}, {"L1"}]
        incident = session.scalars(select(Incident).where(Incident.case_id == case.id)).one()
        assert (incident.owner_role, incident.state) == ("desk_head", "waiting_for_owner")
        assert "No episode ends as closed unless the accountable" in incident.message
        assert "Person A" not in incident.message


MISSING = [
    ("decide_closure", {"told": {"closure_agreed": False}}, "L1"),
    ("count_opinions", {}, "L2"),
    ("reassess_risk", {}, "L3"),
    ("record_monitoring_check", {}, "L4"),
    ("check_source", {}, "L5"),
    ("approve_action_plan", {"told": {"plan_decision": "improve"}}, "L8"),
]


def test_step_that_is_missing_breaks_its_rule(site: Site, shipped: ResolvedDeployment) -> None:
    case = tell(site, *TO_THE_END)
    for element, values, rule in MISSING:
        with site.application.database.transaction() as session:
            save = session.begin_nested()
            change(session, case, element, **values)
            assert rule in found(session, site, case, shipped), element
            save.rollback()
            assert found(session, site, case, shipped) == set()


def test_rule_is_checked_by_itself_when_an_episode_ends(
    site: Site, shipped: ResolvedDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    stricter = replace(shipped, files={**shipped.files, PROFILE_RULES: NEVER})
    rules = history_rules(stricter, "case_management")
    monkeypatch.setattr("engine.recheck.history_rules", lambda *_: rules)
    case = tell(site, *TO_THE_END, until="", anew=True)
    with site.application.database.reading() as session:
        incidents = session.scalars(select(Incident).where(Incident.case_id == case.id)).all()
    assert [one.message.partition(":")[0] for one in incidents] == [
        "Rule N1 does not hold in this case"
    ]
