"""A process owner compares, looks where cases stand and plays a draft, by mouse and by keyboard."""

import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, expect

from engine.deployment import ResolvedDeployment, publish
from engine.workshop import draft as drafts
from tests.browser.accessibility import too_wide, violations
from tests.engine.test_play import do, edit, person, told
from tests.engine.workshop import few_scenarios
from tests.webui.site import Site
from tests.webui.story import tell

pytestmark = pytest.mark.browser
OUTLINE = "g => getComputedStyle(g.querySelector('.djs-visual > :first-child')).stroke"


@pytest.fixture
def olga(browser: Browser, address: str, site: Site) -> Iterator[Page]:
    """A tab of a process owner in which only the test itself may pass by the policy."""
    context = browser.new_context(base_url=address, bypass_csp=True, reduced_motion="reduce")
    token = site.visit("owner.olga").token
    assert token is not None
    tab = context.new_page()
    complaints: list[str] = []
    tab.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto("/sign-in")
    tab.get_by_label("User name").fill("owner.olga")
    tab.get_by_label("Password").fill("demonstration only")
    tab.get_by_role("button", name="Sign in", exact=True).click()
    expect(tab.locator("details.account")).to_be_visible()
    yield tab
    context.close()
    # A refused form leaves its line in the console; nothing else may.
    assert [text for text in complaints if "422 (UNPROCESSABLE" not in text] == []


@pytest.fixture
def draft_id(site: Site) -> UUID:
    return drafts.open_draft(
        site.application, person(site.application, "owner.olga"), "base", "Trying"
    )


def _changed(site: Site) -> tuple[str, str]:
    with site.application.database.transaction() as session:
        before = site.application.deployment(session)
        text = before.files["closure_decision.bpmn"].decode()
        own = "<bpmn:flowNodeRef>decide_closure</bpmn:flowNodeRef>"
        lane = "<bpmn:flowNodeRef>care_wanted</bpmn:flowNodeRef>"
        text = text.replace(own, "").replace(lane, lane + own)
        files = {**before.files, "closure_decision.bpmn": text.encode()}
        at = site.application.now(session)
        return before.id, publish(session, ResolvedDeployment(files), at=at)


def _drawn(page: Page, count: int = 1) -> None:
    expect(page.locator("html[data-drawings=ready]")).to_be_attached()
    expect(page.locator("[data-drawing-url][data-state=drawn]")).to_have_count(count)


def test_words_select_on_both_drawings(olga: Page, site: Site) -> None:
    before, after = _changed(site)
    olga.goto(f"/workshop/compare?before={before}&after={after}")
    _drawn(olga, 2)
    words = olga.locator("a[data-element=decide_closure]").first
    words.focus()
    olga.keyboard.press("Enter")
    expect(words).to_have_attribute("aria-current", "true")
    chosen = olga.locator("g.djs-shape.is-chosen[data-element-id=decide_closure]")
    expect(chosen).to_have_count(2)
    for one in chosen.all():
        assert one.evaluate(OUTLINE) == "rgb(11, 83, 189)"
    assert olga.url.endswith(after)  # selected in place
    expect(olga.locator(".mark-words--changed", has_text="~ changed")).to_have_count(2)
    assert violations(olga) == []
    assert too_wide(olga) == []


def test_drawing_selects_its_words(olga: Page, site: Site) -> None:
    before, after = _changed(site)
    olga.goto(f"/workshop/compare?before={before}&after={after}")
    _drawn(olga, 2)
    olga.locator("g.djs-shape[data-element-id=decide_closure]").last.click(force=True)
    words = olga.locator("a[data-element=decide_closure]").first
    expect(words).to_have_attribute("aria-current", "true")


def test_counts_stand_on_the_drawing_and_in_the_table(olga: Page, site: Site) -> None:
    for _ in range(3):
        tell(site, "signal_to_route", until="decide_route")
    olga.goto("/workshop/running?diagram=signal_intake")
    _drawn(olga)
    expect(olga.locator(".mark-here", has_text="3 here").first).to_be_visible()
    expect(olga.get_by_role("row", name="Decide the route")).to_contain_text("3")
    assert violations(olga) == []
    assert too_wide(olga) == []


def test_play_goes_on_by_keyboard_and_back(olga: Page, draft_id: UUID) -> None:
    olga.goto(f"/workshop/drafts/{draft_id}/play")
    assert violations(olga) == []
    olga.get_by_role("button", name="Signal").or_(
        olga.get_by_role("button", name="Concern")
    ).first.focus()
    olga.keyboard.press("Enter")
    _drawn(olga)
    expect(olga.locator(".mark-words--token", has_text="here").first).to_be_visible()
    assert violations(olga) == []
    assert too_wide(olga) == []
    olga.get_by_role("link", name="Answer Check the source as Anna Visser").click()
    expect(olga.get_by_role("heading", level=1)).to_have_text("Check the source")
    assert violations(olga) == []
    assert too_wide(olga) == []
    olga.locator(".task-form button[value=submit], .task-form .btn-primary").last.click()
    expect(olga).to_have_title(re.compile("There is a problem"))
    assert violations(olga) == []
    assert too_wide(olga) == []
    olga.get_by_role("link", name="Play Trying").click()
    olga.get_by_text("Keep this play as a scenario").click()
    olga.get_by_role("button", name="3 months").click()
    expect(olga.get_by_text("Time passes")).to_be_visible()
    assert violations(olga) == []
    olga.get_by_role("button", name="Begin anew").click()
    expect(olga.get_by_role("heading", name="How does it begin?")).to_be_visible()


def test_play_that_stops_or_cannot_begin_is_read_by_everybody(
    olga: Page, site: Site, draft_id: UUID
) -> None:
    me = person(site.application, "owner.olga")
    do(site.application, draft_id, me, {"start": "signal_received"})
    edit(site.application, draft_id, me, "case_management.bpmn", "signal_received", "never_sent")
    olga.goto(f"/workshop/drafts/{draft_id}/play")
    expect(olga.get_by_role("alert").first).to_be_visible()
    assert violations(olga) == []
    assert too_wide(olga) == []


def test_tokens_follow_an_answer(olga: Page, site: Site, draft_id: UUID) -> None:
    me = person(site.application, "owner.olga")
    do(site.application, draft_id, me, *told("intake_multi_agency"))
    olga.goto(f"/workshop/drafts/{draft_id}/play")
    _drawn(olga)
    expect(olga.locator("g.djs-shape.mark-token").first).to_be_visible()
    olga.get_by_role("button", name="One step back").click()
    expect(
        olga.get_by_role("heading", name="Intake: information and first analysis")
    ).to_be_visible()


def test_scenarios_are_edited_without_barriers(olga: Page, site: Site, draft_id: UUID) -> None:
    few_scenarios(site.application, draft_id, person(site.application, "owner.olga"))
    pages = f"/workshop/drafts/{draft_id}/scenarios"
    olga.goto(pages)
    assert violations(olga) == []
    assert too_wide(olga) == []
    olga.locator("main table a").first.focus()
    olga.keyboard.press("Enter")
    expect(olga.get_by_role("group", name="Step 1")).to_be_visible()
    assert violations(olga) == []
    assert too_wide(olga) == []
    first = olga.locator("#what-0").input_value()
    olga.get_by_role("button", name="Move down step 1").click()
    expect(olga.locator("#what-1")).to_have_value(first)
    expect(olga.get_by_role("status")).to_contain_text("changed on this page only")
    olga.get_by_role("link", name="As it is written").click()
    assert violations(olga) == []
    olga.get_by_role("button", name="Run what is kept").click()
    expect(olga.locator("main .alert-success")).to_contain_text("It went as told")
    olga.goto(f"/workshop/drafts/{draft_id}/coverage?diagram=signal_intake")
    _drawn(olga)
    expect(olga.locator("g.djs-shape.mark-never").first).to_be_visible()
    assert violations(olga) == []
    assert too_wide(olga) == []
