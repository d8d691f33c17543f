"""Signing in by a provider that is another site to the browser, with our strict cookies."""

from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from engine import administration
from tests.browser.accessibility import too_wide
from tests.webui.directory import CLIENT, SECRET, served
from tests.webui.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_provider_of_another_site_leads_back_and_in(
    page: Page, address: str, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")  # loopback has no certificate
    # To a browser 127.0.0.1 and localhost are two sites, as a provider and our pages are.
    here = address.replace("127.0.0.1", "localhost")
    with served(f"{here}/sign-in/organisation/back") as house:
        site.application.settings = replace(
            site.application.settings,
            base_url=here,
            oidc_issuer=house.issuer,
            oidc_client_id=CLIENT,
            oidc_client_secret=SECRET,
            oidc_name="Rivertown",
        )
        with site.application.database.transaction() as session:
            administration.link_provider(
                session,
                "youth.yara",
                (house.issuer, house.user),
                "head.greta",
                "process.daan",
                site.application.now(session),
            )
        page.goto(f"{here}/cases")
        assert too_wide(page) == []
        page.get_by_role("link", name="Sign in by Rivertown").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Cases")
        assert page.url == f"{here}/cases"
        expect(page.locator("details.account")).to_contain_text("Yara")
        cookies = {one["name"]: one for one in page.context.cookies(here)}
        assert {one["sameSite"] for one in cookies.values()} == {"Strict"}
        assert all(one["httpOnly"] for one in cookies.values())
        page.locator("details.account summary").click()
        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("link", name="Sign in by Rivertown").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Worklist")
        page.goto(f"{here}/sessions")
        expect(page.get_by_role("cell", name="Chrome on Linux").first).to_be_visible()
        # The second time the browser is known, although it came from elsewhere.
        expect(page.get_by_role("rowheader", name="from a new browser")).to_have_count(1)
