"""A partner confirms a newer definition at the page of the case; the coordinator sees it."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.visiting import photograph, visitors, wrong
from tests.webui.site import Site
from tests.webui.test_definition import DAAN, HUGO, Running

pytestmark = pytest.mark.browser


def test_newer_definition_is_confirmed_at_its_page(
    browser: Browser, address: str, site: Site
) -> None:
    running = Running(site)
    running.publish()
    with visitors(browser, address) as sign_in:
        hugo = sign_in(HUGO)
        hugo.goto("/")
        hugo.locator(f"a[href='{running.path}']").first.click()
        found = wrong(hugo)
        photograph(hugo, "definition_asked")
        confirm = hugo.get_by_role("button", name="Confirm the definition")
        confirm.click()
        expect(hugo.locator(".error-summary")).to_be_focused()
        found += wrong(hugo)
        photograph(hugo, "definition_refused")
        hugo.get_by_label("We work with this definition in this case").check()
        hugo.get_by_label("Remarks on the definition").fill("We would say it shorter.")
        confirm.click()
        expect(hugo.get_by_role("status").first).to_contain_text("works with this definition")
        daan = sign_in(DAAN)
        daan.goto(running.path)
        expect(daan.locator("main")).to_contain_text("We would say it shorter.")
        expect(daan.get_by_role("button", name="Confirm the definition")).to_have_count(0)
        found += wrong(daan)
        photograph(daan, "definition_confirmed")
    assert found == []
