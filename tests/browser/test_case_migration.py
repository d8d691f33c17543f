"""A process owner moves cases in six positions in a browser; one group stays, and why is said."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from benchmarks.migrating import copy_cases
from engine import due
from engine.demo import PASSWORD
from engine.models import Case, InstanceState, ProcessInstance, WorkItem
from tests.browser.accessibility import too_wide, violations
from tests.browser.person import Album
from tests.engine.moving import House, rename
from tests.webui.site import Site
from tests.webui.story import tell

pytestmark = pytest.mark.browser
ANALYSIS = ("intake_to_multi_agency", "analysis_to_plan")
PLAN = (*ANALYSIS, "plan_to_implementation")
CLOSURE = (*PLAN, "implementation_to_closure", "closure_to_monitoring")
STANDING = (
    (CLOSURE, "give_closing_opinion"),
    (PLAN, ""),
    (ANALYSIS, "declare_sharing"),
    (ANALYSIS, "plan_case_conference"),
    (("intake_to_multi_agency",), "decide_route"),
    (("signal_to_route",), "check_source"),
)
"""Those first whose story takes months: no deadline of a later one passes meanwhile."""
CASES = 50
RUNNING = (ProcessInstance.process_id == "case_management") & (
    ProcessInstance.status == InstanceState.RUNNING.value
)


@pytest.fixture
def tab(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(
        base_url=address, viewport={"width": 1280, "height": 900}, bypass_csp=True
    )
    yield context.new_page()
    context.close()


def edited(house: House) -> str:
    """Rename a step, and take away the deadline behind which partners count as silent."""
    intake, closing = house.sheet("signal_intake.bpmn"), house.sheet("closure_decision.bpmn")
    rename(intake, "decide_route", "Choose the route")
    closing.cut_off(closing.named("opinion_deadline_passed"))
    return house.stored(
        {"signal_intake.bpmn": intake.content, "closure_decision.bpmn": closing.content}
    )


def looked_at(tab: Page, album: Album, name: str) -> None:
    assert violations(tab) == []
    assert too_wide(tab, 360) == []
    _picture(tab, album, name)


def _picture(tab: Page, album: Album, name: str) -> None:
    folder: Path = album.folder
    folder.mkdir(parents=True, exist_ok=True)
    tab.screenshot(path=folder / f"{name}.png", full_page=True)
    tab.set_viewport_size({"width": 360, "height": 740})
    tab.screenshot(path=folder / f"{name}_narrow.png", full_page=True)
    tab.set_viewport_size({"width": 1280, "height": 900})


def test_owner_moves_cases_in_six_positions(site: Site, tab: Page, album: Album) -> None:
    for fragments, step in STANDING:
        tell(site, *fragments, until=step)
    copy_cases(site.application, CASES)
    house = House(site.application)
    new = edited(house)
    codes = _codes(house)
    assert len(codes) == CASES
    tab.goto("/sign-in")
    tab.get_by_label("User name").fill("owner.olga")
    tab.get_by_label("Password", exact=True).fill(PASSWORD)
    tab.get_by_role("button", name="Sign in", exact=True).click()
    tab.get_by_role("navigation", name="Main").get_by_role("link", name="Workshop").click()
    tab.get_by_role("link", name="Move running cases").click()
    tab.get_by_label("From", exact=True).select_option(house.shipped.id)
    tab.get_by_label("To", exact=True).select_option(new)
    looked_at(tab, album, "1_ask")
    tab.get_by_role("button", name="Show what would happen").click()
    expect(tab.get_by_text("is being planned")).to_be_visible()
    due.run_due(site.application)
    # The page looks again by itself.
    expect(tab.get_by_role("heading", name="What would happen")).to_be_visible()
    looked_at(tab, album, "2_plan")
    _says_nothing_of(tab, codes)
    groups = tab.get_by_role("table").first.locator("tbody tr")
    expect(groups).to_have_count(len(STANDING))
    (stays,) = [row for row in groups.all_inner_texts() if "moves by itself" not in row]
    assert "gone" in stays
    tab.get_by_role("button", name="Move the cases that can move").click()
    expect(tab.get_by_text("is under way")).to_be_visible()
    due.run_due(site.application)
    expect(tab.get_by_role("heading", name="What has happened")).to_be_visible()
    looked_at(tab, album, "3_done")
    _says_nothing_of(tab, codes)
    standing = _standing(house)
    assert set(standing) == {house.shipped.id, new}
    assert CASES // len(STANDING) <= standing[house.shipped.id] <= CASES // len(STANDING) + 1
    assert _asked_for(house) == {house.shipped.id}
    tab.get_by_role("button", name="Bring the moved cases back").click()
    due.run_due(site.application)
    expect(tab.get_by_role("heading", name="Bringing cases back")).to_be_visible()
    expect(tab.get_by_role("heading", name="What has happened")).to_be_visible()
    looked_at(tab, album, "4_back")
    assert _standing(house) == {house.shipped.id: CASES}


def _codes(house: House) -> list[str]:
    with house.application.database.reading() as session:
        return list(session.scalars(select(Case.code)))


def _standing(house: House) -> Counter[str]:
    """Return how many cases run by which set."""
    with house.application.database.reading() as session:
        return Counter(session.scalars(select(ProcessInstance.deployment_id).where(RUNNING)))


def _asked_for(house: House) -> set[str]:
    """Return by which sets the cases run that wait for closing opinions."""
    opinions = WorkItem.element_id == "give_closing_opinion"
    wanted = select(ProcessInstance.deployment_id).where(
        RUNNING, ProcessInstance.case_id.in_(select(WorkItem.case_id).where(opinions))
    )
    with house.application.database.reading() as session:
        return set(session.scalars(wanted))


def _says_nothing_of(tab: Page, codes: list[str]) -> None:
    said = tab.inner_text("main")
    assert [code for code in codes if code in said] == []
