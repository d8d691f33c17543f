"""Setting up a second factor with an app, signing in with it, and what the pages look like."""

import base64
from datetime import UTC, datetime

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import AXE, too_wide, violations
from tests.browser.house import House
from tests.browser.person import Album, Person

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def looked_at(page: Page) -> list[str]:
    return [*(violations(page) if AXE.exists() else []), *too_wide(page)]


def test_second_factor_is_set_up_and_asked_for(
    browser: Browser, house: House, album: Album
) -> None:
    yara = Person(browser, house, bypass_csp=True).sign_in("youth.yara")
    page, found = yara.page, []
    page.locator("details.account summary").click()
    page.get_by_role("link", name="My sessions and sign-in").click()
    album.take(yara, "sessions", narrow=True)
    found += looked_at(page)
    page.get_by_role("link", name="Second factor").click()
    album.take(yara, "no_factor")
    found += looked_at(page)
    page.get_by_role("button", name="Set up a second factor").click()
    picture = page.get_by_role("img", name="QR code")
    assert picture.evaluate("it => it.complete && it.naturalWidth > 100")
    secret = page.locator("code.secret").inner_text().replace(" ", "")
    address = page.get_by_role("link", name="Open it in the app").get_attribute("href")
    assert address is not None
    assert pyotp.parse_uri(address).secret == secret
    assert pyotp.parse_uri(address).name == "youth.yara"
    assert base64.b32decode(secret)
    page.get_by_label("Type the code that the app shows now").fill("12345")
    page.get_by_role("button", name="Switch it on").click()
    expect(page.locator(".error-summary")).to_be_focused()
    album.take(yara, "set_up", narrow=True)
    found += looked_at(page)
    app = pyotp.TOTP(secret)
    page.get_by_label("Type the code that the app shows now").fill(app.now())
    page.get_by_role("button", name="Switch it on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
    codes = page.locator(".recovery-codes code").all_inner_texts()
    assert len(codes) == 10
    album.take(yara, "recovery_codes", narrow=True)
    found += looked_at(page)
    page.get_by_role("link", name="I have kept them").click()
    album.take(yara, "factor")
    found += looked_at(page)
    page.get_by_role("link", name="Password", exact=True).click()
    album.take(yara, "password")
    found += looked_at(page)
    page.goto("/confirm?next=/sessions")
    album.take(yara, "confirm")
    found += looked_at(page)
    yara.sign_out()
    _sign_in_with(yara, app.at(datetime.now(UTC), counter_offset=1), album, found)
    yara.sign_out()
    _sign_in_with(yara, codes[0], album, found)
    expect(page.get_by_text("9 recovery codes are left")).to_be_visible()
    assert found == []
    assert yara.complaints == []
    yara.leave()


def _sign_in_with(person: Person, code: str, album: Album, found: list[str]) -> None:
    page = person.page
    page.get_by_label("User name").fill("youth.yara")
    page.get_by_label("Password").fill("demonstration only")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Type your code")
    album.take(person, "second_step", narrow=True)
    found += looked_at(page)
    page.get_by_label("Code from your app").fill(code)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Worklist")
