"""Running cases move to another drawing with everything that is under way (V4, M9)."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from engine.application import Application
from tests.engine.moving import House, duration, rename, set_property, verdicts
from tests.webui.site import Site
from tests.webui.story import tell

PLAN = ("intake_to_multi_agency", "analysis_to_plan")
TO_CLOSURE = (*PLAN, "plan_to_implementation", "implementation_to_closure")


@pytest.fixture
def house(application: Application) -> House:
    return House(application)


@pytest.fixture
def site(application: Application) -> Site:
    return Site(application, None)  # type: ignore[arg-type]


def test_case_whose_step_is_there_moves_by_itself(house: House, site: Site) -> None:
    case = tell(site, "intake_to_multi_agency", until="decide_route")
    before = house.items(case)["decide_route"]
    sheet = house.sheet("signal_intake.bpmn")
    rename(sheet, "decide_route", "Choose the way")
    set_property(sheet, "decide_route", "dueIn", "P2D")
    run = house.moved(house.edited("signal_intake.bpmn", sheet))
    assert verdicts(run) == [("moved", 1)]
    after = house.items(case)["decide_route"]
    assert (after.id, after.token) == (before.id, before.token)
    assert after.name == "Choose the way"
    assert after.due_at == before.created_at + timedelta(days=2)
    assert house.instance(case).deployment_id == run.to_id
