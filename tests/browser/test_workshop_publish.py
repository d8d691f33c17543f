"""A process owner breaks a rule and reads why; mends it; and publishes with a second person."""

from datetime import timedelta
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, expect

from engine import due
from engine.clock import TestClock
from engine.demo import PASSWORD
from engine.settings import ROOT
from tests.browser.accessibility import too_wide, violations
from tests.engine.workshop import few_scenarios, who
from tests.proof.edit import Sheet
from tests.webui.site import Site

pytestmark = [pytest.mark.browser]
PATH = "closure_decision.bpmn"


def tab(browser: Browser, address: str, username: str) -> Page:
    context = browser.new_context(
        base_url=address, viewport={"width": 1280, "height": 900}, bypass_csp=True
    )
    page = context.new_page()
    page.goto("/sign-in")
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator("details.account")).to_be_visible()
    return page


def look(page: Page) -> None:
    assert violations(page) == []
    assert too_wide(page) == []


def without_the_accountable_person() -> bytes:
    sheet = Sheet((ROOT / "processes" / PATH).read_bytes())
    sheet.take_out(sheet.named("decide_closure"))
    return sheet.content


def take_in(page: Page, content: bytes) -> None:
    file = {"name": PATH, "mimeType": "application/xml", "buffer": content}
    page.get_by_label("A file of bpmn.io").set_input_files(file)  # type: ignore[arg-type]
    page.get_by_role("button", name="Take it in").click()
    expect(page.get_by_role("status").first).to_contain_text(f"Taken in as {PATH}")


def judge(site: Site, page: Page, button: str) -> None:
    clock: TestClock = site.application.clock  # type: ignore[assignment]
    clock.advance(timedelta(minutes=1))
    page.get_by_role("link", name="Judge and publish").click()
    page.get_by_role("button", name=button).click()
    expect(page.get_by_text("being judged")).to_be_visible()
    look(page)
    due.run_due(site.application)
    expect(page.get_by_text("being judged")).to_have_count(0)


def test_broken_rule_is_read_and_a_mended_draft_is_published_by_two(
    site: Site, browser: Browser, address: str
) -> None:
    olga, oscar = (tab(browser, address, name) for name in ("owner.olga", "owner.oscar"))
    olga.get_by_label("Main").get_by_role("link", name="Workshop").click()
    look(olga)
    olga.get_by_label("What is it about?").fill("Closing more quickly")
    olga.get_by_role("button", name="Start a draft").click()
    draft = olga.url
    few_scenarios(
        site.application, UUID(draft.rpartition("/")[2]), who(site.application, "owner.olga")
    )
    olga.get_by_label("Name for the present state").fill("As published")
    olga.get_by_role("button", name="Keep this version").click()
    look(olga)

    take_in(olga, without_the_accountable_person())
    look(olga)
    judge(site, olga, "Judge this draft")
    expect(olga.get_by_role("heading", name="Can it be published?")).to_be_visible()
    expect(olga.get_by_text("not yet")).to_be_visible()
    broken = olga.locator(".workshop-broken")
    expect(broken.filter(has_text="L2:")).to_contain_text("somebody took it away or renamed it")
    expect(broken.filter(has_text="P92:")).to_contain_text("1. The case begins")
    expect(olga.get_by_role("button", name="Ask to publish")).to_have_count(0)
    look(olga)

    olga.goto(draft)
    olga.get_by_role("button", name="Restore").click()
    expect(olga.get_by_text("Restored. What the draft was before")).to_be_visible()
    longer = (ROOT / "processes" / PATH).read_bytes().replace(b"Decide", b"Decide now", 1)
    take_in(olga, longer)
    judge(site, olga, "Judge it again")
    expect(olga.get_by_text("everything is green")).to_be_visible()
    look(olga)
    olga.get_by_label("Why is this published?").fill("A clearer name, as the mayor asked")
    olga.get_by_role("button", name="Ask to publish").click()
    expect(olga.get_by_text("another process owner has to agree")).to_be_visible()
    look(olga)

    oscar.goto("/workshop")
    oscar.get_by_role("link", name="Look at it").click()
    look(oscar)
    oscar.get_by_role("button", name="Agree and publish").click()
    expect(oscar.get_by_text("New cases start on it;")).to_be_visible()
    oscar.get_by_role("link", name="Who published what").click()
    expect(oscar.get_by_role("row", name="A clearer name")).to_contain_text("Oscar Brink")
    look(oscar)
    oscar.goto("/workshop")
    expect(oscar.get_by_role("complementary").last).to_contain_text("Olga Prins")
    look(oscar)
